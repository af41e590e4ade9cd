//! A card: an alert or a campaign as everybody in the team sees it, on every platform alike.
//!
//! A card is rendered whole from its row and what belongs to it, never edited in part, so that any two
//! copies of one revision are the same, but for what time has taken since: points fade. What a lead wrote is clamped and
//! without control characters; each platform escapes it in its own way.

mod alert;
mod campaign;
#[cfg(test)]
pub(crate) mod gallery;

pub use alert::{Note, Scenery, ask_of, of_alert};
pub use campaign::{Surroundings, of_campaign};

use serde::Serialize;
use std::borrow::Cow;

/// What a card is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A request to act on a lead.
    Alert,
    /// One launch of a sequence.
    Campaign,
}

/// A card. Texts are plain: no platform's markup.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Card {
    /// The id of the alert or campaign.
    pub id: String,
    /// What it is about.
    pub kind: Kind,
    /// Grows with every change; the higher one is the newer.
    pub revision: i64,
    /// "open", "claimed", "snoozed", "closed"; of a campaign "draft", "running", "held", "stopped", "done".
    pub state: &'static str,
    /// What its colour says: "hot", "back", "hand", "campaign", "muted".
    pub accent: &'static str,
    /// Who or what: the name.
    pub title: String,
    /// What they do and where; at whom the campaign goes.
    pub subtitle: Option<String>,
    /// The grade.
    pub badge: Option<String>,
    /// The score.
    pub score: Option<i64>,
    /// Why it is here, in a few words.
    pub headline: String,
    /// What speaks for it, one point each.
    pub lines: Vec<String>,
    /// More to know.
    pub facts: Vec<Fact>,
    /// How it stands: who has it, since when.
    pub status: String,
    /// The address of the lead.
    pub email: Option<String>,
    /// What can be done now.
    pub buttons: Vec<Button>,
}

/// One thing to know.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fact {
    /// What it is.
    pub label: String,
    /// What it says.
    pub value: String,
    /// Where more of it is, behind the team's sign-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// Something that can be done.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Button {
    /// What a press asks: the word of an [`crate::intent::Intent`].
    pub intent: &'static str,
    /// What stands on it.
    pub label: &'static str,
    /// How it looks.
    pub style: Style,
    /// The value it asks for first.
    pub ask: Option<Ask>,
}

/// How a button looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// What most will do.
    Primary,
    /// What else can be done.
    Plain,
    /// What is not easily taken back.
    Danger,
}

/// A value that a button asks for before it is pressed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ask {
    /// One of some, words, an amount, or more than one value.
    pub kind: AskKind,
    /// What stands on the button, above the question.
    #[serde(skip)]
    pub title: &'static str,
    /// The question.
    pub label: &'static str,
    /// Answers to choose from.
    pub choices: Vec<Choice>,
}

/// What kind of value it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AskKind {
    /// One of the choices.
    Choice,
    /// Words; the choices are proposals.
    Text,
    /// An amount of money.
    Amount,
    /// More than one value: the form of the command that means the same asks for them.
    Form,
}

impl AskKind {
    /// What the button `intent` asks for.
    pub fn of(intent: &str) -> Option<Self> {
        ask_of(intent).map(|ask| ask.kind)
    }
}

/// An answer to choose.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Choice {
    /// What is sent.
    pub value: Cow<'static, str>,
    /// What is read.
    pub label: Cow<'static, str>,
}

impl Button {
    /// A button that asks for nothing more.
    pub(crate) fn new(intent: &'static str, label: &'static str, style: Style) -> Self {
        Self { intent, label, style, ask: None }
    }

    fn asking(self, kind: AskKind, label: &'static str, choices: &[(&'static str, &'static str)]) -> Self {
        let choices = choices
            .iter()
            .map(|&(value, label)| Choice { value: value.into(), label: label.into() })
            .collect();
        Self { ask: Some(Ask { kind, title: self.label, label, choices }), ..self }
    }
}

impl Fact {
    fn new(label: &str, value: impl Into<String>) -> Self {
        Self { label: label.to_owned(), value: value.into(), link: None }
    }
}
