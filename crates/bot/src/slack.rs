//! Slack: cards in its channels, commands and presses from them, through a socket or over HTTP.
//!
//! In reading order: `render` (a card as blocks), `wall` (a channel that shows cards), `read` (what came), `edge` (kept and
//! acknowledged), `voice` (answered), `modal` (what a button asks in words), `ear` (one member is told alone), `home` (what each member has, in a tab of their own), `unfurl` (links to leads), `user_groups` (roles that groups give); `http` and `socket` are the transports, `api` the calls.

mod api;
mod ear;
mod edge;
mod examine;
mod home;
mod http;
mod manifest;
mod modal;
mod read;
mod render;
mod socket;
mod unfurl;
mod user_groups;
mod voice;
mod wall;

pub use manifest::{Reached, manifest};

use crate::{
    doctor::Finding,
    groups::Groups,
    inbound::{Inbound, Voice},
    teller::Ear,
    wall::{Destination, Pace},
};
use api::Api;
use axum::Router;
use edge::Edge;
use rekindle_core::chat::{Platform, Secret};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;
use wall::SlackWall;

/// About one message a second in a channel; short bursts are taken
/// (<https://docs.slack.dev/apis/web-api/rate-limits>).
const PACE: Pace = Pace { burst: 4, every: Duration::from_millis(1200) };

/// What there is to know about a workspace.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What we speak with: "xoxb-…".
    pub bot_token: Secret,
    /// How Slack reaches us.
    pub transport: Transport,
    /// The ids of the workspaces that are let in; the first is the one that the token is from.
    pub workspaces: Vec<String>,
    /// The id of the channel that each channel of the routing is.
    pub channels: BTreeMap<String, String>,
    /// The user groups that give a role.
    pub roles: Groups,
    /// What stands in for Slack; `None` is Slack.
    pub api_url: Option<String>,
    /// How long Slack has to answer; `None` is as long as is usual.
    pub patience: Option<Duration>,
}

/// How Slack reaches us.
#[derive(Debug, Clone)]
pub enum Transport {
    /// Through a socket, opened with this token: "xapp-…".
    Socket(Secret),
    /// At our public address; requests are signed with this secret.
    Http(Secret),
}

/// Slack, as the settings have it.
#[derive(Debug, Clone)]
pub struct Slack {
    settings: Settings,
    api: Api,
    edge: Edge,
}

impl Slack {
    /// Slack; nobody is reached yet.
    ///
    /// # Errors
    /// When this machine has no certificates to know Slack by.
    pub fn new(settings: Settings, inbound: Inbound) -> std::io::Result<Self> {
        let mut api = Api::new(&settings.bot_token, settings.api_url.as_deref())?;
        if let Some(patience) = settings.patience {
            api = api.patient(patience);
        }
        let edge = Edge::new(inbound, api.clone(), &settings);
        Ok(Self { settings, api, edge })
    }

    /// Looks at the tokens, the workspace and the channels; nothing is posted.
    pub async fn examine(&self) -> Vec<Finding> {
        examine::examine(&self.settings, &self.api, self.edge.inbound().store().clock().wall()).await
    }

    /// The channels that show cards.
    pub fn walls(&self) -> Vec<Destination> {
        let Some(team) = self.settings.workspaces.first() else { return Vec::new() };
        let wall = |(word, id): (&String, &String)| Destination {
            wall: Arc::new(SlackWall::new(team, id, self.api.clone())),
            platform: Platform::Slack,
            channel: Some(word.clone()),
            pace: Some(PACE),
        };
        self.settings.channels.iter().map(wall).collect()
    }

    /// The direct messages, in which members are told something alone.
    pub fn ear(&self) -> Arc<dyn Ear> {
        Arc::new(ear::SlackEar(self.api.clone()))
    }

    /// The routes by which Slack reaches us; none where we open a socket.
    pub fn router(&self) -> Router {
        match &self.settings.transport {
            Transport::Http(secret) => http::router(self.edge.clone(), secret),
            Transport::Socket(_) => Router::new(),
        }
    }

    /// Looks after what was left, and listens, until it is told to stop.
    pub async fn listen(self, stop: CancellationToken) {
        let (voice, inbound): (Arc<dyn Voice>, _) = (self.edge.voice(), self.edge.inbound().clone());
        let homes = self.edge.homes();
        let listening = async {
            match self.settings.transport {
                Transport::Socket(token) => socket::listen(self.edge, self.api, token, stop.clone()).await,
                Transport::Http(_) => stop.cancelled().await,
            }
        };
        let (listening, looking) = (listening, inbound.look_after(voice, &stop));
        tokio::select! {
            _ = async { tokio::join!(looking, listening) } => {}
            () = homes.keep() => {}
        }
    }
}
