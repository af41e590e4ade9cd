//! What a look at a chat finds: what works, and what would mend what does not.

use crate::wall::Trouble;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What: "Slack: the channel C0123ABCD (hot-leads)".
    pub what: String,
    /// What is wrong with it, and what would mend it; `None` when it works.
    pub wrong: Option<String>,
}

impl Finding {
    /// It works.
    pub fn works(what: impl Into<String>) -> Self {
        Self { what: what.into(), wrong: None }
    }

    /// It does not.
    pub fn wrong(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { what: what.into(), wrong: Some(why.into()) }
    }

    /// It does not, as the platform says.
    pub fn troubled(what: impl Into<String>, trouble: &Trouble) -> Self {
        let why = match trouble {
            Trouble::Later { why, .. } | Trouble::Unknown { why } => format!("cannot be reached now: {why}"),
            Trouble::Gone => "is gone".to_owned(),
            Trouble::Broken { why } | Trouble::Refused { why } => why.clone(),
        };
        Self::wrong(what, why)
    }
}
