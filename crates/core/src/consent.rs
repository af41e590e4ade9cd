//! Whether we may write to a lead, and why.

use crate::time::Moment;
use serde::{Deserialize, Serialize};

/// Where a lead stands on being written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConsentState {
    /// Nobody asked: no marketing mail.
    #[default]
    Unknown,
    /// They agreed, or another basis allows it.
    Subscribed,
    /// They asked us to stop.
    Unsubscribed,
    /// They objected: no mail and no scoring.
    Objected,
    /// Their address is dead.
    Bounced,
    /// They reported us as spam.
    Complained,
}

impl ConsentState {
    /// All states, in the order of the documentation.
    pub const ALL: [Self; 6] = [
        Self::Unknown,
        Self::Subscribed,
        Self::Unsubscribed,
        Self::Objected,
        Self::Bounced,
        Self::Complained,
    ];

    /// The word used in tables, JSON and commands.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Subscribed => "subscribed",
            Self::Unsubscribed => "unsubscribed",
            Self::Objected => "objected",
            Self::Bounced => "bounced",
            Self::Complained => "complained",
        }
    }

    /// The state a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }

    /// Whether the lead themselves (or their mail server) said no: never undone by an import or a trait.
    pub fn is_refusal(self) -> bool {
        !matches!(self, Self::Unknown | Self::Subscribed)
    }
}

/// The state of consent with what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Consent {
    /// May we write?
    pub state: ConsentState,
    /// What the state rests on, in the words of whoever recorded it: "webinar form 2026"; of a no, who said it and how.
    pub basis: Option<String>,
    /// Since when.
    pub at: Option<Moment>,
}

impl Consent {
    /// Takes a yes, unless the lead said no before: a no is only undone by the lead.
    pub fn grant(&mut self, basis: &str, at: Moment) {
        if self.state == ConsentState::Unknown {
            *self = Self { state: ConsentState::Subscribed, basis: Some(basis.to_owned()), at: Some(at) };
        }
    }

    /// Takes a no, and how it was said. A stronger no (objected, complained) is not weakened by a later unsubscribe.
    pub fn refuse(&mut self, state: ConsentState, how: &str, at: Moment) {
        let strength = |s| ConsentState::ALL.iter().position(|x| *x == s);
        let keeps = self.state.is_refusal() && strength(self.state) >= strength(state);
        if !keeps {
            *self = Self { state, basis: Some(how.to_owned()), at: Some(at) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_no_is_not_undone_by_a_form() {
        let now = Moment::UNIX_EPOCH;
        let mut consent = Consent::default();
        consent.grant("form", now);
        assert_eq!(consent.state, ConsentState::Subscribed);
        consent.refuse(ConsentState::Unsubscribed, "a link in a mail", now);
        assert_eq!(consent.basis.as_deref(), Some("a link in a mail"), "what allowed it before is over");
        consent.grant("another form", now);
        assert_eq!(consent.state, ConsentState::Unsubscribed);
        consent.refuse(ConsentState::Complained, "the postmaster", now);
        consent.refuse(ConsentState::Unsubscribed, "a form", now);
        assert_eq!(consent.state, ConsentState::Complained, "a weaker no does not replace a stronger one");
    }
}
