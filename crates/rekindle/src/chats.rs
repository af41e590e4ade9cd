//! The chats that the settings name beside the console: their walls, their routes, and what listens to them.

pub(crate) mod discord;

use crate::{
    config::{self, SlackTransport},
    exit::{Doing, Halt},
    house::House,
    up,
};
use axum::Router;
use rekindle_bot::{
    doctor::Finding,
    groups::Groups,
    inbound::Inbound,
    slack::{self, Slack},
    teller::Ear,
    wall::Destination,
};
use std::{future::Future, pin::Pin, sync::Arc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// What runs until the house is closed.
pub(crate) type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The chats, opened.
#[derive(Default)]
pub(crate) struct Chats {
    /// Where cards are shown.
    pub(crate) walls: Vec<Destination>,
    /// Where members are told something alone.
    pub(crate) ears: Vec<Arc<dyn Ear>>,
    /// Where the platforms reach us; without the sign-in of the team, since each request is signed.
    pub(crate) router: Router,
    /// What listens to the platforms.
    pub(crate) tasks: Vec<Task>,
}

/// Opens the chats that the settings name. Nobody is reached yet: a platform that is away does not keep the house shut.
///
/// # Errors
/// When a platform cannot be spoken with at all, such as without certificates.
pub(crate) fn open(house: &House, inbound: &Inbound, stop: &CancellationToken) -> Result<Chats, Halt> {
    let mut chats = Chats::default();
    if let Some(settings) = slack(&house.config.slack) {
        let slack = Slack::new(settings, inbound.clone()).doing("get ready to speak with Slack")?;
        chats.walls.extend(slack.walls());
        chats.ears.push(slack.ear());
        chats.router = chats.router.merge(slack.router());
        chats.tasks.push(Box::pin(slack.listen(stop.clone())));
    }
    discord::open(house, inbound, stop, &mut chats)?;
    Ok(chats)
}

/// Looks at the chats that the settings name; nothing is posted.
///
/// # Errors
/// When a platform cannot be spoken with at all, such as without certificates.
pub(crate) async fn examine(house: &House) -> Result<Vec<Finding>, Halt> {
    let mut found = Vec::new();
    let desk = up::desk(house);
    let inbound = Inbound::new(house.store.clone(), desk, TaskTracker::new());
    if let Some(settings) = slack(&house.config.slack) {
        let slack = Slack::new(settings, inbound.clone()).doing("get ready to speak with Slack")?;
        found.extend(slack.examine().await);
    }
    found.extend(discord::examine(house, &inbound).await?);
    Ok(found)
}

/// What Slack needs of the settings; `None` without a bot token.
fn slack(config: &config::Slack) -> Option<slack::Settings> {
    let transport = match config.transport {
        SlackTransport::Socket => slack::Transport::Socket(config.app_token.clone()?),
        SlackTransport::Http => slack::Transport::Http(config.signing_secret.clone()?),
    };
    Some(slack::Settings {
        bot_token: config.bot_token.clone()?,
        transport,
        workspaces: config.workspaces.clone(),
        channels: config.channels.clone(),
        roles: Groups::new(config.roles.clone()),
        api_url: config.api_url.clone(),
        patience: None,
    })
}
