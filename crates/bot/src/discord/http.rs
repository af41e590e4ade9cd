//! `POST /discord/interactions`: Discord tells of each interaction by a signed request, and reads the answer.
//!
//! The signature is checked on the bytes as they came, before anything is read of them; serenity's verifier
//! knows no time, so what was signed more than five minutes ago, or is dated as far ahead, is refused here.
//! What is signed by Discord is answered 200, even when nobody here can read it; all else is 401.
//!
//! Source: <https://discord.com/developers/docs/interactions/overview#setting-up-an-endpoint-validating-security-request-headers>.

use super::reception::Reception;
use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use rekindle_core::time::{Moment, SharedClock};
use serde_json::json;
use serenity::{all::Interaction, interactions_endpoint::Verifier};
use std::{fmt, sync::Arc};

/// How long ago, or how far ahead, a request may say that it was signed.
const WINDOW: i64 = 5 * 60;
/// The largest request that is read.
const LARGEST: usize = 1 << 20;

/// Proves that a request was signed by Discord, just now.
#[derive(Clone)]
pub struct Signature {
    verifier: Verifier,
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature")
    }
}

/// A text that is not the public key of an application: 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoKey;

impl fmt::Display for NoKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it is no public key of an application: those are 64 hexadecimal digits")
    }
}

impl std::error::Error for NoKey {}

impl Signature {
    /// By the public key of the application, as the developer portal shows it.
    ///
    /// # Errors
    /// When it is none.
    pub fn new(public_key: &str) -> Result<Self, NoKey> {
        let digits = public_key.trim().as_bytes();
        let mut key = [0; 32];
        if digits.len() != 2 * key.len() || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(NoKey);
        }
        for (byte, pair) in key.iter_mut().zip(digits.chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| NoKey)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| NoKey)?;
        }
        Verifier::try_new(key).map(|verifier| Self { verifier }).map_err(|_| NoKey)
    }

    /// Whether Discord signed this body, less than five minutes from `now`.
    pub fn proves(&self, headers: &HeaderMap, body: &[u8], now: Moment) -> bool {
        let (Some(signature), Some(at)) =
            (only(headers, "x-signature-ed25519"), only(headers, "x-signature-timestamp"))
        else {
            return false;
        };
        // One way to write each: no capitals, no signs, no leading blanks.
        let hex = signature.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let seconds = at.parse::<i64>().ok().filter(|_| at.bytes().all(|byte| byte.is_ascii_digit()));
        let fresh = seconds.is_some_and(|at| at.abs_diff(now.timestamp()) <= WINDOW.unsigned_abs());
        hex && signature.len() == 128 && fresh && self.verifier.verify(signature, at, body).is_ok()
    }
}

/// The one header of this name; two are none.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut all = headers.get_all(name).iter();
    let first = all.next()?;
    all.next().is_none().then(|| first.to_str().ok())?
}

#[derive(Debug)]
struct Endpoint {
    signature: Signature,
    reception: Reception,
    clock: SharedClock,
}

/// The endpoint that is named to Discord as the application's "Interactions Endpoint URL".
pub fn router(signature: Signature, reception: Reception, clock: SharedClock) -> Router {
    Router::new()
        .route("/discord/interactions", post(interactions))
        .layer(DefaultBodyLimit::max(LARGEST))
        .with_state(Arc::new(Endpoint { signature, reception, clock }))
}

async fn interactions(State(endpoint): State<Arc<Endpoint>>, headers: HeaderMap, body: Bytes) -> Response {
    if !endpoint.signature.proves(&headers, &body, endpoint.clock.wall()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    match serde_json::from_slice::<Interaction>(&body) {
        Ok(interaction) => {
            let received = endpoint.reception.receive(interaction).await;
            let answer = Json(&received.answer).into_response();
            endpoint.reception.begin(received);
            answer
        }
        Err(_) => match endpoint.reception.keep(&body).await {
            true => Json(json!({})).into_response(),
            false => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        },
    }
}
