//! Whether we may write to a lead, and why.
//!
//! What was said about it is kept as [`Record`]s, which are only ever added to and withdrawn. The state
//! on the lead's own row, which is what the gate asks, follows from them by one function: [`standing`].

mod record;
mod told;

pub use record::{Basis, Grant, Proof, Record, Says, hear, standing};
pub use told::told;

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
    /// Their mailbox takes nothing, and has not for weeks.
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
    /// All states, in the order of the documentation; of the refusals, the later ones are stronger.
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
        !matches!(self, Self::Unknown | Self::Subscribed)
    }

    /// Whether the address may not be written to any more, whatever becomes of the lead: not where only a mailbox is full, which is
    /// nobody's word.
    pub fn suppresses(self) -> bool {
        self.is_refusal() && self != Self::Undeliverable
    }

    /// How much a refusal weighs against another.
    pub(crate) fn strength(self) -> usize {
        Self::ALL.iter().position(|known| *known == self).unwrap_or_default()
    }
}

/// The state of consent with what it rests on, as all records together have it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Consent {
    /// May we write?
    pub state: ConsentState,
    /// What the state rests on, in the words of whoever recorded it: "webinar form 2026"; of a no, who said it and how.
    pub basis: Option<String>,
    /// Since when.
    pub at: Option<Moment>,
    /// From when a yes counts for nothing: implied consent ends by itself.
    pub until: Option<Moment>,
}

impl Consent {
    /// Whether it allows marketing mail at this moment.
    ///
    /// # Errors
    /// Why not, in words that end a sentence ("… gets no mail: consent is unknown").
    pub fn allows(&self, now: Moment) -> Result<(), String> {
        allows(self.state, self.until, now)
    }
}

/// The rule behind [`Consent::allows`], for whoever has no more of the lead than this.
pub(crate) fn allows(state: ConsentState, until: Option<Moment>, now: Moment) -> Result<(), String> {
    match (state, until) {
        (ConsentState::Subscribed, Some(until)) if until <= now => {
            Err(format!("consent expired on {}", until.format("%-d %B %Y")))
        }
        (ConsentState::Subscribed, _) => Ok(()),
        (state, _) => Err(format!("consent is {}", state.word())),
    }
}

#[cfg(test)]
mod tests;
