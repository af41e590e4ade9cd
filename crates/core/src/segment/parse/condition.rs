//! Reads one condition: a known word, and what has to follow it. Deeds and times are in `deed`.

use super::{Parsed, Parser, Tail, value::is_join};
use crate::{
    nearest::nearest,
    segment::{
        Comparison, Field, Often, ParseError, Points, Predicate, Standing, TextTest, ValueTest, lex::Kind,
    },
};
use std::ops::Range;

/// The words that a condition can begin with.
const BEGINNINGS: [&str; 29] = [
    "score",
    "fit",
    "engagement",
    "title",
    "company",
    "country",
    "zone",
    "name",
    "email",
    "domain",
    "lifecycle",
    "journey",
    "nurture",
    "grade",
    "consent",
    "level",
    "owner",
    "tag",
    "hot",
    "freemail",
    "quiet",
    "did",
    "viewed",
    "clicked",
    "first",
    "last",
    "segment",
    "everyone",
    "not",
];
/// What can be asked of a text.
const TEXT_TESTS: [&str; 6] = ["=", "!=", "in", "matches", "contains", "exists"];
/// What can be asked of a trait.
const TRAIT_TESTS: [&str; 10] = ["=", "!=", ">=", ">", "<=", "<", "in", "matches", "contains", "exists"];

/// Whether a condition can begin with this word.
pub(super) fn begins(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    BEGINNINGS.contains(&&*word) || word == "true" || word.starts_with("trait.")
}

