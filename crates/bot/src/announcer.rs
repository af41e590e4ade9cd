//! The announcer: keeps the cards of every wall up to date, and tells news there.
//!
//! Promise: **cards converge.** A card is rendered whole from its row, and posted or edited while the
//! revision it shows is behind its row's; only then the wall is noted as having come so far. So a card
//! never goes missing, whatever dies when. Before the first try a post draws its nonce: where it is
//! unknown whether a message was posted (a crash, an answer that was lost), the wall is asked for it
//! by the nonce, and it is adopted rather than doubled. Nothing is rendered from what a message said before.
//!
//! Each wall is brought up to date by a task of its own, so that a slow one holds up nobody; and by one process, whatever
//! number of them run.

mod face;
mod pace;
mod round;

use crate::{
    console::ConsoleWall,
    desk::Settings,
    wall::{Destination, Pace},
};
use pace::Bucket;
use rekindle_core::chat::Platform;
use rekindle_storage::{Result, Store};
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::{sync::Mutex, task::JoinSet};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How long it waits for a signal before it looks by itself.
const LOOK: Duration = Duration::from_secs(1);
/// How long a platform has to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Keeps the cards of all walls up to date. Clones share what they know of the walls.
#[derive(Debug, Clone)]
pub struct Announcer {
    store: Store,
    settings: Settings,
    walls: Vec<Arc<Hung>>,
}

/// A wall, with how it stands with us.
#[derive(Debug)]
struct Hung {
    to: Destination,
    state: Mutex<Standing>,
}

/// What is remembered of a wall between two looks; nothing of it is needed after a restart.
#[derive(Debug, Default)]
struct Standing {
    bucket: Option<Bucket>,
    /// Nothing is sent before this moment of the stopwatch.
    not_before: Duration,
    /// How often in a row it could not be reached.
    failures: u32,
    /// The cards that it shows, with what people see of each at once.
    cards: HashMap<Uuid, Shown>,
}

/// A card as it was last shown.
#[derive(Debug)]
struct Shown {
    /// What a human action changes.
    says: String,
    /// When, on the stopwatch.
    at: Duration,
    /// The newer revision that only moves figures, and waits.
    waits: Option<i64>,
}

impl Announcer {
    /// An announcer for the console alone.
    pub fn new(store: Store, settings: Settings) -> Self {
        let console = Destination {
            wall: Arc::new(ConsoleWall::new(store.clone())),
            platform: Platform::Console,
            channel: None,
            pace: None,
        };
        Self { store, settings, walls: Vec::new() }.with([console])
    }

    /// With walls on other platforms.
    #[must_use]
    pub fn with(mut self, destinations: impl IntoIterator<Item = Destination>) -> Self {
        let now = self.store.clock().stopwatch();
        self.walls.extend(destinations.into_iter().map(|to| {
            let bucket = to.pace.map(|pace: Pace| Bucket::new(pace, now));
            Arc::new(Hung { to, state: Mutex::new(Standing { bucket, ..Standing::default() }) })
        }));
        self
    }

    /// Announces until it is told to stop: on every signal, and by itself each second.
    pub async fn run(&self, cancel: CancellationToken) {
        let mut tasks = JoinSet::new();
        for hung in &self.walls {
            let (announcer, hung, cancel) = (self.clone(), hung.clone(), cancel.clone());
            tasks.spawn(async move { announcer.keep(&hung, &cancel).await });
        }
        while tasks.join_next().await.is_some() {}
    }

    async fn keep(&self, hung: &Hung, cancel: &CancellationToken) {
        let mut changes = self.store.changes();
        while !cancel.is_cancelled() {
            if let Err(error) = self.bring_up(hung).await {
                let wall = hung.to.wall.name();
                tracing::warn!(%error, wall, "cards could not be brought up to date; trying again");
            }
            tokio::select! {
                () = changes.wait(LOOK) => {}
                () = cancel.cancelled() => {}
            }
        }
        let wall = hung.to.wall.name();
        if let Err(error) = self.store.leaves(wall).await {
            tracing::warn!(%error, wall, "this wall could not be left; others take it over when we are gone");
        }
    }

    /// Brings every card of every wall up to date, as far as the walls take them; how many were posted or edited.
    ///
    /// # Errors
    /// As the database says; what was not shown yet is shown the next time.
    pub async fn catch_up(&self) -> Result<usize> {
        let mut shown = 0;
        for hung in &self.walls {
            shown += self.bring_up(hung).await?;
        }
        Ok(shown)
    }
}
