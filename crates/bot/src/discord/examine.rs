//! A look at Discord before anything is posted: the token, the application, the servers, the commands, the channels.

use super::{NEEDED, Settings, commands, invite_link, rest::Rest};
use crate::{doctor::Finding, wall::Trouble};
use rekindle_core::time::Moment;
use serde::de::DeserializeOwned;
use serenity::all::{ChannelId, GuildChannel, GuildId, Member, PartialGuild, Route, UserId};

/// Looks at all that the settings name; each finding says what would mend it.
pub(super) async fn examine(
    settings: &Settings,
    rest: &Rest,
    reached: &Reached,
    wall: Moment,
) -> Vec<Finding> {
    let what = "Discord: the token of the bot";
    let bot = match rest.look(Route::UserMe).await {
        Ok(bot) => bot,
        // Without a token that is taken, all others would say the same.
        Err(Trouble::Broken { why }) => {
            let mend = "make a new one (developer portal, Bot, Reset Token), and set discord.token";
            return vec![Finding::wrong(what, format!("{why}: {mend}"))];
        }
        Err(trouble) => return vec![Finding::troubled(what, &trouble)],
    };
    let mut found = vec![Finding::works(what)];
    found.extend(Finding::of_clock("Discord", rest.date().as_deref(), wall));
    found.extend(application(settings, rest, reached).await);
    let bot = bot["id"].as_str().and_then(|id| id.parse().ok());
    let mut servers = Vec::new();
    for id in settings.guilds.iter().filter(|id| **id > 0) {
        let what = format!("Discord: the server {id}");
        match server(rest, GuildId::new(*id), bot).await {
            Ok(server) => {
                found.push(Finding::works(what));
                found.push(registered(rest, *id).await);
                servers.push(server);
            }
            Err(Trouble::Broken { why }) => {
                let link = invite_link(settings.application);
                found.push(Finding::wrong(
                    what,
                    format!("{why}: let the bot in by {link}, or correct discord.guilds"),
                ));
            }
            Err(trouble) => found.push(Finding::troubled(what, &trouble)),
        }
    }
    if !servers.is_empty() {
        let there = |id: &str| {
            servers.iter().any(|server| server.guild.roles.keys().any(|role| role.to_string() == id))
        };
        found.extend(settings.roles.names().map(|id| {
            let what = format!("Discord: the role {id}");
            match there(id) {
                true => Finding::works(what),
                false => Finding::wrong(
                    what,
                    "no server has a role with this id: nobody has a role here by it. Correct [discord.roles]",
                ),
            }
        }));
    }
    if settings.guilds.is_empty() {
        found
            .push(Finding::wrong("Discord: servers", "nobody is let in: name your server in discord.guilds"));
    }
    if settings.channels.is_empty() {
        let why = "no card is shown on Discord: name channels under [discord.channels]";
        found.push(Finding::wrong("Discord: channels", why));
    }
    // Channels are those of the first server; where the bot is not in it, that is what is to be mended.
    let first = servers.iter().find(|server| Some(&server.guild.id.get()) == settings.guilds.first());
    if let Some(server) = first {
        for (word, id) in &settings.channels {
            found.push(channel(rest, server, word, *id).await);
        }
    }
    found
}

/// A server, and what the bot is in it.
struct Server {
    guild: PartialGuild,
    bot: Member,
}

/// How Discord is to reach us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reached {
    /// Through the gateway.
    ByGateway,
    /// At our public address; requests are signed with the key that this public key, in hex, belongs to.
    OverHttp(String),
}

