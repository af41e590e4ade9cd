//! `[slack]` and `[discord]`: which chats there are beside the console, and what opens them.

use super::values;
use rekindle_core::{chat::Secret, team::Role};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Slack; none without a `bot_token`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slack {
    /// What we speak with: "xoxb-…".
    #[serde(deserialize_with = "values::slack_bot_token")]
    pub bot_token: Option<Secret>,
    /// What we open a socket with: "xapp-…".
    #[serde(deserialize_with = "values::slack_app_token")]
    pub app_token: Option<Secret>,
    /// What Slack signs its requests with.
    #[serde(deserialize_with = "values::secret")]
    pub signing_secret: Option<Secret>,
    /// How Slack reaches us.
    #[serde(deserialize_with = "values::slack_transport")]
    pub transport: SlackTransport,
    /// The ids of the workspaces that are let in.
    #[serde(deserialize_with = "values::ids")]
    pub workspaces: Vec<String>,
    /// The id of the channel that each channel of the routing is.
    #[serde(deserialize_with = "values::channels")]
    pub channels: BTreeMap<String, String>,
    /// The user groups, by id or handle, that give a role.
    #[serde(deserialize_with = "values::roles")]
    pub roles: BTreeMap<String, Role>,
    /// Where Slack is, in tests; `None` is Slack.
    #[serde(deserialize_with = "values::api_url")]
    pub api_url: Option<String>,
}

/// How Slack reaches us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlackTransport {
    /// Through a socket that we open.
    Socket,
    /// At our public address.
    Http,
}

/// Discord; none without a `token`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Discord {
    /// What we speak with.
    #[serde(deserialize_with = "values::secret")]
    pub token: Option<Secret>,
    /// The id of the application.
    #[serde(deserialize_with = "values::text")]
    pub application_id: Option<String>,
    /// What Discord signs its requests with: a public key, in hex.
    #[serde(deserialize_with = "values::text")]
    pub public_key: Option<String>,
    /// How Discord reaches us.
    #[serde(deserialize_with = "values::discord_transport")]
    pub transport: DiscordTransport,
    /// The ids of the guilds that are let in.
    #[serde(deserialize_with = "values::ids")]
    pub guilds: Vec<String>,
    /// The id of the channel that each channel of the routing is.
    #[serde(deserialize_with = "values::channels")]
    pub channels: BTreeMap<String, String>,
    /// The roles of the server, by id, that give a role here.
    #[serde(deserialize_with = "values::roles")]
    pub roles: BTreeMap<String, Role>,
    /// Where Discord is, in tests; `None` is Discord.
    #[serde(deserialize_with = "values::api_url")]
    pub api_url: Option<String>,
}

/// How Discord reaches us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiscordTransport {
    /// Through a socket that we open.
    Gateway,
    /// At our public address.
    Http,
}

/// What is missing beside what there is: the setting, and why it is needed.
pub(super) fn missing(slack: &Slack, discord: &Discord) -> Vec<(&'static str, String)> {
    let mut missing = Vec::new();
    let mut want = |there: bool, setting, why: &str| {
        if !there {
            missing.push((setting, format!("{setting} is missing: {why}")));
        }
    };
    if slack.bot_token.is_some() {
        want(
            !slack.workspaces.is_empty(),
            "slack.workspaces",
            "name the workspace that is let in, such as [\"T0123ABCD\"]; nobody else is",
        );
        match slack.transport {
            SlackTransport::Socket => want(
                slack.app_token.is_some(),
                "slack.app_token",
                "the socket is opened with an app-level token (xapp-…)",
            ),
            SlackTransport::Http => want(
                slack.signing_secret.is_some(),
                "slack.signing_secret",
                "without it nobody can tell Slack's requests from others",
            ),
        }
    }
    if discord.token.is_some() {
        want(
            !discord.guilds.is_empty(),
            "discord.guilds",
            "name the guild (server) that is let in by its id; nobody else is",
        );
        want(
            discord.application_id.is_some(),
            "discord.application_id",
            "answers and commands are addressed by it",
        );
        if discord.transport == DiscordTransport::Http {
            want(
                discord.public_key.is_some(),
                "discord.public_key",
                "without it nobody can tell Discord's requests from others",
            );
        }
    }
    missing
}
