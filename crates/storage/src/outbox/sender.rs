//! Who sends, told dead from alive: a sender holds a lock that the system lets go when it dies.
//!
//! On SQLite a locked file beside the database, on PostgreSQL an advisory lock of a connection of
//! its own. A lock that can be taken shows that its holder is dead; time alone shows nothing.

use super::Outbox;
use crate::{
    Result, StoreError, mint,
    rows::{add, micros, small},
};
use sea_orm::{ConnectionTrait, EntityTrait, prelude::Uuid};
use sqlx::{Connection, PgConnection};
use std::{
    fs::{File, OpenOptions, TryLockError},
    path::PathBuf,
};

/// A sender of mail, alive as long as this value.
#[derive(Debug)]
pub struct Sender {
    id: Uuid,
    _lock: Lock,
}

#[derive(Debug)]
enum Lock {
    File { _held: File, path: PathBuf },
    Session(Box<PgConnection>),
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A sender that leaves in peace leaves nothing behind; one that is killed leaves an unlocked file.
        if let Self::File { path, .. } = self {
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Sender {
    pub(crate) fn id(&self) -> Uuid {
        self.id
    }

    /// What it is called where its word is kept for later.
    pub fn name(&self) -> String {
        self.id.simple().to_string()
    }

    /// Whether the lock still stands; a connection that broke has lost it, and the sender must stop claiming.
    pub async fn is_alive(&mut self) -> bool {
        match &mut self._lock {
            Lock::File { .. } => true,
            Lock::Session(connection) => connection.ping().await.is_ok(),
        }
    }
}

/// The advisory lock of a sender: half of its id.
fn key(id: Uuid) -> i64 {
    let (high, low) = id.as_u64_pair();
    (high ^ low) as i64
}

impl Outbox<'_> {
    /// A new sender, which holds its lock until it is dropped.
    ///
    /// # Errors
    /// As the database or the file system says.
    pub async fn enlist(&self) -> Result<Sender> {
        let id = mint::id();
        let lock = match self.lock_file(id) {
            Some(path) => {
                let held = open(&path).and_then(|file| file.lock().map(|()| file));
                let held =
                    held.map_err(|e| StoreError::Unusable(format!("cannot lock {}: {e}", path.display())))?;
                Lock::File { _held: held, path }
            }
            None => {
                let away = |e: sqlx::Error| StoreError::Away(e.to_string());
                let mut connection = PgConnection::connect(&self.0.url).await.map_err(away)?;
                sqlx::query("SELECT pg_advisory_lock($1)")
                    .bind(key(id))
                    .execute(&mut connection)
                    .await
                    .map_err(away)?;
                Lock::Session(Box::new(connection))
            }
        };
        let row = small::sender::Model { id, started_at: micros(self.0.clock.wall()) };
        let tx = self.0.begin().await?;
        add::<small::sender::Entity, _>(&*tx, vec![row]).await?;
        self.0.commit(tx, false).await?;
        Ok(Sender { id, _lock: lock })
    }

    /// Senders that are dead, by their locks; the rows of those that left nothing behind are removed by the caller.
    pub(super) async fn dead(&self, but: Uuid) -> Result<Vec<Uuid>> {
        let mut dead = Vec::new();
        let mut others: Vec<Uuid> =
            small::sender::Entity::find().all(&self.0.db).await?.into_iter().map(|row| row.id).collect();
        // A claim of a sender that was killed may have been committed after it was buried.
        let text = "SELECT DISTINCT owner FROM delivery WHERE owner IS NOT NULL AND state IN ('claimed', 'committing')";
        for row in self.0.db.query_all_raw(self.0.sql(text, Vec::new())).await? {
            others.push(row.try_get("", "owner")?);
        }
        others.sort_unstable();
        others.dedup();
        others.retain(|id| *id != but);
        if others.is_empty() {
            return Ok(dead);
        }
        let mut connection = match self.0.file {
            Some(_) => None,
            None => {
                let away = |e: sqlx::Error| StoreError::Away(e.to_string());
                Some(PgConnection::connect(&self.0.url).await.map_err(away)?)
            }
        };
        for id in others {
            let is_dead = match (self.lock_file(id), &mut connection) {
                (Some(path), _) => file_is_free(&path),
                (None, Some(connection)) => sqlx::query_scalar("SELECT pg_try_advisory_lock($1)")
                    .bind(key(id))
                    .fetch_one(&mut *connection)
                    .await
                    .map_err(|e| StoreError::Away(e.to_string()))?,
                (None, None) => false,
            };
            if is_dead {
                dead.push(id);
            }
        }
        // The locks that were taken to see go with the connection.
        if let Some(connection) = connection {
            let _ = connection.close().await;
        }
        Ok(dead)
    }

    /// Forgets a sender that is dead.
    pub(super) async fn bury(&self, id: Uuid) -> Result<()> {
        let tx = self.0.begin().await?;
        small::sender::Entity::delete_by_id(id).exec(&*tx).await?;
        self.0.commit(tx, false).await?;
        if let Some(path) = self.lock_file(id) {
            let _ = std::fs::remove_file(path);
        }
        Ok(())
    }

    fn lock_file(&self, id: Uuid) -> Option<PathBuf> {
        let mut name = self.0.file.as_ref()?.as_os_str().to_owned();
        name.push(format!(".sender-{}", id.simple()));
        Some(PathBuf::from(name))
    }
}

fn open(path: &PathBuf) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// Whether nobody holds the file: it can be locked, or it is not there.
fn file_is_free(path: &PathBuf) -> bool {
    match OpenOptions::new().read(true).write(true).open(path) {
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
        Ok(file) => match file.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => false,
        },
    }
}
