//! A length of time as the playbook writes it: `30m`, `1h 30m`, `4d`, `2w`.
//!
//! A day is 24 hours and a week is 7 of them: a span never looks at a calendar or a clock change.

use std::fmt;
use std::str::FromStr;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// The units, longest first: letter and length in seconds.
const UNITS: [(char, i64); 5] = [('w', 604_800), ('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// A hundred years, in seconds. Nothing in a playbook is longer, and any instant of our time plus a span stays a date.
const LONGEST: i64 = 100 * 366 * 86_400;

/// A length of time in whole seconds, from none to a hundred years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span(TimeDelta);

impl Span {
    /// No time at all: `0s`.
    pub const ZERO: Span = Span(TimeDelta::zero());

    /// So many minutes, for defaults in code.
    #[must_use]
    pub const fn minutes(minutes: u16) -> Span {
        Span(TimeDelta::minutes(minutes as i64))
    }

    /// So many hours, for defaults in code.
    #[must_use]
    pub const fn hours(hours: u16) -> Span {
        Span(TimeDelta::hours(hours as i64))
    }

    /// So many days of 24 hours, for defaults in code; at most a hundred years of them count.
    #[must_use]
    pub const fn days(days: u16) -> Span {
        let seconds = days as i64 * 86_400;
        Span(TimeDelta::seconds(if seconds < LONGEST { seconds } else { LONGEST }))
    }

    /// The same length, to add to an instant.
    #[must_use]
    pub const fn delta(self) -> TimeDelta {
        self.0
    }

    /// Reads `90s`, `30m`, `1h`, `4d`, `2w`, or several of them from the longest unit to the shortest: `1h 30m`.
    ///
    /// # Errors
    /// When a word is not a whole number with one of those letters behind it, a unit comes twice or after a shorter
    /// one, or the whole is longer than a hundred years.
    pub fn parse(text: &str) -> Result<Span, SpanError> {
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(SpanError::Empty);
        }
        let mut total: i64 = 0;
        let mut shortest = i64::MAX;
        while !rest.is_empty() {
            let (number, unit, after) = part(rest).ok_or_else(|| SpanError::word(rest))?;
            if unit >= shortest {
                return Err(SpanError::Order(text.trim().to_owned()));
            }
            shortest = unit;
            total = number
                .checked_mul(unit)
                .and_then(|seconds| seconds.checked_add(total))
                .filter(|seconds| *seconds <= LONGEST)
                .ok_or_else(|| SpanError::TooLong(text.trim().to_owned()))?;
            rest = after.trim_start();
        }
        Ok(Span(TimeDelta::seconds(total)))
    }
}

/// The number and the unit's seconds at the beginning of `text`, and what follows. A number with more digits than an
/// `i64` holds becomes its greatest value: the caller refuses it as too long.
fn part(text: &str) -> Option<(i64, i64, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let letter = text[digits..].chars().next()?;
    let (_, seconds) = UNITS.iter().find(|(unit, _)| *unit == letter)?;
    let after = &text[digits + letter.len_utf8()..];
    let whole = after.is_empty() || after.starts_with(|c: char| c.is_whitespace() || c.is_ascii_digit());
    (digits > 0 && whole).then(|| (text[..digits].parse().unwrap_or(i64::MAX), *seconds, after))
}

/// Why a text is not a span, in words for the one who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpanError {
    /// There is nothing to read.
    #[error("a length of time is missing; write for example 30m, 1h 30m, 4d or 2w")]
    Empty,
    /// A word is not a number with a unit.
    #[error("\"{word}\" is not a length of time: {why}; write for example 90s, 30m, 1h, 1h 30m, 4d or 2w")]
    Word {
        /// The word as it was written.
        word: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A unit is written out.
    #[error(
        "\"{word}\" is written {short}; other lengths of time for example 90s, 30m, 1h, 1h 30m, 4d or 2w"
    )]
    Long {
        /// As it was written.
        word: String,
        /// As it is read.
        short: String,
    },
    /// A unit comes twice, or after a shorter one.
    #[error(
        "\"{0}\" is not a length of time: each unit comes once, the longest first; write for example 1h 30m or 2w 3d"
    )]
    Order(String),
    /// Longer than a hundred years.
    #[error("\"{0}\" is longer than a hundred years")]
    TooLong(String),
}

impl SpanError {
    fn word(rest: &str) -> SpanError {
        let mut words = rest.split_whitespace();
        let word = words.next().unwrap_or(rest);
        // "30 days" is what people write.
        if let Some(unit) = words.next().filter(|_| word.parse::<i64>().is_ok())
            // A month is no minute, and has no length of its own.
            && !unit.starts_with("mo")
            && let Some((letter, _)) = UNITS.iter().find(|(letter, _)| unit.starts_with(*letter))
        {
            let (word, short) = (format!("{word} {unit}"), format!("{word}{letter}"));
            return SpanError::Long { word, short };
        }
        let unit = word.trim_start_matches(|c: char| c.is_ascii_digit());
        let why = if word.starts_with(['-', '+']) {
            "it has a sign"
        } else if unit.len() == word.len() {
            "it does not begin with a number"
        } else if unit.is_empty() {
            "it has no unit (s, m, h, d, w)"
        } else if unit.starts_with(['.', ',']) {
            "only whole numbers are read"
        } else {
            "its unit is not one of s, m, h, d, w"
        };
        SpanError::Word { word: word.to_owned(), why }
    }
}

