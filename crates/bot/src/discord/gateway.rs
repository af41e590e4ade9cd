//! The gateway: Discord tells of interactions over a connection that we open, so that no public address is needed.
//!
//! serenity keeps the connection: heartbeats, resuming, reconnecting. Interactions come without any intent.
//! Each is answered by a call of the API, in a task of its own: nobody waits behind another's.
//! Source: <https://discord.com/developers/docs/events/gateway>.

use super::{reception::Reception, rest::Rest};
use crate::wall::Trouble;
use async_trait::async_trait;
use serde_json::Value;
use serenity::{
    all::{ClientBuilder, Context, EventHandler, GatewayError, GatewayIntents, Interaction, Ready, Route},
    http::HttpBuilder,
};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// How long after a connection that failed the next one is tried.
const AGAIN: Duration = Duration::from_secs(5);
/// How long Discord may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// Listens until it is told to stop, and connects again when Discord ends the connection for good.
///
/// # Errors
/// [`Trouble::Broken`] when Discord does not know the token: connecting again would only count against it.
pub async fn listen(rest: &Rest, reception: Reception, cancel: CancellationToken) -> Result<(), Trouble> {
    while !cancel.is_cancelled() {
        match once(rest, &reception, &cancel).await {
            Err(trouble @ Trouble::Broken { .. }) => return Err(trouble),
            Err(trouble) => tracing::warn!(?trouble, "the gateway is not there; trying again"),
            Ok(()) => tracing::info!("the gateway ended the connection"),
        }
        tokio::select! {
            () = tokio::time::sleep(AGAIN) => {}
            () = cancel.cancelled() => {}
        }
    }
    Ok(())
}

/// One connection, with all that serenity does to keep it.
async fn once(rest: &Rest, reception: &Reception, cancel: &CancellationToken) -> Result<(), Trouble> {
    // serenity would go to Discord's own gateway if it could not ask for the address; so it is asked for
    // first, nothing is opened without an answer, and the answer is where it goes.
    let told = rest.look(Route::Gateway).await?;
    let Some(address) = told.get("url").and_then(Value::as_str) else {
        return Err(Trouble::Later { after: None, why: "Discord names no gateway".to_owned() });
    };
    let mut http = HttpBuilder::new(rest.token().reveal().trim()).application_id(rest.application());
    if let Some(base) = rest.base() {
        // With its limiter on, serenity would not look at the base, and send the token to Discord itself.
        http = http.proxy(base).ratelimiter_disabled(true);
    }
    let handler = Handler { rest: rest.clone(), reception: reception.clone(), cancel: cancel.clone() };
    let client = ClientBuilder::new_with_http(http.build(), GatewayIntents::empty());
    let mut client = client.event_handler(handler).await.map_err(|error| sorted(&error))?;
    address.clone_into(&mut *client.ws_url.lock().await);
    let shards = Arc::clone(&client.shard_manager);
    tokio::select! {
        ended = client.start() => ended.map_err(|error| sorted(&error)),
        () = cancel.cancelled() => {
            // It ends no connection that it is only trying to open: that one is not waited for, and hangs
            // up by itself (see `ready`).
            if tokio::time::timeout(GOODBYE, shards.shutdown_all()).await.is_err() {
                tracing::debug!("the gateway did not say goodbye");
            }
            Ok(())
        }
    }
}

fn sorted(error: &serenity::Error) -> Trouble {
    match error {
        serenity::Error::Gateway(
            GatewayError::InvalidAuthentication
            | GatewayError::InvalidGatewayIntents
            | GatewayError::DisallowedGatewayIntents,
        ) => Trouble::Broken { why: format!("the gateway refuses the bot: {error}") },
        error => Trouble::Later { after: None, why: error.to_string() },
    }
}

struct Handler {
    rest: Rest,
    reception: Reception,
    cancel: CancellationToken,
}

#[async_trait]
impl EventHandler for Handler {
    async fn ready(&self, context: Context, _: Ready) {
        match self.cancel.is_cancelled() {
            true => context.shard.shutdown_clean(),
            false => tracing::info!("listening to Discord's gateway"),
        }
    }

    async fn interaction_create(&self, _: Context, interaction: Interaction) {
        if self.cancel.is_cancelled() {
            return;
        }
        let (id, token) = (interaction.id(), interaction.token().to_owned());
        let received = self.reception.receive(interaction).await;
        match self.rest.respond(id, &token, &received.answer).await {
            // What was kept is done, also where the acknowledgement was lost.
            Ok(()) | Err(Trouble::Unknown { .. } | Trouble::Gone) => {}
            Err(trouble) => tracing::warn!(%id, %trouble, "an interaction could not be acknowledged"),
        }
        self.reception.begin(received);
    }
}
