//! An hour, a day or a date that a run waits for, by the lead's clock.

use crate::{
    lead::Lead,
    span::Span,
    time::Moment,
    window::parts::{Days, WindowError, Zone},
};
use chrono::{DateTime, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// `{ days = "tue", at = "09:00" }`, `{ date = "2027-01-15" }` or `{ trait = "renews_on", before = "7d" }`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Words", into = "Words")]
pub struct Appointment {
    day: Day,
    at: NaiveTime,
    zone: Zone,
}

/// On which day.
#[derive(Debug, Clone, PartialEq)]
enum Day {
    /// The next of these weekdays.
    Next(Days),
    /// This one.
    Date(NaiveDate),
    /// That of a trait, so long before (or, when negative, after).
    Trait { name: String, before: TimeDelta },
}

/// The appointment as a table of the playbook.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    #[serde(rename = "trait", skip_serializing_if = "Option::is_none")]
    of: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
}

/// Why a table says no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppointmentError {
    /// More than one day, or none and no hour.
    #[error(
        "a wait is for one of `days`, `date` or `trait`, with the hour in `at`, for example {{ days = \"tue\", at = \"09:00\" }}"
    )]
    Which,
    /// `before` and `after` go with a trait, one of them.
    #[error(
        "`before` or `after` (one of them) go with `trait`: so long before or after the date that the trait says"
    )]
    Offset,
    /// No date.
    #[error("\"{0}\" is not a date; write for example \"2027-01-15\"")]
    Date(String),
    /// No hour.
    #[error("\"{0}\" is not an hour of the day; write for example \"09:00\"")]
    Hour(String),
    /// No day or zone.
    #[error(transparent)]
    Part(#[from] WindowError),
}

const MORNING: NaiveTime = NaiveTime::from_hms_opt(9, 0, 0).expect("an hour of the day");

impl TryFrom<Words> for Appointment {
    type Error = AppointmentError;

    fn try_from(words: Words) -> Result<Self, AppointmentError> {
        let offset = match (&words.of, words.before, words.after) {
            (_, None, None) => TimeDelta::zero(),
            (Some(_), Some(before), None) => before.delta(),
            (Some(_), None, Some(after)) => -after.delta(),
            _ => return Err(AppointmentError::Offset),
        };
        let day = match (words.days, words.date, words.of) {
            (Some(days), None, None) => Day::Next(days.parse()?),
            (None, Some(date), None) => {
                Day::Date(date_of(&date).ok_or_else(|| AppointmentError::Date(date.clone()))?)
            }
            (None, None, Some(name)) => Day::Trait { name, before: offset },
            (None, None, None) if words.at.is_some() => Day::Next("every day".parse()?),
            _ => return Err(AppointmentError::Which),
        };
        let at = match words.at {
            Some(at) => NaiveTime::parse_from_str(at.trim(), "%H:%M")
                .map_err(|_| AppointmentError::Hour(at.clone()))?,
            None => MORNING,
        };
        Ok(Self { day, at, zone: words.zone.as_deref().unwrap_or("lead").parse()? })
    }
}

impl From<Appointment> for Words {
    fn from(appointment: Appointment) -> Self {
        let mut words = Self {
            days: None,
            date: None,
            of: None,
            before: None,
            after: None,
            at: Some(appointment.at.format("%H:%M").to_string()),
            zone: Some(appointment.zone.to_string()),
        };
        match appointment.day {
            Day::Next(days) => words.days = Some(days.to_string()),
            Day::Date(date) => words.date = Some(date.to_string()),
            Day::Trait { name, before } => {
                words.of = Some(name);
                let span = |delta: TimeDelta| format!("{}s", delta.num_seconds()).parse().ok();
                if before > TimeDelta::zero() {
                    words.before = span(before);
                } else if before < TimeDelta::zero() {
                    words.after = span(-before);
                }
            }
        }
        words
    }
}

/// "for tue at 09:00", "until 2027-01-15 at 09:00", "until 7d before renews_on at 09:00".
impl fmt::Display for Appointment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at.format("%H:%M");
        match &self.day {
            Day::Next(days) => write!(f, "for {days} at {at}"),
            Day::Date(date) => write!(f, "until {date} at {at}"),
            Day::Trait { name, before } => {
                let days = before.num_days();
                match days {
                    0 => write!(f, "until {name} at {at}"),
                    1.. => write!(f, "until {days}d before {name} at {at}"),
                    _ => write!(f, "until {}d after {name} at {at}", -days),
                }
            }
        }
    }
}

impl Appointment {
    /// When it is, for a lead whose clocks are those of `lead_zone`; not before `now`.
    ///
    /// # Errors
    /// When the lead has no such date, in words.
    pub fn next(&self, lead: &Lead, lead_zone: Tz, now: Moment) -> Result<Moment, String> {
        let zone = match self.zone {
            Zone::Lead => lead_zone,
            Zone::Of(zone) => zone,
        };
        let today = now.with_timezone(&zone).date_naive();
        let at = match &self.day {
            Day::Next(days) => {
                use chrono::Datelike;
                let dates = today.iter_days().take(15).filter(|date| days.has(date.weekday()));
                // The clocks may have leapt over today's hour, or it may be over: then the next day's.
                dates.map(|date| instant(date.and_time(self.at), zone)).find(|at| *at >= now).unwrap_or(now)
            }
            Day::Date(date) => instant(date.and_time(self.at), zone),
            Day::Trait { name, before } => {
                let told = lead.traits.get(name).and_then(Value::as_str);
                let date =
                    told.and_then(date_of).ok_or_else(|| format!("there is no date in trait.{name}"))?;
                instant((date.and_time(self.at)) - *before, zone)
            }
        };
        Ok(at.max(now))
    }
}

