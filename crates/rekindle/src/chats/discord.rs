//! Discord, as the settings name it: opened for the house, and what is typed about it on the command line.

use super::Chats;
use crate::{
    args,
    config::{self, DiscordTransport},
    exit::{self, Doing, Done, Halt, say},
    house::House,
};
use rekindle_bot::{
    discord::{self, Discord, Reached, Registered, Settings, http::Signature, rest::Rest},
    doctor::Finding,
    groups::Groups,
    inbound::Inbound,
};
use tokio_util::sync::CancellationToken;

/// Opens Discord, where the settings name it.
///
/// # Errors
/// When an id or the key is none, or nothing can be sent from this machine.
pub(super) fn open(
    house: &House,
    inbound: &Inbound,
    stop: &CancellationToken,
    chats: &mut Chats,
) -> Result<(), Halt> {
    let config = &house.config.discord;
    let Some(settings) = settings(house)? else { return Ok(()) };
    let discord = Discord::new(settings, inbound.clone()).doing("set up the connection to Discord")?;
    chats.walls.extend(discord.destinations());
    chats.ears.push(discord.ear());
    let (looking, until) = (discord.clone(), stop.clone());
    chats.tasks.push(Box::pin(async move { looking.look_after(&until).await }));
    match config.transport {
        DiscordTransport::Gateway => {
            let stop = stop.clone();
            chats.tasks.push(Box::pin(async move {
                if let Err(trouble) = discord.listen(stop).await {
                    tracing::error!(%trouble, "Discord is not listened to any more");
                }
            }));
        }
        DiscordTransport::Http => {
            let key = config.public_key.as_deref().unwrap_or_default();
            let signature = Signature::new(key).doing("read discord.public_key")?;
            chats.router = std::mem::take(&mut chats.router).merge(discord.router(signature));
        }
    }
    Ok(())
}

/// Looks at Discord, where the settings name it; nothing is posted.
///
/// # Errors
/// When an id is none, or nothing can be sent from this machine.
pub(super) async fn examine(house: &House, inbound: &Inbound) -> Result<Vec<Finding>, Halt> {
    let Some(settings) = settings(house)? else { return Ok(Vec::new()) };
    let discord = Discord::new(settings, inbound.clone()).doing("set up the connection to Discord")?;
    let config = &house.config.discord;
    let reached = match config.transport {
        DiscordTransport::Gateway => Reached::ByGateway,
        DiscordTransport::Http => Reached::OverHttp(config.public_key.clone().unwrap_or_default()),
    };
    Ok(discord.examine(&reached).await)
}

/// Does what is typed after `rekindle discord`.
///
/// # Errors
/// What Discord says, in words.
pub(crate) async fn run(house: &House, what: &args::Discord) -> Done {
    let Some(settings) = settings(house)? else {
        return Err(Halt::refused("There is no Discord in the settings: discord.token is empty."));
    };
    match what {
        args::Discord::Invite => exit::data(discord::invite_link(settings.application)),
        args::Discord::Register { global } => {
            let clock = house.store.clock().clone();
            let rest = Rest::new(settings.token, settings.application, settings.api_url, clock)
                .doing("set up the connection to Discord")?;
            let guilds: Vec<Option<u64>> =
                if *global { vec![None] } else { settings.guilds.into_iter().map(Some).collect() };
            for guild in guilds {
                let done =
                    discord::register(&rest, guild).await.doing("register the commands with Discord")?;
                let place = guild.map_or("everywhere".to_owned(), |id| format!("in the server {id}"));
                say(match done {
                    Registered::New => format!("The commands are registered {place}."),
                    Registered::Unchanged => format!("The commands are registered {place} already."),
                });
            }
            Ok(())
        }
    }
}

/// The settings, with ids as Discord has them; none without a token.
fn settings(house: &House) -> Result<Option<Settings>, Halt> {
    let config::Discord { token, application_id, guilds, channels, roles, api_url, .. } =
        &house.config.discord;
    let Some(token) = token else { return Ok(None) };
    let id = |setting: &str, id: &str| {
        id.parse::<u64>().ok().filter(|id| *id > 0).ok_or_else(|| {
            Halt::refused(format!("{setting}: “{id}” is no id of Discord's: those are long numbers."))
        })
    };
    let guilds: Vec<u64> =
        guilds.iter().map(|guild| id("discord.guilds", guild)).collect::<Result<_, _>>()?;
    let channel = |(word, channel): (&String, &String)| Ok((word.clone(), id("discord.channels", channel)?));
    Ok(Some(Settings {
        token: token.clone(),
        application: id("discord.application_id", application_id.as_deref().unwrap_or_default())?,
        guilds,
        channels: channels.iter().map(channel).collect::<Result<_, Halt>>()?,
        roles: Groups::new(
            roles
                .iter()
                .map(|(of, role)| Ok((id("discord.roles", of)?.to_string(), *role)))
                .collect::<Result<_, Halt>>()?,
        ),
        api_url: api_url.clone(),
        public_url: house.config.public_url(),
    }))
}