impl Parser<'_> {
    pub(super) fn condition(&mut self) -> Parsed<Predicate> {
        self.tail = Tail::Closed;
        let Kind::Word(word) = self.peek().clone() else {
            return Err(self.no_condition());
        };
        let lower = word.to_ascii_lowercase();
        if let Some(of) = Standing::ALL.into_iter().find(|of| of.word() == lower) {
            self.pass();
            return self.standing(of);
        }
        if lower == "trait" || lower.starts_with("trait.") {
            return self.of_trait(word.get("trait.".len()..).unwrap_or_default());
        }
        let read: fn(&mut Self) -> Parsed<Predicate> = match &*lower {
            "everyone" | "true" => |_| Ok(Predicate::Everyone),
            "hot" => |_| Ok(Predicate::Hot),
            "freemail" => |_| Ok(Predicate::FreeMail),
            "score" => |parser| parser.points(Points::Score),
            "fit" => |parser| parser.points(Points::Fit),
            "engagement" => |parser| parser.points(Points::Engagement),
            "title" => |parser| parser.text(Field::Title),
            "company" => |parser| parser.text(Field::Company),
            "country" => |parser| parser.text(Field::Country),
            "zone" => |parser| parser.text(Field::Zone),
            "name" => |parser| parser.text(Field::Name),
            "email" => |parser| parser.text(Field::Email),
            "domain" => |parser| parser.text(Field::Domain),
            "owner" => Self::owner,
            "tag" => |parser| Ok(Predicate::Tagged(parser.value("tag", "tag \"vip\"")?)),
            "quiet" => Self::quiet,
            "did" | "viewed" | "clicked" => return self.doing(None),
            "first" => return self.doing(Some(Often::First)),
            "last" => return self.doing(Some(Often::Last)),
            "segment" => |parser| Ok(Predicate::Segment(parser.value("segment", "segment \"gone cold\"")?)),
            _ => return Err(self.no_condition()),
        };
        self.pass();
        read(self)
    }

    /// What is wrong with a token that stands where a condition should begin.
    fn no_condition(&self) -> ParseError {
        match self.peek() {
            Kind::End if self.next == 0 => {
                self.unexpected("the segment is empty", "write everyone if all leads are meant".to_owned())
            }
            Kind::End => self.unexpected("a condition is missing at the end", None),
            Kind::Word(word) if is_join(word) => {
                self.unexpected(format!("a condition is missing before `{word}`"), None)
            }
            Kind::Word(word) => {
                let help = match nearest(word, BEGINNINGS) {
                    Some(near) => format!("did you mean {near}?"),
                    None => {
                        format!("a trait is asked for as trait.{word}; known are {}", BEGINNINGS.join(", "))
                    }
                };
                self.unexpected(format!("`{word}` is no condition"), help)
            }
            Kind::Quoted(name) => self.unexpected(
                "a text in quotes is no condition by itself",
                format!("did you mean segment \"{name}\" or did \"{name}\"?"),
            ),
            _ => self.unexpected(format!("a condition is missing before {}", self.shown()), None),
        }
    }

    fn points(&mut self, of: Points) -> Parsed<Predicate> {
        let is = self.comparison(&of.to_string())?;
        Ok(Predicate::Points { of, is, than: self.whole_number(&of.to_string(), is)? })
    }

    fn whole_number(&mut self, of: &str, is: Comparison) -> Parsed<i64> {
        let number = match self.peek() {
            Kind::Word(word) => word.parse::<i64>().ok(),
            _ => None,
        };
        let Some(number) = number else {
            let message = format!("{of} is compared with a whole number, not {}", self.shown());
            return Err(self.unexpected(message, format!("for example {of} {is} 60")));
        };
        self.pass();
        self.tail = Tail::Closed;
        Ok(number)
    }

    pub(super) fn comparison(&mut self, of: &str) -> Parsed<Comparison> {
        let Kind::Sign(sign) = self.peek() else {
            let message = format!("{of} is compared with >=, >, <=, <, = or !=");
            return Err(self.unexpected(message, format!("for example {of} >= 60")));
        };
        let comparison = match &**sign {
            ">=" | "≥" => Comparison::AtLeast,
            ">" => Comparison::Above,
            "<=" | "≤" => Comparison::AtMost,
            "<" => Comparison::Below,
            "=" => Comparison::Equal,
            "!=" | "≠" => Comparison::Different,
            other => {
                let near = match other {
                    "=>" | "=≥" => ">=",
                    "=<" | "=≤" => "<=",
                    "==" | "===" => "=",
                    "<>" | "=!" | "!" | "!==" => "!=",
                    _ => {
                        return Err(self.unexpected(
                            format!("`{other}` compares nothing"),
                            "known are >=, >, <=, <, = and !=".to_owned(),
                        ));
                    }
                };
                let help = format!("did you mean {near}?");
                return Err(self.unexpected(format!("`{other}` compares nothing"), help));
            }
        };
        self.pass();
        Ok(comparison)
    }

    fn of_trait(&mut self, bare: &str) -> Parsed<Predicate> {
        let word = self.place();
        self.pass();
        if !bare.is_empty() {
            return self.text(Field::Trait(bare.to_owned()));
        }
        match self.peek().clone() {
            Kind::Quoted(name) if self.place().start == word.end && !name.trim().is_empty() => {
                self.pass();
                self.text(Field::Trait(name))
            }
            _ => {
                let help = "for example trait.plan, or trait.\"Company Size\"".to_owned();
                Err(self.fault(word, "the name of the trait is missing", help))
            }
        }
    }

    fn text(&mut self, of: Field) -> Parsed<Predicate> {
        let called = of.to_string();
        let tests: &[&str] = if matches!(of, Field::Trait(_)) { &TRAIT_TESTS } else { &TEXT_TESTS };
        let before = self.next;
        let denied = self.accept("not");
        let (denied, is) = match self.accept("matches") {
            true => (denied, TextTest::Matches(self.phrases()?)),
            false => {
                self.next = before;
                let (denied, is) = self.value_test(&called, tests)?;
                (denied, TextTest::Value(is))
            }
        };
        Ok(denied_if(denied, Predicate::Text { of, is }))
    }

    /// What is asked of a value, and whether the opposite is: `= A`, `in (A, B)`, `not contains part`, `>= 50`
    /// where `tests` has it.
    pub(super) fn value_test(&mut self, of: &str, tests: &[&str]) -> Parsed<(bool, ValueTest)> {
        if matches!(self.peek(), Kind::Sign(_)) {
            let before = self.next;
            let is = self.comparison(of)?;
            if !matches!(is, Comparison::Equal | Comparison::Different) && tests.contains(&">=") {
                return Ok((false, ValueTest::Number { is, than: self.whole_number(of, is)? }));
            }
            self.next = before;
            let (denied, sign) = self.equality(of, tests)?;
            let value = self.value(sign, &format!("{of} {sign} value"))?;
            return Ok((denied, ValueTest::Is(vec![value])));
        }
        let denied = self.accept("not");
        let is = if self.accept("in") {
            ValueTest::Is(self.list()?.into_iter().map(|(value, _)| value).collect())
        } else if self.accept("contains") {
            ValueTest::Contains(self.value("contains", &format!("{of} contains part"))?)
        } else if self.accept("exists") {
            self.tail = Tail::Closed;
            ValueTest::Exists
        } else {
            return Err(self.no_test(of, tests));
        };
        Ok((denied, is))
    }

    fn standing(&mut self, of: Standing) -> Parsed<Predicate> {
        if of == Standing::Level && matches!(self.peek(), Kind::Sign(_)) {
            return self.level();
        }
        let (denied, values) = self.one_or_list(of.word())?;
        let any_of = values.into_iter().map(|(value, at)| self.place_in(of, &value, at));
        let any_of = any_of.collect::<Parsed<Vec<_>>>()?;
        Ok(denied_if(denied, Predicate::Standing { of, any_of }))
    }

    /// The word for a place in an order of things.
    fn place_in(&self, of: Standing, value: &str, at: Range<usize>) -> Parsed<&'static str> {
        let known = of.words();
        let found = known.iter().find(|word| word.eq_ignore_ascii_case(value.trim()));
        found.copied().ok_or_else(|| {
            let help = match nearest(value, known.iter().copied()) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("known are {}", known.join(", ")),
            };
            self.fault(at, format!("{} is never `{value}`", of.word()), help)
        })
    }

    /// `level >= manager`: the levels that compare so.
    fn level(&mut self) -> Parsed<Predicate> {
        let is = self.comparison("level")?;
        let at = self.place();
        let value = self.value(&is.to_string(), &format!("level {is} manager"))?;
        let than = self.place_in(Standing::Level, &value, at)?;
        let known = Standing::Level.words();
        let rank = |word: &str| known.iter().position(|known| *known == word);
        let denied = is == Comparison::Different;
        let is = if denied { Comparison::Equal } else { is };
        let any_of = known.iter().copied().filter(|word| is.holds(rank(word), rank(than))).collect();
        Ok(denied_if(denied, Predicate::Standing { of: Standing::Level, any_of }))
    }

    fn owner(&mut self) -> Parsed<Predicate> {
        let first = self.next;
        let (denied, names) = self.one_or_list("owner")?;
        let is_none = |token: usize| matches!(&self.tokens[token].kind, Kind::Word(word) if word.eq_ignore_ascii_case("none"));
        let nones: Vec<usize> = (first..self.next).filter(|token| is_none(*token)).collect();
        match (&nones[..], names.len()) {
            ([], _) => {
                let names = names.into_iter().map(|(name, _)| name).collect();
                Ok(denied_if(denied, Predicate::OwnedBy(names)))
            }
            (_, 1) => Ok(denied_if(denied, Predicate::Unowned)),
            ([none, ..], _) => {
                let at = self.tokens[*none].at.clone();
                let help = "write owner = none or owner in (ana, ben)".to_owned();
                Err(self.fault(at, "none is no name, and stands in no list", help))
            }
        }
    }
}

fn denied_if(denied: bool, predicate: Predicate) -> Predicate {
    if denied { Predicate::negate(predicate) } else { predicate }
}
