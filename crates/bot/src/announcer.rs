//! The announcer: keeps the cards of a place up to date.
//!
//! Promise: **cards converge.** A card is rendered whole from its row, and posted or edited while the
//! revision it shows is behind its row's; only then the place is noted as having come so far. So a card
//! never goes missing, whatever dies when. A crash between a post and the note about it leaves a message
//! that nobody knows of: before posting, the announcer looks for a message that holds the card already,
//! and adopts it rather than doubling it. Nothing is rendered from what a message said before.

use crate::{card::Card, desk::Settings, desk::View};
use rekindle_core::{alert::Reason, team::Handle};
use rekindle_storage::{Result, Store, StoreError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The place that this announcer writes to.
const DESTINATION: &str = "console";
/// How many cards are looked at in one go.
const BATCH: u64 = 100;
/// How long it waits for a signal before it looks by itself.
const LOOK: Duration = Duration::from_secs(1);

/// Keeps the cards of the console up to date.
#[derive(Debug, Clone)]
pub struct Announcer {
    store: Store,
    settings: Settings,
}

/// A card that is behind in the console.
struct Place {
    subject: Uuid,
    /// What it is to show.
    revision: i64,
    /// The message that holds it, as it was noted.
    message: Option<String>,
}

impl Announcer {
    /// An announcer for the console.
    pub fn new(store: Store, settings: Settings) -> Self {
        Self { store, settings }
    }

    /// Announces until it is told to stop: on every signal, and by itself each second.
    pub async fn run(&self, cancel: CancellationToken) {
        let mut changes = self.store.changes();
        while !cancel.is_cancelled() {
            if let Err(error) = self.catch_up().await {
                tracing::warn!(%error, "cards could not be brought up to date; trying again");
            }
            tokio::select! {
                () = changes.wait(LOOK) => {}
                () = cancel.cancelled() => {}
            }
        }
    }

    /// Brings every card up to date; how many were posted or edited.
    ///
    /// # Errors
    /// As the database says; what was not shown yet is shown the next time.
    pub async fn catch_up(&self) -> Result<usize> {
        let mut shown = 0;
        loop {
            let before = shown;
            shown += self.alerts().await? + self.campaigns().await?;
            if shown - before < BATCH as usize {
                return Ok(shown);
            }
        }
    }

    async fn alerts(&self) -> Result<usize> {
        let behind = self.store.cards().alerts_behind(DESTINATION, BATCH).await?;
        let Some(channel) = self.channel(!behind.is_empty(), |routing| &routing.alerts).await? else {
            return Ok(0);
        };
        let mut shown = 0;
        for one in behind {
            let place =
                Place { subject: one.subject.id.0, revision: one.subject.revision, message: one.message };
            let rendered = self.view().alert(&one.subject).await;
            let words = |card: &Card| match one.subject.reason {
                Reason::Hot => format!("{} is hot: {} points.", card.title, card.score.unwrap_or_default()),
                Reason::Back => format!("{} is back from the cold.", card.title),
                Reason::Hand => format!("{} was taken by hand.", card.title),
            };
            shown += self.show(place, &channel, rendered, words).await?;
        }
        Ok(shown)
    }

    async fn campaigns(&self) -> Result<usize> {
        let behind = self.store.cards().campaigns_behind(DESTINATION, BATCH).await?;
        let Some(channel) = self.channel(!behind.is_empty(), |routing| &routing.campaigns).await? else {
            return Ok(0);
        };
        let mut shown = 0;
        for one in behind {
            let place =
                Place { subject: one.subject.id.0, revision: one.subject.revision, message: one.message };
            let rendered = self.view().campaign(&one.subject).await;
            let by = one.subject.launched_by.as_ref().map(Handle::name).unwrap_or_default();
            let words = |card: &Card| {
                format!("{by} launched {} {}.", card.title, card.subtitle.as_deref().unwrap_or_default())
            };
            shown += self.show(place, &channel, rendered, words).await?;
        }
        Ok(shown)
    }

    /// The channel that the playbook names; asked for only where there is something to show.
    async fn channel(
        &self,
        wanted: bool,
        of: impl Fn(&rekindle_core::playbook::Routing) -> &String,
    ) -> Result<Option<String>> {
        if !wanted {
            return Ok(None);
        }
        let playbooks = self.store.load_playbooks().await?;
        Ok(Some(of(&playbooks.current().routing).clone()))
    }

    /// Posts or edits a card; how many were shown. One that cannot be rendered does not hold up the others.
    async fn show(
        &self,
        place: Place,
        channel: &str,
        rendered: Result<Card>,
        words: impl Fn(&Card) -> String,
    ) -> Result<usize> {
        let Place { subject, revision, message } = place;
        let card = match rendered {
            Ok(card) => card,
            Err(error @ (StoreError::Away(_) | StoreError::Busy(_))) => return Err(error),
            // The lead is gone; nothing will ever show.
            Err(StoreError::Refused(_)) => {
                let message = message.unwrap_or_default();
                self.store.cards().shown(subject, DESTINATION, &message, revision).await?;
                return Ok(0);
            }
            Err(error) => {
                tracing::error!(%error, %subject, "a card cannot be rendered");
                return Ok(0);
            }
        };
        let value = serde_json::to_value(&card).unwrap_or_default();
        let console = self.store.console();
        let known = match message.and_then(|id| id.parse().ok()) {
            Some(id) => Some(id),
            None => console.message_of_card(subject, channel).await?,
        };
        let id = match known {
            Some(id) => {
                console.edit(id, value).await?;
                id
            }
            None => console.post(channel, "rekindle", &words(&card), Some((subject, value))).await?,
        };
        self.store.cards().shown(subject, DESTINATION, &id.to_string(), revision).await?;
        Ok(1)
    }

    fn view(&self) -> View<'_> {
        View { store: &self.store, zone: self.settings.zone }
    }
}
