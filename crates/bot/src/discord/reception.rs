//! The reception: lets in what members of our own guilds do, whichever way it came; keeps it, and acknowledges it.
//!
//! The guild is taken from what Discord itself says, never from what a member wrote. Where there is none it
//! is a direct message, which has no team; foreign guilds are told no more than that.

use super::{
    heard::{self, FilledIn, First, Heard, Opens},
    press::{Press, form_of},
    render,
    voice::DiscordVoice,
};
use crate::{
    form::{Form, Of},
    inbound::{Inbound, Stranger, Voice},
};
use rekindle_core::chat::Platform;
use rekindle_storage::inbound::Arrived;
use serde_json::Value;
use serenity::all::{
    ApplicationId, AutocompleteChoice, CreateAutocompleteResponse, CreateInteractionResponse,
    CreateInteractionResponseMessage, GuildId, Interaction,
};
use std::{sync::Arc, time::Duration};

/// How long it may take to look up what could be typed, or what a form asks: Discord waits three seconds.
const COMPLETES_IN: Duration = Duration::from_secs(2);
/// How many completions Discord takes, and how long each may be.
const CHOICES: usize = 25;
const CHOICE: usize = 100;

/// Lets in who may come. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reception {
    pub(super) inbound: Inbound,
    pub(super) voice: Arc<DiscordVoice>,
    pub(super) application: ApplicationId,
    pub(super) guilds: Arc<[GuildId]>,
}

/// What was received.
#[derive(Debug)]
pub struct Received {
    /// What Discord is told within three seconds.
    pub answer: CreateInteractionResponse,
    /// What is to be done once it is told.
    begin: Option<Arrived>,
}

impl From<CreateInteractionResponse> for Received {
    fn from(answer: CreateInteractionResponse) -> Self {
        Self { answer, begin: None }
    }
}

impl Reception {
    /// Receives an interaction.
    pub async fn receive(&self, interaction: Interaction) -> Received {
        if matches!(interaction, Interaction::Ping(_)) {
            return CreateInteractionResponse::Pong.into();
        }
        let stranger = match interaction.guild_id() {
            None => Stranger::Direct,
            Some(guild) if !self.guilds.contains(&guild) => Stranger::Elsewhere,
            Some(_) if interaction.application_id() != self.application => Stranger::Elsewhere,
            Some(guild) => return self.let_in(&guild.to_string(), &interaction).await,
        };
        tracing::warn!(id = %interaction.id(), guild = ?interaction.guild_id(), ?stranger, "turned away");
        match interaction {
            Interaction::Autocomplete(_) => choices(Vec::new()).into(),
            _ => private(stranger.text()).into(),
        }
    }

    /// Begins what was received; to be called once Discord is told.
    pub fn begin(&self, received: Received) {
        if let Some(came) = received.begin {
            let voice: Arc<dyn Voice> = self.voice.clone();
            self.inbound.begin(voice, came);
        }
    }

    /// Keeps what cannot be read; whether that was possible.
    pub async fn keep(&self, raw: &[u8]) -> bool {
        let payload: Value = serde_json::from_slice(raw).unwrap_or_default();
        let word = |key: &str| payload[key].as_str().map(|word| word.chars().take(40).collect::<String>());
        let (Some(id), guild) = (word("id"), word("guild_id").unwrap_or_default()) else {
            tracing::warn!(bytes = raw.len(), "Discord sent something without an id");
            return true;
        };
        self.keep_unknown(guild, id, payload).await
    }

    async fn let_in(&self, guild: &str, interaction: &Interaction) -> Received {
        let id = interaction.id().to_string();
        match heard::hear(interaction) {
            First::Ask(question) => question.into(),
            First::Complete(begun) => self.complete(guild, interaction, &begun.text).await.into(),
            First::Unknown => {
                let payload = serde_json::to_value(interaction_body(interaction)).unwrap_or_default();
                match self.keep_unknown(guild.to_owned(), id, payload).await {
                    true => private("Nobody here knows what this is; it may be of an older version.").into(),
                    false => busy().into(),
                }
            }
            First::Open(opens) => self.open(guild, interaction, opens).await.into(),
            First::Filled(form) => {
                let faults = self.inbound.faults(&form.user(guild), &form.of, &form.filled).await;
                let FilledIn { custom_id, filled, heard, .. } = form;
                match faults.is_empty() {
                    true => self.do_it(guild, interaction, heard).await,
                    // Discord shows no fault in a form: it is said beside it, and the form opens again as it was.
                    false => {
                        CreateInteractionResponse::Message(render::faulty(custom_id, &filled, &faults)).into()
                    }
                }
            }
            First::Do(heard) => self.do_it(guild, interaction, heard).await,
        }
    }

