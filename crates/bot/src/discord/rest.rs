//! One call of Discord's API: serenity's routes and builders, our own connection.
//!
//! serenity's client sets no time-out, hides how long a limit lasts, and ignores a foreign base while its
//! limiter is on; so only its [`Request`] is used, over a connection of ours. What Discord says about its
//! limits is kept ([`limits`]) and obeyed without waiting here: whoever asks is told how long it lasts.
//!
//! Source: <https://discord.com/developers/docs/reference>.

mod answer;
mod limits;

use crate::wall::Trouble;
use answer::{lost, sorted};
use axum::http::StatusCode;
use limits::Limits;
use rekindle_core::{chat::Secret, time::SharedClock};
use serde::Serialize;
use serde_json::{Value, json};
use serenity::all::{
    ApplicationId, ChannelId, CreateAttachment, CreateInteractionResponse, CreateInteractionResponseFollowup,
    CreateMessage, EditInteractionResponse, EditMessage, GuildId, InteractionId, LightMethod, MessageId,
    Request, Route, UserId,
};
use serenity::http::{Multipart, MultipartUpload};
use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// How long a call may take.
const TIME_OUT: Duration = Duration::from_secs(10);
/// How much of an answer is read.
const LONGEST: usize = 1 << 20;

/// Discord's API, for one bot. Cheap to clone.
#[derive(Clone)]
pub struct Rest(Arc<Inner>);

struct Inner {
    client: reqwest::Client,
    token: Secret,
    application: ApplicationId,
    /// Another server than Discord's own, for tests: "http://127.0.0.1:1234".
    base: Option<String>,
    clock: SharedClock,
    limits: Mutex<Limits>,
    /// What time it was there at its last answer, as its header says.
    date: Mutex<Option<String>>,
    /// Discord took the token for none of its own. Each further call would count against a ban.
    refused: AtomicBool,
}

impl fmt::Debug for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rest").field("application", &self.0.application).field("base", &self.0.base).finish()
    }
}

