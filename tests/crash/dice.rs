//! Chance that can be had again: a run is told by its seed.

use std::ops::RangeInclusive;
use std::time::Duration;

/// Numbers that look random and are the same for the same seed (SplitMix64).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// One of the range.
    pub(crate) fn roll(&mut self, range: RangeInclusive<u64>) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        range.start() + mixed % (range.end() - range.start() + 1)
    }

    /// So many milliseconds, one of the range.
    pub(crate) fn millis(&mut self, range: RangeInclusive<u64>) -> Duration {
        // Microseconds, so that no two of them fall on the same point of the program.
        Duration::from_micros(self.roll(range.start() * 1000..=range.end() * 1000))
    }

    /// True once in `n` times.
    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.roll(1..=n) == 1
    }
}
