//! A fresh database for each run: a file, or a database of a server that `./bench` started.

use std::fmt;
use std::path::PathBuf;

use rekindle_core::playbook::Files;
use rekindle_core::time::SharedClock;
use rekindle_storage::Store;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, Statement};

use crate::{Measured, Orders};

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    pub(crate) const BOTH: [Self; 2] = [Self::Sqlite, Self::Postgres];
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        })
    }
}

/// On what its files lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Disk,
    Memory,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Disk => "real disk",
            Self::Memory => "memory disk",
        })
    }
}

/// A database of one run, and a connection that looks over the store's shoulder.
pub(crate) struct Base {
    pub(crate) store: Store,
    look: DatabaseConnection,
    kept: Kept,
}

/// What is removed at the end.
enum Kept {
    Folder(PathBuf),
    Named { server: String, name: String },
}

impl Base {
    /// Makes an empty database at `place`, with `playbook` in force.
    pub(crate) async fn fresh(
        orders: &Orders,
        engine: Engine,
        place: Place,
        clock: &SharedClock,
        playbook: &Files,
    ) -> Measured<Self> {
        let name = format!("bench_{}", clock.stopwatch().as_nanos());
        let where_to = match place {
            Place::Disk => "disk",
            Place::Memory => "memory",
        };
        let (url, kept) = match engine {
            Engine::Sqlite => {
                let folder = PathBuf::from(orders.text(where_to)?).join(&name);
                std::fs::create_dir_all(&folder)?;
                (format!("sqlite://{}/rekindle.db", folder.display()), Kept::Folder(folder))
            }
            Engine::Postgres => {
                let server = orders.text(&format!("postgres_{where_to}"))?;
                let url = |database: &str| server.replace("DATABASE", database);
                run(&url("postgres"), &format!("CREATE DATABASE {name}")).await?;
                (url(&name), Kept::Named { server: url("postgres"), name })
            }
        };
        let store = Store::open(&url, clock.clone()).await?;
        store.apply_playbook(playbook).await?;
        Ok(Self { store, look: connect(&url).await?, kept })
    }

    /// The one number that a question is answered with.
    pub(crate) async fn number(&self, question: &str) -> Measured<i64> {
        let statement = Statement::from_string(self.look.get_database_backend(), question);
        let row = self.look.query_one_raw(statement).await?.ok_or("no row")?;
        Ok(row.try_get_by_index(0)?)
    }

    /// Runs a statement.
    pub(crate) async fn run(&self, statement: &str) -> Measured<()> {
        self.look.execute_unprepared(statement).await?;
        Ok(())
    }

    /// Closes it and removes what it left.
    pub(crate) async fn remove(self) -> Measured<()> {
        self.store.close().await?;
        self.look.close().await?;
        match self.kept {
            Kept::Folder(folder) => std::fs::remove_dir_all(folder)?,
            Kept::Named { server, name } => {
                run(&server, &format!("DROP DATABASE {name} WITH (FORCE)")).await?;
            }
        }
        Ok(())
    }
}

async fn connect(url: &str) -> Measured<DatabaseConnection> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    Ok(Database::connect(options).await?)
}

async fn run(server: &str, statement: &str) -> Measured<()> {
    let connection = connect(server).await?;
    connection.execute_unprepared(statement).await?;
    Ok(connection.close().await?)
}
