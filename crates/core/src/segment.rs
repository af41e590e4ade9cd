//! The segment language: one question that every lead answers yes or no.
//!
//! ```text
//! score >= 60 and viewed "/pricing*" in last 14 days and not did "Demo Requested"
//! country in (TH, SG) and title matches director and quiet for 30 days
//! ```
//!
//! One grammar serves segment files, `/segment` in chat, branches, exits, routing and fit rules. A
//! text is parsed once into a [`Predicate`], which answers for a lead in memory ([`Predicate::holds`])
//! and is compiled to SQL by storage; both keep the rules of [`eval`](self::Facts).
//!
//! | written | asks |
//! |---|---|
//! | `everyone` | every lead (also `true`) |
//! | `score >= 60` | `score`, `fit`, `engagement` with `>=`, `>`, `<=`, `<`, `=`, `!=` |
//! | `country in (TH, SG)` | `title`, `company`, `country`, `zone`, `name`, `email`, `domain`, `trait.X` with `=`, `!=`, `in`, `not in`, `matches`, `contains`, `exists` |
//! | `trait.seats >= 50` | a trait with `>=`, `>`, `<=`, `<`: a number, or a text of digits |
//! | `lifecycle = mql` | `lifecycle`, `journey`, `nurture`, `grade`, `consent` with `=`, `!=`, `in`, `not in` |
//! | `level >= manager` | how far up they are by their title: `individual`, `manager`, `director`, `executive` |
//! | `freemail` | the address is one that anybody can have, and says nothing of a company |
//! | `owner = none` | the rep's name, or `none` |
//! | `tag "vip"`, `hot` | carries the tag; is hot |
//! | `quiet for 30 days` | no human activity for so long, counted from the lead's beginning if there never was one |
//! | `did "Demo Requested"` | an activity of that name |
//! | `viewed "/pricing*"` | a person was at such a page; `*` stands for anything |
//! | `clicked "offer"` | a person followed that link, or a link of that mail |
//! | `… with plan = pro, seats >= 5` | properties of it, asked as traits are, but for `matches` |
//! | `… in last 14 days`, `… more than 30 days ago` | when it happened: the one is the opposite of the other |
//! | `… at least 3 times`, `at most`, `exactly` | how often |
//! | `first did "Trial Begun" in last 7 days`, `last …` | when it happened for the first time, or the last |
//! | `segment "gone cold"` | what the segment of that name asks |
//!
//! `not` binds closest, then `and`, then `or`; parentheses group. Small and capital letters are the
//! same, except in names of activities, segments and traits.

mod because;
mod deed;
mod eval;
mod fault;
mod inline;
mod lex;
mod parse;
mod print;
mod told;
mod words;

#[cfg(test)]
mod tests;

pub use deed::{Conditions, Deed, Doing, Having, Often, When};
pub use eval::Facts;
pub use fault::ParseError;
pub use inline::InlineError;
pub use told::{MOST_DIGITS, Told};
pub use words::{Phrase, fold};

use crate::{
    consent::ConsentState,
    lead::{Journey, Lifecycle, Nurture},
    level::Level,
};
use chrono::TimeDelta;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A question that a lead answers yes or no. Serialised as its text.
///
/// Two-valued: what a lead does not have equals nothing, so `country != TH` holds for a lead without
/// a country. Conditions that deny (`!=`, `not in`) are a [`Predicate::Not`] around what they deny.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Predicate {
    /// Yes for all leads.
    Everyone,
    /// Yes when all parts say yes; without parts, yes. [`Predicate::all`] builds the flat form.
    All(Vec<Predicate>),
    /// Yes when one part says yes; without parts, no. [`Predicate::any`] builds the flat form.
    Any(Vec<Predicate>),
    /// The opposite.
    Not(Box<Predicate>),
    /// `score >= 60`: points as shown, a rounded integer.
    Points {
        /// Which points.
        of: Points,
        /// How they are compared.
        is: Comparison,
        /// With what.
        than: i64,
    },
    /// `title matches director`: a text of the lead.
    Text {
        /// Which text.
        of: Field,
        /// What is asked of it.
        is: TextTest,
    },
    /// `lifecycle in (mql, sql)`: where the lead stands. The words are among [`Standing::words`].
    Standing {
        /// In which order of things.
        of: Standing,
        /// One of these.
        any_of: Vec<&'static str>,
    },
    /// `owner = none`: no rep has the lead.
    Unowned,
    /// `owner in (ana, ben)`: one of these reps has the lead.
    OwnedBy(Vec<String>),
    /// `tag "vip"`: carries this tag.
    Tagged(String),
    /// `hot`: over the threshold, and not yet cooled.
    Hot,
    /// `freemail`: has an address that anybody can have.
    FreeMail,
    /// `quiet for 30 days`: the last human activity, or else the lead's creation, is at least so long
    /// ago. A whole number of minutes, at least one.
    QuietFor(TimeDelta),
    /// `did`, `viewed` and `clicked`: activities, none later than now.
    Did(Doing),
    /// `segment "gone cold"`: what that segment asks. Answers no until [`Predicate::inline`]d.
    Segment(String),
}

/// The three numbers of a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Points {
    /// Fit and engagement together, clamped.
    Score,
    /// Points for who they are.
    Fit,
    /// Points for what they do, as of now.
    Engagement,
}

/// How numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `>=`
    AtLeast,
    /// `>`
    Above,
    /// `<=`
    AtMost,
    /// `<`
    Below,
    /// `=`
    Equal,
    /// `!=`
    Different,
}

