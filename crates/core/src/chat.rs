//! Where the team talks, and who somebody is there.

use std::fmt;

/// A platform that the team talks on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Platform {
    /// The built-in console.
    Console,
    /// Slack.
    Slack,
    /// Discord.
    Discord,
}

impl Platform {
    /// All platforms.
    pub const ALL: [Self; 3] = [Self::Console, Self::Slack, Self::Discord];

    /// The word used in rows, in the audit and in names of destinations.
    pub fn word(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::Slack => "slack",
            Self::Discord => "discord",
        }
    }

    /// The platform that a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|platform| platform.word() == word)
    }

    /// As people write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Console => "the console",
            Self::Slack => "Slack",
            Self::Discord => "Discord",
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Somebody as a platform knows them: never more than a claim, until they are linked to a member of the team.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ChatUser {
    /// On which platform.
    pub platform: Platform,
    /// In which workspace or guild, by its id.
    pub workspace: String,
    /// Their id there.
    pub id: String,
}

impl ChatUser {
    /// Reads what an admin writes: "slack:T0123/U0456".
    pub fn parse(text: &str) -> Option<Self> {
        let (platform, rest) = text.trim().split_once(':')?;
        let (workspace, id) = rest.split_once('/')?;
        let is_id =
            |id: &str| !id.is_empty() && id.len() <= 40 && id.chars().all(|c| c.is_ascii_alphanumeric());
        let platform = Platform::from_word(platform).filter(|platform| *platform != Platform::Console)?;
        (is_id(workspace) && is_id(id)).then(|| Self {
            platform,
            workspace: workspace.to_owned(),
            id: id.to_owned(),
        })
    }
}

impl fmt::Display for ChatUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}/{}", self.platform, self.workspace, self.id)
    }
}

/// How it became known who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// The platform has verified an address that is a member's.
    Email,
    /// They came with a one-time link, and were signed in as the member.
    Link,
    /// An admin said so.
    Admin,
    /// They are in a group that gives a role.
    Group,
}

impl How {
    /// The word used in rows.
    pub fn word(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Link => "link",
            Self::Admin => "admin",
            Self::Group => "group",
        }
    }
}

/// A text that opens doors: printed nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one request that carries it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chat_user_is_written_as_it_is_read() {
        let kim = ChatUser::parse(" slack:T01/U02 ").unwrap();
        assert_eq!((kim.platform, kim.workspace.as_str(), kim.id.as_str()), (Platform::Slack, "T01", "U02"));
        assert_eq!(ChatUser::parse(&kim.to_string()), Some(kim));
        for wrong in [
            "T01/U02",
            "slack:T01",
            "slack:/U02",
            "teams:T/U",
            "console:a/b",
            "slack:T 1/U2",
            "slack:T1/U2/x",
        ] {
            assert_eq!(ChatUser::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_secret_is_printed_nowhere() {
        assert_eq!(format!("{:?}", Secret::new("xoxb-1")), "[secret]");
    }
}
