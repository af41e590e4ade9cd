//! Discord tells a member alone: a direct message of the bot to them.

use super::{render, rest::Rest};
use crate::{teller::Ear, wall::Trouble};
use async_trait::async_trait;
use rekindle_core::chat::Platform;
use rekindle_storage::notices::Untold;
use serenity::all::UserId;

/// The direct messages of the bot.
#[derive(Debug)]
pub(super) struct DiscordEar(pub(super) Rest);

#[async_trait]
impl Ear for DiscordEar {
    fn platform(&self) -> Platform {
        Platform::Discord
    }

    /// Opens the talk with them, which is the same each time, and writes into it. Within some minutes, the same
    /// notice is written once, however often it is sent.
    async fn tell(&self, untold: &Untold) -> Result<(), Trouble> {
        let user = untold.user.as_ref().and_then(|user| user.id.parse::<UserId>().ok());
        let user = user.ok_or_else(|| Trouble::Refused { why: "nobody on Discord is meant".to_owned() })?;
        let channel = self.0.open_direct(user).await?;
        let message = render::notice(&untold.notice.text, render::nonce_of(untold.id));
        self.0.post(channel, &message).await.map(drop)
    }
}
