//! How numbers, times and states are said to the team.

use chrono_tz::Tz;
use rekindle_core::time::Moment;

/// A number with its thousands apart: 12,480.
pub(super) fn number(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut said = if n < 0 { "-".to_owned() } else { String::new() };
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            said.push(',');
        }
        said.push(digit);
    }
    said
}

/// How long something took or takes, in its two largest units: "40 s", "4 min", "2 h 5 min", "3 d 4 h".
pub(super) fn lasting(seconds: i64) -> String {
    let two = |big: i64, big_unit: &str, small: i64, small_unit: &str| match small {
        0 => format!("{big} {big_unit}"),
        small => format!("{big} {big_unit} {small} {small_unit}"),
    };
    match seconds.max(0) {
        s @ 0..60 => format!("{s} s"),
        s @ 60..3_600 => format!("{} min", s / 60),
        s @ 3_600..86_400 => two(s / 3_600, "h", s % 3_600 / 60, "min"),
        s => two(s / 86_400, "d", s % 86_400 / 3_600, "h"),
    }
}

/// A moment as the team reads it: "23 Nov 2026, 11:42".
pub(super) fn moment(at: Moment, zone: Tz) -> String {
    at.with_timezone(&zone).format("%-d %b %Y, %H:%M").to_string()
}

/// The day of a moment: "Mon 23 Nov 2026".
pub(super) fn day(at: Moment, zone: Tz) -> String {
    at.with_timezone(&zone).format("%a %-d %b %Y").to_string()
}

/// The hour and minute of a moment.
pub(super) fn hour(at: Moment, zone: Tz) -> String {
    at.with_timezone(&zone).format("%H:%M").to_string()
}

/// A part of a whole, 0 to 100; anything at all is at least 1.
pub(super) fn percent(part: i64, whole: i64) -> i64 {
    match (part, whole) {
        (..=0, _) | (_, ..=0) => 0,
        (part, whole) => (part.saturating_mul(100) / whole).clamp(1, 100),
    }
}

/// A word of a table for people: "sent_assumed" is "assumed sent", "no_answer" is "no answer".
pub(super) fn words(word: &str) -> String {
    match word {
        "sent_assumed" => "assumed sent".to_owned(),
        word => word.replace('_', " "),
    }
}

/// A text cut to a length, with a sign that it was.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_read_easily() {
        assert_eq!(
            [0, 999, 1_000, -12_480, 1_234_567].map(number),
            ["0", "999", "1,000", "-12,480", "1,234,567"]
        );
        let said = [0, 59, 60, 3_599, 3_600, 7_500, 86_400, 273_600].map(lasting);
        assert_eq!(said, ["0 s", "59 s", "1 min", "59 min", "1 h", "2 h 5 min", "1 d", "3 d 4 h"]);
        assert_eq!([percent(0, 9), percent(1, 1_000), percent(9, 9), percent(3, 0)], [0, 1, 100, 0]);
        assert_eq!((cut("äöü", 2).as_str(), cut("äöü", 3).as_str()), ("äö…", "äöü"));
        assert_eq!(
            (words("sent_assumed").as_str(), words("not_a_fit").as_str()),
            ("assumed sent", "not a fit")
        );
    }
}
