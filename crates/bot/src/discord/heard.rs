//! What was heard of an interaction: who asks what, and where the answer goes. It is all that is kept of one.

use super::{commands, press::Press, render};
use crate::{
    card,
    inbound::{Asked, What},
};
use rekindle_core::chat::{ChatUser, Platform};
use serde::{Deserialize, Serialize};
use serenity::all::{
    ActionRowComponent, ComponentInteraction, ComponentInteractionDataKind, CreateInteractionResponse,
    Interaction, Member, MessageFlags, ModalInteraction,
};
use std::fmt;

/// What was heard.
#[derive(Serialize, Deserialize)]
pub(super) struct Heard {
    /// Answers whoever asked, for a quarter of an hour; good for nothing else.
    pub(super) token: String,
    user: String,
    /// What they are called in the guild.
    #[serde(default)]
    pub(super) name: String,
    /// The ids of their roles in the guild, as Discord says with each interaction.
    #[serde(default)]
    pub(super) roles: Vec<String>,
    pub(super) back: Back,
    deed: Deed,
}

impl fmt::Debug for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heard").field("user", &self.user).field("deed", &self.deed).finish_non_exhaustive()
    }
}

/// Where the answer goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Back {
    /// Into the private message that acknowledged it.
    First,
    /// Into a private message of its own, and only where something went wrong: the card shows the rest.
    Beside,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Deed {
    Command(String),
    Press { card: String, intent: String, value: Option<String> },
}

/// What becomes of an interaction first.
pub(super) enum First {
    /// It is to be kept and done.
    Do(Heard),
    /// A button that asks for a value: nothing is done before it is there.
    Ask(CreateInteractionResponse),
    /// Somebody is typing: a line that is begun.
    Complete(commands::Begun),
    /// Nobody here knows what it is.
    Unknown,
}

/// Hears an interaction.
pub(super) fn hear(interaction: &Interaction) -> First {
    match interaction {
        Interaction::Command(command) => First::Do(Heard {
            token: command.token.clone(),
            user: command.user.id.to_string(),
            name: command.member.as_deref().map(called).unwrap_or_default(),
            roles: command.member.as_deref().map(roles).unwrap_or_default(),
            back: Back::First,
            deed: Deed::Command(commands::line(&command.data)),
        }),
        Interaction::Autocomplete(command) => match commands::begun(&command.data) {
            Some(begun) => First::Complete(begun),
            None => First::Unknown,
        },
        Interaction::Component(component) => pressed(component),
        Interaction::Modal(modal) => filled_in(modal),
        _ => First::Unknown,
    }
}

fn pressed(component: &ComponentInteraction) -> First {
    let Ok(press) = component.data.custom_id.parse::<Press>() else { return First::Unknown };
    let (value, back) = match &component.data.kind {
        // A card that only this member sees is changed by nobody else.
        ComponentInteractionDataKind::Button if is_private(component) => (None, Back::First),
        ComponentInteractionDataKind::Button => (None, Back::Beside),
        ComponentInteractionDataKind::StringSelect { values } => (values.first().cloned(), Back::First),
        _ => return First::Unknown,
    };
    let another = value.as_deref() == Some(render::ANOTHER);
    if (value.is_none() || another)
        && let Some(ask) = card::ask_of(&press.intent)
    {
        return First::Ask(match ask.kind {
            card::AskKind::Choice if !another => {
                CreateInteractionResponse::Message(render::select(&press, &ask))
            }
            _ => CreateInteractionResponse::Modal(render::form(&press, &ask)),
        });
    }
    First::Do(Heard {
        token: component.token.clone(),
        user: component.user.id.to_string(),
        name: component.member.as_ref().map(called).unwrap_or_default(),
        roles: component.member.as_ref().map(roles).unwrap_or_default(),
        back,
        deed: Deed::Press { card: press.card, intent: press.intent, value },
    })
}

fn is_private(component: &ComponentInteraction) -> bool {
    component.message.flags.is_some_and(|flags| flags.contains(MessageFlags::EPHEMERAL))
}

fn filled_in(modal: &ModalInteraction) -> First {
    let Ok(press) = modal.data.custom_id.parse::<Press>() else { return First::Unknown };
    let inputs = modal.data.components.iter().flat_map(|row| &row.components);
    let value = inputs.into_iter().find_map(|component| match component {
        ActionRowComponent::InputText(input) if input.custom_id == render::VALUE => input.value.clone(),
        _ => None,
    });
    First::Do(Heard {
        token: modal.token.clone(),
        user: modal.user.id.to_string(),
        name: modal.member.as_ref().map(called).unwrap_or_default(),
        roles: modal.member.as_ref().map(roles).unwrap_or_default(),
        back: Back::First,
        deed: Deed::Press { card: press.card, intent: press.intent, value },
    })
}

impl Heard {
    /// What is asked, by whom in this guild.
    pub(super) fn asked(self, guild: &str) -> Asked {
        let what = match self.deed {
            Deed::Command(line) => What::Command(line),
            Deed::Press { card, intent, value } => What::Press { card, intent, value },
        };
        Asked { user: user(guild, self.user), what }
    }
}

fn called(member: &Member) -> String {
    member.display_name().to_owned()
}

fn roles(member: &Member) -> Vec<String> {
    member.roles.iter().map(ToString::to_string).collect()
}

/// A user of a guild.
pub(super) fn user(guild: &str, id: String) -> ChatUser {
    ChatUser { platform: Platform::Discord, workspace: guild.to_owned(), id }
}
