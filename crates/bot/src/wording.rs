//! How times, counts and what leads wrote are said to the team.

use chrono::{TimeDelta, TimeZone};
use chrono_tz::Tz;
use rekindle_core::time::Moment;

/// A text that somebody else wrote, as one line that can do no harm: without control characters and
/// without marks that turn the direction of writing, at most `most` characters long.
pub(crate) fn clean(text: &str, most: usize) -> String {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    let spaced = text.chars().map(|c| if matches!(c, '\n' | '\t' | '\r') { ' ' } else { c });
    let kept: String = spaced.filter(|c| !c.is_control() && !turns(*c)).collect();
    clamp(kept.trim(), most)
}

/// At most `most` characters, the last an ellipsis where something was cut.
pub(crate) fn clamp(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(most.saturating_sub(1)).collect();
    cut.truncate(cut.trim_end().len());
    cut.push('…');
    cut
}

/// "Tue 24 Nov, 09:00"; the hour alone when it is the same day as `now`, the year where it is another.
pub(crate) fn moment(at: Moment, now: Moment, zone: Tz) -> String {
    let (at, now) = (at.with_timezone(&zone), now.with_timezone(&zone));
    let form = match (at.date_naive() == now.date_naive(), chrono::Datelike::year(&at)) {
        (true, _) => "%H:%M",
        (false, year) if year == chrono::Datelike::year(&now) => "%a %-d %b, %H:%M",
        _ => "%a %-d %b %Y, %H:%M",
    };
    at.format(form).to_string()
}

/// "Tue 24 Nov, 09:00", whatever day it is: for what stands for days, such as cards.
pub(crate) fn dated(at: Moment, zone: Tz) -> String {
    at.with_timezone(&zone).format("%a %-d %b, %H:%M").to_string()
}

/// A length of time in its largest unit that says enough: "14 s", "5 min", "3 h", "4 days".
pub(crate) fn length(span: TimeDelta) -> String {
    let seconds = span.num_seconds().max(0);
    match seconds {
        0..90 => format!("{seconds} s"),
        90..5_400 => format!("{} min", (seconds + 30) / 60),
        5_400..129_600 => format!("{} h", (seconds + 1_800) / 3_600),
        _ => format!("{} days", (seconds + 43_200) / 86_400),
    }
}

/// A reason of an alert without how long ago its activity was: that was true when it was raised.
pub(crate) fn timeless(because: &str) -> &str {
    match because.rsplit_once(", ") {
        Some((what, when)) if when == "just now" || when.ends_with(" ago") => what,
        _ => because,
    }
}

/// "1 lead", "2 leads".
pub(crate) fn count(number: impl Into<i64>, one: &str) -> String {
    match number.into() {
        1 => format!("1 {one}"),
        number => format!("{number} {one}s"),
    }
}

/// How far the clocks of a zone are from the team's: "7 h ahead of us", "our time".
pub(crate) fn clocks(there: Tz, here: Tz, at: Moment) -> String {
    use chrono::Offset;
    let offset = |zone: Tz| zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc();
    let minutes = (offset(there) - offset(here)) / 60;
    let hours = match (minutes.abs() / 60, minutes.abs() % 60) {
        (hours, 0) => format!("{hours} h"),
        (0, rest) => format!("{rest} min"),
        (hours, rest) => format!("{hours} h {rest} min"),
    };
    let place = there.name().rsplit('/').next().unwrap_or_default().replace('_', " ");
    match minutes {
        0 => format!("{place}, our time"),
        1.. => format!("{place}, {hours} ahead of us"),
        _ => format!("{place}, {hours} behind us"),
    }
}

/// A word as it begins a line: "segment" is "Segment".
pub(crate) fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_lead_wrote_is_one_harmless_line() {
        assert_eq!(clean(" Kim\r\nBcc: x@y\u{7}\u{202e} ", 40), "Kim  Bcc: x@y");
        assert_eq!(clean("日本語の長い名前", 5), "日本語の…");
        assert_eq!(clean(&"e\u{301}".repeat(10_000), 10).chars().count(), 10);
    }

    #[test]
    fn times_say_no_more_than_is_needed() {
        let now: Moment = "2026-11-23T09:00:00Z".parse().unwrap();
        let said = |at: &str| moment(at.parse().unwrap(), now, Tz::Asia__Bangkok);
        assert_eq!(said("2026-11-23T03:42:00Z"), "10:42");
        assert_eq!(said("2026-11-24T02:00:00Z"), "Tue 24 Nov, 09:00");
        assert_eq!(said("2027-01-04T02:00:00Z"), "Mon 4 Jan 2027, 09:00");
        assert_eq!(length(TimeDelta::seconds(14)), "14 s");
        assert_eq!(length(TimeDelta::seconds(14 * 60)), "14 min");
        assert_eq!(clocks(Tz::Asia__Bangkok, Tz::UTC, now), "Bangkok, 7 h ahead of us");
        assert_eq!(clocks(Tz::America__New_York, Tz::UTC, now), "New York, 5 h behind us");
    }
}
