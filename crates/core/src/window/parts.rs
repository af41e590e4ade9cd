//! The three parts of a send window as words: days, hours and zone.

use std::fmt;
use std::str::FromStr;

use chrono::Weekday;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::SendWindow;
use crate::nearest::nearest;
use crate::zone::parse_zone;

/// The window as a table of the playbook.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    #[serde(default = "every_day")]
    days: String,
    hours: String,
    #[serde(default = "lead")]
    zone: String,
}

fn every_day() -> String {
    "every day".to_owned()
}

fn lead() -> String {
    "lead".to_owned()
}

impl TryFrom<Words> for SendWindow {
    type Error = WindowError;

    fn try_from(words: Words) -> Result<SendWindow, WindowError> {
        SendWindow::parse(&words.days, &words.hours, &words.zone)
    }
}

impl From<SendWindow> for Words {
    fn from(window: SendWindow) -> Words {
        Words {
            days: window.days.to_string(),
            hours: window.hours.to_string(),
            zone: window.zone.to_string(),
        }
    }
}

/// Why a text is not a part of a send window, in words for the one who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// A day that is not known.
    #[error("\"{word}\" is not a day{hint}; write for example \"mon-fri\", \"mon,wed,fri\" or \"every day\"")]
    Day {
        /// The word as it was written.
        word: String,
        /// The nearest day.
        hint: String,
    },
    /// Hours that cannot be read.
    #[error(
        "the hours \"{hours}\" {why}; write for example \"09:00-17:00\", \"22:00-06:00\" or \"00:00-24:00\""
    )]
    Hours {
        /// The hours as they were written.
        hours: String,
        /// What is wrong with them.
        why: &'static str,
    },
    /// A zone that is not known.
    #[error(
        "\"{zone}\" is not a time zone{hint}; write \"lead\" for each lead's own, or for example \"Europe/Berlin\""
    )]
    Zone {
        /// The zone as it was written.
        zone: String,
        /// The nearest zone.
        hint: String,
    },
}

/// Days of the week, at least one: a bit for each, from Monday.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Days(u8);

const NAMES: [(&str, &str); 7] = [
    ("mon", "monday"),
    ("tue", "tuesday"),
    ("wed", "wednesday"),
    ("thu", "thursday"),
    ("fri", "friday"),
    ("sat", "saturday"),
    ("sun", "sunday"),
];
const EVERY: u8 = 0b111_1111;

impl Days {
    pub(crate) fn has(self, day: Weekday) -> bool {
        self.0 & (1 << day.num_days_from_monday()) != 0
    }
}

impl FromStr for Days {
    type Err = WindowError;

    fn from_str(text: &str) -> Result<Days, WindowError> {
        if matches!(text.trim().to_lowercase().as_str(), "every day" | "daily") {
            return Ok(Days(EVERY));
        }
        let mut days = 0;
        for item in text.split(',') {
            let (first, last) = item.split_once('-').unwrap_or((item, item));
            let (mut at, last) = (day(first)?, day(last)?);
            days |= 1 << at;
            // `fri-mon` goes over the week's end.
            while at != last {
                at = (at + 1) % 7;
                days |= 1 << at;
            }
        }
        Ok(Days(days))
    }
}

fn day(word: &str) -> Result<usize, WindowError> {
    let lower = word.trim().to_lowercase();
    NAMES.iter().position(|(short, long)| lower == *short || lower == *long).ok_or_else(|| {
        let known = NAMES.iter().flat_map(|(short, long)| [*short, *long]);
        let hint = nearest(&lower, known).map(|near| format!(", did you mean \"{near}\"?"));
        WindowError::Day { word: word.trim().to_owned(), hint: hint.unwrap_or_default() }
    })
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == EVERY {
            return f.write_str("every day");
        }
        let has = |at: usize| at < 7 && self.0 & (1 << at) != 0;
        let (mut at, mut comma) = (0, "");
        while at < 7 {
            if !has(at) {
                at += 1;
                continue;
            }
            let first = at;
            while has(at + 1) {
                at += 1;
            }
            write!(f, "{comma}{}", NAMES[first].0)?;
            if at > first {
                write!(f, "-{}", NAMES[at].0)?;
            }
            comma = ",";
            at += 1;
        }
        Ok(())
    }
}

/// From when until before when, in minutes of the day: `opens` to 1439, `closes` from 1 to 1440, never the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hours {
    pub(super) opens: u32,
    pub(super) closes: u32,
}

impl FromStr for Hours {
    type Err = WindowError;

    fn from_str(text: &str) -> Result<Hours, WindowError> {
        let error = |why| WindowError::Hours { hours: text.to_owned(), why };
        let (opens, closes) = text.split_once('-').ok_or_else(|| error("have no end"))?;
        let opens = minute(opens).ok_or_else(|| error("do not begin with a time from 00:00 to 23:59"))?;
        let closes = minute(closes).ok_or_else(|| error("do not end with a time from 00:00 to 24:00"))?;
        if opens == 1_440 {
            return Err(error("begin at 24:00, which is 00:00 of the next day"));
        }
        if opens == closes {
            return Err(error("end when they begin"));
        }
        // An end at 00:00 is the end of the same day.
        let closes = if closes == 0 { 1_440 } else { closes };
        Ok(Hours { opens, closes })
    }
}

/// The minute of the day of `9:00` or `09:00`, up to `24:00`.
fn minute(text: &str) -> Option<u32> {
    let (hour, minute) = text.trim().split_once(':')?;
    let digits = |part: &str, shortest| {
        (shortest..=2).contains(&part.len()) && part.chars().all(|c| c.is_ascii_digit())
    };
    if !digits(hour, 1) || !digits(minute, 2) {
        return None;
    }
    let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.parse().ok()?);
    let at = hour * 60 + minute;
    (minute < 60 && at <= 1_440).then_some(at)
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Hours { opens, closes } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", opens / 60, opens % 60, closes / 60, closes % 60)
    }
}

/// Whose clocks count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Zone {
    /// Each lead's own.
    Lead,
    /// Those of one zone, for all leads.
    Of(Tz),
}

impl FromStr for Zone {
    type Err = WindowError;

    fn from_str(text: &str) -> Result<Zone, WindowError> {
        if text.trim().eq_ignore_ascii_case("lead") {
            return Ok(Zone::Lead);
        }
        parse_zone(text)
            .map(Zone::Of)
            .ok_or_else(|| WindowError::Zone { zone: text.trim().to_owned(), hint: nearest_zone(text) })
    }
}

/// `, did you mean "Europe/Berlin"?`, and nothing when none is near: the list of all is too long to read.
fn nearest_zone(text: &str) -> String {
    nearest(text, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()))
        .map(|near| format!(", did you mean \"{near}\"?"))
        .unwrap_or_default()
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Zone::Lead => f.write_str("lead"),
            Zone::Of(zone) => f.write_str(zone.name()),
        }
    }
}
