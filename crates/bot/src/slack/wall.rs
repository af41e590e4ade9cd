//! A channel of Slack as a wall.

use super::{
    api::{Api, CARD_EVENT, harmless, metadata},
    render::{self, Rendered},
};
use crate::{
    card::Card,
    wall::{Quote, Trouble, Wall},
};
use async_trait::async_trait;
use serde_json::{Value, json};
use uuid::Uuid;

/// How many pages of the channel are looked through for a card whose answer was lost.
const PAGES: usize = 5;

/// A channel of Slack.
#[derive(Debug)]
pub(super) struct SlackWall {
    name: String,
    channel: String,
    api: Api,
}

impl SlackWall {
    /// A channel by its id.
    pub(super) fn new(team: &str, channel: &str, api: Api) -> Self {
        Self { name: format!("slack:{team}/{channel}"), channel: channel.to_owned(), api }
    }

    /// Posts a message that can be found again by its nonce; what Slack calls it.
    async fn send(&self, nonce: Uuid, mut message: Value) -> Result<String, Trouble> {
        message["metadata"] = metadata(nonce);
        let posted = self.api.call("chat.postMessage", &message).await?;
        let ts = posted.get("ts").and_then(Value::as_str);
        ts.map(str::to_owned).ok_or_else(|| Trouble::Unknown { why: "Slack names no message".to_owned() })
    }

    /// A message to this channel: nothing in it is looked up, linked or unfolded.
    fn message(&self, rendered: &Rendered) -> Value {
        json!({
            "channel": self.channel,
            "text": rendered.text,
            "blocks": rendered.blocks,
            "parse": "none",
            "link_names": false,
            "unfurl_links": false,
            "unfurl_media": false,
        })
    }
}

#[async_trait]
impl Wall for SlackWall {
    fn name(&self) -> &str {
        &self.name
    }

    async fn post(&self, nonce: Uuid, card: &Card, words: &str) -> Result<String, Trouble> {
        self.send(nonce, self.message(&render::card(card, words))).await
    }

    async fn edit(&self, message: &str, card: &Card, words: &str) -> Result<(), Trouble> {
        let mut edited = self.message(&render::card(card, words));
        edited["ts"] = Value::from(message);
        self.api.call("chat.update", &edited).await.map(drop).map_err(harmless)
    }

    /// Looks for the nonce among what was posted since it was drawn, in the channel or in the thread under a message
    /// (<https://docs.slack.dev/reference/methods/conversations.history>, and conversations.replies). An app without the scope
    /// for it posts again.
    async fn find(&self, nonce: Uuid, under: Option<&str>) -> Result<Option<String>, Trouble> {
        let wanted = nonce.to_string();
        let drawn = nonce.get_timestamp().map_or(0, |drawn| drawn.to_unix().0);
        let oldest = drawn.saturating_sub(60).to_string();
        let mut cursor = String::new();
        for _ in 0..PAGES {
            let mut query = vec![
                ("channel", self.channel.as_str()),
                ("oldest", &oldest),
                ("limit", "100"),
                ("include_all_metadata", "true"),
                ("cursor", &cursor),
            ];
            let method = if under.is_some() { "conversations.replies" } else { "conversations.history" };
            query.extend(under.map(|under| ("ts", under)));
            let page = match self.api.get(method, &query).await.map_err(harmless) {
                Err(Trouble::Broken { why }) if why.starts_with("missing_scope") => {
                    tracing::warn!(
                        wall = self.name,
                        "without the scope channels:history a card whose answer was lost is posted twice"
                    );
                    return Ok(None);
                }
                page => page?,
            };
            let messages = page.get("messages").and_then(Value::as_array).into_iter().flatten();
            for message in messages {
                let is_ours = message
                    .pointer("/metadata/event_type")
                    .is_some_and(|event| event == CARD_EVENT)
                    && message.pointer("/metadata/event_payload/nonce").is_some_and(|nonce| *nonce == wanted);
                if let Some(ts) = message.get("ts").and_then(Value::as_str).filter(|_| is_ours) {
                    return Ok(Some(ts.to_owned()));
                }
            }
            match page.pointer("/response_metadata/next_cursor").and_then(Value::as_str) {
                Some(next) if !next.is_empty() => cursor = next.to_owned(),
                _ => return Ok(None),
            }
        }
        Ok(None)
    }

    async fn say(&self, nonce: Uuid, words: &str) -> Result<String, Trouble> {
        self.send(nonce, render::words(&self.channel, words)).await
    }

    /// In the thread under the card.
    async fn quote(&self, nonce: Uuid, under: &str, quote: &Quote) -> Result<String, Trouble> {
        let mut message = self.message(&render::quote(quote));
        message["thread_ts"] = Value::from(under);
        self.send(nonce, message).await
    }
}
