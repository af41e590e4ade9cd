//! What can be wrong with one item, as a code for scripts and in words for people.

use super::call::{DEPTH_LIMIT, ID_LIMIT, ITEM_LIMIT, sender_id};
use rekindle_core::{arrival::Quarantined, email::EmailError, nearest::did_you_mean, time::Moment};

/// The types that an item of a batch may have.
const TYPES: [&str; 6] = ["track", "page", "screen", "identify", "group", "alias"];
/// The most characters of a foreign word that an answer repeats.
const REPEATED: usize = 60;

/// Why an item is not stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It tells nobody's id.
    #[error("nobody is named: give \"userId\" or \"anonymousId\"")]
    NoId,
    /// It tells only an address, and that one is no address.
    #[error("nobody is named: {0}, and there is no \"userId\" or \"anonymousId\"")]
    OnlyBadEmail(EmailError),
    /// An alias that lacks one of its two ids.
    #[error("an alias needs two ids: \"previousId\" and \"userId\"")]
    HalfAlias,
    /// A group that is not named.
    #[error("a group needs the id of the group: \"groupId\"")]
    NoGroup,
    /// A track without a name.
    #[error("the event has no name: give \"event\", for example \"Signed Up\"")]
    NoEvent,
    /// More bytes than an item may have.
    #[error("the item is larger than {} KB", ITEM_LIMIT / 1024)]
    TooLarge,
    /// Brackets in brackets.
    #[error("the item is nested more than {DEPTH_LIMIT} levels deep")]
    TooDeep,
    /// An id or a name that goes on and on.
    #[error("\"{0}\" has more than {ID_LIMIT} characters")]
    TooLong(&'static str),
    /// A field of another type than it must have.
    #[error("\"{field}\" must be {wanted}")]
    BadType {
        /// Which.
        field: &'static str,
        /// What it must be.
        wanted: &'static str,
    },
    /// The item is no object.
    #[error(
        "the item is not an object; write for example {{\"type\": \"track\", \"userId\": \"42\", \"event\": \"Signed Up\"}}"
    )]
    NotObject,
    /// An item of a batch that does not say what it is.
    #[error("the item has no \"type\"; known are {}", TYPES.join(", "))]
    NoType,
    /// Or says something else.
    #[error("there is no type \"{}\"{}", cut(.0, REPEATED), did_you_mean(.0, TYPES))]
    UnknownType(String),
    /// The character NUL, which no database of ours keeps.
    #[error("the item has the character NUL (\\u0000) in it")]
    Nul,
    /// JSON by its brackets, but not by what is in them.
    #[error("the item cannot be read: {0}")]
    Unreadable(String),
}

impl Fault {
    /// For scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoId | Self::OnlyBadEmail(_) | Self::HalfAlias | Self::NoGroup => "no_id",
            Self::NoEvent => "no_event",
            Self::TooLarge => "too_large",
            Self::TooDeep => "too_deep",
            Self::TooLong(_) => "too_long",
            Self::BadType { .. } | Self::NotObject | Self::NoType | Self::UnknownType(_) => "bad_type",
            Self::Nul => "nul",
            Self::Unreadable(_) => "unreadable",
        }
    }

    /// The item, with the reason, as it goes to quarantine. Neither text can hold a NUL: raw JSON has
    /// it only escaped, and from the id it is taken out.
    pub fn quarantine(&self, source: &str, payload: &str, wall: Moment) -> Quarantined {
        let id = sender_id(payload).map(|id| cut(&id.replace('\0', ""), ID_LIMIT));
        Quarantined {
            source: source.to_owned(),
            message_id: id.filter(|id| !id.is_empty()),
            code: self.code().to_owned(),
            reason: self.to_string(),
            payload: kept(payload).to_owned(),
            at: wall,
        }
    }
}

/// As much of a payload as the quarantine keeps: as many bytes as a good item may have.
fn kept(payload: &str) -> &str {
    &payload[..payload.floor_char_boundary(ITEM_LIMIT)]
}

fn cut(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}
