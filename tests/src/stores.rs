//! A database for one test, of either kind, and the test for both kinds.
//!
//! A story is an async function of a [`Home`]; `on_both!(story, other_story)` makes a test of each
//! for SQLite in a folder of its own and one for a PostgreSQL database of its own. Where there is no
//! PostgreSQL the test fails: it is never skipped.

use std::sync::Arc;

use chrono::{TimeZone, Utc};
use rekindle_core::ids::LeadId;
use rekindle_core::time::{Clock, Moment};
use rekindle_storage::{Store, StoreError};
use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection, Statement, TryGetable};

use crate::clock::ManualClock;
use crate::postgres;

/// Where the database of one test is; gone with this value.
pub struct Home {
    url: String,
    clock: Arc<ManualClock>,
    place: Place,
}

enum Place {
    Folder(tempfile::TempDir),
    Server { _database: postgres::Database },
}

/// A Monday morning with microseconds, on which the stories begin.
#[must_use]
pub fn monday_morning() -> Moment {
    Utc.timestamp_micros(1_772_445_600_123_457).single().expect("2026-03-02T10:00:00.123457Z")
}

impl Home {
    /// A file of SQLite in a folder of its own.
    #[must_use]
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let url = format!("sqlite://{}", folder.path().join("rekindle.db").display());
        Self::of(url, Place::Folder(folder))
    }

    /// A database of its own in the PostgreSQL of this test run.
    #[must_use]
    pub fn postgres() -> Self {
        let database = postgres::database();
        Self::of(database.url().to_owned(), Place::Server { _database: database })
    }

    fn of(url: String, place: Place) -> Self {
        Self { url, clock: Arc::new(ManualClock::at(monday_morning())), place }
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The folder of a SQLite database; none on PostgreSQL.
    #[must_use]
    pub fn folder(&self) -> Option<&std::path::Path> {
        match &self.place {
            Place::Folder(folder) => Some(folder.path()),
            Place::Server { .. } => None,
        }
    }

    /// What tells the time to all stores that are opened here.
    #[must_use]
    pub fn clock(&self) -> &ManualClock {
        &self.clock
    }

    /// Now, on the calendar.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.clock.calendar()
    }

    /// Opens it once more, as another process would.
    ///
    /// # Errors
    /// What [`Store::open`] says.
    pub async fn try_open(&self) -> Result<Store, StoreError> {
        Store::open(&self.url, self.clock.clone()).await
    }

    /// Opens it once more, as another process would.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub async fn open(&self) -> Store {
        self.try_open().await.unwrap_or_else(|why| panic!("{} cannot be opened: {why}", self.url))
    }

    /// A connection that looks over the store's shoulder.
    ///
    /// # Panics
    /// When there is none.
    pub async fn shoulder(&self) -> Shoulder {
        let mut options = ConnectOptions::new(&self.url);
        options.max_connections(1).sqlx_logging(false);
        Shoulder(sea_orm::Database::connect(options).await.expect("a connection beside the store's"))
    }
}

/// A connection that looks at the rows themselves.
pub struct Shoulder(DatabaseConnection);

impl Shoulder {
    /// Runs a statement that has no values; returns how many rows it changed.
    ///
    /// # Panics
    /// When the database refuses it.
    pub async fn run(&self, sql: &str) -> u64 {
        let done = self.0.execute_unprepared(sql).await;
        done.unwrap_or_else(|why| panic!("{sql}: {why}")).rows_affected()
    }

    /// The first column of all rows.
    ///
    /// # Panics
    /// When the database refuses it, or the column is of another type.
    pub async fn column<T: TryGetable>(&self, sql: &str) -> Vec<T> {
        let statement = Statement::from_string(self.0.get_database_backend(), sql);
        let rows = self.0.query_all_raw(statement).await.unwrap_or_else(|why| panic!("{sql}: {why}"));
        let read = |row: &sea_orm::QueryResult| row.try_get_by_index(0);
        rows.iter().map(read).collect::<Result<_, _>>().unwrap_or_else(|why| panic!("{sql}: {why}"))
    }

    /// The one number that a question is answered with.
    ///
    /// # Panics
    /// When it is not exactly one.
    pub async fn number(&self, sql: &str) -> i64 {
        let found: Vec<i64> = self.column(sql).await;
        assert_eq!(found.len(), 1, "{sql}");
        found[0]
    }

    /// Holds a lead, so that whoever decides about it waits: on PostgreSQL, which locks rows.
    ///
    /// # Panics
    /// When the database refuses it.
    pub async fn hold(&self, lead: LeadId) {
        self.run("BEGIN").await;
        self.run(&format!("SELECT id FROM lead WHERE id = '{}' FOR UPDATE", lead.0)).await;
    }

    /// Lets go what it held.
    ///
    /// # Panics
    /// When the database refuses it.
    pub async fn let_go(&self) {
        self.run("COMMIT").await;
    }

    /// Everything that the team has, as one text; on SQLite.
    ///
    /// # Panics
    /// When the database says no.
    pub async fn holdings(&self) -> String {
        let mut all = Vec::new();
        for query in [
            "SELECT hex(id) || state || revision || COALESCE(\"by\", '') FROM alert ORDER BY id",
            "SELECT hex(id) || nurture || COALESCE(owner, '') FROM lead ORDER BY id",
            "SELECT handle || role || active FROM member ORDER BY handle",
            "SELECT user_id || hex(member_id) FROM chat_user ORDER BY user_id",
            "SELECT hex(id) || state FROM campaign ORDER BY id",
        ] {
            all.extend(self.column::<String>(query).await);
        }
        all.join("\n")
    }

    /// Whether it is a PostgreSQL.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        self.0.get_database_backend() == sea_orm::DbBackend::Postgres
    }

    /// The names of all tables but that of the migrations.
    pub async fn tables(&self) -> Vec<String> {
        let sql = match self.0.get_database_backend() {
            sea_orm::DbBackend::Postgres => {
                "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public' AND table_name <> 'seaql_migrations' ORDER BY 1"
            }
            _ => {
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'seaql_migrations' ORDER BY 1"
            }
        };
        self.column(sql).await
    }
}

/// Makes of each story a test on SQLite and a test on PostgreSQL.
#[macro_export]
macro_rules! on_both {
    ($($story:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                super::$story($crate::stores::Home::sqlite()).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                super::$story($crate::stores::Home::postgres()).await;
            })*
        }
    };
}
