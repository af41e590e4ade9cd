//! Wakes whoever waits for something to change: in this process at once, in others by LISTEN and
//! NOTIFY on PostgreSQL, or by a look at `PRAGMA data_version` every 100 ms on SQLite.
//!
//! A signal is only ever a hint: everything that waits for one also looks by itself from time to time.

use crate::{Result, Store};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend};
use std::time::Duration;
use tokio::sync::watch;

const CHANNEL: &str = "rekindle_changes";

/// Tells that something has changed.
#[derive(Debug)]
pub(crate) struct Signal(watch::Sender<u64>);

impl Signal {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(0))
    }

    pub(crate) fn raise(&self) {
        self.0.send_modify(|count| *count += 1);
    }
}

/// Waits for changes.
#[derive(Debug, Clone)]
pub struct Changes(watch::Receiver<u64>);

impl Changes {
    /// Waits until something has changed since the last call, or `most` has passed.
    pub async fn wait(&mut self, most: Duration) {
        // A closed channel means that the store is gone: nothing will change any more.
        let _ = tokio::time::timeout(most, self.0.changed()).await;
    }
}

impl Store {
    /// Waits for changes from now on.
    pub fn changes(&self) -> Changes {
        let mut receiver = self.signal.0.subscribe();
        receiver.mark_unchanged();
        Changes(receiver)
    }

    /// Says on the way out of a transaction that others may want to look.
    pub(crate) async fn notify(&self, tx: &DatabaseTransaction) -> Result<()> {
        if tx.get_database_backend() == DbBackend::Postgres {
            tx.execute_unprepared(&format!("NOTIFY {CHANNEL}")).await?;
        }
        Ok(())
    }

    /// Hears the changes of other processes and passes them on here; runs until it is dropped.
    pub async fn listen(&self) {
        loop {
            let heard = match self.file {
                Some(_) => self.watch_file().await,
                None => self.hear_notices().await,
            };
            if let Err(error) = heard {
                tracing::warn!(%error, "cannot hear other processes; trying again");
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    async fn watch_file(&self) -> Result<(), sqlx::Error> {
        let mut connection = self.db.get_sqlite_connection_pool().acquire().await?;
        let mut last: i64 = 0;
        loop {
            let version: i64 = sqlx::query_scalar("PRAGMA data_version").fetch_one(&mut *connection).await?;
            if version != last {
                last = version;
                self.signal.raise();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn hear_notices(&self) -> Result<(), sqlx::Error> {
        let mut listener = sqlx::postgres::PgListener::connect(&self.url).await?;
        listener.listen(CHANNEL).await?;
        loop {
            listener.recv().await?;
            self.signal.raise();
        }
    }
}
