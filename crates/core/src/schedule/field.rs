//! The five fields of a schedule, one at a time: checked, named when wrong, and translated for the crate `cron`.

use std::collections::BTreeSet;
use std::str::FromStr;

use crate::nearest::did_you_mean;

/// What `@` words stand for, as `crontab(5)` has them.
const NAMED: [(&str, [&str; 5]); 7] = [
    ("@hourly", ["0", "*", "*", "*", "*"]),
    ("@daily", ["0", "0", "*", "*", "*"]),
    ("@midnight", ["0", "0", "*", "*", "*"]),
    ("@weekly", ["0", "0", "*", "*", "0"]),
    ("@monthly", ["0", "0", "1", "*", "*"]),
    ("@yearly", ["0", "0", "1", "1", "*"]),
    ("@annually", ["0", "0", "1", "1", "*"]),
];

/// Names of the week's days, from Sunday: 0.
const DAYS: [(&str, &str); 7] = [
    ("sun", "sunday"),
    ("mon", "monday"),
    ("tue", "tuesday"),
    ("wed", "wednesday"),
    ("thu", "thursday"),
    ("fri", "friday"),
    ("sat", "saturday"),
];

/// Why a text is not a schedule, in words for the one who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// Not five fields.
    #[error(
        "\"{text}\" has {found} of the five fields minute, hour, day of month, month, day of week; \
         write for example \"30 9 * * 1-5\" for 9:30 on working days, or @daily"
    )]
    Count {
        /// The schedule as it was written.
        text: String,
        /// How many fields it has.
        found: usize,
    },
    /// An `@` word that is not known.
    #[error("\"{word}\" is not a schedule{hint}")]
    Named {
        /// The word as it was written.
        word: String,
        /// The nearest word that is one, or all of them.
        hint: String,
    },
    /// A field that cannot be read.
    #[error("the {field} \"{text}\" is not {wanted}{hint}")]
    Field {
        /// Which field: minute, hour, day of month, month, day of week.
        field: &'static str,
        /// The field as it was written.
        text: String,
        /// What it may be.
        wanted: &'static str,
        /// The nearest name, where a name was meant.
        hint: String,
    },
    /// The fields can be read one by one, but not together.
    #[error("\"{0}\" is not a schedule; write for example \"30 9 * * 1-5\" or @daily")]
    Whole(String),
}

/// A field but the last: its name, what it may be, and a whole Quartz expression around it to check it alone.
struct Shape {
    field: &'static str,
    wanted: &'static str,
    around: (&'static str, &'static str),
}

const SHAPES: [Shape; 4] = [
    Shape {
        field: "minute",
        wanted: "made of 0 to 59; write for example 30, 0,30, 10-20 or */15",
        around: ("0 ", " * * * *"),
    },
    Shape {
        field: "hour",
        wanted: "made of 0 to 23; write for example 9, 9,17, 9-17 or */2",
        around: ("0 0 ", " * * *"),
    },
    Shape {
        field: "day of month",
        wanted: "made of 1 to 31; write for example 1, 1,15, 1-7 or */2",
        around: ("0 0 0 ", " * *"),
    },
    Shape {
        field: "month",
        wanted: "made of 1 to 12 or jan to dec; write for example 1, jan,jul, 3-5 or */3",
        around: ("0 0 0 1 ", " *"),
    },
];

/// The five fields of a schedule, all but the last checked (that is [`weekdays`]' part).
pub(super) fn split(text: &str) -> Result<[&str; 5], ScheduleError> {
    if text.starts_with('@') {
        return NAMED
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text))
            .map(|(_, fields)| *fields)
            .ok_or_else(|| ScheduleError::Named {
                word: text.to_owned(),
                hint: did_you_mean(text, NAMED.iter().map(|(name, _)| *name)),
            });
    }
    let fields: Vec<&str> = text.split_whitespace().collect();
    let fields: [&str; 5] = fields
        .try_into()
        .map_err(|fields: Vec<&str>| ScheduleError::Count { text: text.to_owned(), found: fields.len() })?;
    for (shape, field) in SHAPES.iter().zip(fields) {
        let (before, after) = shape.around;
        let alone = cron::Schedule::from_str(&format!("{before}{field}{after}"));
        if !plain(field) || alone.is_err() {
            return Err(ScheduleError::Field {
                field: shape.field,
                text: field.to_owned(),
                wanted: shape.wanted,
                hint: String::new(),
            });
        }
    }
    Ok(fields)
}

