//! What can go wrong with the database, told apart where callers act differently.

use rekindle_core::refusal::Refusal;
use sea_orm::{DbErr, RuntimeErr, SqlErr};

/// Why a verb could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The rules said no.
    #[error("refused: {}", .0.code())]
    Refused(Refusal),
    /// The database cannot be reached or cannot write: come again later.
    #[error("the database is away: {0}")]
    Away(String),
    /// What is worked for was taken by another process.
    #[error("another process has this in hand")]
    Taken,
    /// Two writers met; the verb has tried again as often as it may.
    #[error("the database is busy: {0}")]
    Busy(String),
    /// A row does not hold what it must.
    #[error("table {table}, row {row}: column {column} holds {found:?}")]
    Corrupt {
        /// Which table.
        table: &'static str,
        /// Which column.
        column: &'static str,
        /// Which row.
        row: String,
        /// What stands there.
        found: String,
    },
    /// The database cannot be used as it is.
    #[error("{0}")]
    Unusable(String),
    /// Anything else that the driver says.
    #[error("the database says: {0}")]
    Database(DbErr),
}

impl StoreError {
    /// The refusal, where it is one.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }
}

impl From<Refusal> for StoreError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        match &error {
            DbErr::Conn(_) | DbErr::ConnectionAcquire(_) => Self::Away(error.to_string()),
            _ if is_conflict(&error) => Self::Busy(error.to_string()),
            DbErr::Exec(RuntimeErr::SqlxError(inner)) | DbErr::Query(RuntimeErr::SqlxError(inner)) => {
                match &**inner {
                    sqlx::Error::Io(_)
                    | sqlx::Error::PoolTimedOut
                    | sqlx::Error::PoolClosed
                    | sqlx::Error::WorkerCrashed => Self::Away(error.to_string()),
                    sqlx::Error::Database(db) if is_away(db.code().as_deref()) => {
                        Self::Away(error.to_string())
                    }
                    _ => Self::Database(error),
                }
            }
            _ => Self::Database(error),
        }
    }
}

/// SQLite: disk full, I/O error, read-only. PostgreSQL: shutting down (57P01 to 57P03), out of room (53100).
fn is_away(code: Option<&str>) -> bool {
    matches!(code, Some("13" | "10" | "8" | "778" | "1034" | "57P01" | "57P02" | "57P03" | "53100" | "08006"))
}

/// Whether trying the transaction again may help: serialization failure, deadlock, busy, and a unique
/// row that another writer made first.
pub(crate) fn is_conflict(error: &DbErr) -> bool {
    if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) {
        return true;
    }
    let (DbErr::Exec(RuntimeErr::SqlxError(inner)) | DbErr::Query(RuntimeErr::SqlxError(inner))) = error
    else {
        return false;
    };
    let sqlx::Error::Database(db) = &**inner else { return false };
    matches!(db.code().as_deref(), Some("40001" | "40P01" | "5" | "6" | "261" | "517"))
}
