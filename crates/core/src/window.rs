//! When mails may go out: on which days, between which hours, by whose clock.
//!
//! `send_window = { days = "mon-fri", hours = "09:00-17:00", zone = "lead" }`. Hours that cross midnight belong to the
//! day they begin on: `fri` with `22:00-06:00` is open on Saturday morning. The window is what clocks on a wall there
//! would show: an hour that they leap over is not made up for, one that comes twice counts twice.

pub(crate) mod parts;

use chrono::{DateTime, Datelike, NaiveDateTime, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

pub use parts::WindowError;
use parts::{Days, Hours, Words, Zone};

use crate::zone::clock_change;

/// The days and hours in which mails may go out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Words", into = "Words")]
pub struct SendWindow {
    days: Days,
    hours: Hours,
    zone: Zone,
}

/// Whether a mail may go out now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowVerdict {
    /// It may.
    Open,
    /// Not before this instant, the first at which the window is open again.
    ClosedUntil(DateTime<Utc>),
}

impl SendWindow {
    /// Reads the three parts as the playbook writes them: days (`mon-fri`, `mon,wed,fri`, `every day`), hours
    /// (`09:00-17:00`, `22:00-06:00`, `00:00-24:00`) and zone (`lead`, or an IANA name).
    ///
    /// # Errors
    /// When a part cannot be read; the error names it.
    pub fn parse(days: &str, hours: &str, zone: &str) -> Result<SendWindow, WindowError> {
        Ok(SendWindow { days: days.parse()?, hours: hours.parse()?, zone: zone.parse()? })
    }

    /// Whether the window is open at an instant, for a lead whose clocks are those of `lead_zone`; and if not, from when.
    #[must_use]
    pub fn check(&self, now: DateTime<Utc>, lead_zone: Tz) -> WindowVerdict {
        let zone = match self.zone {
            Zone::Lead => lead_zone,
            Zone::Of(zone) => zone,
        };
        if self.is_open(now, zone) {
            WindowVerdict::Open
        } else {
            WindowVerdict::ClosedUntil(self.opens_after(now, zone))
        }
    }

    fn is_open(&self, at: DateTime<Utc>, zone: Tz) -> bool {
        let face = at.with_timezone(&zone).naive_local();
        let minute = minute_of(face);
        let Hours { opens, closes } = self.hours;
        let today = self.days.has(face.weekday());
        if opens < closes {
            today && (opens..closes).contains(&minute)
        } else {
            (today && minute >= opens) || (self.days.has(face.weekday().pred()) && minute < closes)
        }
    }

    /// A window opens when a clock shows its opening hour, or when the clocks are moved into it: nothing else.
    fn opens_after(&self, now: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
        // One week has every weekday; the clocks may leap over one opening, and after that a second week is enough.
        const WEEKS: i64 = 3;
        let horizon = now + TimeDelta::weeks(WEEKS);
        let today = now.with_timezone(&zone).date_naive();
        let opening = today
            .iter_days()
            .take(7 * WEEKS as usize)
            .filter(|day| self.days.has(day.weekday()))
            .filter_map(|day| day.and_hms_opt(self.hours.opens / 60, self.hours.opens % 60, 0))
            .flat_map(|face| {
                let shown = zone.from_local_datetime(&face);
                [shown.earliest(), shown.latest()]
            })
            .flatten()
            .map(|shown| shown.to_utc());
        let moved = std::iter::successors(clock_change(zone, now, horizon), |change| {
            clock_change(zone, *change, horizon)
        });
        opening
            .chain(moved)
            .filter(|instant| *instant > now && self.is_open(*instant, zone))
            .min()
            .expect("a window has a day and an hour, and clocks leap over an hour of one week at most")
    }
}

fn minute_of(face: NaiveDateTime) -> u32 {
    face.hour() * 60 + face.minute()
}

#[cfg(test)]
mod tests;
