//! Opens the database, by its URL, and brings its tables up to date under a lock.

use crate::{
    Result, StoreError,
    alive::Alive,
    behalf::Behalf,
    mint,
    rows::{micros, small},
    signal::Signal,
    spool::Spool,
};
use rekindle_core::{link::KeyRing, playbook::Playbooks, time::SharedClock};
use rekindle_migrations::Migrator;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, EntityTrait, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;
use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    path::{Path, PathBuf},
    sync::{Arc, RwLock},
    time::Duration,
};
use tokio::sync::Mutex;

/// The database, opened. Cheap to clone: all clones are the same.
#[derive(Clone)]
pub struct Store {
    /// Reads.
    pub(crate) db: DatabaseConnection,
    /// Writes. On SQLite one connection alone: each that finds the file changed by another throws its page cache away,
    /// and its prepared statements are its own. On PostgreSQL the same pool.
    pub(crate) writer: DatabaseConnection,
    /// Where the file is; none on PostgreSQL.
    pub(crate) file: Option<Arc<Path>>,
    pub(crate) url: Arc<str>,
    pub(crate) clock: SharedClock,
    pub(crate) ring: Arc<KeyRing>,
    /// SQLite has one writer: in this process they queue here, in order.
    pub(crate) queue: Arc<Mutex<()>>,
    pub(crate) signal: Arc<Signal>,
    pub(crate) playbooks: Arc<RwLock<Option<Arc<Playbooks>>>>,
    /// The lock that proves this process alive, once others have to know.
    pub(crate) me: Arc<Mutex<Option<Alive>>>,
    /// Where unsubscribes wait while the database is away.
    pub(crate) spool: Option<Arc<Spool>>,
    /// The arrival that is worked for, where it is one.
    pub(crate) behalf: Option<Arc<Behalf>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({:?})", self.db.get_database_backend())
    }
}

/// Serialises migrations between processes on PostgreSQL (any number that nobody else uses).
const MIGRATION_LOCK: i64 = 7_264_001;

impl Store {
    /// Opens `sqlite:///path/to/file` (made when missing, readable by its owner alone) or
    /// `postgres://…`, and migrates it. Many processes may do so at once.
    ///
    /// # Errors
    /// [`StoreError::Away`] when it cannot be reached, [`StoreError::Unusable`] when the URL or the file is no good.
    pub async fn open(url: &str, clock: SharedClock) -> Result<Self> {
        let file = file_of(url)?;
        let guard = match &file {
            Some(path) => {
                let path = path.clone();
                // Waits for the lock, so it must not hold up a thread on which others work.
                let prepared = tokio::task::spawn_blocking(move || prepare_file(&path)).await;
                Some(prepared.map_err(|error| StoreError::Unusable(error.to_string()))??)
            }
            None => None,
        };
        let connections = if file.is_some() { READERS } else { CONNECTIONS };
        let db = Database::connect(options(url, connections)).await?;
        match db.get_database_backend() {
            DbBackend::Postgres => {
                // The lock is held on one connection while others migrate: it only serialises.
                let tx = db.begin().await?;
                tx.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")).await?;
                Migrator::up(&db, None).await?;
                let made = ring(&db, &clock).await?;
                tx.commit().await?;
                Ok(Self::with(db.clone(), db, file, url, clock, made))
            }
            _ => {
                Migrator::up(&db, None).await?;
                let made = ring(&db, &clock).await?;
                drop(guard);
                let writer = Database::connect(options(url, 1)).await?;
                Ok(Self::with(db, writer, file, url, clock, made))
            }
        }
    }

    fn with(
        db: DatabaseConnection,
        writer: DatabaseConnection,
        file: Option<PathBuf>,
        url: &str,
        clock: SharedClock,
        ring: KeyRing,
    ) -> Self {
        Self {
            db,
            writer,
            file: file.map(Into::into),
            url: url.into(),
            clock,
            ring: Arc::new(ring),
            queue: Arc::default(),
            signal: Arc::new(Signal::new()),
            playbooks: Arc::default(),
            me: Arc::default(),
            spool: None,
            behalf: None,
        }
    }

    /// The secrets of link tokens.
    pub fn ring(&self) -> &KeyRing {
        &self.ring
    }

    /// What tells the time to whoever works on this database.
    pub fn clock(&self) -> &SharedClock {
        &self.clock
    }

