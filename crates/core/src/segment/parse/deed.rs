//! Reads what a lead did or stopped doing: `did`, `viewed`, `clicked` and `quiet`, with what may follow them.

use super::{Parsed, Parser, Tail};
use crate::{
    nearest::nearest,
    segment::{Deed, Doing, Having, Often, Predicate, When, lex::Kind},
};
use chrono::TimeDelta;

/// The longest span, in days: a hundred years.
const LONGEST_DAYS: i64 = 36_525;
/// What can be asked of a property.
const PROPERTY_TESTS: [&str; 9] = ["=", "!=", ">=", ">", "<=", "<", "in", "contains", "exists"];

impl Parser<'_> {
    pub(super) fn quiet(&mut self) -> Parsed<Predicate> {
        if !self.accept("for") {
            let help = "for example quiet for 30 days".to_owned();
            return Err(self.unexpected("after quiet comes for, and how long", help));
        }
        Ok(Predicate::QuietFor(self.span()?))
    }

    /// What was done, and all that may follow it: `with …` first, then times and numbers in any order.
    pub(super) fn doing(&mut self, which: Option<Often>) -> Parsed<Predicate> {
        let first_or_last = self.shown();
        if which.is_some() {
            self.pass();
        }
        let what = self.deed()?;
        // A name of several words without quotes is spoken of before anything else.
        let bare = std::mem::replace(&mut self.tail, Tail::Deed);
        let mut doing = Doing::once(what);
        let begun = self.next;
        if self.accept("with") {
            doing.having = self.having()?;
            self.tail = Tail::Deed;
        }
        let (mut when, mut how) = (None, which);
        loop {
            let at = self.place();
            let again = if self.accept("in") {
                self.accept("the");
                if !self.accept("last") {
                    let help = "for example in last 14 days".to_owned();
                    return Err(self.unexpected("after in comes last, and how long", help));
                }
                when.replace(When::Within(self.span()?)).is_some()
            } else if self.accept("more") {
                when.replace(When::Before(self.ago()?)).is_some()
            } else if self.is("at") || self.is("exactly") {
                let often = self.times()?;
                if which.is_some() {
                    let help =
                        "it is asked when that was: first did \"Demo Requested\" in last 7 days".to_owned();
                    return Err(self.fault(
                        at,
                        format!("{first_or_last} is one time, and has no number"),
                        help,
                    ));
                }
                how.replace(often).is_some()
            } else {
                break;
            };
            if again {
                return Err(self.fault(at, "this is said twice", None));
            }
        }
        if which.is_some() && when.is_none() {
            let help = "for example in last 7 days, or more than 30 days ago".to_owned();
            return Err(self.unexpected(format!("after {first_or_last} comes when that was"), help));
        }
        if self.next == begun && matches!(bare, Tail::Bare(_)) {
            self.tail = bare;
        }
        doing.when = when;
        doing.how = how.unwrap_or(doing.how);
        Ok(Predicate::Did(doing))
    }

    fn deed(&mut self) -> Parsed<Deed> {
        if self.accept("did") {
            if self.is("not") {
                let help = "write not before it: not did \"Demo Requested\"".to_owned();
                return Err(self.unexpected("after did comes what was done", help));
            }
            return Ok(Deed::Named(self.value("did", "did \"Demo Requested\"")?));
        }
        if self.accept("clicked") {
            return Ok(Deed::Clicked(self.value("clicked", "clicked \"offer\"")?));
        }
        if !self.accept("viewed") {
            let near = match self.peek() {
                Kind::Word(word) => nearest(word, ["did", "viewed", "clicked"]),
                _ => None,
            };
            let help = match near {
                Some(near) => format!("did you mean {near}?"),
                None => "for example first did \"Demo Requested\" in last 7 days".to_owned(),
            };
            return Err(self.unexpected("after first and last comes did, viewed or clicked", help));
        }
        let at = self.place();
        let pattern = self.value("viewed", "viewed \"/pricing*\"")?;
        if !pattern.starts_with(['/', '*']) {
            let path = pattern
                .split_once("://")
                .map_or(&*pattern, |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
            let help = format!("did you mean \"/{path}\"?");
            return Err(self.fault(at, "a page is named by its path, from the first slash", help));
        }
        Ok(Deed::Viewed(pattern))
    }

    /// `plan = pro, seats >= 50`: what the properties must answer.
    fn having(&mut self) -> Parsed<Vec<Having>> {
        let mut all = vec![self.property("after with comes the name of a property")?];
        while self.accept_kind(&Kind::Comma) {
            all.push(self.property("after a comma comes the name of a property")?);
        }
        Ok(all)
    }

    /// `plan = pro and seats >= 50`, by itself.
    pub(super) fn conditions(&mut self) -> Parsed<Vec<Having>> {
        let mut all = vec![self.property("the name of a property is missing")?];
        while self.accept("and") || self.accept_kind(&Kind::Comma) {
            all.push(self.property("the name of a property is missing")?);
        }
        match self.peek() {
            Kind::End => Ok(all),
            Kind::Word(word) if word.eq_ignore_ascii_case("or") => {
                let help = "write plan in (pro, team), or a rule for each".to_owned();
                Err(self.unexpected("properties are joined with and, not with or", help))
            }
            _ => Err(self.leftover()),
        }
    }

    /// One of them; `missing` says what is wrong where there is none.
    fn property(&mut self, missing: &str) -> Parsed<Having> {
        let (Kind::Word(property) | Kind::Quoted(property)) = self.peek().clone() else {
            return Err(self.unexpected(missing, "for example plan = pro".to_owned()));
        };
        if property.trim().is_empty() {
            return Err(self.unexpected("the name of the property is missing", None));
        }
        self.pass();
        let (denied, is) = self.value_test(&property, &PROPERTY_TESTS)?;
        Ok(Having { property, is, denied })
    }

    /// `than 30 days ago`.
    fn ago(&mut self) -> Parsed<TimeDelta> {
        let help = || "for example more than 30 days ago".to_owned();
        if !self.accept("than") {
            return Err(self.unexpected("after more comes than, and how long ago", help()));
        }
        let span = self.span()?;
        match self.accept("ago") {
            true => Ok(span),
            false => Err(self.unexpected("after how long comes ago", help())),
        }
    }

    /// `at least 3 times`, `at most 3 times`, `exactly 3 times`.
    fn times(&mut self) -> Parsed<Often> {
        let (words, often): (&str, fn(u32) -> Often) = if self.accept("exactly") {
            ("exactly", Often::Exactly)
        } else {
            self.pass();
            match () {
                () if self.accept("least") => ("at least", Often::AtLeast),
                () if self.accept("most") => ("at most", Often::AtMost),
                () => {
                    let help = "for example at least 3 times, or at most 3 times".to_owned();
                    return Err(self.unexpected("after at comes least or most", help));
                }
            }
        };
        let number = match self.peek() {
            Kind::Word(word) => word.parse::<u32>().ok().filter(|times| *times > 0),
            _ => None,
        };
        let Some(times) = number else {
            let help = format!("for example {words} 3 times; not at all is written with not before it");
            return Err(self.unexpected(format!("after {words} comes a number from 1 on"), help));
        };
        self.pass();
        if !self.accept("times") && !self.accept("time") {
            let help = format!("for example {words} {times} times");
            return Err(self.unexpected("after the number comes times", help));
        }
        Ok(often(times))
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
