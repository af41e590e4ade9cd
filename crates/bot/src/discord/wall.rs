//! A channel of a guild as a wall.

use super::{
    render::{self, nonce_of},
    rest::Rest,
};
use crate::{
    card::Card,
    wall::{Quote, Trouble, Wall},
};
use async_trait::async_trait;
use serenity::all::{ChannelId, MessageId, MessageReference};
use uuid::Uuid;

/// A channel that shows cards.
#[derive(Debug)]
pub(super) struct DiscordWall {
    name: String,
    channel: ChannelId,
    rest: Rest,
    public_url: String,
}

impl DiscordWall {
    /// A channel of a guild.
    pub(super) fn new(guild: u64, channel: u64, rest: Rest, public_url: String) -> Self {
        let name = format!("discord:{guild}/{channel}");
        Self { name, channel: ChannelId::new(channel.max(1)), rest, public_url }
    }
}

fn message_id(message: &str) -> Result<MessageId, Trouble> {
    message.parse().map_err(|_| Trouble::Gone)
}

#[async_trait]
impl Wall for DiscordWall {
    fn name(&self) -> &str {
        &self.name
    }

    async fn post(&self, nonce: Uuid, card: &Card, words: &str) -> Result<String, Trouble> {
        let message = render::message(card, words, nonce_of(nonce), &self.public_url);
        self.rest.post(self.channel, &message).await.map(|id| id.to_string())
    }

    async fn edit(&self, message: &str, card: &Card, words: &str) -> Result<(), Trouble> {
        let edited = render::edited(card, words, &self.public_url);
        self.rest.edit(self.channel, message_id(message)?, &edited).await
    }

    async fn find(&self, nonce: Uuid, _: Option<&str>) -> Result<Option<String>, Trouble> {
        let nonce = nonce_of(nonce);
        let newest = self.rest.newest(self.channel).await?;
        let found = newest.iter().find(|message| render::was_posted_with(message, &nonce));
        Ok(found.and_then(|message| message["id"].as_str()).map(str::to_owned))
    }

    async fn say(&self, nonce: Uuid, words: &str) -> Result<String, Trouble> {
        let message = render::news(words, nonce_of(nonce), &self.public_url);
        self.rest.post(self.channel, &message).await.map(|id| id.to_string())
    }

    /// As an answer to the card, in the channel, where it can be found again.
    async fn quote(&self, nonce: Uuid, under: &str, quote: &Quote) -> Result<String, Trouble> {
        let card = MessageReference::from((self.channel, message_id(under)?)).fail_if_not_exists(false);
        let message = render::quote(quote, nonce_of(nonce), &self.public_url).reference_message(card);
        self.rest.post(self.channel, &message).await.map(|id| id.to_string())
    }
}
