//! The real clock: the one file that reads the machine's time.
//!
//! The wall is the machine's clock, the stopwatch its monotonic one. The calendar is the wall, unless `clock.start` or
//! `clock.speed` move it: then it is a function of the stopwatch alone, so that setting the machine's clock moves no demo.
//!
//! **A restart** makes a new clock, and a moved calendar begins at `clock.start` again (or, with a speed alone, at the
//! wall). What was stored at later calendar times then lies ahead: waits and windows planned for then come due when the
//! calendar gets there again, nothing is sent twice, and scores are counted as of the earlier now. To go on where the
//! calendar was, start it at the latest moment that is stored.
//!
//! **Beside a running house** whose calendar is moved, a command tells the time by the house: the house keeps an
//! [`Anchor`] in the database at its start, and [`SystemClock::follow`] takes it up.

use chrono::{TimeDelta, Utc};
use rekindle_core::time::{Anchor, Clock, Moment, whole_micros};
use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

/// Tells the time of the machine, with a calendar that may be moved and accelerated.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
    /// Its own calendar, when that is not the wall.
    own: Option<Moved>,
    /// The calendar of the house that it follows.
    followed: OnceLock<Moved>,
}

/// A calendar that is not the wall.
#[derive(Debug, Clone, Copy)]
struct Moved {
    /// What it showed when the stopwatch stood at `since`.
    start: Moment,
    since: Duration,
    speed: f64,
}

impl SystemClock {
    /// A clock whose calendar begins at `start` (none: at the wall) and runs `speed` times faster than the wall. A speed
    /// that is not above zero is taken as 1; the settings refuse it before.
    pub fn new(start: Option<Moment>, speed: f64) -> Self {
        let speed = if speed.is_finite() && speed > 0.0 { speed } else { 1.0 };
        let start = match start {
            Some(start) => Some(whole_micros(start)),
            None if speed == 1.0 => None,
            None => Some(wall()),
        };
        let own = start.map(|start| Moved { start, since: Duration::ZERO, speed });
        Self { started: stopwatch(), own, followed: OnceLock::new() }
    }

    /// From now on tells the calendar of the house that runs on the same database. The first anchor counts.
    pub fn follow(&self, anchor: Anchor) {
        let (now, since) = (wall(), self.started.elapsed());
        let start = whole_micros(anchor.calendar_at(now));
        let _ = self.followed.set(Moved { start, since, speed: anchor.speed });
    }

    fn moved(&self) -> Option<&Moved> {
        self.followed.get().or(self.own.as_ref())
    }
}

impl Clock for SystemClock {
    fn calendar(&self) -> Moment {
        let Some(Moved { start, since, speed }) = self.moved() else { return wall() };
        // At the fastest, whole microseconds stay exact in a double for nearly three centuries of calendar.
        let passed = self.started.elapsed().saturating_sub(*since).as_secs_f64() * speed * 1e6;
        start.checked_add_signed(TimeDelta::microseconds(passed as i64)).unwrap_or(Moment::MAX_UTC)
    }

    fn wall(&self) -> Moment {
        wall()
    }

    fn stopwatch(&self) -> Duration {
        self.started.elapsed()
    }

    fn speed(&self) -> f64 {
        self.moved().map_or(1.0, |moved| moved.speed)
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place where the wall is read")]
fn wall() -> Moment {
    whole_micros(Utc::now())
}

#[expect(clippy::disallowed_methods, reason = "this is the one place where the stopwatch is started")]
fn stopwatch() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Timelike;

    /// Waits until the stopwatch has moved by as much, however busy the machine is.
    fn pass(clock: &SystemClock, time: Duration) {
        let from = clock.stopwatch();
        while clock.stopwatch() - from < time {
            std::thread::yield_now();
        }
    }

    #[test]
    fn the_calendar_is_the_wall_unless_moved() {
        let clock = SystemClock::new(None, 1.0);
        let (before, calendar, after) = (clock.wall(), clock.calendar(), clock.wall());
        assert!(before <= calendar && calendar <= after);
        assert_eq!(clock.wall().nanosecond() % 1_000, 0, "whole microseconds");
        assert_eq!(clock.speed(), 1.0);
    }

    #[test]
    fn a_moved_calendar_begins_at_its_start_and_runs_faster() {
        let start: Moment = "2026-11-02T09:00:00Z".parse().unwrap();
        let clock = SystemClock::new(Some(start), 3600.0);
        pass(&clock, Duration::from_millis(20));
        let low = clock.stopwatch();
        let passed = (clock.calendar() - start).to_std().unwrap();
        let high = clock.stopwatch();
        assert!(
            passed >= low.mul_f64(3599.9) && passed <= high.mul_f64(3600.1),
            "{low:?} {passed:?} {high:?}"
        );
        assert_eq!(clock.calendar().nanosecond() % 1_000, 0, "whole microseconds");
        assert!((clock.wall() - start).num_days() != 0, "the wall is not moved");
        let hour = clock.until(clock.calendar() + TimeDelta::hours(1));
        assert!(hour <= Duration::from_secs(1) && hour > Duration::from_millis(500), "{hour:?}");
        assert_eq!(clock.until(start), Duration::ZERO);
    }

    #[test]
    fn the_stopwatch_and_the_calendar_never_go_back() {
        let clock = SystemClock::new(None, 1000.0);
        let mut last = (clock.stopwatch(), clock.calendar());
        for _ in 0..1_000 {
            let now = (clock.stopwatch(), clock.calendar());
            assert!(now.0 >= last.0 && now.1 >= last.1);
            last = now;
        }
    }

    #[test]
    fn a_clock_beside_a_house_tells_the_time_of_the_house() {
        let start: Moment = "2026-01-05T08:00:00Z".parse().unwrap();
        let house = SystemClock::new(Some(start), 43_200.0);
        pass(&house, Duration::from_millis(5));
        let anchor = Anchor::of(&house).unwrap();
        pass(&house, Duration::from_millis(20));
        let beside = SystemClock::new(None, 1.0);
        beside.follow(anchor);
        assert_eq!(beside.speed(), 43_200.0);
        let (before, told, after) = (house.calendar(), beside.calendar(), house.calendar());
        // The two read the wall and the stopwatch one after the other; a second is 12 hours here.
        let slack = TimeDelta::minutes(30);
        assert!(before - slack < told && told < after + slack, "{before} {told} {after}");
        assert_eq!(Anchor::of(&SystemClock::new(None, 1.0)), None, "the wall needs no anchor");
    }

    #[test]
    fn the_end_of_time_is_not_passed() {
        let clock = SystemClock::new(Some(Moment::MAX_UTC), 1e6);
        pass(&clock, Duration::from_millis(1));
        assert_eq!(clock.calendar(), Moment::MAX_UTC);
    }
}