impl Comparison {
    /// The one that holds where this one does not.
    pub fn opposite(self) -> Self {
        match self {
            Self::AtLeast => Self::Below,
            Self::Above => Self::AtMost,
            Self::AtMost => Self::Above,
            Self::Below => Self::AtLeast,
            Self::Equal => Self::Different,
            Self::Different => Self::Equal,
        }
    }
}

/// A text that a lead may have. An empty one, or one of blanks, counts as none.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Field {
    /// Their job title.
    Title,
    /// The company's name.
    Company,
    /// The country, as it was told.
    Country,
    /// The time zone, as it was told.
    Zone,
    /// Their name.
    Name,
    /// Their address.
    Email,
    /// The domain of the company or of the address.
    Domain,
    /// `trait.X`: the top-level trait of exactly this name. A truth counts as its JSON text; a list or an
    /// object exists, and answers no to all else.
    Trait(String),
}

/// What can be asked of a text, in any letter case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextTest {
    /// What can be asked of any value.
    Value(ValueTest),
    /// `matches director, vp`: has one of these words, whole.
    Matches(Vec<Phrase>),
}

/// What can be asked of a value, whether a text, a number or a truth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueTest {
    /// `= TH`, `in (TH, SG)`: is one of these; texts are compared by [`fold`], numbers as numbers.
    Is(Vec<String>),
    /// `contains rect`: is a text that has this anywhere, compared by [`fold`].
    Contains(String),
    /// `exists`: there is one.
    Exists,
    /// `>= 50`: is a number, or a text of up to 15 digits, that compares so.
    Number {
        /// How it is compared.
        is: Comparison,
        /// With what.
        than: i64,
    },
}

/// The orders in which a lead stands somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// How far sales is.
    Lifecycle,
    /// What content helps now.
    Journey,
    /// Whether we write.
    Nurture,
    /// The cell of fit and engagement.
    Grade,
    /// Whether we may write.
    Consent,
    /// How far up they are, by their title; nowhere, where no word of it is known.
    Level,
}

impl Standing {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Lifecycle, Self::Journey, Self::Nurture, Self::Grade, Self::Consent, Self::Level];

    /// The cells of fit and engagement: fit from A down, and in each engagement from 1 down.
    pub const GRADES: [&str; 9] = ["A1", "A2", "A3", "B1", "B2", "B3", "C1", "C2", "C3"];

    /// What it is called in a segment.
    pub fn word(self) -> &'static str {
        match self {
            Self::Lifecycle => "lifecycle",
            Self::Journey => "journey",
            Self::Nurture => "nurture",
            Self::Grade => "grade",
            Self::Consent => "consent",
            Self::Level => "level",
        }
    }

    /// The places a lead can have in it, as tables and JSON write them.
    pub fn words(self) -> Vec<&'static str> {
        match self {
            Self::Lifecycle => Lifecycle::ALL.iter().map(|stage| stage.word()).collect(),
            Self::Journey => Journey::ALL.iter().map(|stage| stage.word()).collect(),
            Self::Nurture => Nurture::ALL.iter().map(|status| status.word()).collect(),
            Self::Grade => Self::GRADES.to_vec(),
            Self::Consent => ConsentState::ALL.iter().map(|state| state.word()).collect(),
            Self::Level => Level::ALL.iter().map(|level| level.word()).collect(),
        }
    }
}

impl Predicate {
    /// Reads a question.
    ///
    /// # Errors
    /// When the text is no question of this language: which word, why, and the nearest right one.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        parse::parse(text)
    }

    /// All of these, in the flat form that parsing gives: no `All` in an `All`, none of one part.
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Self::All(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        match flat.len() {
            0 => Self::Everyone,
            1 => flat.remove(0),
            _ => Self::All(flat),
        }
    }

    /// One of these, in the flat form that parsing gives: no `Any` in an `Any`, none of one part.
    pub fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Self::Any(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        match flat.len() {
            0 => Self::negate(Self::Everyone),
            1 => flat.remove(0),
            _ => Self::Any(flat),
        }
    }

    /// The opposite of `part`.
    pub fn negate(part: Self) -> Self {
        Self::Not(Box::new(part))
    }

    /// The conditions in it, in the order written.
    pub fn leaves(&self) -> impl Iterator<Item = &Self> {
        let mut open = vec![self];
        std::iter::from_fn(move || {
            loop {
                match open.pop()? {
                    Self::All(parts) | Self::Any(parts) => open.extend(parts.iter().rev()),
                    Self::Not(part) => open.push(part),
                    leaf => return Some(leaf),
                }
            }
        })
    }

    /// Whether an answer needs the lead's activities. Ask it after [`Predicate::inline`]: a segment
    /// that is only named may need them, too.
    pub fn needs_activities(&self) -> bool {
        self.leaves().any(|leaf| matches!(leaf, Self::Did(_)))
    }

    /// Whether time alone can change the answer of a lead.
    pub fn moves_with_time(&self) -> bool {
        self.leaves().any(|leaf| match leaf {
            Self::QuietFor(_) | Self::Points { of: Points::Score | Points::Engagement, .. } => true,
            Self::Standing { of, .. } => *of == Standing::Grade,
            Self::Did(doing) => doing.when.is_some(),
            _ => false,
        })
    }

    /// The names of the segments it refers to.
    pub fn refers(&self) -> impl Iterator<Item = &str> {
        self.leaves().filter_map(|leaf| match leaf {
            Self::Segment(name) => Some(name.as_str()),
            _ => None,
        })
    }
}

impl Conditions {
    /// Reads what properties must answer.
    ///
    /// # Errors
    /// As [`Predicate::parse`].
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        parse::conditions(text)
    }
}

impl std::str::FromStr for Predicate {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

impl Serialize for Predicate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Predicate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}
