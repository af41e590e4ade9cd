//! The edge to Slack, behind both of its transports: what came is kept, and what the acknowledgement says.

use super::{
    Settings,
    api::Api,
    home::Homes,
    modal,
    read::{self, Door},
    unfurl::Unfurler,
    user_groups::UserGroups,
    voice::SlackVoice,
};
use crate::{
    inbound::{Asked, Inbound, What, answer},
    reply::Reply,
};
use rekindle_core::{chat::Platform, link::digest};
use rekindle_storage::{
    Result,
    inbound::{Arrived, Became},
};
use serde_json::{Value, json};
use std::sync::Arc;

/// What is acknowledged.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ack {
    /// That it came.
    Empty,
    /// That a form is wrong, at its fields.
    Faults(Value),
    /// What can be chosen.
    Options(Value),
}

/// Takes in what came through whatever transport; its signature or its socket has vouched for it.
#[derive(Debug, Clone)]
pub(super) struct Edge {
    inbound: Inbound,
    voice: Arc<SlackVoice>,
    workspaces: Arc<[String]>,
    homes: Homes,
    unfurler: Unfurler,
}

impl Edge {
    pub(super) fn new(inbound: Inbound, api: Api, settings: &Settings) -> Self {
        let clock = inbound.store().clock().clone();
        let groups = UserGroups::new(api.clone(), settings.roles.clone(), clock);
        let voice = Arc::new(SlackVoice { api, groups });
        let homes = Homes::new(inbound.clone(), voice.clone());
        let channels = settings.channels.values().cloned().collect();
        let unfurler = Unfurler::new(inbound.clone(), voice.clone(), channels);
        Self { inbound, voice, workspaces: settings.workspaces.as_slice().into(), homes, unfurler }
    }

    pub(super) fn inbound(&self) -> &Inbound {
        &self.inbound
    }

    pub(super) fn homes(&self) -> Homes {
        self.homes.clone()
    }

    pub(super) fn voice(&self) -> Arc<SlackVoice> {
        self.voice.clone()
    }

    /// Keeps what came, and begins what it asks; what to acknowledge.
    ///
    /// # Errors
    /// As the database says: then it is not acknowledged, and Slack or its user tries again.
    pub(super) async fn take(&self, door: Door, payload: Value) -> Result<Ack> {
        let came = self.arrived(door, payload);
        if let Some(stranger) = read::stranger(&came.payload, &self.workspaces) {
            self.inbound.turn_away(self.voice(), came, stranger);
            return Ok(Ack::Empty);
        }
        if let Some((user, typed)) = read::typed(&came.payload) {
            let leads = self.inbound.leads_like(&user, typed).await;
            return Ok(Ack::Options(modal::suggestions(&leads)));
        }
        if read::is_nothing(&came.payload) {
            return Ok(Ack::Empty);
        }
        if let Some(user) = read::at_home(&came.payload) {
            if self.inbound.keep(&came).await? {
                self.inbound.store().homes().opened(user).await?;
                self.inbound.store().inbound().became(&came, Became::Done).await?;
                self.homes.knock();
            }
            return Ok(Ack::Empty);
        }
        if read::changes_groups(&came.payload) {
            self.voice.groups.changed().await;
            return Ok(Ack::Empty);
        }
        if let Some(shared) = read::shared(&came.payload) {
            if self.inbound.keep(&came).await? {
                self.inbound.store().inbound().became(&came, Became::Done).await?;
                let unfurler = self.unfurler.clone();
                self.inbound.aside(async move { unfurler.show(&shared).await });
            }
            return Ok(Ack::Empty);
        }
        if let Some(asked) = read::opens(&came.payload) {
            if self.inbound.keep(&came).await? {
                self.open(came, asked).await?;
            }
            return Ok(Ack::Empty);
        }
        if let Some((user, meant, filled)) = read::submitted(&came.payload) {
            let faults = self.inbound.faults(&user, &meant.of, &filled).await;
            if !faults.is_empty() {
                return Ok(Ack::Faults(modal::errors(&faults)));
            }
        }
        match read::asked(&came.payload) {
            // A modal that was closed asks nothing.
            None if came.kind == "view_closed" => {}
            None => self.inbound.keep_unknown(&came).await?,
            Some(_) => {
                if self.inbound.keep(&came).await? {
                    self.inbound.begin(self.voice(), came);
                }
            }
        }
        Ok(Ack::Empty)
    }

    /// Keeps what could not even be read.
    ///
    /// # Errors
    /// As the database says.
    pub(super) async fn take_unreadable(&self, text: &str) -> Result<()> {
        let came = Arrived {
            platform: Platform::Slack,
            workspace: String::new(),
            id: digest(text),
            at: self.inbound.store().clock().wall(),
            kind: "unreadable".to_owned(),
            payload: Value::from(text.chars().take(20_000).collect::<String>()),
        };
        self.inbound.keep_unknown(&came).await
    }

    fn arrived(&self, door: Door, payload: Value) -> Arrived {
        Arrived {
            platform: Platform::Slack,
            workspace: read::workspace(&payload).unwrap_or_default().to_owned(),
            // What Slack gave no name is known by its bytes.
            id: read::id(&payload).map_or_else(|| digest(&payload.to_string()), str::to_owned),
            at: self.inbound.store().clock().wall(),
            kind: door.kind(&payload),
            payload,
        }
    }

    /// Opens a modal while the press or the command is fresh: within three seconds, and once
    /// (<https://docs.slack.dev/reference/methods/views.open>). Whoever may not do it anyway is told so instead.
    async fn open(&self, came: Arrived, asked: Asked) -> Result<()> {
        self.inbound.store().inbound().became(&came, Became::Done).await?;
        let (inbound, voice) = (self.inbound.clone(), self.voice());
        self.inbound.aside(async move {
            let form = match inbound.form(&*voice, &came, &asked).await {
                Ok(form) => form,
                Err(reply) => return answer(&*voice, &came, &reply).await,
            };
            let view = modal::view(&form, read::channel(&came.payload));
            let body = json!({ "trigger_id": read::trigger(&came.payload), "view": view });
            if let Err(trouble) = voice.api.call("views.open", &body).await {
                tracing::warn!(%trouble, id = came.id, "a modal could not be opened");
                let again = match asked.what {
                    What::Command(_) => "type it again",
                    What::Press { .. } => "press the button again",
                };
                let text = format!("The form could not be opened in time. Please {again}.");
                let late = Reply { ok: false, code: Some("late"), ..Reply::done(text) };
                answer(&*voice, &came, &late).await;
            }
        });
        Ok(())
    }
}
