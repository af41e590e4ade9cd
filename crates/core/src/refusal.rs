//! Why the house says no, in the reader's words, with a code for scripts.

use crate::{
    alert::Outcome,
    ids::AlertId,
    team::{Deed, Handle, Role},
    time::Moment,
};
use chrono_tz::Tz;

/// A no, with what the reader needs to go on.
#[derive(Debug, Clone, PartialEq)]
pub enum Refusal {
    /// Somebody else was first.
    AlreadyClaimed {
        /// What it is called.
        lead: String,
        /// Who.
        by: Handle,
        /// Since when (wall).
        at: Moment,
    },
    /// Only the rep who has it, or an admin, may do this.
    NotYours {
        /// What it is called.
        lead: String,
        /// Who has it.
        by: Handle,
    },
    /// Nobody has claimed it yet.
    NotClaimed {
        /// What it is called.
        lead: String,
    },
    /// The alert is over.
    Closed {
        /// How it ended.
        how: String,
    },
    /// The role does not have it.
    NotAllowed {
        /// The role of the one who asked.
        role: Role,
        /// What they wanted.
        deed: Deed,
    },
    /// There is no such thing.
    Unknown {
        /// "lead", "sequence", "campaign", "segment", …
        what: &'static str,
        /// What was asked for.
        name: String,
        /// The nearest right thing, or what there is.
        help: String,
    },
    /// The words were not understood.
    Usage {
        /// What is wrong and how it is right.
        text: String,
    },
    /// It cannot be done as things are.
    Not {
        /// For scripts.
        code: &'static str,
        /// Why, and what would help.
        text: String,
    },
}

impl Refusal {
    /// The alert is over: how it ended, and by whom.
    pub fn closed(how: Outcome, by: &Handle) -> Self {
        Self::Closed { how: format!("{}, by {}", how.label(), by.name()) }
    }

    /// No such alert.
    pub fn no_alert(id: AlertId) -> Self {
        Self::Unknown { what: "alert", name: id.to_string(), help: String::new() }
    }

    /// No such lead.
    pub fn no_lead(name: &str) -> Self {
        Self::Unknown {
            what: "lead",
            name: name.to_owned(),
            help: "; give the e-mail address or the id (lead_…)".to_owned(),
        }
    }

    /// For scripts: stable, snake_case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::AlreadyClaimed { .. } => "already_claimed",
            Self::NotYours { .. } => "not_yours",
            Self::NotClaimed { .. } => "not_claimed",
            Self::Closed { .. } => "closed",
            Self::NotAllowed { .. } => "not_allowed",
            Self::Unknown { what, .. } => match *what {
                "lead" => "unknown_lead",
                "sequence" => "unknown_sequence",
                "segment" => "unknown_segment",
                "campaign" => "unknown_campaign",
                "member" => "unknown_member",
                _ => "unknown",
            },
            Self::Usage { .. } => "usage",
            Self::Not { code, .. } => code,
        }
    }

    /// In words for the member who asked; times in the zone of the team.
    pub fn text_to(&self, member: &Handle, zone: Tz) -> String {
        match self {
            Self::AlreadyClaimed { by, at, .. } if by == member => {
                format!("You have this lead already, since {}.", at.with_timezone(&zone).format("%H:%M"))
            }
            _ => self.text(zone),
        }
    }

    /// In words; times in the zone of the team.
    pub fn text(&self, zone: Tz) -> String {
        match self {
            Self::AlreadyClaimed { by, at, .. } => {
                format!("{} has had this lead since {}.", by.name(), at.with_timezone(&zone).format("%H:%M"))
            }
            Self::NotYours { lead, by } => {
                format!("{} has {lead}; only {} or an admin can do that.", by.name(), by.name())
            }
            Self::NotClaimed { lead } => format!("Nobody has claimed {lead} yet; claim it first."),
            Self::Closed { how } => format!("This alert is closed: {how}."),
            Self::NotAllowed { role, deed } => {
                let who: Vec<&str> = deed.roles().iter().map(|r| r.word()).collect();
                format!("Your role is {role}, which may not {}; {} can.", deed.words(), who.join(" and "))
            }
            Self::Unknown { what, name, help } => {
                let end = if help.ends_with('?') { "" } else { "." };
                format!("There is no {what} “{name}”{help}{end}")
            }
            Self::Usage { text } | Self::Not { text, .. } => text.clone(),
        }
    }

    /// Who stands in the way, for scripts.
    pub fn by(&self) -> Option<&Handle> {
        match self {
            Self::AlreadyClaimed { by, .. } | Self::NotYours { by, .. } => Some(by),
            _ => None,
        }
    }

    /// Since when, for scripts.
    pub fn at(&self) -> Option<Moment> {
        match self {
            Self::AlreadyClaimed { at, .. } => Some(*at),
            _ => None,
        }
    }
}
