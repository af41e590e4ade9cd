//! One thing a lead did, with the time it happened.

use crate::{ids::ActivityId, time::Moment};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// What kind of call or door an activity came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// `POST /v1/track`: something with a name.
    Track,
    /// `POST /v1/page`: a page of the web site.
    Page,
    /// `POST /v1/screen`: a screen of the app.
    Screen,
    /// `POST /v1/identify`: who they are.
    Identify,
    /// `POST /v1/group`: where they work.
    Group,
    /// `POST /v1/alias`: two ids, one person.
    Alias,
    /// A link, page or button of one of our own mails.
    Mail,
    /// A row of an import.
    Import,
    /// A step of a sequence.
    Plan,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 9] = [
        Self::Track,
        Self::Page,
        Self::Screen,
        Self::Identify,
        Self::Group,
        Self::Alias,
        Self::Mail,
        Self::Import,
        Self::Plan,
    ];

    /// The word used in tables and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::Page => "page",
            Self::Screen => "screen",
            Self::Identify => "identify",
            Self::Group => "group",
            Self::Alias => "alias",
            Self::Mail => "mail",
            Self::Import => "import",
            Self::Plan => "plan",
        }
    }

    /// The kind a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.word() == word)
    }
}

/// The names that Rekindle itself gives.
pub mod names {
    /// A page call.
    pub const PAGE: &str = "Page Viewed";
    /// A screen call.
    pub const SCREEN: &str = "Screen Viewed";
    /// An identify call.
    pub const IDENTIFIED: &str = "Identified";
    /// A group call.
    pub const GROUPED: &str = "Grouped";
    /// An alias call.
    pub const ALIASED: &str = "Aliased";
    /// A row of an import.
    pub const IMPORTED: &str = "Imported";
    /// A link of a mail was followed, and no machine did it.
    pub const CLICKED: &str = "Mail Clicked";
    /// The picture of a mail was loaded, by whom or what ever.
    pub const OPENED: &str = "Mail Opened";
    /// A sequence gave points.
    pub const GIVEN: &str = "Points Given";
    /// The survey was answered.
    pub const ANSWERED: &str = "Survey Answered";
    /// Whoever answered that they are the wrong person said who is the right one.
    pub const COLLEAGUE: &str = "Colleague Named";
    /// The offer was taken.
    pub const ACCEPTED: &str = "Offer Accepted";
    /// The code of the offer was used.
    pub const REDEEMED: &str = "Offer Redeemed";
    /// They answered a mail in words of their own.
    pub const REPLIED: &str = "Mail Replied";
    /// They asked us to stop.
    pub const UNSUBSCRIBED: &str = "Unsubscribed";
    /// A form was filled in, by whoever had the address.
    pub const SUBMITTED: &str = "Form Submitted";
    /// Whoever reads the mailbox said that it was them.
    pub const CONFIRMED: &str = "Subscription Confirmed";
    /// They objected to mail and to being profiled.
    pub const OBJECTED: &str = "Objected";
    /// They said how they want to be written to. No sign of interest, and so not counted as a person's.
    pub const PREFERRED: &str = "Preferences Changed";

    /// Track names that a machine sends: Segment's mail events, which no person surely did.
    /// Source: Segment spec, "Email Events".
    pub const BY_MACHINES: [&str; 4] =
        ["Email Delivered", "Email Opened", "Email Bounced", "Email Marked as Spam"];
}

/// Whether the sender of an activity could have been anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trust {
    /// Came with a secret: a server key, an import, a link of our mail.
    Server,
    /// Came with a key that stands in a page's source.
    Browser,
}

/// One thing a lead did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Activity {
    /// Ours.
    pub id: ActivityId,
    /// The write key's name, `mail` or `import`.
    pub source: String,
    /// The sender's id of it, unique within the source.
    pub message_id: String,
    /// The kind of call.
    pub kind: Kind,
    /// What it is called: the event's name, or one of [`names`].
    pub name: String,
    /// The page's path, for pages and for tracks that name one.
    pub path: Option<String>,
    /// When it happened (calendar), corrected for the sender's clock.
    pub at: Moment,
    /// What else the sender told.
    pub properties: Map<String, Value>,
    /// Whether a person surely did it.
    pub human: bool,
    /// Whether anybody could have sent it.
    pub trust: Trust,
}

