//! The three times of the house, and the one thing that tells them.
//!
//! - the **calendar** (decay, waits, send windows, sunset) may run faster in a demo and is moved in tests;
//! - the **wall** (sessions, SLA, snooze, speed-to-lead): people do not run faster in a demo;
//! - the **stopwatch** (leases, fences, time-outs) only ever goes forward.
//!
//! In production calendar and wall are the same. Nothing in this crate asks a clock: `now` is an argument.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// A moment in UTC, in whole microseconds: the finest that both databases keep.
pub type Moment = DateTime<Utc>;

/// What tells the time. One is real (in the binary), one is moved by hand (in tests).
pub trait Clock: Send + Sync + std::fmt::Debug + 'static {
    /// Now, on the calendar.
    fn calendar(&self) -> Moment;
    /// Now, on the wall.
    fn wall(&self) -> Moment;
    /// Time since some fixed start; never goes back.
    fn stopwatch(&self) -> Duration;
    /// How many calendar seconds pass in a second of the stopwatch.
    fn speed(&self) -> f64 {
        1.0
    }
    /// How long, on the stopwatch, until the calendar shows `at`; zero when it has passed.
    fn until(&self, at: Moment) -> Duration {
        let left = (at - self.calendar()).to_std().unwrap_or_default();
        left.div_f64(self.speed().max(f64::MIN_POSITIVE))
    }
}

/// The clock as it is handed around.
pub type SharedClock = Arc<dyn Clock>;

/// Where a calendar that is not the wall was at one moment of the wall, and how fast it runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Anchor {
    /// The moment, on the wall.
    pub wall: Moment,
    /// What the calendar showed then.
    pub calendar: Moment,
    /// How many times faster than the wall it runs.
    pub speed: f64,
}

impl Anchor {
    /// Where the calendar of a clock is now; `None` when it is the wall.
    pub fn of(clock: &dyn Clock) -> Option<Self> {
        let anchor = Self { wall: clock.wall(), calendar: clock.calendar(), speed: clock.speed() };
        // The wall is read twice: what lies between is no move.
        let moved = anchor.speed != 1.0 || (anchor.calendar - anchor.wall).abs() > TimeDelta::seconds(1);
        moved.then_some(anchor)
    }

    /// What the calendar shows at a moment of the wall.
    pub fn calendar_at(&self, wall: Moment) -> Moment {
        let passed = (wall - self.wall).as_seconds_f64() * self.speed * 1e6;
        self.calendar.checked_add_signed(TimeDelta::microseconds(passed as i64)).unwrap_or(Moment::MAX_UTC)
    }
}

/// Cuts a moment to the microseconds that both databases keep.
pub fn whole_micros(at: Moment) -> Moment {
    at.trunc_subsecs(6)
}
