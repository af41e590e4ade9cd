//! Discord: cards in its channels, buttons and slash commands from its members.
//!
//! - [`render`]: a card as Discord shows it; [`text`] and [`press`] are its words;
//! - [`rest`]: one call of its API, held to its limits; [`wall`]: a channel, written to by such calls;
//! - [`http`] and [`gateway`]: the two ways in which it tells us what members do; both end in the
//!   [`reception`], which lets in who may come, keeps what was [`heard`], and acknowledges it;
//! - [`voice`]: the answer; [`ear`]: what one member is told alone; [`commands`]: slash commands;
//! - [`examine`]: a look at all of it before anything is posted.

pub mod gateway;
pub mod http;
pub mod press;
pub mod reception;
pub mod rest;

mod commands;
mod ear;
mod examine;
mod heard;
mod render;
mod text;
mod voice;
mod wall;

pub use examine::Reached;

use crate::{
    doctor::Finding,
    groups::Groups,
    inbound::{Inbound, Voice},
    teller::Ear,
    wall::{Destination, Pace, Trouble},
};
use axum::Router;
use reception::Reception;
use rekindle_core::chat::{Platform, Secret};
use rest::Rest;
use serenity::all::{ApplicationId, GuildId, Permissions};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// How fast Discord takes messages in one channel.
const PACE: Pace = Pace { burst: 5, every: Duration::from_secs(1) };

/// What the bot needs in its channels: it posts cards there, and finds them again.
const NEEDED: Permissions = Permissions::VIEW_CHANNEL
    .union(Permissions::SEND_MESSAGES)
    .union(Permissions::EMBED_LINKS)
    .union(Permissions::READ_MESSAGE_HISTORY);

/// What Discord has to be told of us, and we of it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The token of the bot, as the developer portal shows it.
    pub token: Secret,
    /// The id of the application.
    pub application: u64,
    /// Our guilds, by id. Nobody of another one is let in.
    pub guilds: Vec<u64>,
    /// Channels by the words that the routing of the playbook has for them; those of the first guild.
    pub channels: BTreeMap<String, u64>,
    /// The roles of the guilds, by id, that give a role of ours.
    pub roles: Groups,
    /// Another server than Discord's own, for tests.
    pub api_url: Option<String>,
    /// Where the team reaches the web pages.
    pub public_url: String,
}

/// Discord, for one bot. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Discord {
    rest: Rest,
    settings: Arc<Settings>,
    reception: Reception,
}

/// What became of a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registered {
    /// The commands are there now.
    New,
    /// They were there already.
    Unchanged,
}

impl Discord {
    /// Discord, whose members' doings end in `inbound`.
    ///
    /// # Errors
    /// When no connection can be set up on this machine.
    pub fn new(settings: Settings, inbound: Inbound) -> Result<Self, reqwest::Error> {
        let clock = inbound.store().clock().clone();
        let base = settings.api_url.clone();
        let rest = Rest::new(settings.token.clone(), settings.application, base, clock)?;
        let (store, public_url) = (inbound.store().clone(), settings.public_url.clone());
        let voice =
            voice::DiscordVoice { rest: rest.clone(), store, public_url, roles: settings.roles.clone() };
        let guilds = settings.guilds.iter().filter(|id| **id > 0).map(|id| GuildId::new(*id)).collect();
        let application = ApplicationId::new(settings.application.max(1));
        let reception = Reception { inbound, voice: Arc::new(voice), application, guilds };
        Ok(Self { rest, settings: Arc::new(settings), reception })
    }

    /// Looks at the token, the servers, the commands and the channels; nothing is posted.
    pub async fn examine(&self, reached: &Reached) -> Vec<Finding> {
        let wall = self.reception.inbound.store().clock().wall();
        examine::examine(&self.settings, &self.rest, reached, wall).await
    }

    /// The channels that show cards.
    pub fn destinations(&self) -> Vec<Destination> {
        let Some(guild) = self.settings.guilds.first() else { return Vec::new() };
        let wall = |(word, channel): (&String, &u64)| Destination {
            wall: Arc::new(wall::DiscordWall::new(
                *guild,
                *channel,
                self.rest.clone(),
                self.settings.public_url.clone(),
            )),
            platform: Platform::Discord,
            channel: Some(word.clone()),
            pace: Some(PACE),
        };
        self.settings.channels.iter().map(wall).collect()
    }

    /// The direct messages, in which members are told something alone.
    pub fn ear(&self) -> Arc<dyn Ear> {
        Arc::new(ear::DiscordEar(self.rest.clone()))
    }

    /// Listens to the gateway until it is told to stop.
    ///
    /// # Errors
    /// [`Trouble::Broken`] when Discord does not know the token.
    pub async fn listen(&self, cancel: CancellationToken) -> Result<(), Trouble> {
        gateway::listen(&self.rest, self.reception.clone(), cancel).await
    }

    /// The endpoint for interactions, where Discord is to tell of them over HTTP.
    pub fn router(&self, signature: http::Signature) -> Router {
        let clock = self.reception.inbound.store().clock().clone();
        http::router(signature, self.reception.clone(), clock)
    }

    /// Looks after what processes that died had in hand, until it is told to stop.
    pub async fn look_after(&self, stop: &CancellationToken) {
        let voice: Arc<dyn Voice> = self.reception.voice.clone();
        self.reception.inbound.look_after(voice, stop).await;
    }
}

/// Registers the slash commands, of a guild or everywhere, where they are not yet as they are here.
///
/// # Errors
/// As Discord says.
pub async fn register(rest: &Rest, guild: Option<u64>) -> Result<Registered, Trouble> {
    let guild = guild.filter(|id| *id > 0).map(GuildId::new);
    let wanted = commands::registration();
    if commands::is_registered(&wanted, &rest.commands(guild).await?) {
        return Ok(Registered::Unchanged);
    }
    rest.register(guild, &wanted).await?;
    Ok(Registered::New)
}

/// Where an admin of a server lets the bot in: with slash commands, and what it needs in its channels.
pub fn invite_link(application: u64) -> String {
    let permissions = NEEDED.bits();
    format!(
        "https://discord.com/oauth2/authorize?client_id={application}&scope=bot%20applications.commands&permissions={permissions}"
    )
}
