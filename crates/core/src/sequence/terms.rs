//! What a mail offers, and what it asks.

use crate::{language::Language, span::Span};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What an offer in a mail gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfferTerms {
    /// What the lead gets, in words.
    pub gives: String,
    /// The same in other languages, by tag; a mail that makes the offer is written in one of these, or in its own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub gives_in: BTreeMap<String, String>,
    /// How long the code is good, from the day of the mail.
    pub expires: Span,
}

impl OfferTerms {
    /// What the lead gets, in the words of a language; for "de-at" those of "de", where there are no nearer ones.
    pub fn gives_in(&self, language: &Language) -> Option<&str> {
        let words = self.gives_in.get(language.tag()).or_else(|| self.gives_in.get(language.primary()));
        words.map(String::as_str)
    }
}

/// What a survey in a mail asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SurveyTerms {
    /// The question.
    pub question: String,
    /// The answers: key and words.
    pub answers: Vec<Answer>,
}

/// One answer of a survey.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Kept with the activity ("later", "price", …).
    pub key: String,
    /// What the lead reads.
    pub says: String,
    /// What it is worth to the score.
    #[serde(default)]
    pub points: i32,
    /// What follows.
    then: Option<Consequence>,
}

impl Answer {
    /// What follows. The key `stop` means what it says, also where nothing else is written.
    pub fn then(&self) -> Option<&Consequence> {
        match &self.then {
            None if self.key == "stop" => Some(&Consequence::Stop),
            then => then.as_ref(),
        }
    }
}

/// What follows an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Consequence {
    /// No more mail.
    Stop,
    /// They are the wrong person: no more mail to them, and who is the right one is asked.
    Colleague,
    /// Not now: what runs ends, and a sequence begins then.
    Again {
        /// After how long.
        #[serde(rename = "in")]
        after: Span,
        /// Which.
        sequence: String,
    },
}
