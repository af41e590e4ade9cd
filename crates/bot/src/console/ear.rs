//! The console tells a member alone: a message in the channel of the alerts that nobody else sees.

use crate::{teller::Ear, wall::Trouble};
use async_trait::async_trait;
use rekindle_core::chat::Platform;
use rekindle_storage::{Store, StoreError, notices::Untold};

/// Messages of the console that one member sees.
#[derive(Debug)]
pub struct ConsoleEar {
    store: Store,
}

impl ConsoleEar {
    /// The console of a database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

#[async_trait]
impl Ear for ConsoleEar {
    fn platform(&self) -> Platform {
        Platform::Console
    }

    async fn tell(&self, untold: &Untold) -> Result<(), Trouble> {
        let trouble = |error: StoreError| Trouble::Later { after: None, why: error.to_string() };
        let playbooks = self.store.load_playbooks().await.map_err(trouble)?;
        let channel = &playbooks.current().routing.alerts;
        let notice = &untold.notice;
        let said = self.store.console().whisper(&notice.to, channel, "rekindle", &notice.text).await;
        said.map(drop).map_err(trouble)
    }
}
