//! What a wall shows of something: a card with the words beside it, or news, which are words alone.

use crate::{
    card::{Card, Kind},
    wall::{Trouble, Wall},
};
use rekindle_core::{
    alert::{Alert, Reason},
    campaign::Campaign,
    team::Handle,
};
use uuid::Uuid;

/// What a wall shows.
pub(super) enum Face {
    /// A card, and what stands beside it when it is posted, and where only a line is shown.
    Card(Box<Card>, String),
    /// News.
    News(String),
}

impl Face {
    pub(super) fn of_alert(alert: &Alert, card: Card) -> Self {
        let words = match alert.reason {
            Reason::Hot => format!("{} is hot: {} points.", card.title, card.score.unwrap_or_default()),
            Reason::Back => format!("{} is back from the cold.", card.title),
            Reason::Hand => format!("{} was taken by hand.", card.title),
        };
        Self::Card(Box::new(card), words)
    }

    pub(super) fn of_campaign(campaign: &Campaign, card: Card) -> Self {
        let by = campaign.launched_by.as_ref().map(Handle::name).unwrap_or_default();
        let words = format!("{by} launched {} {}.", card.title, card.subtitle.as_deref().unwrap_or_default());
        Self::Card(Box::new(card), words)
    }

    /// Posts it; the message that holds it.
    pub(super) async fn post(&self, wall: &dyn Wall, nonce: Uuid) -> Result<String, Trouble> {
        match self {
            Self::Card(card, words) => wall.post(nonce, card, words).await,
            Self::News(words) => wall.say(nonce, words).await,
        }
    }

    /// Lets a message show it as it stands now. News stand as they were.
    pub(super) async fn edit(&self, wall: &dyn Wall, message: &str) -> Result<(), Trouble> {
        match self {
            Self::Card(card, words) => wall.edit(message, card, words).await,
            Self::News(_) => Ok(()),
        }
    }

    /// What a human action changes of it; figures are not in it.
    pub(super) fn told_at_once(&self) -> String {
        let Self::Card(card, _) = self else { return String::new() };
        let buttons: Vec<&str> = card.buttons.iter().map(|button| button.intent).collect();
        let notes = match card.kind {
            Kind::Alert => card.facts.iter().filter(|fact| fact.label.starts_with("Note by")).count(),
            Kind::Campaign => 0,
        };
        format!("{} {} {} {} {notes}", card.state, card.headline, card.status, buttons.join(" "))
    }
}
