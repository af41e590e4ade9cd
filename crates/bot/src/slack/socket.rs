//! Slack through a socket that we open: Socket Mode (<https://docs.slack.dev/apis/events-api/using-socket-mode>).
//!
//! The library reads one frame after another, and acknowledges each when its callback returns: a callback only keeps what
//! came. So nobody's acknowledgement waits for another's work.

use super::{
    api::Api,
    edge::{Ack, Edge},
    read::Door,
};
use axum::http::StatusCode;
use rekindle_core::chat::Secret;
use serde::Serialize;
use serde_json::Value;
use slack_morphism::{
    errors::{SlackClientError, SlackClientProtocolError},
    prelude::*,
};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// How long until it is tried again when the socket cannot be opened.
const AGAIN: u64 = 3;

type Answer<T> = UserCallbackResult<T>;

/// Listens until it is told to stop.
pub(super) async fn listen(edge: Edge, api: Api, app_token: Secret, stop: CancellationToken) {
    let environment = Arc::new(
        SlackClientEventsListenerEnvironment::new(api.client())
            .with_error_handler(unreadable)
            .with_user_state(edge),
    );
    let callbacks = SlackSocketModeListenerCallbacks::new()
        .with_command_events(command)
        .with_interaction_events(interaction)
        .with_push_events(event);
    let config = SlackClientSocketModeConfig::new().with_reconnect_timeout_in_seconds(AGAIN);
    let listener = SlackClientSocketModeListener::new(&config, environment, callbacks);
    if let Err(error) = listener.listen_for(&SlackApiToken::new(app_token.reveal().into())).await {
        tracing::error!(%error, "the socket to Slack cannot be listened to");
        return;
    }
    listener.start().await;
    stop.cancelled().await;
    listener.shutdown().await;
}

async fn command(
    command: SlackCommandEvent,
    _: Arc<SlackHyperClient>,
    state: SlackClientEventsUserState,
) -> Answer<SlackCommandEventResponse> {
    take(Door::Command, &command, &state).await?;
    Ok(SlackCommandEventResponse::new(SlackMessageContent::new()))
}

async fn interaction(
    interaction: SlackInteractionEvent,
    _: Arc<SlackHyperClient>,
    state: SlackClientEventsUserState,
) -> Answer<SlackInteractionResponse> {
    Ok(match take(Door::Interaction, &interaction, &state).await? {
        Ack::Empty => SlackInteractionResponse::Empty,
        Ack::Faults(errors) => {
            let errors = serde_json::from_value(errors).unwrap_or_default();
            SlackViewSubmissionResponse::Errors(SlackViewSubmissionErrorsResponse::new(errors)).into()
        }
        Ack::Options(options) => {
            SlackBlockSuggestionResponse::Options(serde_json::from_value(options)?).into()
        }
    })
}

async fn event(
    event: SlackPushEventCallback,
    _: Arc<SlackHyperClient>,
    state: SlackClientEventsUserState,
) -> Answer<()> {
    take(Door::Event, &event, &state).await.map(drop)
}

async fn take(door: Door, came: &impl Serialize, state: &SlackClientEventsUserState) -> Answer<Ack> {
    let edge = state.read().await.get_user_state::<Edge>().cloned();
    let Some(edge) = edge else { return Err("the edge is gone".into()) };
    let payload = serde_json::to_value(came)?;
    Ok(edge.take(door, payload).await?)
}

/// What the library could not read we read ourselves, as over HTTP; it is acknowledged meanwhile. What could not be kept is
/// not, and comes again.
fn unreadable(
    error: Box<dyn std::error::Error + Send + Sync>,
    _: Arc<SlackHyperClient>,
    state: SlackClientEventsUserState,
) -> StatusCode {
    // The library hands over what it could not read as it is, or wrapped.
    let unread = match error.downcast_ref::<SlackClientError>() {
        Some(SlackClientError::ProtocolError(wrong)) => Some(wrong),
        Some(error) => {
            tracing::warn!(%error, "the socket to Slack is in trouble");
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        None => error.downcast_ref::<SlackClientProtocolError>(),
    };
    let edge = state.try_read().ok().and_then(|state| state.get_user_state::<Edge>().cloned());
    let (Some(unread), Some(edge)) = (unread, edge) else {
        tracing::error!(%error, "what Slack sent could not be kept");
        return StatusCode::SERVICE_UNAVAILABLE;
    };
    let text = unread.json_body.clone().unwrap_or_else(|| unread.json_error.to_string());
    let inbound = edge.inbound().clone();
    inbound.aside(async move {
        let taken = match opened(&text) {
            Some((door, payload)) => edge.take(door, payload).await.map(drop),
            None => edge.take_unreadable(&text).await,
        };
        if let Err(error) = taken {
            tracing::error!(%error, "what Slack sent could not be kept");
        }
    });
    StatusCode::OK
}

/// What is in an envelope, and through which door it came: the same however often it is sent, which the envelope is not.
fn opened(envelope: &str) -> Option<(Door, Value)> {
    let mut envelope: Value = serde_json::from_str(envelope).ok()?;
    let door = match envelope["type"].as_str()? {
        "slash_commands" => Door::Command,
        "interactive" => Door::Interaction,
        "events_api" => Door::Event,
        _ => return None,
    };
    let payload = envelope["payload"].take();
    payload.is_object().then_some((door, payload))
}