    /// Keeps what is to be done, and acknowledges it.
    async fn do_it(&self, guild: &str, interaction: &Interaction, heard: Heard) -> Received {
        let answer = match interaction {
            // Of a button: the message stays until the card is edited. Of a list: it is answered in its place.
            Interaction::Component(_) => CreateInteractionResponse::Acknowledge,
            _ => CreateInteractionResponse::Defer(
                CreateInteractionResponseMessage::new().allowed_mentions(render::nobody()).ephemeral(true),
            ),
        };
        let came = self.arrived(guild, interaction, &heard);
        match self.inbound.keep(&came).await {
            Ok(new) => Received { answer, begin: new.then_some(came) },
            Err(error) => {
                tracing::error!(%error, id = came.id, "an interaction could not be kept");
                busy().into()
            }
        }
    }

    fn arrived(&self, guild: &str, interaction: &Interaction, heard: &Heard) -> Arrived {
        Arrived {
            platform: Platform::Discord,
            workspace: guild.to_owned(),
            id: interaction.id().to_string(),
            at: self.inbound.store().clock().wall(),
            kind: kind(interaction).to_owned(),
            payload: serde_json::to_value(heard).unwrap_or_default(),
        }
    }

    /// A form has to be the first answer; whoever may not do it anyway is told so instead.
    async fn open(&self, guild: &str, interaction: &Interaction, opens: Opens) -> CreateInteractionResponse {
        let Opens { heard, given } = opens;
        let came = self.arrived(guild, interaction, &heard);
        let asked = heard.asked(guild);
        let look = self.inbound.form(&*self.voice, &came, &asked);
        match tokio::time::timeout(COMPLETES_IN, look).await {
            Ok(Ok(form)) => {
                let form = form.with(&given);
                CreateInteractionResponse::Modal(render::form(custom_id(&form, interaction), &form))
            }
            Ok(Err(reply)) => {
                let url = self.voice.house_url().await;
                CreateInteractionResponse::Message(render::private_reply(&reply, &url))
            }
            Err(_) => busy(),
        }
    }

    async fn keep_unknown(&self, guild: String, id: String, payload: Value) -> bool {
        let came = Arrived {
            platform: Platform::Discord,
            workspace: guild,
            id,
            at: self.inbound.store().clock().wall(),
            kind: "unknown".to_owned(),
            payload,
        };
        self.inbound
            .keep_unknown(&came)
            .await
            .inspect_err(|error| tracing::error!(%error, "not kept"))
            .is_ok()
    }

    async fn complete(
        &self,
        guild: &str,
        interaction: &Interaction,
        text: &str,
    ) -> CreateInteractionResponse {
        let Interaction::Autocomplete(command) = interaction else { return choices(Vec::new()) };
        let user = heard::user(guild, command.user.id.to_string());
        let found = tokio::time::timeout(COMPLETES_IN, self.inbound.complete(&user, text)).await;
        let suggestions = match found {
            Ok(Ok(suggestions)) => suggestions,
            Ok(Err(error)) => {
                tracing::warn!(%error, "what could be typed is not known");
                Vec::new()
            }
            Err(_) => Vec::new(),
        };
        let fits = |label: &String| !label.starts_with("--") && label.chars().count() <= CHOICE;
        let offered = suggestions.into_iter().filter(|one| fits(&one.label)).take(CHOICES).map(|one| {
            let name = if one.help.is_empty() {
                one.label.clone()
            } else {
                format!("{} · {}", one.label, one.help)
            };
            AutocompleteChoice::new(super::text::plain(&name, CHOICE), one.label)
        });
        choices(offered.collect())
    }
}

/// What a form says when it comes back.
fn custom_id(form: &Form, interaction: &Interaction) -> String {
    match (&form.of, interaction) {
        (Of::Command(path), _) => form_of(path),
        // As the button says it, with the revision that was seen.
        (Of::Press { .. }, Interaction::Component(component)) => component.data.custom_id.clone(),
        (Of::Press { card, intent }, _) => {
            Press { card: card.clone(), intent: intent.clone(), revision: 0 }.to_string()
        }
    }
}

fn kind(interaction: &Interaction) -> &'static str {
    match interaction {
        Interaction::Command(_) => "command",
        Interaction::Component(_) => "component",
        Interaction::Modal(_) => "modal",
        _ => "other",
    }
}

/// What was sent of it, to be looked at by people.
fn interaction_body(interaction: &Interaction) -> Value {
    let body = match interaction {
        Interaction::Command(command) | Interaction::Autocomplete(command) => {
            serde_json::to_value(&command.data)
        }
        Interaction::Component(component) => serde_json::to_value(&component.data),
        Interaction::Modal(modal) => serde_json::to_value(&modal.data),
        _ => Ok(Value::Null),
    };
    body.unwrap_or_default()
}

fn choices(choices: Vec<AutocompleteChoice>) -> CreateInteractionResponse {
    CreateInteractionResponse::Autocomplete(CreateAutocompleteResponse::new().set_choices(choices))
}

fn private(words: &str) -> CreateInteractionResponse {
    CreateInteractionResponse::Message(render::private(words, ""))
}

fn busy() -> CreateInteractionResponse {
    private("The database does not answer. Nothing was done; try again.")
}
