//! A notice: what one member is told alone, wherever they talk. Each topic of them can be muted.

use crate::{ids::LeadId, lead::words, team::Handle};
use serde::{Deserialize, Serialize};

words! {
    /// What a notice is about, and so what can be muted.
    Topic {
        /// A colleague passed a lead on to them.
        Passed = "passed",
        /// A lead that was theirs is hot again, or back from the cold.
        Back = "back",
        /// A lead of theirs answered a mail.
        Reply = "reply",
        /// A sequence has something for them to do.
        Task = "task",
    }
}

impl Topic {
    /// For people: what they hear of no more when it is muted.
    pub fn label(self) -> &'static str {
        match self {
            Self::Passed => "leads that are passed on to you",
            Self::Back => "leads of yours that come back",
            Self::Reply => "answers of leads of yours",
            Self::Task => "what sequences give you to do",
        }
    }
}

/// What one member is told alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Who is told.
    pub to: Handle,
    /// What about.
    pub topic: Topic,
    /// On which lead.
    pub lead: LeadId,
    /// In words.
    pub text: String,
}
