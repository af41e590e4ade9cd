//! Reads values: one, a list in parentheses, the words of `matches`.

use super::{Parsed, Parser, Tail};
use crate::{
    nearest::nearest,
    segment::{Comparison, ParseError, Phrase, lex::Kind},
};
use std::ops::Range;

/// Values, each with its place.
pub(super) type Placed = Vec<(String, Range<usize>)>;

impl Parser<'_> {
    /// One value after `before`. `and` and `or` have to be quoted, lest a forgotten value hides.
    pub(super) fn value(&mut self, before: &str, example: &str) -> Parsed<String> {
        match self.peek() {
            Kind::Word(word) if is_join(word) => {
                let help = format!("if the word itself is meant, put it in quotes: \"{word}\"");
                Err(self.unexpected(format!("a value is missing before `{word}`"), help))
            }
            _ => self.listed_value(before, example),
        }
    }

    /// One value, which may be `and` or `or`: between commas nothing else can be meant.
    fn listed_value(&mut self, before: &str, example: &str) -> Parsed<String> {
        let (value, tail) = match self.peek() {
            Kind::Word(value) => (value.clone(), Tail::Bare(self.place().start)),
            Kind::Quoted(value) if value.trim().is_empty() => {
                let help = "whether there is any is asked with exists".to_owned();
                return Err(self.unexpected("nothing stands in the quotes", help));
            }
            Kind::Quoted(value) => (value.clone(), Tail::Closed),
            _ => {
                let message = format!("a value is missing after `{before}`");
                return Err(self.unexpected(message, format!("for example {example}")));
            }
        };
        self.tail = tail;
        self.pass();
        Ok(value)
    }

    /// `(A, B)`, with the place of each.
    pub(super) fn list(&mut self) -> Parsed<Placed> {
        if !self.accept_kind(&Kind::Open) {
            let help = "for example in (TH, SG)".to_owned();
            return Err(self.unexpected("a list stands in parentheses", help));
        }
        let mut before = "(";
        let mut values = Vec::new();
        loop {
            let at = self.place();
            values.push((self.listed_value(before, "in (TH, SG)")?, at));
            if self.accept_kind(&Kind::Close) {
                self.tail = Tail::Closed;
                return Ok(values);
            }
            if !self.accept_kind(&Kind::Comma) {
                let message = format!("a comma or `)` is missing before {}", self.shown());
                let help = match (self.peek(), &self.tail) {
                    (Kind::Word(_), Tail::Bare(from)) => Some(format!(
                        "values have commas between; one of several words stands in quotes: \"{}\"",
                        self.words_from(*from)
                    )),
                    _ => None,
                };
                return Err(self.unexpected(message, help));
            }
            before = ",";
        }
    }

    /// The words of `matches`, with commas between.
    pub(super) fn phrases(&mut self) -> Parsed<Vec<Phrase>> {
        let mut before = "matches";
        let mut phrases = Vec::new();
        loop {
            let at = self.place();
            let text = self.value(before, "matches director, vp")?;
            let Some(phrase) = Phrase::new(&text) else {
                let help = "a part of a word is asked with contains".to_owned();
                return Err(self.fault(at, "a word has a letter or a digit", help));
            };
            phrases.push(phrase);
            if let Tail::Bare(_) = self.tail {
                self.tail = Tail::Words(text);
            }
            if !self.accept_kind(&Kind::Comma) {
                return Ok(phrases);
            }
            before = ",";
        }
    }

    /// `= A`, `!= A`, `in (A, B)` or `not in (A, B)`: whether it denies, and the values.
    pub(super) fn one_or_list(&mut self, of: &str) -> Parsed<(bool, Placed)> {
        const TESTS: [&str; 4] = ["=", "!=", "in", "not in"];
        if matches!(self.peek(), Kind::Sign(_)) {
            let (denied, sign) = self.equality(of, &TESTS)?;
            let at = self.place();
            let value = self.value(sign, &format!("{of} {sign} value"))?;
            return Ok((denied, vec![(value, at)]));
        }
        let denied = self.accept("not");
        if self.accept("in") {
            return Ok((denied, self.list()?));
        }
        Err(self.no_test(of, &TESTS))
    }

    /// `=` or `!=`: whether it denies, and the sign.
    pub(super) fn equality(&mut self, of: &str, tests: &[&str]) -> Parsed<(bool, &'static str)> {
        let before = self.next;
        match self.comparison(of)? {
            Comparison::Equal => Ok((false, "=")),
            Comparison::Different => Ok((true, "!=")),
            _ => {
                self.next = before;
                let message = format!("{of} is no number, and `{}` compares numbers", self.sign());
                Err(self.unexpected(message, format!("{of} takes {}", or_list(tests))))
            }
        }
    }

    fn sign(&self) -> &str {
        &self.text[self.place()]
    }

    /// What is wrong with a token that should say what is asked of `of`.
    pub(super) fn no_test(&self, of: &str, tests: &[&str]) -> ParseError {
        let near = match self.peek() {
            Kind::Word(word) => nearest(word, tests.iter().copied()),
            _ => None,
        };
        let help = match near {
            Some(near) => format!("did you mean {near}?"),
            None => format!("{of} takes {}", or_list(tests)),
        };
        self.unexpected(format!("after {of} comes what is asked of it, not {}", self.shown()), help)
    }
}

pub(super) fn is_join(word: &str) -> bool {
    ["and", "or"].iter().any(|join| join.eq_ignore_ascii_case(word))
}

fn or_list(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