/// Whose token it is, and where interactions go (<https://docs.discord.com/developers/resources/application#application-object>).
async fn application(settings: &Settings, rest: &Rest, reached: &Reached) -> Vec<Finding> {
    let what = format!("Discord: the application {}", settings.application);
    let told = match rest.look(Route::Oauth2ApplicationCurrent).await {
        Ok(told) => told,
        Err(trouble) => return vec![Finding::troubled(what, &trouble)],
    };
    if told["id"].as_str().and_then(|id| id.parse().ok()) != Some(settings.application) {
        let id = told["id"].as_str().unwrap_or("another");
        let why = format!("the token is of the application {id}: set discord.application_id to that");
        return vec![Finding::wrong(what, why)];
    }
    let goes = "Discord: where interactions go";
    let endpoint = told["interactions_endpoint_url"].as_str().filter(|url| !url.is_empty());
    let way = match (reached, endpoint) {
        (Reached::ByGateway, None) => Finding::works(goes),
        (Reached::ByGateway, Some(url)) => Finding::wrong(
            goes,
            format!(
                "to {url}, and none through the gateway: empty the Interactions Endpoint URL (developer portal, General Information)"
            ),
        ),
        (Reached::OverHttp(_), None) => Finding::wrong(
            goes,
            format!(
                "through the gateway, where nobody listens: enter {}/discord/interactions as Interactions Endpoint URL (developer \
                 portal, General Information)",
                settings.public_url.trim_end_matches('/')
            ),
        ),
        (Reached::OverHttp(key), Some(_)) => match told["verify_key"].as_str() {
            Some(theirs) if !theirs.eq_ignore_ascii_case(key.trim()) => Finding::wrong(
                goes,
                "they are signed with another key than discord.public_key: copy the Public Key (developer portal, General Information)",
            ),
            _ => Finding::works(goes),
        },
    };
    vec![Finding::works(what), way]
}

async fn server(rest: &Rest, guild_id: GuildId, bot: Option<UserId>) -> Result<Server, Trouble> {
    let guild = read(rest, Route::Guild { guild_id }).await?;
    let user_id =
        bot.ok_or_else(|| Trouble::Refused { why: "Discord does not say who the bot is".to_owned() })?;
    let bot = read(rest, Route::GuildMember { guild_id, user_id }).await?;
    Ok(Server { guild, bot })
}

/// The commands, of a server or everywhere.
async fn registered(rest: &Rest, guild: u64) -> Finding {
    let what = format!("Discord: the commands in the server {guild}");
    let wanted = commands::registration();
    for of in [Some(GuildId::new(guild)), None] {
        match rest.commands(of).await {
            Ok(there) if commands::is_registered(&wanted, &there) => return Finding::works(what),
            Ok(_) => {}
            Err(trouble) => return Finding::troubled(what, &trouble),
        }
    }
    Finding::wrong(what, "they are not registered as they are now: rekindle discord register")
}

/// A channel: there, of this server, and with all that the bot needs in it
/// (<https://discord.com/developers/docs/topics/permissions#permission-overwrites>).
async fn channel(rest: &Rest, server: &Server, word: &str, id: u64) -> Finding {
    let what = format!("Discord: the channel {id} ({word})");
    let there: GuildChannel = match read(rest, Route::Channel { channel_id: ChannelId::new(id.max(1)) }).await
    {
        Ok(there) => there,
        Err(Trouble::Broken { why }) => {
            let mend = "add the bot to the channel, or correct its id in [discord.channels]";
            return Finding::wrong(what, format!("{why}: {mend}"));
        }
        Err(trouble) => return Finding::troubled(what, &trouble),
    };
    if there.guild_id != server.guild.id {
        return Finding::wrong(what, format!("it is in another server than {}", server.guild.id));
    }
    let lacking = NEEDED - server.guild.user_permissions_in(&there, &server.bot);
    if lacking.is_empty() {
        return Finding::works(what);
    }
    let names = lacking.get_permission_names().join(", ");
    Finding::wrong(
        what,
        format!("the bot may not do this there: {names}. Allow it in the channel's permissions"),
    )
}

async fn read<T: DeserializeOwned>(rest: &Rest, route: Route<'_>) -> Result<T, Trouble> {
    let told = rest.look(route).await?;
    serde_json::from_value(told)
        .map_err(|error| Trouble::Refused { why: format!("Discord's answer cannot be read: {error}") })
}
