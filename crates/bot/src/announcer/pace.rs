//! How fast a wall is written to: a bucket of tokens that fills with the stopwatch.

use crate::wall::Pace;
use std::time::Duration;

/// A bucket of tokens; each message and each edit takes one.
#[derive(Debug)]
pub(super) struct Bucket {
    pace: Pace,
    left: u32,
    /// When the last token came in, on the stopwatch.
    filled_at: Duration,
}

impl Bucket {
    /// A full bucket.
    pub(super) fn new(pace: Pace, now: Duration) -> Self {
        Self { pace, left: pace.burst, filled_at: now }
    }

    /// Takes a token, if there is one.
    pub(super) fn take(&mut self, now: Duration) -> bool {
        self.take_above(0, now)
    }

    /// Takes a token where that leaves half of them for what cannot wait.
    pub(super) fn take_spare(&mut self, now: Duration) -> bool {
        self.take_above(self.pace.burst / 2, now)
    }

    fn take_above(&mut self, kept: u32, now: Duration) -> bool {
        let every = self.pace.every.max(Duration::from_millis(1));
        let came =
            (now.saturating_sub(self.filled_at).as_millis() / every.as_millis()).min(u128::from(u32::MAX));
        let came = u32::try_from(came).unwrap_or(u32::MAX);
        if self.left.saturating_add(came) >= self.pace.burst {
            (self.left, self.filled_at) = (self.pace.burst, now);
        } else {
            self.left += came;
            self.filled_at += every * came;
        }
        let taken = self.left > kept;
        self.left -= u32::from(taken);
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_let_through_and_then_one_a_second() {
        let at = Duration::from_millis;
        let mut bucket = Bucket::new(Pace { burst: 3, every: at(1000) }, at(0));
        assert_eq!([0, 1, 2, 3, 999].map(|ms| bucket.take(at(ms))), [true, true, true, false, false]);
        assert_eq!([1000, 1001, 1999, 2000].map(|ms| bucket.take(at(ms))), [true, false, false, true]);
        let burst: Vec<bool> = (0..5).map(|_| bucket.take(at(3_600_000))).collect();
        assert_eq!(burst, [true, true, true, false, false], "no more gathers than a burst");
        assert!(bucket.take_spare(at(3_603_000)) && bucket.take_spare(at(3_603_000)));
        assert!(
            !bucket.take_spare(at(3_603_000)) && bucket.take(at(3_603_000)),
            "one is kept for what cannot wait"
        );
    }
}
