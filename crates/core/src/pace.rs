//! How fast: what one of many (a key, a visitor's address, a recipient's domain) may take before it has to wait.
//!
//! A bucket for each: it fills by the second and is emptied by items. Time is an argument, taken from
//! the stopwatch.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// How many buckets are kept before the full ones, which say nothing, are thrown out.
const MANY: usize = 10_000;

/// How fast a sender may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Items a second, for ever.
    pub per_second: f64,
    /// Items at once, after a pause.
    pub burst: f64,
}

/// One bucket, as it stood at a time. A full one says nothing and need not be kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// How many items may be taken; below zero is a debt.
    pub left: f64,
    /// When that was.
    pub at: Duration,
}

impl Bucket {
    /// A full bucket.
    pub fn full(pace: Pace, now: Duration) -> Self {
        Self { left: pace.burst, at: now }
    }

    /// How many items it holds by now.
    pub fn filled(self, pace: Pace, now: Duration) -> f64 {
        let since = now.saturating_sub(self.at).as_secs_f64();
        (self.left + since * pace.per_second).min(pace.burst)
    }
}

/// The buckets of all senders.
#[derive(Debug)]
pub struct Buckets {
    pace: Pace,
    buckets: Mutex<HashMap<String, Bucket>>,
}

impl Buckets {
    /// For senders that all keep the same pace.
    pub fn new(pace: Pace) -> Self {
        Self { pace, buckets: Mutex::default() }
    }

    /// Takes as many `items` out of a sender's bucket.
    ///
    /// A body larger than the whole bucket passes when the bucket is full, and leaves a debt: were it
    /// refused, its sender would come again with it for ever.
    ///
    /// # Errors
    /// How long to wait until the same body passes. Nothing is taken then.
    pub fn take(&self, sender: &str, items: usize, now: Duration) -> Result<(), Duration> {
        let pace = self.pace;
        #[expect(clippy::cast_precision_loss, reason = "a body has at most some thousand items")]
        let items = items.max(1) as f64;
        // A poisoned lock would stop all senders for a fault of one; the numbers in it are whole.
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MANY && !buckets.contains_key(sender) {
            buckets.retain(|_, bucket| bucket.filled(pace, now) < pace.burst);
        }
        let left = buckets.get(sender).map_or(pace.burst, |bucket| bucket.filled(pace, now));
        let lacking = items.min(pace.burst) - left;
        // What is left of a sum of fractions may be short by less than anybody can see.
        if lacking > 1e-6 {
            let wait = lacking / pace.per_second.max(f64::MIN_POSITIVE);
            return Err(Duration::try_from_secs_f64(wait).unwrap_or(Duration::MAX));
        }
        buckets.insert(sender.to_owned(), Bucket { left: left - items, at: now });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PACE: Pace = Pace { per_second: 10.0, burst: 20.0 };
    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_bucket_empties_and_fills() {
        let buckets = Buckets::new(PACE);
        assert_eq!(buckets.take("a", 20, s(0)), Ok(()));
        assert_eq!(buckets.take("a", 1, s(0)), Err(Duration::from_millis(100)));
        assert_eq!(buckets.take("b", 1, s(0)), Ok(()), "another sender has its own");
        assert_eq!(buckets.take("a", 10, s(1)), Ok(()));
        assert!(buckets.take("a", 1, s(1)).is_err());
        assert_eq!(buckets.take("a", 20, s(1_000)), Ok(()), "it never holds more than the burst");
        assert!(buckets.take("a", 1, s(1_000)).is_err());
    }

    #[test]
    fn a_body_larger_than_the_bucket_passes_once_and_leaves_a_debt() {
        let buckets = Buckets::new(PACE);
        assert_eq!(buckets.take("a", 120, s(0)), Ok(()));
        assert_eq!(buckets.take("a", 1, s(0)), Err(Duration::from_millis(10_100)));
        assert_eq!(buckets.take("a", 120, s(11)), Err(s(1)));
        assert_eq!(buckets.take("a", 120, s(12)), Ok(()));
    }

    #[test]
    fn a_clock_that_stands_still_or_goes_back_gives_nothing() {
        let buckets = Buckets::new(PACE);
        assert_eq!(buckets.take("a", 20, s(100)), Ok(()));
        assert!(buckets.take("a", 1, s(50)).is_err());
    }

    #[test]
    fn many_senders_do_not_stay_for_ever() {
        let buckets = Buckets::new(PACE);
        for sender in 0..MANY {
            buckets.take(&sender.to_string(), 1, s(0)).unwrap();
        }
        buckets.take("late", 1, s(60)).unwrap();
        assert_eq!(buckets.buckets.lock().unwrap().len(), 1);
    }

    proptest! {
        #[test]
        fn nobody_is_faster_than_the_pace(takes in prop::collection::vec((1usize..30, 0u64..500), 1..200)) {
            let (buckets, mut now, mut taken, mut largest) = (Buckets::new(PACE), Duration::ZERO, 0.0, 0.0f64);
            for (items, pause) in takes {
                now += Duration::from_millis(pause);
                match buckets.take("a", items, now) {
                    Ok(()) => {
                        taken += items as f64;
                        largest = largest.max(items as f64);
                    }
                    Err(wait) => {
                        // Waiting as long as told is enough, and not a moment too long.
                        prop_assert!(wait > Duration::ZERO && wait <= Duration::from_secs(5));
                        now += wait;
                        prop_assert_eq!(buckets.take("a", items, now), Ok(()));
                        taken += items as f64;
                        largest = largest.max(items as f64);
                    }
                }
                prop_assert!(taken <= PACE.burst + now.as_secs_f64() * PACE.per_second + (largest - PACE.burst).max(0.0) + 1e-3);
            }
        }
    }
}
