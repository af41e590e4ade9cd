//! A moment to come, as people write it: `1h`, `2 days`, `tomorrow`, `monday 14:00`, `2026-12-01`.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Weekday};
use chrono_tz::Tz;
use rekindle_core::{refusal::Refusal, span::Span, time::Moment};

/// The hour of a day that is named without one.
const MORNING: NaiveTime = NaiveTime::from_hms_opt(9, 0, 0).expect("nine o'clock is an hour");
/// Nobody means to be reminded later than this.
const LATEST: TimeDelta = TimeDelta::days(366);

/// The moment that a text means, in the zone of the team. A day without an hour means nine in the morning.
///
/// # Errors
/// [`Refusal::Usage`] when it means none; [`Refusal::Not`] when it has passed or is more than a year away.
pub(crate) fn until(text: &str, wall: Moment, zone: Tz) -> Result<Moment, Refusal> {
    let at = read(&text.trim().to_lowercase(), wall, zone).ok_or_else(|| Refusal::Usage {
        text: format!("“{text}” is no time to come; write 1h, 2d, tomorrow, monday or 2026-12-01 14:00."),
    })?;
    if at <= wall {
        let text = "That moment has passed; give one to come.".to_owned();
        return Err(Refusal::Not { code: "past", text });
    }
    if at - wall > LATEST {
        let text = "That is more than a year away; give an earlier moment.".to_owned();
        return Err(Refusal::Not { code: "too_late", text });
    }
    Ok(at)
}

fn read(text: &str, wall: Moment, zone: Tz) -> Option<Moment> {
    let text = ["in ", "for ", "until ", "till ", "next ", "on "]
        .iter()
        .fold(text, |text, word| text.strip_prefix(word).unwrap_or(text).trim_start());
    if let Some(span) = span(text) {
        return wall.checked_add_signed(span);
    }
    if let Ok(exact) = DateTime::parse_from_rfc3339(&text.to_uppercase()) {
        return Some(exact.to_utc());
    }
    let (day, hour) = match text.split_once([' ', 't']).filter(|(day, _)| date(day).is_some()) {
        Some((day, hour)) => (day, hour.trim()),
        None => text.split_once(' ').map_or((text, ""), |(day, hour)| (day, hour.trim())),
    };
    let today = wall.with_timezone(&zone).date_naive();
    let hour = match hour {
        "" => None,
        hour => Some(clock(hour.strip_prefix("at ").unwrap_or(hour))?),
    };
    let day = match day {
        "today" => return hour.and_then(|hour| there(today.and_time(hour), zone)),
        "tomorrow" => today.checked_add_days(Days::new(1))?,
        day => date(day).or_else(|| weekday(day, today))?,
    };
    there(day.and_time(hour.unwrap_or(MORNING)), zone)
}

/// "1h 30m", "2 days", "an hour".
fn span(text: &str) -> Option<TimeDelta> {
    if let Ok(span) = Span::parse(text) {
        return Some(span.delta());
    }
    let (number, unit) = text.split_once(' ')?;
    let number: u16 = match number {
        "a" | "an" | "one" => 1,
        number => number.parse().ok()?,
    };
    let unit = match unit.trim().trim_end_matches('s') {
        "m" | "min" | "minute" => 'm',
        "h" | "hour" => 'h',
        "d" | "day" => 'd',
        "w" | "week" => 'w',
        _ => return None,
    };
    Span::parse(&format!("{number}{unit}")).ok().map(Span::delta)
}

fn date(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
}

/// The next such day after today.
fn weekday(text: &str, today: NaiveDate) -> Option<NaiveDate> {
    let wanted: Weekday = text.parse().ok()?;
    today.iter_days().skip(1).take(7).find(|day| chrono::Datelike::weekday(day) == wanted)
}

/// "14:00", "14", "2pm".
fn clock(text: &str) -> Option<NaiveTime> {
    let (digits, afternoon) = match (text.strip_suffix("pm"), text.strip_suffix("am")) {
        (Some(digits), _) => (digits.trim(), Some(true)),
        (_, Some(digits)) => (digits.trim(), Some(false)),
        _ => (text, None),
    };
    let (hour, minute) = digits.split_once(':').unwrap_or((digits, "0"));
    let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.parse().ok()?);
    let hour = match afternoon {
        None => hour,
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(afternoon) => hour % 12 + if afternoon { 12 } else { 0 },
    };
    NaiveTime::from_hms_opt(hour, minute, 0)
}

/// When clocks in a zone show this; where they leap over it, an hour later.
fn there(face: NaiveDateTime, zone: Tz) -> Option<Moment> {
    let shown = zone.from_local_datetime(&face);
    let later = || zone.from_local_datetime(&(face + TimeDelta::hours(1))).earliest();
    shown.earliest().or_else(later).map(|at| at.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_write_moments_in_many_ways() {
        // A Monday, 16:00 in Bangkok.
        let wall: Moment = "2026-11-23T09:00:00Z".parse().unwrap();
        for (text, means) in [
            ("1h", "2026-11-23T10:00:00Z"),
            ("in 2 days", "2026-11-25T09:00:00Z"),
            ("1h 30m", "2026-11-23T10:30:00Z"),
            ("an hour", "2026-11-23T10:00:00Z"),
            ("tomorrow", "2026-11-24T02:00:00Z"),
            ("Tomorrow 2pm", "2026-11-24T07:00:00Z"),
            ("today 17:30", "2026-11-23T10:30:00Z"),
            ("monday", "2026-11-30T02:00:00Z"),
            ("next fri at 8", "2026-11-27T01:00:00Z"),
            ("2026-12-01", "2026-12-01T02:00:00Z"),
            ("2026-12-01 14:00", "2026-12-01T07:00:00Z"),
            ("2026-12-01T14:00", "2026-12-01T07:00:00Z"),
            ("2026-12-01T14:00:00Z", "2026-12-01T14:00:00Z"),
        ] {
            assert_eq!(until(text, wall, Tz::Asia__Bangkok), Ok(means.parse().unwrap()), "{text}");
        }
        let code = |text| until(text, wall, Tz::UTC).unwrap_err().code();
        assert_eq!(code("2026-11-22"), "past");
        assert_eq!(code("today 08:00"), "past");
        assert_eq!(code("2029-01-01"), "too_late");
        for text in ["soon", "", "today", "25:00", "tomorrow 25:00", "13pm", "tomorrow 0am"] {
            assert_eq!(code(text), "usage", "{text}");
        }
    }

    #[test]
    fn an_hour_that_clocks_leap_over_is_an_hour_later() {
        let wall: Moment = "2026-03-28T09:00:00Z".parse().unwrap();
        let at = until("2026-03-29 02:30", wall, Tz::Europe__Berlin).unwrap();
        assert_eq!(at.to_string(), "2026-03-29 01:30:00 UTC");
    }
}
