//! Slack over HTTP: `POST /slack/commands`, `/slack/interactions` and `/slack/events`.
//!
//! Every request is verified over its raw bytes before anything of it is read: Slack's signature, and not older than five
//! minutes (<https://docs.slack.dev/authentication/verifying-requests-from-slack>). A request that cannot be verified is 401,
//! whatever is wrong with it. What cannot be understood is kept and answered 200: Slack would only send it again.

use super::{
    edge::{Ack, Edge},
    read::Door,
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use rekindle_core::chat::Secret;
use serde_json::{Map, Value, json};
use slack_morphism::signature_verifier::{SlackEventSignatureVerifier, SlackEventSignatureVerifierError};
use std::sync::Arc;

/// More is no request of Slack.
const MOST: usize = 1 << 20;

#[derive(Clone)]
struct Http {
    edge: Edge,
    verifier: Arc<SlackEventSignatureVerifier>,
}

/// The routes by which Slack reaches us.
pub(super) fn router(edge: Edge, signing_secret: &Secret) -> Router {
    let verifier = Arc::new(SlackEventSignatureVerifier::new(&signing_secret.reveal().into()));
    Router::new()
        .route("/slack/commands", post(commands))
        .route("/slack/interactions", post(interactions))
        .route("/slack/events", post(events))
        .layer(DefaultBodyLimit::max(MOST))
        .with_state(Http { edge, verifier })
}

async fn commands(State(http): State<Http>, headers: HeaderMap, body: Bytes) -> Response {
    http.answer(&headers, &body, Door::Command, |text| Some(Value::Object(form(text)))).await
}

async fn interactions(State(http): State<Http>, headers: HeaderMap, body: Bytes) -> Response {
    let read = |text: &str| {
        let fields = form(text);
        if fields.contains_key("ssl_check") {
            return Some(Value::Object(fields));
        }
        serde_json::from_str(fields.get("payload")?.as_str()?).ok()
    };
    http.answer(&headers, &body, Door::Interaction, read).await
}

async fn events(State(http): State<Http>, headers: HeaderMap, body: Bytes) -> Response {
    http.answer(&headers, &body, Door::Event, |text| serde_json::from_str(text).ok()).await
}

impl Http {
    async fn answer(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        door: Door,
        read: impl Fn(&str) -> Option<Value>,
    ) -> Response {
        let Some(text) = self.verified(headers, body) else {
            return (StatusCode::UNAUTHORIZED, "This is not signed by Slack.\n").into_response();
        };
        let taken = match read(text) {
            Some(Value::Object(fields)) if fields.get("ssl_check").is_some_and(|check| check == "1") => {
                return StatusCode::OK.into_response();
            }
            Some(payload) if payload.get("type").is_some_and(|kind| kind == "url_verification") => {
                let challenge = payload.get("challenge").and_then(Value::as_str).unwrap_or_default();
                return challenge.to_owned().into_response();
            }
            Some(payload @ Value::Object(_)) => self.edge.take(door, payload).await,
            Some(_) | None => self.edge.take_unreadable(text).await.map(|()| Ack::Empty),
        };
        match taken {
            Ok(Ack::Empty) => StatusCode::OK.into_response(),
            Ok(Ack::Faults(errors)) => {
                Json(json!({ "response_action": "errors", "errors": errors })).into_response()
            }
            Ok(Ack::Options(options)) => Json(options).into_response(),
            Err(error) => {
                tracing::error!(%error, "what Slack sent could not be kept");
                StatusCode::SERVICE_UNAVAILABLE.into_response()
            }
        }
    }

    /// The body, once its signature and its time are right.
    fn verified<'a>(&self, headers: &HeaderMap, body: &'a [u8]) -> Option<&'a str> {
        let one = |name: &str| {
            let mut all = headers.get_all(name).iter();
            let value = all.next()?.to_str().ok()?;
            all.next().is_none().then_some(value)
        };
        let signature = one(SlackEventSignatureVerifier::SLACK_SIGNED_HASH_HEADER)?;
        let stamp = one(SlackEventSignatureVerifier::SLACK_SIGNED_TIMESTAMP)?;
        let text = std::str::from_utf8(body).ok()?;
        // First its time, by our clock: the library reckons with whatever number stands there.
        let signed_at: i64 = stamp.parse().ok()?;
        let now = self.edge.inbound().store().clock().wall().timestamp();
        let age = now.checked_sub(signed_at)?.checked_abs()?;
        if age > SlackEventSignatureVerifier::MAX_TIMESTAMP_AGE_SECONDS {
            return None;
        }
        match self.verifier.verify(signature, text, stamp) {
            // The signature is right; the library tells the time by another clock than ours.
            Ok(()) | Err(SlackEventSignatureVerifierError::IncorrectOrExpiredTimestampError(_)) => Some(text),
            Err(_) => None,
        }
    }
}

/// The fields of a form; of two with one name, the first.
fn form(text: &str) -> Map<String, Value> {
    let mut fields = Map::new();
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        fields.entry(name.into_owned()).or_insert_with(|| Value::from(value.into_owned()));
    }
    fields
}
