//! A wall: a channel on a platform that shows cards, the same on every platform alike.

use crate::card::Card;
use async_trait::async_trait;
use rekindle_core::chat::Platform;
use std::{fmt::Debug, sync::Arc, time::Duration};
use uuid::Uuid;

/// A channel on a platform that shows cards.
#[async_trait]
pub trait Wall: Send + Sync + Debug {
    /// The name of the destination: "console", "slack:TEAM/CHANNEL", "discord:GUILD/CHANNEL".
    fn name(&self) -> &str;

    /// Posts a card that this place does not hold yet; the message that holds it now. `nonce` is the same at each try.
    async fn post(&self, nonce: Uuid, card: &Card, words: &str) -> Result<String, Trouble>;

    /// Lets a message show a card as it stands now.
    async fn edit(&self, message: &str, card: &Card, words: &str) -> Result<(), Trouble>;

    /// Looks for a message that was posted with this nonce and whose answer was lost; `under` the message that it answers.
    async fn find(&self, nonce: Uuid, under: Option<&str>) -> Result<Option<String>, Trouble>;

    /// Says news of the house, without a card; the message. `nonce` is the same at each try.
    async fn say(&self, nonce: Uuid, words: &str) -> Result<String, Trouble>;

    /// Says under the message that holds their card what a lead wrote; the message. `nonce` is the same at each try.
    async fn quote(&self, nonce: Uuid, under: &str, quote: &Quote) -> Result<String, Trouble>;
}

/// What a lead wrote, plain: no platform's markup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// Who wrote, and on what: one line.
    pub intro: String,
    /// What they wrote, on lines of its own.
    pub said: String,
}

/// Why a platform did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// Try again, after this long at least: rate limit, 5xx, no connection (nothing was posted).
    #[error("not now: {why}")]
    Later {
        /// As the platform says.
        after: Option<Duration>,
        /// Why.
        why: String,
    },
    /// It may have been posted: the answer was lost (time-out after the request was written).
    #[error("nobody knows whether it was posted: {why}")]
    Unknown {
        /// Why.
        why: String,
    },
    /// The message is gone: deleted by somebody. A new one is posted.
    #[error("the message is gone")]
    Gone,
    /// This place takes nothing more until an admin mends it: archived, token revoked, kicked out. Stops this destination;
    /// the team is told once, in the console and on every other platform.
    #[error("broken: {why}")]
    Broken {
        /// Why, and what would mend it.
        why: String,
    },
    /// This one card is not taken as it is (a bug of ours): logged, does not hold up others.
    #[error("refused: {why}")]
    Refused {
        /// Why.
        why: String,
    },
}

/// How fast a place may be written to: so many at once, and one more each `every`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// At once.
    pub burst: u32,
    /// How long until one more.
    pub every: Duration,
}

/// A wall, and what belongs on it.
#[derive(Debug, Clone)]
pub struct Destination {
    /// The wall.
    pub wall: Arc<dyn Wall>,
    /// On which platform.
    pub platform: Platform,
    /// The word by which the routing of the playbook names the channel; `None` shows all that there is.
    pub channel: Option<String>,
    /// How fast it may be written to; `None` is as fast as we can.
    pub pace: Option<Pace>,
}

impl Destination {
    /// Whether the routing means this channel by `word`. Marketers may write a channel with its "#".
    pub fn is_called(&self, word: &str) -> bool {
        let bare = |word: &str| word.trim_start_matches('#').to_lowercase();
        self.channel.as_ref().is_none_or(|channel| bare(channel) == bare(word))
    }
}