    /// Whether it is SQLite: one file, one writer.
    pub fn is_embedded(&self) -> bool {
        self.file.is_some()
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError::Away`] when it does not.
    pub async fn ping(&self) -> Result<()> {
        Ok(self.db.ping().await?)
    }

    /// Closes all connections.
    ///
    /// # Errors
    /// When the driver cannot.
    pub async fn close(&self) -> Result<()> {
        *self.me.lock().await = None;
        self.writer.clone().close().await?;
        Ok(self.db.clone().close().await?)
    }
}

/// How many prepared statements a connection keeps: each text in each of its few lengths.
const STATEMENTS: usize = 500;

/// How many connections are open at the most on PostgreSQL.
const CONNECTIONS: u32 = 12;

/// How many read on SQLite. They take turns, and each reads anew what another has written, so that more would be slower.
const READERS: u32 = 5;

fn options(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(10))
        .connect_timeout(Duration::from_secs(10))
        .test_before_acquire_if_idle_for(Duration::from_secs(10))
        // Statements would carry addresses and names into the logs.
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .map_sqlx_postgres_opts(|postgres| postgres.statement_cache_capacity(STATEMENTS))
        .map_sqlx_sqlite_opts(|sqlite| {
            use sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
            sqlite
                .create_if_missing(true)
                .foreign_keys(true)
                .journal_mode(SqliteJournalMode::Wal)
                // With NORMAL a power loss can take back a committed intent to send.
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(Duration::from_secs(10))
                .statement_cache_capacity(STATEMENTS)
                .pragma("cache_size", "-65536")
                // A page that changes again and again goes to the file once in so many (16 MB of the log).
                .pragma("wal_autocheckpoint", "4000")
                .pragma("temp_store", "memory")
        });
    options
}

fn file_of(url: &str) -> Result<Option<PathBuf>> {
    if let Some(path) = url.strip_prefix("sqlite://") {
        let path = path.split('?').next().unwrap_or_default();
        if path.is_empty() || path.starts_with(":memory:") {
            let text = "database.url must name a file: sqlite:///var/lib/rekindle/rekindle.db";
            return Err(StoreError::Unusable(text.to_owned()));
        }
        return Ok(Some(PathBuf::from(path)));
    }
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(None);
    }
    let text = "database.url must begin with sqlite:// or postgres://";
    Err(StoreError::Unusable(text.to_owned()))
}

/// Makes the file readable by its owner alone (SQLite gives its companions the same mode), and holds
/// the migration lock beside it.
fn prepare_file(path: &Path) -> Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let cannot =
        |error: std::io::Error| StoreError::Unusable(format!("cannot use {}: {error}", path.display()));
    let open = |path: &Path| {
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
    };
    open(path).map_err(cannot)?;
    let mut name = path.as_os_str().to_owned();
    name.push(".migrate");
    let lock = open(Path::new(&name)).map_err(cannot)?;
    lock.lock().map_err(cannot)?;
    Ok(lock)
}

/// The key ring; the first process makes the first key.
async fn ring(db: &DatabaseConnection, clock: &SharedClock) -> Result<KeyRing> {
    let mut keys = secrets(db).await?;
    if keys.is_empty() {
        let key = mint::key();
        let row = small::secret::Model { id: 1, key: key.to_vec(), created_at: micros(clock.wall()) };
        crate::rows::add::<small::secret::Entity, _>(db, vec![row]).await?;
        keys.insert(1, key);
    }
    KeyRing::new(keys).ok_or_else(|| StoreError::Unusable("there is no secret for links".to_owned()))
}

/// The keys of links, by their ids.
async fn secrets(db: &DatabaseConnection) -> Result<BTreeMap<u8, [u8; 32]>> {
    let mut keys = BTreeMap::new();
    for row in small::secret::Entity::find().all(db).await? {
        let bad = || StoreError::Corrupt {
            table: "secret",
            column: "key",
            row: row.id.to_string(),
            found: format!("{} bytes", row.key.len()),
        };
        keys.insert(u8::try_from(row.id).map_err(|_| bad())?, row.key.clone().try_into().map_err(|_| bad())?);
    }
    Ok(keys)
}

impl Store {
    /// Makes a new key for links; how many there are now. Links that were made with the old ones stay good.
    ///
    /// # Errors
    /// As the database says; after 255 keys there is no number for another.
    pub async fn rotate_link_key(&self) -> Result<usize> {
        let last = secrets(&self.db).await?.keys().next_back().copied().unwrap_or(0);
        let next = last
            .checked_add(1)
            .ok_or_else(|| StoreError::Unusable("there are 255 keys for links already".to_owned()))?;
        let row = small::secret::Model {
            id: i32::from(next),
            key: mint::key().to_vec(),
            created_at: micros(self.clock.wall()),
        };
        let tx = self.begin().await?;
        crate::rows::add::<small::secret::Entity, _>(&*tx, vec![row]).await?;
        self.commit(tx, false).await?;
        self.learn_link_keys().await?;
        Ok(usize::from(next))
    }

    /// Takes the keys of links that other processes have made.
    ///
    /// # Errors
    /// As the database says.
    pub async fn learn_link_keys(&self) -> Result<()> {
        self.ring.learn(secrets(&self.db).await?);
        Ok(())
    }
}
