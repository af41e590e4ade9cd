//! When a thing happened, by a clock that may be wrong.
//!
//! Segment's rule: what the sender's clock said (`timestamp`), moved by as much as that clock was off
//! when it sent (`receivedAt` − `sentAt`). On top of it:
//!
//! - nothing has happened yet that is still to come: what would be later counts as now;
//! - a server key may tell any past time, a browser key the last seven days, since anybody can hold
//!   it and old visits would be invented as easily as new ones (threats 4.1.8 also allows five
//!   minutes ahead: those, too, count as now);
//! - a time that cannot be read, or is before 1970 (many languages write "no time" as the year 1),
//!   counts as not told: then the thing happened when it came.

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use rekindle_core::{
    activity::Trust,
    time::{Moment, whole_micros},
};
use serde_json::{Map, Value};

/// How far back a browser key may go.
pub const BROWSER_PAST: TimeDelta = TimeDelta::days(7);
/// Seconds since 1970 are below this number for 3,000 years; milliseconds have been above since 1973.
const MILLISECONDS_FROM: f64 = 1e11;

/// The times that an item tells.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Told {
    /// When it happened, by the sender's clock.
    pub happened: Option<Moment>,
    /// When it was sent, by the sender's clock.
    pub sent: Option<Moment>,
    /// Whether somebody before us has received it (`receivedAt`) and put its `timestamp` right.
    pub corrected: bool,
}

impl Told {
    /// Reads them; `batch_sent` is the `sentAt` of the whole body.
    pub fn of(item: &Map<String, Value>, batch_sent: Option<Moment>) -> Self {
        let time = |field| item.get(field).and_then(moment);
        let timestamp = time("timestamp");
        Self {
            happened: timestamp.or_else(|| time("originalTimestamp")),
            sent: time("sentAt").or(batch_sent),
            corrected: timestamp.is_some() && time("receivedAt").is_some(),
        }
    }

    /// Whether it says when it happened.
    pub fn has_time(&self) -> bool {
        self.happened.is_some()
    }
}

/// When it happened, by our calendar, on which it was `received`.
pub fn happened(told: &Told, received: Moment, trust: Trust) -> Moment {
    let Some(mut at) = told.happened else { return received };
    // A browser's word that its time was put right is worth nothing.
    let corrected = told.corrected && trust == Trust::Server;
    if let (Some(sent), false) = (told.sent, corrected) {
        at = at.checked_add_signed(received - sent).unwrap_or(received);
    }
    let earliest = match trust {
        Trust::Server => DateTime::UNIX_EPOCH,
        Trust::Browser => received - BROWSER_PAST,
    };
    whole_micros(at.max(earliest).min(received))
}

/// A moment as senders write it: RFC 3339, ISO 8601 without a zone (then UTC) or without a time, or
/// a number of seconds or milliseconds since 1970.
pub fn moment(value: &Value) -> Option<Moment> {
    let at = match value {
        Value::String(text) => written(text.trim())?,
        Value::Number(number) => counted(number.as_f64()?)?,
        _ => return None,
    };
    (at >= DateTime::UNIX_EPOCH).then(|| whole_micros(at))
}

fn written(text: &str) -> Option<Moment> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"))
    {
        return Some(at.with_timezone(&Utc));
    }
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"]
        .into_iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0))
        .map(|at| at.and_utc())
}

#[expect(clippy::cast_possible_truncation, reason = "a cast saturates, and what is too large is no moment")]
fn counted(number: f64) -> Option<Moment> {
    let milliseconds = if number < MILLISECONDS_FROM { number * 1_000.0 } else { number };
    DateTime::from_timestamp_millis(milliseconds.round() as i64)
}
