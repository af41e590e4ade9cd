//! Reads what a lead did or stopped doing: `did`, `viewed`, `clicked` and `quiet`, with their times.

use super::{Parsed, Parser, Tail};
use crate::{
    nearest::nearest,
    segment::{Deed, Predicate, lex::Kind},
};
use chrono::TimeDelta;

/// The longest span, in days: a hundred years.
const LONGEST_DAYS: i64 = 36_525;

impl Parser<'_> {
    pub(super) fn quiet(&mut self) -> Parsed<Predicate> {
        if !self.accept("for") {
            let help = "for example quiet for 30 days".to_owned();
            return Err(self.unexpected("after quiet comes for, and how long", help));
        }
        Ok(Predicate::QuietFor(self.span()?))
    }

    pub(super) fn viewed(&mut self) -> Parsed<Predicate> {
        let at = self.place();
        let pattern = self.value("viewed", "viewed \"/pricing*\"")?;
        if !pattern.starts_with(['/', '*']) {
            let path = pattern
                .split_once("://")
                .map_or(&*pattern, |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
            let help = format!("did you mean \"/{path}\"?");
            return Err(self.fault(at, "a page is named by its path, from the first slash", help));
        }
        self.deed(Deed::Viewed(pattern))
    }

    /// A deed with the time and the number that may follow it, in either order.
    pub(super) fn deed(&mut self, what: Deed) -> Parsed<Predicate> {
        let (mut within, mut times) = (None, None);
        let bare = std::mem::replace(&mut self.tail, Tail::Deed);
        loop {
            let at = self.place();
            let again = if self.accept("in") {
                self.accept("the");
                if !self.accept("last") {
                    let help = "for example in last 14 days".to_owned();
                    return Err(self.unexpected("after in comes last, and how long", help));
                }
                within.replace(self.span()?).is_some()
            } else if self.accept("at") {
                times.replace(self.times()?).is_some()
            } else {
                break;
            };
            if again {
                return Err(self.fault(at, "this is said twice", None));
            }
        }
        if within.is_none() && times.is_none() && matches!(bare, Tail::Bare(_)) {
            self.tail = bare;
        }
        Ok(Predicate::Did { what, within, times: times.unwrap_or(1) })
    }

    fn times(&mut self) -> Parsed<u32> {
        if !self.accept("least") {
            let help = "for example at least 3 times; at most 2 is not ... at least 3 times";
            return Err(self.unexpected("after at comes least", help.to_owned()));
        }
        let number = match self.peek() {
            Kind::Word(word) => word.parse::<u32>().ok().filter(|times| *times > 0),
            _ => None,
        };
        let Some(times) = number else {
            let help = "for example at least 3 times".to_owned();
            return Err(self.unexpected("after at least comes a number from 1 on", help));
        };
        self.pass();
        if !self.accept("times") && !self.accept("time") {
            let help = format!("for example at least {times} times");
            return Err(self.unexpected("after the number comes times", help));
        }
        Ok(times)
    }

    /// `14 days`, `36 hours`, `2w`.
    fn span(&mut self) -> Parsed<TimeDelta> {
        let example = || "for example 14 days or 36 hours".to_owned();
        let at = self.place();
        let Kind::Word(word) = self.peek().clone() else {
            return Err(self.unexpected("how long is missing", example()));
        };
        let (digits, glued) = word.split_at(word.find(|c: char| !c.is_ascii_digit()).unwrap_or(word.len()));
        if digits.is_empty() {
            return Err(self.unexpected(format!("a number is missing before `{word}`"), example()));
        }
        self.pass();
        let (unit, unit_at) = match self.peek().clone() {
            _ if !glued.is_empty() => (glued.to_owned(), at.clone()),
            Kind::Word(unit) => {
                let unit_at = self.place();
                self.pass();
                (unit, unit_at)
            }
            _ => return Err(self.unexpected("days or hours are missing", example())),
        };
        let minutes = match &*unit.to_ascii_lowercase() {
            "minute" | "minutes" | "min" => 1,
            "hour" | "hours" | "h" => 60,
            "day" | "days" | "d" => 24 * 60,
            "week" | "weeks" | "w" => 7 * 24 * 60,
            other => {
                let help = match other.trim_end_matches('s') {
                    "month" => "months differ in length: write 30 days".to_owned(),
                    "year" | "y" => "years differ in length: write 365 days".to_owned(),
                    _ => match nearest(other, ["days", "hours", "weeks", "minutes"]) {
                        Some(near) => format!("did you mean {near}?"),
                        None => "known are minutes, hours, days and weeks".to_owned(),
                    },
                };
                return Err(self.fault(unit_at, format!("`{unit}` is no unit of time here"), help));
            }
        };
        let total = digits.parse::<i64>().ok().and_then(|count| count.checked_mul(minutes));
        match total.filter(|total| (1..=LONGEST_DAYS * 24 * 60).contains(total)) {
            Some(total) => Ok(TimeDelta::minutes(total)),
            None => {
                let message = format!("a time lasts from 1 minute to {LONGEST_DAYS} days");
                Err(self.fault(at, message, None))
            }
        }
    }
}