impl fmt::Display for Span {
    /// The shortest words that [`Span::parse`] reads back: whole weeks as weeks, all else from days down.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = self.0.num_seconds();
        if left == 0 {
            return f.write_str("0s");
        }
        let (_, week) = UNITS[0];
        if left % week == 0 {
            return write!(f, "{}w", left / week);
        }
        let mut space = "";
        for (letter, seconds) in &UNITS[1..] {
            if left >= *seconds {
                write!(f, "{space}{}{letter}", left / seconds)?;
                left %= seconds;
                space = " ";
            }
        }
        Ok(())
    }
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Span, SpanError> {
        Span::parse(text)
    }
}

impl TryFrom<String> for Span {
    type Error = SpanError;

    fn try_from(text: String) -> Result<Span, SpanError> {
        Span::parse(&text)
    }
}

impl From<Span> for String {
    fn from(span: Span) -> String {
        span.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seconds(text: &str) -> i64 {
        Span::parse(text).unwrap().delta().num_seconds()
    }

    #[test]
    fn the_playbooks_words_are_read() {
        assert_eq!(seconds("90s"), 90);
        assert_eq!(seconds("30m"), 1_800);
        assert_eq!(seconds("1h"), 3_600);
        assert_eq!(seconds("4d"), 345_600);
        assert_eq!(seconds("2w"), 1_209_600);
        assert_eq!(seconds(" 1h  30m "), 5_400);
        assert_eq!(seconds("1h30m"), 5_400);
        assert_eq!(seconds("0s"), 0);
    }

    #[test]
    fn it_is_written_as_a_person_would() {
        for (text, said) in [
            ("90s", "1m 30s"),
            ("14d", "2w"),
            ("180d", "180d"),
            ("48h", "2d"),
            ("90m", "1h 30m"),
            ("0m", "0s"),
        ] {
            assert_eq!(Span::parse(text).unwrap().to_string(), said);
        }
    }

    #[test]
    fn an_error_names_the_bad_word_and_shows_examples() {
        let said = |text: &str| Span::parse(text).unwrap_err().to_string();
        for (text, word) in [
            ("soon", "\"soon\" is not a length of time: it does not begin with a number"),
            ("1h later", "\"later\""),
            ("30 days", "\"30 days\" is written 30d"),
            ("1h 30 minutes", "\"30 minutes\" is written 30m"),
            ("30", "\"30\" is not a length of time: it has no unit"),
            ("1.5h", "\"1.5h\" is not a length of time: only whole numbers"),
            ("-4d", "\"-4d\" is not a length of time: it has a sign"),
            ("4days", "\"4days\" is not a length of time: its unit"),
            ("3M", "its unit is not one of"),
            ("4 d", "\"4 d\" is written 4d"),
            ("3 months", "\"3\" is not a length of time: it has no unit"),
        ] {
            assert!(said(text).contains(word), "{text}: {}", said(text));
            assert!(said(text).contains("for example 90s, 30m"), "{text}");
        }
        assert!(said("").contains("for example 30m"));
        assert!(said("30m 1h").contains("the longest first"));
        assert!(said("1h 1h").contains("each unit comes once"));
        assert!(said("99999999999999999999w").contains("hundred years"));
        assert!(said("6000w").contains("hundred years"));
    }

    #[test]
    fn code_and_words_agree() {
        assert_eq!(Span::minutes(90), Span::parse("1h 30m").unwrap());
        assert_eq!(Span::hours(24), Span::days(1));
        assert_eq!(Span::ZERO, Span::parse("0d").unwrap());
        assert_eq!(Span::days(u16::MAX).delta().num_seconds(), LONGEST);
    }

    #[test]
    fn serde_takes_and_gives_the_words() {
        let span: Span = serde_json::from_str("\"1h 30m\"").unwrap();
        assert_eq!(serde_json::to_string(&span).unwrap(), "\"1h 30m\"");
        let error = serde_json::from_str::<Span>("\"soon\"").unwrap_err();
        assert!(error.to_string().contains("\"soon\" is not a length of time"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(seconds in 0..=LONGEST) {
            let span = Span(TimeDelta::seconds(seconds));
            prop_assert_eq!(Span::parse(&span.to_string()), Ok(span));
        }

        #[test]
        fn no_text_breaks_it(text in "[0-9wdhms .\\-é]{0,24}") {
            if let Ok(span) = Span::parse(&text) {
                prop_assert!(span >= Span::ZERO);
                prop_assert_eq!(Span::parse(&span.to_string()), Ok(span));
            }
        }
    }
}
