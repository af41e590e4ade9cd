//! The console as a wall: its messages are rows of our own.

use crate::{
    card::{Card, Kind},
    wall::{Quote, Trouble, Wall},
};
use async_trait::async_trait;
use rekindle_storage::{Store, StoreError};
use uuid::Uuid;

/// The channels of the console; each card goes into the one that the routing names.
#[derive(Debug)]
pub struct ConsoleWall {
    store: Store,
}

impl ConsoleWall {
    /// The console of a database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    async fn channel(&self, kind: Kind) -> Result<String, Trouble> {
        let playbooks = self.store.load_playbooks().await.map_err(trouble)?;
        let routing = &playbooks.current().routing;
        Ok(match kind {
            Kind::Alert => routing.alerts.clone(),
            Kind::Campaign => routing.campaigns.clone(),
        })
    }
}

fn trouble(error: StoreError) -> Trouble {
    Trouble::Later { after: None, why: error.to_string() }
}

#[async_trait]
impl Wall for ConsoleWall {
    fn name(&self) -> &str {
        "console"
    }

    /// A card is one message in a channel: one that was posted and not noted down is found by the card itself.
    async fn post(&self, _: Uuid, card: &Card, words: &str) -> Result<String, Trouble> {
        let channel = self.channel(card.kind).await?;
        let value = serde_json::to_value(card).unwrap_or_default();
        let console = self.store.console();
        let subject = subject(card)?;
        let id = match console.message_of_card(subject, &channel).await.map_err(trouble)? {
            Some(id) => {
                console.edit(id, value).await.map_err(trouble)?;
                id
            }
            None => {
                console.post(&channel, "rekindle", words, Some((subject, value))).await.map_err(trouble)?
            }
        };
        Ok(id.to_string())
    }

    async fn edit(&self, message: &str, card: &Card, _: &str) -> Result<(), Trouble> {
        let id = message.parse().map_err(|_| Trouble::Gone)?;
        let value = serde_json::to_value(card).unwrap_or_default();
        self.store.console().edit(id, value).await.map_err(trouble)
    }

    /// Posting looks for the card itself.
    async fn find(&self, _: Uuid, _: Option<&str>) -> Result<Option<String>, Trouble> {
        Ok(None)
    }

    async fn say(&self, nonce: Uuid, words: &str) -> Result<String, Trouble> {
        let playbooks = self.store.load_playbooks().await.map_err(trouble)?;
        let channel = &playbooks.current().routing.operations;
        let said = self.store.console().post_under(nonce, channel, "rekindle", words).await;
        said.map(|id| id.to_string()).map_err(trouble)
    }

    async fn quote(&self, nonce: Uuid, _: &str, quote: &Quote) -> Result<String, Trouble> {
        let channel = self.channel(Kind::Alert).await?;
        let words = format!("{}\n“{}”", quote.intro, quote.said);
        let said = self.store.console().post_under(nonce, &channel, "rekindle", &words).await;
        said.map(|id| id.to_string()).map_err(trouble)
    }
}

/// The alert or campaign that a card is about.
fn subject(card: &Card) -> Result<Uuid, Trouble> {
    let id = card.id.rsplit('_').next().unwrap_or_default();
    id.parse().map_err(|_| Trouble::Refused { why: format!("{} is no id", card.id) })
}
