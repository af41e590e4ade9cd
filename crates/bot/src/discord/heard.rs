//! What was heard of an interaction: who asks what, and where the answer goes. It is all that is kept of one.

use super::{
    commands,
    press::{Press, form_in},
    render,
};
use crate::{
    card::{self, AskKind},
    command,
    form::{Filled, Of},
    inbound::{Asked, What},
};
use rekindle_core::chat::{ChatUser, Platform};
use serde::{Deserialize, Serialize};
use serenity::all::{
    ActionRowComponent, ComponentInteraction, ComponentInteractionDataKind, CreateInteractionResponse,
    Interaction, Member, MessageFlags, ModalInteraction, User,
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
    /// A menu that asks for a value: nothing is done before it is there.
    Ask(CreateInteractionResponse),
    /// A command that lacks something, or a button that asks in words: a form asks for it.
    Open(Opens),
    /// A form that was filled in, to be looked at before it is kept and done.
    Filled(FilledIn),
    /// Somebody is typing: a line that is begun.
    Complete(commands::Begun),
    /// Nobody here knows what it is.
    Unknown,
}

/// A form that is to be opened.
pub(super) struct Opens {
    /// What it is asked for.
    pub(super) heard: Heard,
    /// What stands in it already: it was wrong, and is corrected.
    pub(super) given: Filled,
}

/// A form that was filled in.
pub(super) struct FilledIn {
    /// What the form said that it is.
    pub(super) custom_id: String,
    /// What is done with it.
    pub(super) of: Of,
    /// What stands in it.
    pub(super) filled: Filled,
    /// What is to be done when nothing is wrong with it.
    pub(super) heard: Heard,
}

/// Hears an interaction.
pub(super) fn hear(interaction: &Interaction) -> First {
    match interaction {
        Interaction::Command(command) => {
            let line = commands::line(&command.data);
            let lacks = command::lacks(&line);
            let who = (&command.user, command.member.as_deref());
            let heard = Heard::of(&command.token, who, Back::First, Deed::Command(line));
            if lacks { First::Open(Opens { heard, given: Filled::new() }) } else { First::Do(heard) }
        }
        Interaction::Autocomplete(command) => match commands::begun(&command.data) {
            Some(begun) => First::Complete(begun),
            None => First::Unknown,
        },
        Interaction::Component(component) => pressed(component),
        Interaction::Modal(modal) => filled_in(modal),
        _ => First::Unknown,
    }
}

fn opens(component: &ComponentInteraction, deed: Deed) -> First {
    let who = (&component.user, component.member.as_ref());
    First::Open(Opens { heard: Heard::of(&component.token, who, Back::First, deed), given: given(component) })
}

/// What stands in the private message that says what is wrong with a form.
fn given(component: &ComponentInteraction) -> Filled {
    let fields = component.message.embeds.iter().flat_map(|embed| &embed.fields);
    fields
        .filter(|_| is_private(component))
        .map(|field| (field.name.to_lowercase(), field.value.clone()))
        .collect()
}

fn pressed(component: &ComponentInteraction) -> First {
    if let Some(path) = form_in(&component.data.custom_id) {
        return opens(component, Deed::Command(format!("/{path}")));
    }
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
        if ask.kind == AskKind::Choice && !another {
            return First::Ask(CreateInteractionResponse::Message(render::select(&press, &ask)));
        }
        return opens(component, Deed::Press { card: press.card, intent: press.intent, value: None });
    }
    let deed = Deed::Press { card: press.card, intent: press.intent, value };
    First::Do(Heard::of(&component.token, (&component.user, component.member.as_ref()), back, deed))
}

fn is_private(component: &ComponentInteraction) -> bool {
    component.message.flags.is_some_and(|flags| flags.contains(MessageFlags::EPHEMERAL))
}

fn filled_in(modal: &ModalInteraction) -> First {
    let custom_id = modal.data.custom_id.clone();
    let of = match (form_in(&custom_id), custom_id.parse::<Press>()) {
        (Some(path), _) => Of::Command(path.to_owned()),
        (None, Ok(press)) => Of::Press { card: press.card, intent: press.intent },
        (None, Err(_)) => return First::Unknown,
    };
    let inputs = modal.data.components.iter().flat_map(|row| &row.components);
    let filled = inputs.filter_map(|component| match component {
        ActionRowComponent::InputText(input) => Some((input.custom_id.clone(), input.value.clone()?)),
        _ => None,
    });
    let filled: Filled = filled.filter(|(_, value)| !value.trim().is_empty()).collect();
    let deed = match of.asks(&filled) {
        What::Command(line) => Deed::Command(line),
        What::Press { card, intent, value } => Deed::Press { card, intent, value },
    };
    let heard = Heard::of(&modal.token, (&modal.user, modal.member.as_ref()), Back::First, deed);
    First::Filled(FilledIn { custom_id, of, filled, heard })
}

impl Heard {
    fn of(token: &str, (user, member): (&User, Option<&Member>), back: Back, deed: Deed) -> Self {
        Self {
            token: token.to_owned(),
            user: user.id.to_string(),
            name: member.map(|member| member.display_name().to_owned()).unwrap_or_default(),
            roles: member
                .map(|member| member.roles.iter().map(ToString::to_string).collect())
                .unwrap_or_default(),
            back,
            deed,
        }
    }

    /// What is asked, by whom in this guild.
    pub(super) fn asked(self, guild: &str) -> Asked {
        let what = match self.deed {
            Deed::Command(line) => What::Command(line),
            Deed::Press { card, intent, value } => What::Press { card, intent, value },
        };
        Asked { user: user(guild, self.user), what }
    }
}

impl FilledIn {
    /// Who filled it in, in this guild.
    pub(super) fn user(&self, guild: &str) -> ChatUser {
        user(guild, self.heard.user.clone())
    }
}

/// A user of a guild.
pub(super) fn user(guild: &str, id: String) -> ChatUser {
    ChatUser { platform: Platform::Discord, workspace: guild.to_owned(), id }
}
