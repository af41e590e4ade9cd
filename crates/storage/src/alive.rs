//! Who works on this database, told dead from alive: each holds a lock that the system lets go when it dies.
//!
//! On SQLite a locked file beside the database, on PostgreSQL an advisory lock of a connection of
//! its own. A lock that nobody holds shows that its holder is dead; time alone shows nothing.

use crate::{Result, Store, StoreError, mint};
use sea_orm::{ConnectionTrait, prelude::Uuid};
use sqlx::{Connection, Executor, PgConnection};
use std::{
    fs::{File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
    time::Duration,
};

/// How long the database may take to say that a connection still stands.
const PATIENCE: Duration = Duration::from_secs(5);

/// A machine that is gone says no goodbye: PostgreSQL asks after it, and lets its locks go in half a minute
/// (<https://www.postgresql.org/docs/current/runtime-config-connection.html#GUC-TCP-KEEPALIVES-IDLE>).
const ASKED_AFTER: &str =
    "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 4";

/// Somebody who works, alive as long as this value.
#[derive(Debug)]
pub(crate) struct Alive {
    id: Uuid,
    lock: Lock,
}

#[derive(Debug)]
enum Lock {
    File { _held: File, path: PathBuf },
    Session(Box<PgConnection>),
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Who leaves in peace leaves nothing behind; who is killed leaves an unlocked file.
        if let Self::File { path, .. } = self {
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Alive {
    /// By this it is known to others.
    pub(crate) fn id(&self) -> Uuid {
        self.id
    }

    /// Whether the lock still stands; a connection that broke has lost it, and others take its holder for dead.
    pub(crate) async fn stands(&mut self) -> bool {
        match &mut self.lock {
            Lock::File { .. } => true,
            Lock::Session(connection) => {
                tokio::time::timeout(PATIENCE, connection.ping()).await.is_ok_and(|pinged| pinged.is_ok())
            }
        }
    }
}

/// The advisory lock of an id: half of it.
fn key(id: Uuid) -> i64 {
    let (high, low) = id.as_u64_pair();
    (high ^ low) as i64
}

impl Store {
    /// Proves from now on that somebody is alive, under a new id.
    ///
    /// # Errors
    /// As the database or the file system says.
    pub(crate) async fn prove_alive(&self) -> Result<Alive> {
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
                let mut connection = PgConnection::connect(&self.url).await.map_err(away)?;
                connection.execute(ASKED_AFTER).await.map_err(away)?;
                let lock = sqlx::query("SELECT pg_advisory_lock($1)").bind(key(id));
                lock.execute(&mut connection).await.map_err(away)?;
                Lock::Session(Box::new(connection))
            }
        };
        Ok(Alive { id, lock })
    }

    /// This process, as others know it: the same as long as its lock stands.
    ///
    /// # Errors
    /// As the database or the file system says.
    pub(crate) async fn me(&self) -> Result<Uuid> {
        let mut me = self.me.lock().await;
        if let Some(alive) = me.as_mut()
            && alive.stands().await
        {
            return Ok(alive.id());
        }
        let alive = self.prove_alive().await?;
        Ok(me.insert(alive).id())
    }

    /// Whether nobody holds the lock of an id.
    ///
    /// # Errors
    /// As the database says.
    pub(crate) async fn is_dead(&self, id: Uuid) -> Result<bool> {
        if let Some(path) = self.lock_file(id) {
            return Ok(is_free(&path));
        }
        let text = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 \
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
                    AND ((classid::bigint << 32) | objid::bigint) = ?";
        let held = self.db.query_one_raw(self.sql(text, vec![key(id).into()])).await?;
        Ok(held.is_none())
    }

    fn lock_file(&self, id: Uuid) -> Option<PathBuf> {
        let mut name = self.file.as_ref()?.as_os_str().to_owned();
        name.push(format!(".alive-{}", id.simple()));
        Some(PathBuf::from(name))
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// Whether nobody holds the file: it is not there, or it can be locked; then it was left behind, and is removed.
fn is_free(path: &Path) -> bool {
    match OpenOptions::new().read(true).write(true).open(path) {
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
        Ok(file) => match file.try_lock() {
            Ok(()) => {
                let _ = std::fs::remove_file(path);
                true
            }
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => false,
        },
    }
}
