//! Reads a question: `or` of `and` of `not` of conditions. What stands in a condition is read in
//! [`condition`], and its values in [`value`].

mod condition;
mod deed;
mod value;

use super::{
    Conditions, ParseError, Predicate,
    lex::{Kind, Token, lex},
};
use crate::nearest::nearest;
use std::ops::Range;

/// The longest text, in bytes: a question, not a mailing list.
const LONGEST: usize = 8_192;
/// How deep parentheses and `not` may stand in one another.
const DEEPEST: usize = 32;

type Parsed<T> = Result<T, ParseError>;

/// Reads a whole text.
pub(super) fn parse(text: &str) -> Parsed<Predicate> {
    if text.len() > LONGEST {
        let help = "a list of many leads is better kept as a tag: tag \"spring fair\"".to_owned();
        let message = format!("the segment is longer than {LONGEST} bytes");
        return Err(ParseError::new(text, 0..0, message, help));
    }
    let mut parser = Parser::of(text);
    let predicate = parser.any()?;
    match parser.peek() {
        Kind::End => Ok(predicate),
        _ => Err(parser.leftover()),
    }
}

/// Reads what properties must answer.
pub(super) fn conditions(text: &str) -> Parsed<Conditions> {
    Parser::of(text).conditions().map(Conditions)
}

/// What the last condition ended with, to say what may have been meant by what follows.
enum Tail {
    /// Nothing can follow but `and` and `or`.
    Closed,
    /// A value without quotes, which begins at this byte.
    Bare(usize),
    /// One word of a `matches` list.
    Words(String),
    /// A deed, which may be given properties, a time and a number.
    Deed,
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    next: usize,
    depth: usize,
    tail: Tail,
}

impl<'a> Parser<'a> {
    fn of(text: &'a str) -> Self {
        Self { text, tokens: lex(text), next: 0, depth: 0, tail: Tail::Closed }
    }
}

impl Parser<'_> {
    fn any(&mut self) -> Parsed<Predicate> {
        let mut parts = vec![self.all()?];
        while self.accept("or") {
            parts.push(self.all()?);
        }
        Ok(Predicate::any(parts))
    }

    fn all(&mut self) -> Parsed<Predicate> {
        let mut parts = vec![self.one()?];
        while self.accept("and") {
            parts.push(self.one()?);
        }
        Ok(Predicate::all(parts))
    }

    fn one(&mut self) -> Parsed<Predicate> {
        let begun = self.place();
        if self.accept("not") {
            return self.deeper(begun, |parser| Ok(Predicate::negate(parser.one()?)));
        }
        if !self.accept_kind(&Kind::Open) {
            return self.condition();
        }
        self.deeper(begun.clone(), |parser| {
            let inner = parser.any()?;
            if parser.accept_kind(&Kind::Close) {
                parser.tail = Tail::Closed;
                return Ok(inner);
            }
            Err(match parser.peek() {
                Kind::End => parser.fault(begun, "this parenthesis is never closed", None),
                _ => parser.leftover(),
            })
        })
    }

    /// Runs `read` one level down. Keeps a text of ten thousand parentheses from the stack.
    fn deeper(
        &mut self,
        begun: Range<usize>,
        read: impl FnOnce(&mut Self) -> Parsed<Predicate>,
    ) -> Parsed<Predicate> {
        self.depth += 1;
        if self.depth > DEEPEST {
            let help = "save a part of it as a segment and write segment \"its name\"".to_owned();
            let message = format!("conditions stand in one another more than {DEEPEST} deep");
            return Err(self.fault(begun, message, help));
        }
        let predicate = read(self);
        self.depth -= 1;
        predicate
    }

    // Moving over the tokens; the last one is the end and is never passed.

    fn peek(&self) -> &Kind {
        &self.tokens[self.next].kind
    }

    fn place(&self) -> Range<usize> {
        self.tokens[self.next].at.clone()
    }

    fn pass(&mut self) {
        self.next = (self.next + 1).min(self.tokens.len() - 1);
    }

    fn is(&self, keyword: &str) -> bool {
        matches!(self.peek(), Kind::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    fn accept(&mut self, keyword: &str) -> bool {
        let is = self.is(keyword);
        if is {
            self.pass();
        }
        is
    }

    fn accept_kind(&mut self, kind: &Kind) -> bool {
        let is = self.peek() == kind;
        if is {
            self.pass();
        }
        is
    }

    // Saying what is wrong.

    fn fault(
        &self,
        at: Range<usize>,
        message: impl Into<String>,
        help: impl Into<Option<String>>,
    ) -> ParseError {
        ParseError::new(self.text, at, message, help)
    }

    /// A fault at the next token, which is not what had to come. Marks that are wrong wherever they
    /// stand are named first.
    fn unexpected(&self, message: impl Into<String>, help: impl Into<Option<String>>) -> ParseError {
        let at = self.place();
        match self.peek() {
            Kind::Unclosed => self.fault(at, "this quote is never closed", None),
            Kind::Stray(c) => {
                let message = format!("a control character (U+{:04X}) stands here", *c as u32);
                self.fault(at, message, "delete it".to_owned())
            }
            _ => self.fault(at, message, help),
        }
    }

    /// The next token in the words of a message.
    fn shown(&self) -> String {
        match self.peek() {
            Kind::End => "the end".to_owned(),
            _ => format!("`{}`", &self.text[self.place()]),
        }
    }

    /// What is wrong with a token that follows a finished condition.
    fn leftover(&self) -> ParseError {
        let help = match (self.peek(), &self.tail) {
            (Kind::Close, _) => {
                return self.fault(self.place(), "this parenthesis closes nothing", None);
            }
            (Kind::Comma, _) => {
                Some("write and between conditions; a list is written as in (TH, SG)".to_owned())
            }
            (Kind::Word(word), _) if condition::begins(word) => {
                Some("join two conditions with and, or with or".to_owned())
            }
            (Kind::Word(word), Tail::Deed) if word.eq_ignore_ascii_case("within") => {
                Some("did you mean in last?".to_owned())
            }
            (Kind::Word(word), tail) => {
                let deed = matches!(tail, Tail::Deed);
                let joins = if deed {
                    &["and", "or", "in", "at", "with", "more", "exactly"][..]
                } else {
                    &["and", "or"]
                };
                match (nearest(word, joins.iter().copied()), tail) {
                    (Some(near), _) => Some(format!("did you mean {near}?")),
                    (None, Tail::Bare(from)) => Some(format!(
                        "a value of several words stands in quotes: \"{}\"",
                        self.words_from(*from)
                    )),
                    (None, Tail::Words(last)) => {
                        Some(format!("put a comma between words: matches {last}, {word}"))
                    }
                    (None, Tail::Deed) => {
                        Some("what may follow: with plan = pro, in last 14 days, more than 30 days ago, at least 3 times, and, or".to_owned())
                    }
                    (None, Tail::Closed) => None,
                }
            }
            _ => None,
        };
        let help = help.unwrap_or_else(|| "conditions are joined with and, or with or".to_owned());
        self.unexpected(format!("{} follows a finished condition", self.shown()), help)
    }

    /// The words that stand in a row from byte `from` on, past this token, on one line.
    fn words_from(&self, from: usize) -> String {
        let is_value = |token: &&Token| matches!(&token.kind, Kind::Word(word) if !value::is_join(word));
        let row = self.tokens[self.next..].iter().take_while(is_value);
        let end = row.last().map_or(self.place().end, |token| token.at.end);
        self.text[from..end].split_whitespace().collect::<Vec<_>>().join(" ")
    }
}
