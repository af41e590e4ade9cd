//! What a wall shows of something: a card with the words beside it, news, which are words alone, or what a lead wrote.

use crate::{
    card::{Card, Kind},
    wall::{Quote, Trouble, Wall},
    wording::clean,
};
use rekindle_core::{
    alert::{Alert, Reason},
    campaign::Campaign,
};
use rekindle_storage::cards::Answer;
use uuid::Uuid;

/// What a wall shows.
pub(super) enum Face {
    /// A card, and what stands beside it when it is posted, and where only a line is shown.
    Card(Box<Card>, String),
    /// News.
    News(String),
    /// What a lead wrote, and under which message that is said.
    Quote(Quote, String),
}

impl Face {
    pub(super) fn of_alert(alert: &Alert, card: Card) -> Self {
        let words = match alert.reason {
            Reason::Hot => format!("{} is hot: {} points.", card.title, card.score.unwrap_or_default()),
            Reason::Surge => format!("{} is surging: {} points.", card.title, card.score.unwrap_or_default()),
            Reason::Reply => format!("{} has answered a mail.", card.title),
            Reason::Back => format!("{} is back from the cold.", card.title),
            Reason::Plan => format!("A sequence asks for somebody to talk to {}.", card.title),
            Reason::Hand => format!("{} was taken by hand.", card.title),
        };
        Self::Card(Box::new(card), words)
    }

    pub(super) fn of_campaign(campaign: &Campaign, card: Card) -> Self {
        let at = card.subtitle.as_deref().unwrap_or_default();
        let words = match &campaign.launched_by {
            Some(by) => format!("{} launched {} {at}.", by.name(), card.title),
            None => format!("{} asks for a second person: {} {at}.", campaign.made_by.name(), card.title),
        };
        Self::Card(Box::new(card), words)
    }

    pub(super) fn of_answer(answer: &Answer) -> Self {
        let on = clean(&answer.mail, 60);
        let as_another = answer.from.as_ref().map(|from| format!(", as {}", clean(from, 120)));
        let who = clean(&answer.who, 80);
        let intro = format!("{who} answered the mail “{on}”{}:", as_another.unwrap_or_default());
        let said: Vec<String> = answer.said.lines().map(|line| clean(line, 2_000)).collect();
        Self::Quote(Quote { intro, said: said.join("\n") }, answer.under.clone())
    }

    /// Posts it; the message that holds it.
    pub(super) async fn post(&self, wall: &dyn Wall, nonce: Uuid) -> Result<String, Trouble> {
        match self {
            Self::Card(card, words) => wall.post(nonce, card, words).await,
            Self::News(words) => wall.say(nonce, words).await,
            Self::Quote(quote, under) => wall.quote(nonce, under, quote).await,
        }
    }

    /// The message that it stands under.
    pub(super) fn under(&self) -> Option<&str> {
        match self {
            Self::Quote(_, under) => Some(under),
            Self::Card(..) | Self::News(_) => None,
        }
    }

    /// Lets a message show it as it stands now. Words stand as they were.
    pub(super) async fn edit(&self, wall: &dyn Wall, message: &str) -> Result<(), Trouble> {
        match self {
            Self::Card(card, words) => wall.edit(message, card, words).await,
            Self::News(_) | Self::Quote(..) => Ok(()),
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
