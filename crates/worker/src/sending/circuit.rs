//! Whether the relay is there: after a connection that failed nothing is claimed for a while, longer each time.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

/// Open while the relay is left alone. Times are on the stopwatch.
#[derive(Debug, Default)]
pub(super) struct Circuit(Mutex<Option<Open>>);

#[derive(Debug, Clone, Copy)]
struct Open {
    until: Duration,
    wait: Duration,
}

impl Circuit {
    /// Whether nobody should try.
    pub(super) fn is_open(&self, now: Duration) -> bool {
        self.state().is_some_and(|open| now < open.until)
    }

    /// A connection failed. Says so once, until one works again.
    pub(super) fn failed(&self, now: Duration, why: &impl std::fmt::Display) {
        let mut state = self.state();
        match *state {
            // Several sessions tried at the same time: that is one failure.
            Some(open) if now < open.until => {}
            Some(open) => {
                let wait = (open.wait * 2).min(LONGEST);
                *state = Some(Open { until: now + wait, wait });
            }
            None => {
                tracing::error!(%why, "no mail leaves; trying again, at most a minute apart");
                *state = Some(Open { until: now + FIRST, wait: FIRST });
            }
        }
    }

    /// A connection stands.
    pub(super) fn worked(&self) {
        if self.state().take().is_some() {
            tracing::info!("the relay answers again; mail leaves");
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, Option<Open>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_relay_is_left_alone_for_longer_each_time_up_to_a_minute() {
        let circuit = Circuit::default();
        let mut now = Duration::ZERO;
        let mut waits = Vec::new();
        for _ in 0..9 {
            circuit.failed(now, &"away");
            circuit.failed(now, &"away, too");
            let from = now;
            while circuit.is_open(now) {
                now += Duration::from_secs(1);
            }
            waits.push((now - from).as_secs());
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        circuit.worked();
        circuit.failed(now, &"away");
        assert!(circuit.is_open(now) && !circuit.is_open(now + FIRST));
    }
}