impl Rest {
    /// For the bot of this application, with its token as the developer portal shows it. `base` is another server than Discord's, or none.
    ///
    /// # Errors
    /// When no connection can be set up on this machine.
    pub fn new(
        token: Secret,
        application: u64,
        base: Option<String>,
        clock: SharedClock,
    ) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .timeout(TIME_OUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self(Arc::new(Inner {
            client,
            token,
            application: ApplicationId::new(application.max(1)),
            base,
            clock,
            limits: Mutex::default(),
            date: Mutex::default(),
            refused: AtomicBool::new(false),
        })))
    }

    pub(crate) fn token(&self) -> &Secret {
        &self.0.token
    }

    pub(crate) fn base(&self) -> Option<&str> {
        self.0.base.as_deref()
    }

    pub(crate) fn application(&self) -> ApplicationId {
        self.0.application
    }

    /// Posts a message; its id. Sent again with the same nonce within some minutes, it is not posted again.
    ///
    /// # Errors
    /// As Discord says.
    pub async fn post(&self, channel: ChannelId, message: &CreateMessage) -> Result<MessageId, Trouble> {
        let posted = self
            .send(Route::ChannelMessages { channel_id: channel }, LightMethod::Post, Some(message))
            .await?;
        let id = posted["id"].as_str().and_then(|id| id.parse().ok());
        id.ok_or_else(|| Trouble::Unknown { why: "Discord's answer has no id of the message".to_owned() })
    }

    /// The channel of the bot with one user alone.
    ///
    /// # Errors
    /// As Discord says.
    pub async fn open_direct(&self, user: UserId) -> Result<ChannelId, Trouble> {
        let body = json!({ "recipient_id": user });
        let opened = self.send(Route::UserMeDmChannels, LightMethod::Post, Some(&body)).await?;
        let id = opened["id"].as_str().and_then(|id| id.parse().ok());
        id.ok_or_else(|| Trouble::Refused { why: "Discord's answer has no id of the channel".to_owned() })
    }

    /// Edits a message of ours.
    ///
    /// # Errors
    /// As Discord says.
    pub async fn edit(&self, channel: ChannelId, id: MessageId, to: &EditMessage) -> Result<(), Trouble> {
        let route = Route::ChannelMessage { channel_id: channel, message_id: id };
        self.send(route, LightMethod::Patch, Some(to)).await.map(drop)
    }

    /// The newest messages of a channel, as Discord tells them.
    ///
    /// # Errors
    /// As Discord says; the bot needs the permission to read the history.
    pub async fn newest(&self, channel: ChannelId) -> Result<Vec<Value>, Trouble> {
        let route = Route::ChannelMessages { channel_id: channel };
        let request = Request::new(route, LightMethod::Get).params(Some(vec![("limit", "100".to_owned())]));
        match self.execute(route, request).await? {
            Value::Array(messages) => Ok(messages),
            _ => Ok(Vec::new()),
        }
    }

    /// Answers an interaction that came over the gateway.
    ///
    /// # Errors
    /// As Discord says: [`Trouble::Gone`] when it waited too long.
    pub async fn respond(
        &self,
        id: InteractionId,
        token: &str,
        answer: &CreateInteractionResponse,
    ) -> Result<(), Trouble> {
        let route = Route::InteractionResponse { interaction_id: id, token };
        self.send(route, LightMethod::Post, Some(answer)).await.map(drop)
    }

    /// Writes what came of an interaction into the answer that it was given at first, with a file where it names one.
    ///
    /// # Errors
    /// As Discord says: [`Trouble::Gone`] after a quarter of an hour.
    pub async fn complete(
        &self,
        token: &str,
        answer: &EditInteractionResponse,
        file: Option<CreateAttachment>,
    ) -> Result<(), Trouble> {
        let route = Route::WebhookOriginalInteractionResponse { application_id: self.0.application, token };
        let request = Request::new(route, LightMethod::Patch);
        let body = written(answer)?;
        let request = match file {
            None => request.body(Some(body)),
            Some(file) => request.multipart(Some(Multipart {
                upload: MultipartUpload::Attachments(vec![file]),
                fields: Vec::new(),
                payload_json: Some(String::from_utf8_lossy(&body).into_owned()),
            })),
        };
        self.execute(route, request).await.map(drop)
    }

    /// Says something more about an interaction.
    ///
    /// # Errors
    /// As Discord says: [`Trouble::Gone`] after a quarter of an hour.
    pub async fn follow(
        &self,
        token: &str,
        answer: &CreateInteractionResponseFollowup,
    ) -> Result<(), Trouble> {
        let route = Route::WebhookFollowupMessages { application_id: self.0.application, token };
        self.send(route, LightMethod::Post, Some(answer)).await.map(drop)
    }

    /// The slash commands that are registered, of a guild or everywhere.
    ///
    /// # Errors
    /// As Discord says.
    pub async fn commands(&self, guild: Option<GuildId>) -> Result<Value, Trouble> {
        self.send::<()>(self.commands_of(guild), LightMethod::Get, None).await
    }

    /// Registers slash commands in place of all that were there.
    ///
    /// # Errors
    /// As Discord says.
    pub async fn register(&self, guild: Option<GuildId>, commands: &Value) -> Result<(), Trouble> {
        self.send(self.commands_of(guild), LightMethod::Put, Some(commands)).await.map(drop)
    }

    fn commands_of(&self, guild: Option<GuildId>) -> Route<'static> {
        let application_id = self.0.application;
        match guild {
            Some(guild_id) => Route::GuildCommands { application_id, guild_id },
            None => Route::Commands { application_id },
        }
    }

    /// What Discord knows of the bot, a guild or a channel: for looking whether all is well.
    ///
    /// # Errors
    /// As Discord says.
    pub async fn look(&self, route: Route<'_>) -> Result<Value, Trouble> {
        self.execute(route, Request::new(route, LightMethod::Get)).await
    }

    /// What time it was at Discord at its last answer: the header `Date`.
    pub(super) fn date(&self) -> Option<String> {
        self.0.date.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn send<B: Serialize>(
        &self,
        route: Route<'_>,
        method: LightMethod,
        body: Option<&B>,
    ) -> Result<Value, Trouble> {
        let body = body.map(written).transpose()?;
        self.execute(route, Request::new(route, method).body(body)).await
    }

    async fn execute(&self, route: Route<'_>, request: Request<'_>) -> Result<Value, Trouble> {
        let Inner { client, token, base, clock, limits, refused, .. } = &*self.0;
        if refused.load(Ordering::Relaxed) {
            return Err(Trouble::Broken { why: "Discord does not know the token of the bot".to_owned() });
        }
        let of_interaction = match route {
            Route::InteractionResponse { token, .. }
            | Route::WebhookOriginalInteractionResponse { token, .. }
            | Route::WebhookFollowupMessages { token, .. } => Some(token.to_owned()),
            _ => None,
        };
        let of_bot = of_interaction.is_none();
        let kind = (route.ratelimiting_bucket(), of_interaction);
        let lock = || limits.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(after) = lock().take(&kind, clock.stopwatch()) {
            return Err(Trouble::Later {
                after: Some(after),
                why: "Discord's rate limit is used up".to_owned(),
            });
        }
        let unwritable =
            |error: &dyn fmt::Display| Trouble::Refused { why: format!("it cannot be sent: {error}") };
        let authorization = format!("Bot {}", token.reveal().trim());
        let built =
            request.build(client, &authorization, base.as_deref()).map_err(|error| unwritable(&error))?;
        let answer = match built.send().await {
            Ok(answer) => answer,
            Err(error) => return Err(lost(&error)),
        };
        let (status, headers) = (answer.status(), answer.headers().clone());
        let date = headers.get(reqwest::header::DATE).and_then(|date| date.to_str().ok());
        *self.0.date.lock().unwrap_or_else(PoisonError::into_inner) = date.map(str::to_owned);
        let body = read(answer).await?;
        let said: Value = serde_json::from_slice(&body).unwrap_or_default();
        lock().learn(kind, &headers, status, &said, clock.stopwatch());
        if status == StatusCode::UNAUTHORIZED && of_bot {
            refused.store(true, Ordering::Relaxed);
        }
        match status.is_success() {
            true => Ok(said),
            false => Err(sorted(status, &headers, &said)),
        }
    }
}

fn written(body: &impl Serialize) -> Result<Vec<u8>, Trouble> {
    serde_json::to_vec(body)
        .map_err(|error| Trouble::Refused { why: format!("it cannot be written as JSON: {error}") })
}

/// The answer, unless it is longer than anything that Discord says.
async fn read(mut answer: reqwest::Response) -> Result<Vec<u8>, Trouble> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| lost(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST {
            return Err(Trouble::Unknown { why: "Discord's answer does not end".to_owned() });
        }
    }
    Ok(body)
}
