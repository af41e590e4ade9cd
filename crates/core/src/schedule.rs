//! The cron table's times: five fields, in a time zone, right when clocks change.
//!
//! The crate `cron` reads Quartz expressions (seconds first, Sunday is 1, day of month *and* day of week) and stumbles
//! over clock changes. So it is only asked about clock faces here: each field is translated for it, and it finds the
//! next matching face; which instants show that face is decided below, by the rule of Vixie's and Debian's `cron(8)`:
//!
//! * a **fixed-time job** (no `*` in the minute and hour fields) runs once for each of its times a local day. A time
//!   that the clocks leap over runs at the first instant after the leap; one that comes twice runs the first time.
//! * any other job is an **interval job** and follows real time: nothing is made up for what was leapt over, and what
//!   comes twice runs twice.
//!
//! As in Vixie's, a job with both a day of the month and a day of the week runs on either.

mod field;

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::{GapInfo, Tz};
use serde::{Deserialize, Serialize};

pub use field::ScheduleError;

use crate::zone::{ahead, clock_change};

/// When a job of the cron table runs: `30 9 * * 1-5`, or `@daily`. Knows no zone; that is given with the question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Schedule {
    text: String,
    /// Two when either the day of the month or the day of the week will do.
    faces: Vec<cron::Schedule>,
    fixed: bool,
}

impl Schedule {
    /// Reads minute, hour, day of month, month and day of week (0 and 7 are Sunday), each `*`, a number, a name, a
    /// range `a-b`, a step `*/n` or `a-b/n`, or a list of these; or `@hourly`, `@daily` (`@midnight`), `@weekly`,
    /// `@monthly`, `@yearly` (`@annually`).
    ///
    /// # Errors
    /// When there are not five fields, or one cannot be read; the error names the field.
    pub fn parse(text: &str) -> Result<Schedule, ScheduleError> {
        let text = text.trim();
        let [minute, hour, day, month, weekday] = field::split(text)?;
        let fixed = !minute.contains('*') && !hour.contains('*');
        let either = !any_day(day) && !any_day(weekday);
        let weekdays = field::weekdays(weekday)?;
        let expressions = if either {
            vec![
                format!("0 {minute} {hour} {day} {month} *"),
                format!("0 {minute} {hour} * {month} {weekdays}"),
            ]
        } else {
            vec![format!("0 {minute} {hour} {day} {month} {weekdays}")]
        };
        let faces = expressions
            .iter()
            .map(|expression| cron::Schedule::from_str(expression))
            .collect::<Result<_, _>>()
            .map_err(|_| ScheduleError::Whole(text.to_owned()))?;
        Ok(Schedule { text: text.to_owned(), faces, fixed })
    }

    /// The first run strictly after an instant, by the clocks of a zone; none when there is none before the year 2101
    /// (as on the 30th of February).
    #[must_use]
    pub fn next_after(&self, after: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        if self.fixed { self.next_fixed(after, zone) } else { self.next_interval(after, zone) }
    }

    /// Every face has one instant, and a later face never has an earlier one; so the first whose instant is late enough
    /// is the next. More than one is only looked at while the clocks show for a second time what has run already.
    fn next_fixed(&self, after: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        let mut face = after.with_timezone(&zone).naive_local();
        loop {
            face = self.next_face(face)?;
            if let Some(run) = instant_of(face, zone).filter(|run| *run > after) {
                return Some(run);
            }
        }
    }

    /// Between two clock changes local time is real time plus a constant; so look in each such stretch in turn.
    fn next_interval(&self, after: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        let mut from = after;
        loop {
            let ahead = ahead(zone, from);
            let run = (self.next_face(from.naive_utc() + ahead)? - ahead).and_utc();
            let Some(change) = clock_change(zone, from, run) else {
                return Some(run);
            };
            if self.shows(change.with_timezone(&zone).naive_local()) {
                return Some(change);
            }
            from = change;
        }
    }

    /// The next clock face strictly after one.
    fn next_face(&self, face: NaiveDateTime) -> Option<NaiveDateTime> {
        let next = |faces: &cron::Schedule| faces.after(&face.and_utc()).next();
        Some(self.faces.iter().filter_map(next).min()?.naive_utc())
    }

    fn shows(&self, face: NaiveDateTime) -> bool {
        self.next_face(face - TimeDelta::seconds(1)) == Some(face)
    }
}

/// When a fixed-time job's face comes: at its first showing, or, if the clocks leap over it, at the end of the leap.
/// Never, if a whole day was leapt over (a land that changes sides of the date line): that local day does not exist.
fn instant_of(face: NaiveDateTime, zone: Tz) -> Option<DateTime<Utc>> {
    if let Some(first) = zone.from_local_datetime(&face).earliest() {
        return Some(first.to_utc());
    }
    let leap = GapInfo::new(&face, &zone)?;
    let (end, (begin, _)) = (leap.end?, leap.begin?);
    (end.naive_local() - begin < TimeDelta::days(1)).then(|| end.to_utc())
}

/// Vixie's rule for the two day fields: one that begins with a star only narrows the other.
fn any_day(field: &str) -> bool {
    field.starts_with(['*', '?'])
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Schedule {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Schedule, ScheduleError> {
        Schedule::parse(text)
    }
}

impl TryFrom<String> for Schedule {
    type Error = ScheduleError;

    fn try_from(text: String) -> Result<Schedule, ScheduleError> {
        Schedule::parse(&text)
    }
}

impl From<Schedule> for String {
    fn from(schedule: Schedule) -> String {
        schedule.text
    }
}

#[cfg(test)]
mod tests;
