//! The reception: lets in what members of our own guilds do, whichever way it came.
//!
//! The guild is taken from what Discord itself says, never from what a member wrote. Where there is none it
//! is a direct message, which has no team; foreign guilds are told no more than that.

use super::render;
use async_trait::async_trait;
use serenity::all::{
    ApplicationId, CreateAutocompleteResponse, CreateInteractionResponse, GuildId, Interaction,
};
use std::{fmt, sync::Arc};

/// Where the interactions that were let in are kept and answered.
#[async_trait]
pub trait Inbox: Send + Sync + fmt::Debug {
    /// Keeps it, once, and gives the first answer, well within the three seconds that Discord waits.
    async fn take(&self, interaction: Interaction) -> CreateInteractionResponse;

    /// Keeps what nobody here can read.
    async fn keep(&self, raw: &[u8]);
}

/// Lets in who may come.
#[derive(Debug, Clone)]
pub struct Reception {
    inbox: Arc<dyn Inbox>,
    application: ApplicationId,
    guilds: Arc<[GuildId]>,
}

const NO_GUILD: &str = "Talk to me in a channel of your team's server; here I cannot know who you are.";
const FOREIGN: &str = "This server is not one that I work for.";

impl Reception {
    /// For the bot of this application, at work in these guilds.
    pub fn new(inbox: Arc<dyn Inbox>, application: u64, guilds: &[u64]) -> Self {
        let guilds = guilds.iter().filter(|id| **id > 0).map(|id| GuildId::new(*id)).collect();
        Self { inbox, application: ApplicationId::new(application.max(1)), guilds }
    }

    /// The first answer to an interaction.
    pub async fn receive(&self, interaction: Interaction) -> CreateInteractionResponse {
        if matches!(interaction, Interaction::Ping(_)) {
            return CreateInteractionResponse::Pong;
        }
        let refused = match interaction.guild_id() {
            None => NO_GUILD,
            Some(guild) if !self.guilds.contains(&guild) => FOREIGN,
            Some(_) if interaction.application_id() != self.application => FOREIGN,
            Some(_) => return self.inbox.take(interaction).await,
        };
        tracing::warn!(id = %interaction.id(), guild = ?interaction.guild_id(), "an interaction was refused");
        match interaction {
            Interaction::Autocomplete(_) => {
                CreateInteractionResponse::Autocomplete(CreateAutocompleteResponse::new())
            }
            _ => CreateInteractionResponse::Message(render::private(refused, "")),
        }
    }

    /// Keeps what cannot be read.
    pub async fn keep(&self, raw: &[u8]) {
        tracing::warn!(bytes = raw.len(), "an interaction cannot be read; it is kept");
        self.inbox.keep(raw).await;
    }
}
