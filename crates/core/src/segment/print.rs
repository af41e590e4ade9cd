//! Writes a question in its one canonical text, which parses back to the same question.

use super::{
    Comparison, Conditions, Deed, Doing, Field, Having, Often, Phrase, Points, Predicate, Standing, TextTest,
    ValueTest, When, lex,
};
use chrono::TimeDelta;
use std::fmt::{self, Display, Formatter};

impl Display for Predicate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match plain(self) {
            Self::Any(parts) if !parts.is_empty() => joined(f, parts, " or ", |_| false),
            Self::All(parts) if !parts.is_empty() => {
                joined(f, parts, " and ", |part| matches!(part, Self::Any(inner) if !inner.is_empty()))
            }
            Self::Everyone | Self::All(_) => f.write_str("everyone"),
            Self::Any(_) => f.write_str("not everyone"),
            Self::Not(part) => denied(f, part),
            Self::Points { of, is, than } => write!(f, "{of} {is} {than}"),
            Self::Text { of, is } => asked(f, of, is),
            Self::Standing { of, any_of } => match from_here_up(*of, any_of) {
                Some(least) => write!(f, "{} >= {least}", of.word()),
                None => one_of(f, of.word(), any_of, false),
            },
            Self::Unowned => f.write_str("owner = none"),
            Self::OwnedBy(names) => one_of(f, "owner", names, false),
            Self::Tagged(tag) => write!(f, "tag {}", Quoted(tag)),
            Self::Hot => f.write_str("hot"),
            Self::FreeMail => f.write_str("freemail"),
            Self::QuietFor(span) => write!(f, "quiet for {}", Spelled(*span)),
            Self::Did(doing) => doing.fmt(f),
            Self::Segment(name) => write!(f, "segment {}", Quoted(name)),
        }
    }
}

/// The lowest of the levels that are asked for, where all above it are, too.
fn from_here_up(of: Standing, any_of: &[&'static str]) -> Option<&'static str> {
    let known = of.words();
    let is_all_above = of == Standing::Level && any_of.len() > 1 && known.ends_with(any_of);
    any_of.first().copied().filter(|_| is_all_above)
}

/// A question without the lists of one part around it, which say nothing.
fn plain(predicate: &Predicate) -> &Predicate {
    match predicate {
        Predicate::All(parts) | Predicate::Any(parts) => match &parts[..] {
            [part] => plain(part),
            _ => predicate,
        },
        _ => predicate,
    }
}

/// The parts with a word between, in parentheses where `or` would else bind too loosely.
fn joined(
    f: &mut Formatter<'_>,
    parts: &[Predicate],
    between: &str,
    loose: fn(&Predicate) -> bool,
) -> fmt::Result {
    for (n, part) in parts.iter().enumerate() {
        if n > 0 {
            f.write_str(between)?;
        }
        match loose(plain(part)) {
            true => write!(f, "({part})")?,
            false => write!(f, "{part}")?,
        }
    }
    Ok(())
}

/// The opposite of a part, as people say it: `country != TH` rather than `not country = TH`.
fn denied(f: &mut Formatter<'_>, part: &Predicate) -> fmt::Result {
    match plain(part) {
        Predicate::Text { of, is: TextTest::Value(ValueTest::Is(values)) } => one_of(f, of, values, true),
        Predicate::Standing { of, any_of } => one_of(f, of.word(), any_of, true),
        Predicate::OwnedBy(names) => one_of(f, "owner", names, true),
        Predicate::Unowned => f.write_str("owner != none"),
        Predicate::All(parts) | Predicate::Any(parts) if !parts.is_empty() => {
            write!(f, "not ({part})")
        }
        _ => write!(f, "not {part}"),
    }
}

fn asked(f: &mut Formatter<'_>, of: &Field, is: &TextTest) -> fmt::Result {
    match is {
        TextTest::Value(test) => valued(f, of, test, false),
        TextTest::Matches(phrases) if phrases.is_empty() => f.write_str("not everyone"),
        TextTest::Matches(phrases) => {
            write!(f, "{of} matches ")?;
            listed(f, &phrases.iter().map(Phrase::as_str).collect::<Vec<_>>())
        }
    }
}

/// What is asked of a value, or the opposite.
fn valued(f: &mut Formatter<'_>, of: impl Display, is: &ValueTest, denied: bool) -> fmt::Result {
    let not = if denied { "not " } else { "" };
    match is {
        ValueTest::Is(values) => one_of(f, of, values, denied),
        ValueTest::Contains(text) => write!(f, "{of} {not}contains {}", Value(text)),
        ValueTest::Exists => write!(f, "{of} {not}exists"),
        ValueTest::Number { is, than } => {
            write!(f, "{of} {} {than}", if denied { is.opposite() } else { *is })
        }
    }
}

impl Display for Doing {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.how {
            Often::First => f.write_str("first ")?,
            Often::Last => f.write_str("last ")?,
            Often::AtLeast(_) | Often::AtMost(_) | Often::Exactly(_) => {}
        }
        self.what.fmt(f)?;
        for (n, Having { property, is, denied }) in self.having.iter().enumerate() {
            f.write_str(if n == 0 { " with " } else { ", " })?;
            valued(f, Value(property), is, *denied)?;
        }
        match self.when {
            Some(When::Within(span)) => write!(f, " in last {}", Spelled(span))?,
            Some(When::Before(span)) => write!(f, " more than {} ago", Spelled(span))?,
            None => {}
        }
        let (words, times) = match self.how {
            Often::AtLeast(0 | 1) | Often::First | Often::Last => return Ok(()),
            Often::AtLeast(times) => ("at least", times),
            Often::AtMost(times) => ("at most", times),
            Often::Exactly(times) => ("exactly", times),
        };
        write!(f, " {words} {times} time{}", if times == 1 { "" } else { "s" })
    }
}

impl Display for Conditions {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (n, Having { property, is, denied }) in self.0.iter().enumerate() {
            f.write_str(if n == 0 { "" } else { " and " })?;
            valued(f, Value(property), is, *denied)?;
        }
        Ok(())
    }
}

