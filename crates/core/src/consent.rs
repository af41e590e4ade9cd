//! Whether we may write to a lead, and why.

use crate::time::Moment;
use serde::{Deserialize, Serialize};

/// Where a lead stands on being written to; each no is greater than all that it outweighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConsentState {
    /// Nobody asked: no marketing mail.
    #[default]
    Unknown,
    /// They agreed, or another basis allows it.
    Subscribed,
    /// Their mailbox takes nothing, and has not for weeks: no marketing mail. It is not their word, so nothing is suppressed.
    Undeliverable,
    /// They asked us to stop.
    Unsubscribed,
    /// Their address is dead.
    Bounced,
    /// They reported us as spam.
    Complained,
    /// They objected: no mail and no scoring.
    Objected,
}

impl ConsentState {
    /// All states, in their order.
    pub const ALL: [Self; 7] = [
        Self::Unknown,
        Self::Subscribed,
        Self::Undeliverable,
        Self::Unsubscribed,
        Self::Bounced,
        Self::Complained,
        Self::Objected,
    ];

    /// The word used in tables, JSON and commands.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Subscribed => "subscribed",
            Self::Undeliverable => "undeliverable",
            Self::Unsubscribed => "unsubscribed",
            Self::Bounced => "bounced",
            Self::Complained => "complained",
            Self::Objected => "objected",
        }
    }

    /// The state a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }

    /// Whether the lead themselves (or their mail server) said no: never undone by an import or a trait.
    pub fn is_refusal(self) -> bool {
        !matches!(self, Self::Unknown | Self::Subscribed | Self::Undeliverable)
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
        if state > self.state {
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

    #[test]
    fn whoever_objected_is_not_scored_again_because_their_address_died() {
        let mut consent = Consent::default();
        consent.refuse(ConsentState::Objected, "a letter", Moment::UNIX_EPOCH);
        consent.refuse(ConsentState::Bounced, "a bounce", Moment::UNIX_EPOCH);
        assert_eq!(consent.state, ConsentState::Objected);
    }
}