/// The day of the week as the crate counts it: a list of 1 (Sunday) to 7, or a star.
pub(super) fn weekdays(field: &str) -> Result<String, ScheduleError> {
    let error = |hint: String| ScheduleError::Field {
        field: "day of week",
        text: field.to_owned(),
        wanted: "made of 0 to 7 (0 and 7 are Sunday) or sun to sat; write for example 1-5, mon,wed or 0",
        hint,
    };
    let mut days = BTreeSet::new();
    for item in field.split(',') {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (item, None),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" || (range == "?" && step.is_none()) => (0, 6),
            Some((first, last)) => {
                let (first, last) = (day(first).map_err(error)?, day(last).map_err(error)?);
                // `fri-mon` and `5-7` go over the week's end.
                (first, if last < first { last + 7 } else { last })
            }
            None => {
                let first = day(range).map_err(error)?;
                (first, if step.is_some() { first.max(6) } else { first })
            }
        };
        let step = match step.map(str::parse::<usize>) {
            None => 1,
            Some(Ok(step @ 1..=7)) => step,
            Some(_) => return Err(error(String::new())),
        };
        days.extend((first..=last).step_by(step).map(|day| day % 7 + 1));
    }
    if days.len() == 7 {
        return Ok("*".to_owned());
    }
    let days: Vec<String> = days.iter().map(ToString::to_string).collect();
    Ok(days.join(","))
}

/// The number of a day of the week, 0 to 7; the error is a hint at the nearest name.
fn day(word: &str) -> Result<usize, String> {
    let lower = word.to_ascii_lowercase();
    if let Some(at) = DAYS.iter().position(|(short, long)| lower == *short || lower == *long) {
        return Ok(at);
    }
    if !word.chars().all(|c| c.is_ascii_digit()) {
        return Err(did_you_mean(word, DAYS.iter().flat_map(|(short, long)| [*short, *long])));
    }
    word.parse().ok().filter(|day| *day <= 7).ok_or_else(String::new)
}

/// Numbers of at most two digits: greater ones are refused before anything counts up to them.
fn plain(field: &str) -> bool {
    field.split(|c: char| !c.is_ascii_digit()).all(|number| number.len() <= 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weekdays_are_counted_from_sunday_and_over_the_weeks_end() {
        for (field, said) in [
            ("*", "*"),
            ("?", "*"),
            ("0-7", "*"),
            ("0", "1"),
            ("7", "1"),
            ("1-5", "2,3,4,5,6"),
            ("5-7", "1,6,7"),
            ("fri-Mon", "1,2,6,7"),
            ("SUN-sat", "*"),
            ("sat,Sunday", "1,7"),
            ("*/2", "1,3,5,7"),
            ("1-5/2", "2,4,6"),
            ("2/2", "3,5,7"),
        ] {
            assert_eq!(weekdays(field).as_deref(), Ok(said), "{field}");
        }
    }

    #[test]
    fn an_error_names_the_field_and_shows_examples() {
        let said = |text: &str| match split(text) {
            Ok(fields) => weekdays(fields[4]).unwrap_err().to_string(),
            Err(error) => error.to_string(),
        };
        assert!(
            said("60 9 * * *").starts_with("the minute \"60\" is not made of 0 to 59; write for example")
        );
        assert!(said("0 24 * * *").starts_with("the hour \"24\""));
        assert!(said("0 9 0 * *").starts_with("the day of month \"0\""));
        assert!(said("0 9 * 13 *").starts_with("the month \"13\""));
        assert!(said("0 9 * Janury *").starts_with("the month \"Janury\""));
        assert!(said("0 9 * * 8").starts_with("the day of week \"8\""));
        assert!(said("0 9 * * wedn").ends_with("did you mean \"wed\"?"));
        assert!(said("*/0 9 * * *").starts_with("the minute \"*/0\""));
        assert!(said("0 17-9 * * *").starts_with("the hour \"17-9\""));
        assert!(said("0-4294967295 9 * * *").starts_with("the minute"));
        assert!(said("*/4294967295 9 * * *").starts_with("the minute"));
        for broken in ["", ",", "1,", "1-", "-1", "1/", "*/0", "*/8", "1-2-3", "mon/x", "+1"] {
            assert!(weekdays(broken).is_err(), "{broken}");
        }
        assert!(said("30 9 * *").contains("has 4 of the five fields"));
        assert!(said("").contains("has 0 of the five fields"));
        assert!(said("0 30 9 * * 1-5").contains("has 6 of the five fields"));
        assert!(said("@dayly").ends_with("did you mean \"@daily\"?"));
        assert!(said("@reboot").contains("known are @hourly, @daily"));
    }
}