/// `what = a`, or `what in (a, b)`, or their opposites.
fn one_of(
    f: &mut Formatter<'_>,
    what: impl Display,
    values: &[impl AsRef<str>],
    denied: bool,
) -> fmt::Result {
    match values {
        [] => f.write_str(if denied { "everyone" } else { "not everyone" }),
        [value] => {
            write!(f, "{what} {} {}", if denied { "!=" } else { "=" }, Value(value.as_ref()))
        }
        _ => {
            write!(f, "{what} {} (", if denied { "not in" } else { "in" })?;
            listed(f, values)?;
            f.write_str(")")
        }
    }
}

fn listed(f: &mut Formatter<'_>, values: &[impl AsRef<str>]) -> fmt::Result {
    for (n, value) in values.iter().enumerate() {
        write!(f, "{}{}", if n > 0 { ", " } else { "" }, Value(value.as_ref()))?;
    }
    Ok(())
}

/// A value: without quotes where it reads as one word.
struct Value<'a>(&'a str);

impl Display for Value<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let reserved = ["and", "or", "none"].iter().any(|word| word.eq_ignore_ascii_case(self.0));
        if is_one_word(self.0) && !reserved { f.write_str(self.0) } else { Quoted(self.0).fmt(f) }
    }
}

fn is_one_word(text: &str) -> bool {
    let tokens = lex::lex(text);
    matches!(&tokens[..], [token, _] if matches!(&token.kind, lex::Kind::Word(word) if word == text))
}

/// A name: always in quotes.
struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' | '“' | '”' => write!(f, "\\{c}")?,
                c => write!(f, "{c}")?,
            }
        }
        f.write_str("\"")
    }
}

/// A span in its largest whole unit of days, hours and minutes.
struct Spelled(TimeDelta);

impl Display for Spelled {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let minutes = self.0.num_minutes();
        let (count, unit) = match minutes {
            m if m % (24 * 60) == 0 => (m / (24 * 60), "day"),
            m if m % 60 == 0 => (m / 60, "hour"),
            m => (m, "minute"),
        };
        write!(f, "{count} {unit}{}", if count == 1 { "" } else { "s" })
    }
}

impl Display for Points {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Score => "score",
            Self::Fit => "fit",
            Self::Engagement => "engagement",
        })
    }
}

impl Display for Comparison {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AtLeast => ">=",
            Self::Above => ">",
            Self::AtMost => "<=",
            Self::Below => "<",
            Self::Equal => "=",
            Self::Different => "!=",
        })
    }
}

impl Display for Field {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Title => "title",
            Self::Company => "company",
            Self::Country => "country",
            Self::Zone => "zone",
            Self::Name => "name",
            Self::Email => "email",
            Self::Domain => "domain",
            Self::Trait(name) if is_one_word(&format!("trait.{name}")) && !name.is_empty() => {
                return write!(f, "trait.{name}");
            }
            Self::Trait(name) => return write!(f, "trait.{}", Quoted(name)),
        })
    }
}

impl Display for Deed {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => write!(f, "did {}", Quoted(name)),
            Self::Viewed(pattern) => write!(f, "viewed {}", Quoted(pattern)),
            Self::Clicked(link) => write!(f, "clicked {}", Quoted(link)),
        }
    }
}
