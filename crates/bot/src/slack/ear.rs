//! Slack tells a member alone: a direct message of the bot to them.

use super::{
    api::{Api, harmless},
    render::words,
};
use crate::{teller::Ear, wall::Trouble};
use async_trait::async_trait;
use rekindle_core::chat::Platform;
use rekindle_storage::notices::Untold;
use serde_json::{Value, json};

/// The direct messages of a workspace.
#[derive(Debug)]
pub(super) struct SlackEar(pub(super) Api);

#[async_trait]
impl Ear for SlackEar {
    fn platform(&self) -> Platform {
        Platform::Slack
    }

    /// Opens the talk with them, which is the same each time, and writes into it
    /// (<https://docs.slack.dev/reference/methods/conversations.open>).
    async fn tell(&self, untold: &Untold) -> Result<(), Trouble> {
        let Some(user) = &untold.user else {
            return Err(Trouble::Refused { why: "nobody in Slack is meant".to_owned() });
        };
        let opened =
            self.0.call("conversations.open", &json!({ "users": user.id })).await.map_err(harmless)?;
        let Some(channel) = opened.pointer("/channel/id").and_then(Value::as_str) else {
            return Err(Trouble::Refused { why: "Slack names no talk with them".to_owned() });
        };
        self.0.call("chat.postMessage", &words(channel, &untold.notice.text)).await.map(drop)
    }
}
