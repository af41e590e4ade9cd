//! The team: members, their roles, and who may do what.

use crate::{ids::MemberId, refusal::Refusal};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a member may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// May look.
    Viewer,
    /// May work leads.
    Sales,
    /// May launch campaigns.
    Marketing,
    /// May do all that sales and marketing may, and manage the team.
    Admin,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Sales, Self::Marketing, Self::Admin];

    /// The word used in tables, commands and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Sales => "sales",
            Self::Marketing => "marketing",
            Self::Admin => "admin",
        }
    }

    /// The role a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.word() == word)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The kinds of things that are done in chat, each with the roles that may do them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Deed {
    /// Looking at leads, campaigns and figures.
    Look,
    /// Claiming a lead and all that follows: release, snooze, outcome, note.
    WorkLeads,
    /// Enrolling a lead in a sequence, or stopping it.
    Nurture,
    /// Asking questions of all leads, and keeping them as segments.
    Segment,
    /// Launching, holding, resuming and stopping campaigns; the kill switch.
    Campaign,
    /// Adding members and changing roles.
    ManageTeam,
}

impl Deed {
    /// All deeds.
    pub const ALL: [Self; 6] =
        [Self::Look, Self::WorkLeads, Self::Nurture, Self::Segment, Self::Campaign, Self::ManageTeam];

    /// Who may: the whole matrix stands here.
    pub fn roles(self) -> &'static [Role] {
        match self {
            Self::Look => &[Role::Viewer, Role::Sales, Role::Marketing, Role::Admin],
            Self::WorkLeads => &[Role::Sales, Role::Admin],
            Self::Nurture => &[Role::Sales, Role::Marketing, Role::Admin],
            Self::Segment | Self::Campaign => &[Role::Marketing, Role::Admin],
            Self::ManageTeam => &[Role::Admin],
        }
    }

    /// In words, after "may".
    pub fn words(self) -> &'static str {
        match self {
            Self::Look => "look at leads",
            Self::WorkLeads => "work leads",
            Self::Nurture => "enroll leads or stop their mail",
            Self::Segment => "ask for segments or keep them",
            Self::Campaign => "run campaigns or pause the mail",
            Self::ManageTeam => "manage the team",
        }
    }
}

/// The name a member goes by in commands and rows: lower-case, unique.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Handle(String);

impl Handle {
    /// Makes the handle of a name: "Ana López" is `ana-lópez`. `None` when nothing is left.
    pub fn of(name: &str) -> Option<Self> {
        let mut handle = String::new();
        for c in name.trim().trim_start_matches('@').chars().flat_map(char::to_lowercase) {
            match c {
                c if c.is_alphanumeric() || c == '.' || c == '_' => handle.push(c),
                _ if handle.is_empty() || handle.ends_with('-') => {}
                _ => handle.push('-'),
            }
        }
        let handle = handle.trim_end_matches('-');
        (!handle.is_empty() && handle.chars().count() <= 60).then(|| Self(handle.to_owned()))
    }

    /// As it stands in rows.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A name for people, where only the handle is at hand: "ana" is "Ana".
    pub fn name(&self) -> String {
        self.0
            .split('-')
            .map(|part| {
                let mut chars = part.chars();
                chars.next().map(|c| c.to_uppercase().chain(chars).collect::<String>()).unwrap_or_default()
            })
            .collect::<Vec<_>>()
            .join(" ")
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One person of the team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Ours.
    pub id: MemberId,
    /// The name in commands and rows.
    pub handle: Handle,
    /// The name for people.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Whether they still belong to the team.
    pub active: bool,
}

impl Member {
    /// Whether this member may do a thing; the refusal says who can.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`] when the role does not have it, or the member has left.
    pub fn may(&self, deed: Deed) -> Result<(), Refusal> {
        if self.active && deed.roles().contains(&self.role) {
            return Ok(());
        }
        Err(Refusal::NotAllowed { role: self.role, deed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_lower_case_and_without_blanks() {
        assert_eq!(Handle::of(" @Ana  López ").unwrap().as_str(), "ana-lópez");
        assert_eq!(Handle::of("ana").unwrap().name(), "Ana");
        assert_eq!(Handle::of(" !! "), None);
    }

    #[test]
    fn an_admin_may_do_everything_and_a_viewer_only_look() {
        for deed in Deed::ALL {
            assert!(deed.roles().contains(&Role::Admin));
            assert_eq!(deed.roles().contains(&Role::Viewer), deed == Deed::Look);
        }
    }
}
