//! The built-in chat: a page at `/console`, the one platform that is always there.
//!
//! | route | what |
//! |---|---|
//! | `GET /console` | the page; `/assets/console.css` and `/assets/console.js` belong to it |
//! | `GET /console/state` | who is signed in, the clock, the channels, the newest messages, and how far that is |
//! | `GET /console/events?after=SEQ` | what is said and edited from there on, as server-sent events |
//! | `POST /console/say` | `{"channel", "text"}`: a command is run, other words are said to the team |
//! | `POST /console/press` | `{"card", "intent", "value"}` |
//! | `POST /console/form` | `{"card", "intent"}`: the form that a button shows |
//! | `POST /console/fill` | `{"of", "filled"}`: a form that was filled in; what is wrong with it is said at its fields |
//! | `GET /console/complete?text=` | what could be typed next |
//!
//! The sign-in layer of the house puts the member into each request; without one nothing is told or
//! done. What changes something must carry `X-Requested-With: console`, which no foreign page can send.

mod ear;
mod events;
mod page;
mod state;
mod wall;

pub use ear::ConsoleEar;
pub use wall::ConsoleWall;

use crate::{
    desk::Desk,
    form::{Filled, Of},
    inbound::What,
    reply::{Reply, Shown},
};
use axum::{
    Extension, Json, Router,
    extract::{FromRequest, FromRequestParts, Query, Request, State},
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use rekindle_core::team::{Deed, Member};
use rekindle_storage::{Store, StoreError};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;
use tokio_util::sync::CancellationToken;

/// What the routes share.
#[derive(Debug, Clone)]
struct Console {
    store: Store,
    desk: Desk,
    /// Streams end when it is cancelled: a graceful stop waits for them.
    closing: CancellationToken,
}

/// The routes of the console.
pub fn router(store: Store, desk: Desk) -> Router {
    router_until(store, desk, CancellationToken::new())
}

/// The routes of the console; its streams end when `closing` is cancelled, so that a graceful stop need not wait for browsers.
pub fn router_until(store: Store, desk: Desk, closing: CancellationToken) -> Router {
    Router::new()
        .route("/console", get(page::page))
        .route("/assets/console.css", get(page::style))
        .route("/assets/console.js", get(page::script))
        .route("/console/state", get(state::state))
        .route("/console/events", get(events::events))
        .route("/console/say", post(say))
        .route("/console/press", post(press))
        .route("/console/form", post(form))
        .route("/console/fill", post(fill))
        .route("/console/complete", get(complete))
        .with_state(Console { store, desk, closing })
}

/// The member who is signed in.
struct Who(Member);

impl<S: Send + Sync> FromRequestParts<S> for Who {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let signed_out =
            || refused("signed_out", "You are signed out; `rekindle link NAME` makes a link to sign in.");
        let Ok(Extension(member)) = Extension::<Member>::from_request_parts(parts, state).await else {
            return Err(signed_out());
        };
        if member.may(Deed::Look).is_err() {
            return Err(signed_out());
        }
        Ok(Self(member))
    }
}

/// A request that was sent by the page itself.
struct FromPage;

impl<S: Send + Sync> FromRequestParts<S> for FromPage {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        match parts.headers.get("x-requested-with").is_some_and(|value| value == "console") {
            true => Ok(Self),
            false => Err(refused("foreign", "Only the console itself may ask for this.")),
        }
    }
}

/// What the page sends, as JSON; what is none of it is answered like everything else.
struct Page<T>(T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Page<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(sent)) => Ok(Self(sent)),
            Err(why) => {
                let told = why.body_text();
                // axum's sentence about its types, without them.
                let told = told.rsplit_once("type: ").map_or(told.as_str(), |(_, told)| told);
                let text = format!("This is not what the console sends: {told}.");
                Err((why.status(), Json(usage("usage", &text))).into_response())
            }
        }
    }
}

fn usage(code: &'static str, text: &str) -> Reply {
    Reply { ok: false, code: Some(code), ..Reply::done(text) }
}

fn refused(code: &str, text: &str) -> Response {
    (StatusCode::FORBIDDEN, Json(json!({ "ok": false, "code": code, "text": text }))).into_response()
}

/// What the store could not do, as an answer.
struct Broken(StoreError);

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Broken {
    fn into_response(self) -> Response {
        tracing::error!(error = %self.0, "the console could not be answered");
        let reply = Reply::of_error(&self.0, chrono_tz::UTC);
        (StatusCode::SERVICE_UNAVAILABLE, Json(reply)).into_response()
    }
}

#[derive(Deserialize)]
struct Said {
    channel: String,
    text: String,
}

async fn say(
    State(console): State<Console>,
    Who(member): Who,
    _: FromPage,
    Page(said): Page<Said>,
) -> Result<Json<Shown>, Broken> {
    let text = said.text.trim();
    if text.starts_with('/') {
        let what = What::Command(text.to_owned());
        return Ok(Json(match console.desk.form(&member, "console", &what).await {
            Some(Ok(form)) => Shown::asking(form),
            Some(Err(refused)) => refused.into(),
            None => console.desk.run(&member, "console", text).await.into(),
        }));
    }
    let refused = |code, text: &str| Json(usage(code, text).into());
    if text.is_empty() {
        return Ok(refused("usage", "There is nothing to say."));
    }
    let playbooks = console.store.playbooks().await?;
    if !playbooks.current().routing.channels().contains(&said.channel.as_str()) {
        return Ok(refused("unknown_channel", "There is no such channel."));
    }
    console.store.console().post(&said.channel, member.handle.as_str(), text, None).await?;
    Ok(Json(Reply::done("").into()))
}

#[derive(Deserialize)]
struct Pressed {
    card: String,
    intent: String,
    value: Option<String>,
}

async fn press(
    State(console): State<Console>,
    Who(member): Who,
    _: FromPage,
    Page(pressed): Page<Pressed>,
) -> Json<Shown> {
    let Pressed { card, intent, value } = pressed;
    Json(console.desk.press(&member, "console", &card, &intent, value.as_deref()).await.into())
}

#[derive(Deserialize)]
struct Opened {
    card: String,
    intent: String,
}

/// The form that a button shows.
async fn form(
    State(console): State<Console>,
    Who(member): Who,
    _: FromPage,
    Page(Opened { card, intent }): Page<Opened>,
) -> Json<Shown> {
    let what = What::Press { card, intent, value: None };
    Json(match console.desk.form(&member, "console", &what).await {
        Some(Ok(form)) => Shown::asking(form),
        Some(Err(refused)) => refused.into(),
        None => usage("usage", "This button asks for nothing.").into(),
    })
}

#[derive(Deserialize)]
struct FilledIn {
    of: Of,
    filled: Filled,
}

/// What was filled into a form: done, or what is wrong with it at its fields.
async fn fill(
    State(console): State<Console>,
    Who(member): Who,
    _: FromPage,
    Page(FilledIn { of, filled }): Page<FilledIn>,
) -> Json<Shown> {
    let faults = console.desk.faults(&of, &filled).await;
    if !faults.is_empty() {
        return Json(Shown::faulty(faults));
    }
    Json(console.desk.obey(&member, "console", of.asks(&filled)).await.into())
}

#[derive(Deserialize)]
struct Begun {
    text: String,
}

async fn complete(
    State(console): State<Console>,
    Who(_): Who,
    Query(begun): Query<Begun>,
) -> Result<Json<serde_json::Value>, Broken> {
    let suggestions = console.desk.complete(&begun.text).await?;
    Ok(Json(json!({ "suggestions": suggestions })))
}
