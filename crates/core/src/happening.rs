//! Something that our plans did with a lead, or will do: for the record that is read, and for the future that is printed.

use crate::{ids::LeadId, lead::words, time::Moment};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

words! {
    /// What was done.
    Deed {
        /// A run began.
        Begun = "begun",
        /// A mail left.
        Mailed = "mailed",
        /// A mail was not sent, and will not be.
        NotSent = "not sent",
        /// A run ended.
        Ended = "ended",
        /// They went cold.
        Cold = "cold",
        /// They were archived.
        Archived = "archived",
    }
}

/// Something that was done with a lead.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Happening {
    /// When (calendar).
    pub at: Moment,
    /// With whom.
    pub lead: LeadId,
    /// What.
    pub deed: Deed,
    /// The sequence, or the mail in it.
    pub of: String,
    /// Why, in words.
    pub why: Option<String>,
}

/// What was lived ahead.
#[derive(Debug, Clone, Default)]
pub struct Lived {
    /// Everything that was done, in order.
    pub happened: Vec<Happening>,
    /// How many mails had to wait, by the reason.
    pub waited: BTreeMap<String, usize>,
}
