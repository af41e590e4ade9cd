//! The teller: tells members what concerns them alone, on every platform where they can be reached.
//!
//! Promise: a notice is told until the platform has taken it. Where the platform's answer was lost it is told again,
//! under the same nonce: better twice than never. Each platform is told by one process, whatever number of them run.

use crate::wall::Trouble;
use async_trait::async_trait;
use rekindle_core::chat::Platform;
use rekindle_storage::{Result, Store, notices::Untold};
use std::{fmt::Debug, sync::Arc, time::Duration};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How many notices are told in one go.
const BATCH: u64 = 100;
/// How long it waits for a signal before it looks by itself.
const LOOK: Duration = Duration::from_secs(5);
/// How long a platform has to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a platform that takes nothing is left alone, where it does not say itself.
const REST: Duration = Duration::from_secs(10);

/// A platform on which members are told something alone.
#[async_trait]
pub trait Ear: Send + Sync + Debug {
    /// Which platform it is.
    fn platform(&self) -> Platform;

    /// Tells one member alone.
    async fn tell(&self, untold: &Untold) -> Result<(), Trouble>;
}

/// Tells members what concerns them alone. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Teller {
    store: Store,
    ears: Vec<Arc<dyn Ear>>,
}

impl Teller {
    /// A teller on the console and these platforms.
    pub fn new(store: Store, others: impl IntoIterator<Item = Arc<dyn Ear>>) -> Self {
        let console: Arc<dyn Ear> = Arc::new(crate::console::ConsoleEar::new(store.clone()));
        let ears = std::iter::once(console).chain(others).collect();
        Self { store, ears }
    }

    /// Tells until it is told to stop: on every signal, and by itself now and then. A slow platform holds up no other.
    pub async fn run(&self, cancel: CancellationToken) {
        let mut tasks = JoinSet::new();
        for ear in &self.ears {
            let (teller, ear, cancel) = (self.clone(), ear.clone(), cancel.clone());
            tasks.spawn(async move {
                cancel.run_until_cancelled(teller.keep(&*ear)).await;
            });
        }
        while tasks.join_next().await.is_some() {}
    }

    async fn keep(&self, ear: &dyn Ear) {
        let mut changes = self.store.changes();
        loop {
            let wait = match self.tell_all(ear).await {
                Ok(wait) => wait,
                Err(error) => {
                    tracing::warn!(%error, platform = %ear.platform(), "notices could not be told; trying again");
                    Some(REST)
                }
            };
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => changes.wait(LOOK).await,
            }
        }
    }

    /// Tells everything that is untold, once on each platform.
    ///
    /// # Errors
    /// As the database says.
    pub async fn catch_up(&self) -> Result<()> {
        for ear in &self.ears {
            self.tell_all(&**ear).await?;
        }
        Ok(())
    }

    /// Tells what is untold; how long the platform wants to be left alone, if it does.
    async fn tell_all(&self, ear: &dyn Ear) -> Result<Option<Duration>> {
        let platform = ear.platform();
        if !self.store.works_at(&format!("notices of {platform}")).await? {
            return Ok(None);
        }
        loop {
            let untold = self.store.notices().untold(platform, BATCH).await?;
            if untold.is_empty() {
                return Ok(None);
            }
            for one in untold {
                let late = || Err(Trouble::Unknown { why: "no answer within 10 s".to_owned() });
                match tokio::time::timeout(PATIENCE, ear.tell(&one)).await.unwrap_or_else(|_| late()) {
                    Ok(()) => {}
                    Err(Trouble::Later { after, why }) => {
                        tracing::warn!(%platform, why, "a notice could not be told now");
                        return Ok(Some(after.unwrap_or(REST)));
                    }
                    Err(Trouble::Unknown { why }) => {
                        tracing::warn!(%platform, why, "nobody knows whether a notice was told; it is told again");
                        return Ok(Some(REST));
                    }
                    // Told elsewhere, or not at all: it would be refused the next time as well.
                    Err(trouble) => {
                        tracing::warn!(%platform, %trouble, notice = %one.id, "a notice cannot be told here");
                    }
                }
                self.store.notices().told(one.id, platform).await?;
            }
        }
    }
}
