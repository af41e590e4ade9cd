//! A clock whose three times are moved by hand.

use std::sync::Mutex;
use std::time::Duration;

use chrono::TimeDelta;
use rekindle_core::time::{Clock, Moment, whole_micros};

/// Stands still until it is moved.
#[derive(Debug)]
pub struct ManualClock(Mutex<Times>);

#[derive(Debug, Clone, Copy)]
struct Times {
    calendar: Moment,
    wall: Moment,
    stopwatch: Duration,
}

impl ManualClock {
    /// Calendar and wall show `at`, the stopwatch begins.
    #[must_use]
    pub fn at(at: Moment) -> Self {
        let at = whole_micros(at);
        Self(Mutex::new(Times { calendar: at, wall: at, stopwatch: Duration::ZERO }))
    }

    /// Time passes, on all three.
    pub fn forward(&self, by: TimeDelta) {
        self.change(|times| {
            times.calendar += by;
            times.wall += by;
            times.stopwatch += by.to_std().expect("time passes forward");
        });
    }

    /// The calendar alone jumps, also back.
    pub fn set_calendar(&self, at: Moment) {
        self.change(|times| times.calendar = whole_micros(at));
    }

    /// The wall alone jumps, also back.
    pub fn set_wall(&self, at: Moment) {
        self.change(|times| times.wall = whole_micros(at));
    }

    /// The stopwatch alone goes on.
    pub fn forward_stopwatch(&self, by: Duration) {
        self.change(|times| times.stopwatch += by);
    }

    fn change(&self, how: impl FnOnce(&mut Times)) {
        how(&mut self.0.lock().expect("nothing panics while it is held"));
    }

    fn times(&self) -> Times {
        *self.0.lock().expect("nothing panics while it is held")
    }
}

impl Clock for ManualClock {
    fn calendar(&self) -> Moment {
        self.times().calendar
    }
    fn wall(&self) -> Moment {
        self.times().wall
    }
    fn stopwatch(&self) -> Duration {
        self.times().stopwatch
    }
}