/// The date of a text: "2027-01-15", alone or before an hour.
fn date_of(text: &str) -> Option<NaiveDate> {
    let text = text.trim();
    let date = text.get(..10).filter(|_| text.len() == 10 || matches!(text.as_bytes()[10], b'T' | b' '))?;
    NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()
}

/// The instant at which clocks there show a time: the first of two, and where they leap over it the one to which they leap.
fn instant(face: NaiveDateTime, zone: Tz) -> Moment {
    // No clock was ever moved by more than a day at once.
    let faces = (0..=24 * 4).map(|quarters| face + TimeDelta::minutes(15) * quarters);
    let resolved = faces.map(|face| zone.from_local_datetime(&face)).find_map(|found| match found {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Some(at),
        LocalResult::None => None,
    });
    resolved.map_or_else(|| face.and_utc(), |at: DateTime<Tz>| at.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::LeadId;
    use serde_json::json;

    fn read(words: Value) -> Result<Appointment, String> {
        serde_json::from_value(words).map_err(|error| error.to_string())
    }

    fn moment(text: &str) -> Moment {
        text.parse().unwrap()
    }

    #[test]
    fn it_is_by_the_leads_clock_also_where_clocks_leap_or_stand_twice() {
        let lead = Lead::anonymous(LeadId(Default::default()), Moment::UNIX_EPOCH);
        let berlin = chrono_tz::Europe::Berlin;
        for (words, now, at) in [
            // A Thursday; nine in Berlin is eight in UTC.
            (json!({"days": "tue", "at": "09:00"}), "2026-11-26T10:00:00Z", "2026-12-01T08:00:00Z"),
            (json!({"at": "09:00"}), "2026-11-26T08:00:00Z", "2026-11-26T08:00:00Z"),
            (json!({"at": "09:00"}), "2026-11-26T08:00:01Z", "2026-11-27T08:00:00Z"),
            (json!({"at": "09:00", "zone": "Asia/Bangkok"}), "2026-11-26T08:00:00Z", "2026-11-27T02:00:00Z"),
            // Half past two does not come on 28 March 2027: three o'clock does.
            (json!({"at": "02:30"}), "2027-03-27T23:00:00Z", "2027-03-28T01:00:00Z"),
            // It comes twice on 25 October 2026: the first counts.
            (json!({"at": "02:30"}), "2026-10-24T23:00:00Z", "2026-10-25T00:30:00Z"),
            (json!({"date": "2027-01-15"}), "2026-11-26T08:00:00Z", "2027-01-15T08:00:00Z"),
            // A date that is over: at once.
            (json!({"date": "2020-01-15"}), "2026-11-26T08:00:00Z", "2026-11-26T08:00:00Z"),
        ] {
            let appointment = read(words.clone()).unwrap();
            assert_eq!(appointment.next(&lead, berlin, moment(now)), Ok(moment(at)), "{words} at {now}");
            assert_eq!(read(serde_json::to_value(&appointment).unwrap()), Ok(appointment));
        }
    }

    #[test]
    fn a_date_of_the_lead_has_days_before_it_and_may_be_missing() {
        let mut lead = Lead::anonymous(LeadId(Default::default()), Moment::UNIX_EPOCH);
        let appointment = read(json!({"trait": "renews_on", "before": "7d"})).unwrap();
        let now = moment("2026-11-26T08:00:00Z");
        assert_eq!(appointment.next(&lead, Tz::UTC, now).unwrap_err(), "there is no date in trait.renews_on");
        for told in ["2027-02-08", "2027-02-08T15:00:00Z"] {
            lead.traits.insert("renews_on".to_owned(), json!(told));
            assert_eq!(appointment.next(&lead, Tz::UTC, now), Ok(moment("2027-02-01T09:00:00Z")));
        }
        assert_eq!(appointment.to_string(), "until 7d before renews_on at 09:00");
    }

    #[test]
    fn what_says_no_time_is_told_so() {
        for (words, why) in [
            (json!({}), "a wait is for one of"),
            (json!({"days": "tue", "date": "2027-01-15"}), "a wait is for one of"),
            (json!({"date": "15.1.2027"}), "\"15.1.2027\" is not a date"),
            (json!({"date": "2027-01-15", "before": "7d"}), "go with `trait`"),
            (json!({"days": "tues"}), "is not a day"),
            (json!({"at": "25:00"}), "not an hour of the day"),
        ] {
            let error = read(words.clone()).unwrap_err();
            assert!(error.contains(why), "{words}: {error}");
        }
    }
}