impl Activity {
    /// Whether an activity of this kind and name is one that a person surely did.
    pub fn is_human(kind: Kind, name: &str) -> bool {
        match kind {
            Kind::Track => !names::BY_MACHINES.contains(&name),
            Kind::Mail => ![names::OPENED, names::PREFERRED].contains(&name),
            Kind::Page | Kind::Screen => true,
            Kind::Identify | Kind::Group | Kind::Alias | Kind::Import | Kind::Plan => false,
        }
    }

    /// Whether a machine did what else people do: found out at once, or when it had counted.
    pub fn is_of_a_machine(&self) -> bool {
        !self.human && Self::is_human(self.kind, &self.name)
    }

    /// The order in which things happened, the same however they were told.
    pub fn in_order(&self) -> (Moment, &str, &str) {
        (self.at, &self.source, &self.message_id)
    }

    /// What an answer to a survey is worth, or what a sequence gave, as the playbook said.
    pub fn given_points(&self) -> Option<i32> {
        let is_given = matches!(
            (self.kind, self.name.as_str()),
            (Kind::Mail, names::ANSWERED) | (Kind::Plan, names::GIVEN)
        );
        is_given.then(|| self.properties.get("points")?.as_i64()?.try_into().ok()).flatten()
    }

    /// Whether a link of a mail was followed.
    pub fn is_click(&self) -> bool {
        self.kind == Kind::Mail && self.name == names::CLICKED
    }

    /// Whether this page is meant by a pattern such as `/pricing*`.
    pub fn is_at(&self, pattern: &str) -> bool {
        self.path.as_deref().is_some_and(|path| wildcard(pattern, path))
    }
}

/// A path as browsers send it: what is no ASCII stands in it as percent and number (RFC 3986, 2.1), "/%C3%BCber-uns".
pub fn as_sent(path: &str) -> Cow<'_, str> {
    if path.is_ascii() {
        return Cow::Borrowed(path);
    }
    let mut sent = String::with_capacity(path.len() * 2);
    for byte in path.bytes() {
        match byte.is_ascii() {
            true => sent.push(char::from(byte)),
            false => sent.push_str(&format!("%{byte:02X}")),
        }
    }
    Cow::Owned(sent)
}

/// A pattern of paths in the letters in which they may stand: [`as_sent`], and as people read them, for so they were kept once.
pub fn spellings(pattern: &str) -> Vec<String> {
    let mut spellings = vec![as_sent(pattern).to_ascii_lowercase(), pattern.to_ascii_lowercase()];
    spellings.dedup();
    spellings
}

/// Whether a path matches `pattern`, in which `*` stands for anything. The case of ASCII letters counts for nothing; others may be
/// written in the pattern as people read them.
pub fn wildcard(pattern: &str, path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    spellings(pattern).iter().any(|pattern| matches(pattern, &path))
}

fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.len() >= last.len() && rest.ends_with(last)
}

/// A person did it, says somebody with a secret.
#[cfg(test)]
pub(crate) fn did(name: &str, at: Moment) -> Activity {
    Activity {
        id: ActivityId(uuid::Uuid::from_u128(at.timestamp_micros() as u128)),
        source: "test".to_owned(),
        message_id: at.to_rfc3339(),
        kind: Kind::Track,
        name: name.to_owned(),
        path: None,
        at,
        properties: Map::new(),
        human: true,
        trust: Trust::Server,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, meant) in [
            ("/pricing*", "/pricing", true),
            ("/pricing*", "/Pricing/enterprise", true),
            ("/pricing*", "/docs/pricing", false),
            ("/pricing", "/pricing/x", false),
            ("*/pricing", "/de/pricing", true),
            ("/a*b*c", "/a-b-b-c", true),
            ("/a*b", "/ab", true),
            ("/ab*ab", "/ab", false),
            ("*", "", true),
        ] {
            assert_eq!(wildcard(pattern, &as_sent(text)), meant, "{pattern} on {text}");
        }
    }
}
