//! What ends a run before its last step.

use crate::segment::Predicate;
use chrono::TimeDelta;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// Whoever does nothing for so long, and then something, has left and come back: a new visit.
/// Source: Google Analytics, "session timeout", 30 minutes by default.
pub const VISIT: TimeDelta = TimeDelta::minutes(30);

/// What ends a run early. In the file a phrase, or a question of the segment language.
#[derive(Debug, Clone, PartialEq)]
pub enum Exit {
    /// Anything that a person surely did, since the run began.
    AnyHumanActivity,
    /// A new visit, or anything done with a mail, since the run began.
    ComesBack,
    /// They said no to mail.
    Unsubscribed,
    /// They answer this with yes; of activities, only those since the run began count.
    When(Predicate),
}

const PHRASES: [(&str, Exit); 3] = [
    ("any human activity", Exit::AnyHumanActivity),
    ("comes back", Exit::ComesBack),
    ("unsubscribed", Exit::Unsubscribed),
];

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match PHRASES.iter().find(|(_, exit)| exit == self) {
            Some((phrase, _)) => f.write_str(phrase),
            None => match self {
                Self::When(question) => question.fmt(f),
                _ => Ok(()),
            },
        }
    }
}

impl Serialize for Exit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Exit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if let Some((_, exit)) =
            PHRASES.into_iter().find(|(phrase, _)| text.trim().eq_ignore_ascii_case(phrase))
        {
            return Ok(exit);
        }
        Predicate::parse(&text).map(Self::When).map_err(|error| {
            let phrases: Vec<String> = PHRASES.iter().map(|(phrase, _)| format!("“{phrase}”")).collect();
            D::Error::custom(format!(
                "a run ends when {}, or when a question is answered with yes: {error}",
                phrases.join(", ")
            ))
        })
    }
}
