//! Transactions that write: one at a time on SQLite, begun IMMEDIATE; tried again when two meet.

use crate::{Result, Store};
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, SqliteTransactionMode, Statement, TransactionOptions,
    TransactionTrait, Value,
};
use tokio::sync::OwnedMutexGuard;

/// A transaction that writes, with its place in the queue.
pub(crate) struct Writing {
    tx: DatabaseTransaction,
    _place: Option<OwnedMutexGuard<()>>,
}

impl std::ops::Deref for Writing {
    type Target = DatabaseTransaction;
    fn deref(&self) -> &DatabaseTransaction {
        &self.tx
    }
}

/// How often a transaction that met another is tried again.
pub(crate) const TRIES: u32 = 8;

/// Runs a verb again while it meets other writers.
macro_rules! again {
    ($attempt:expr) => {{
        let mut tries = 1;
        loop {
            match $attempt.await {
                Err($crate::StoreError::Busy(_)) if tries < $crate::transaction::TRIES => {
                    tries += 1;
                    tokio::time::sleep(std::time::Duration::from_millis(2 << tries)).await;
                }
                result => break result,
            }
        }
    }};
}
pub(crate) use again;

impl Store {
    /// Begins a transaction that writes; for an arrival, the first of them begins it ([`crate::behalf`]).
    pub(crate) async fn begin(&self) -> Result<Writing> {
        let place = match self.file {
            Some(_) => Some(self.queue.clone().lock_owned().await),
            None => None,
        };
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        let writing = Writing { tx: self.writer.begin_with_options(options).await?, _place: place };
        if let Some(behalf) = &self.behalf {
            behalf.begin(self, &writing).await?;
        }
        Ok(writing)
    }

    /// Commits, and wakes whoever waits. `loud` also wakes other processes on PostgreSQL.
    pub(crate) async fn commit(&self, writing: Writing, loud: bool) -> Result<()> {
        if loud {
            self.notify(&writing.tx).await?;
        }
        writing.tx.commit().await?;
        if let Some(behalf) = &self.behalf {
            behalf.committed();
        }
        if loud {
            self.signal.raise();
        }
        Ok(())
    }

    /// A statement whose text is written once with `?` for its values.
    pub(crate) fn sql(&self, text: &str, values: Vec<Value>) -> Statement {
        #[cfg(test)]
        said::hear(text);
        statement(self.db.get_database_backend(), text, values)
    }

    /// How the database goes about a statement, in its own words.
    pub(crate) async fn plan(&self, text: &str, values: Vec<Value>) -> Result<Vec<String>> {
        let (explain, column) = match self.db.get_database_backend() {
            DbBackend::Postgres => ("EXPLAIN", "QUERY PLAN"),
            _ => ("EXPLAIN QUERY PLAN", "detail"),
        };
        let rows = self.db.query_all_raw(self.sql(&format!("{explain} {text}"), values)).await?;
        rows.iter().map(|row| Ok(row.try_get("", column)?)).collect()
    }
}

/// What was said to the database by this thread's test, to be explained.
#[cfg(test)]
pub(crate) mod said {
    use std::cell::RefCell;

    thread_local! {
        static SAID: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
    }

    pub(crate) fn begin() {
        SAID.set(Some(Vec::new()));
    }

    pub(super) fn hear(text: &str) {
        SAID.with_borrow_mut(|said| said.iter_mut().for_each(|said| said.push(text.to_owned())));
    }

    pub(crate) fn end() -> Vec<String> {
        SAID.take().unwrap_or_default()
    }
}

/// Turns `?` into `$1`, `$2`, … on PostgreSQL.
pub(crate) fn statement(backend: DbBackend, text: &str, values: Vec<Value>) -> Statement {
    if backend != DbBackend::Postgres {
        return Statement::from_sql_and_values(backend, text, values);
    }
    let mut numbered = String::with_capacity(text.len() + values.len() * 2);
    let mut count = 0;
    for part in text.split_inclusive('?') {
        match part.strip_suffix('?') {
            Some(before) => {
                count += 1;
                numbered.push_str(before);
                numbered.push_str(&format!("${count}"));
            }
            None => numbered.push_str(part),
        }
    }
    Statement::from_sql_and_values(backend, numbered, values)
}

/// `(?, ?), (?, ?)` for rows of values.
pub(crate) fn rows_of(rows: usize, columns: usize) -> String {
    let row = format!("({})", vec!["?"; columns].join(", "));
    vec![row; rows].join(", ")
}

/// `?, ?, ?` for a list of values.
pub(crate) fn list_of(count: usize) -> String {
    vec!["?"; count].join(", ")
}

/// A list for `IN (…)`, made 1, 2, 4, 8, … long by its last item again: it asks the same, and the
/// database sees few different texts, each of which it parses and plans once.
pub(crate) fn rounded<T: Clone>(mut list: Vec<T>) -> Vec<T> {
    if let Some(last) = list.last().cloned() {
        list.resize(list.len().next_power_of_two(), last);
    }
    list
}

/// How many of the rows that are left are written by the next statement: few different numbers, for
/// the same reason.
pub(crate) fn share(left: usize) -> usize {
    match left {
        0..=16 => left,
        _ => (1 << left.ilog2()).min(256),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rounded_list_asks_for_the_same() {
        assert!(rounded(Vec::<u8>::new()).is_empty());
        assert_eq!(rounded(vec![1]), [1]);
        assert_eq!(rounded(vec![1, 2, 3, 4, 5]), [1, 2, 3, 4, 5, 5, 5, 5]);
    }

    #[test]
    fn shares_come_to_an_end_and_are_few() {
        for rows in 0..3000_usize {
            let (mut left, mut statements) = (rows, 0);
            while left > 0 {
                left -= share(left);
                statements += 1;
            }
            assert!(statements <= rows / 256 + 5, "{rows} rows in {statements} statements");
        }
    }
}
