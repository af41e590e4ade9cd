//! A look at the rows from outside, which changes nothing: on SQLite it is read-only, and leaves what a killed program has not
//! yet brought from its log into the file for the next start to find.

use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection, QueryResult, Statement};

use crate::verdict::Row;

/// A connection for one look; closed with [`Look::away`].
pub(crate) struct Look(DatabaseConnection);

impl Look {
    /// Looks at a database.
    pub(crate) async fn at(url: &str) -> Self {
        let url = if url.starts_with("sqlite:") { format!("{url}?mode=ro") } else { url.to_owned() };
        let mut options = ConnectOptions::new(&url);
        options.max_connections(1).sqlx_logging(false);
        Self(sea_orm::Database::connect(options).await.unwrap_or_else(|why| panic!("{url}: {why}")))
    }

    async fn ask(&self, sql: &str) -> Vec<QueryResult> {
        let statement = Statement::from_string(self.0.get_database_backend(), sql);
        self.0.query_all_raw(statement).await.unwrap_or_else(|why| panic!("{sql}: {why}"))
    }

    /// The one number that a question is answered with.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let rows = self.ask(sql).await;
        assert_eq!(rows.len(), 1, "{sql}");
        rows[0].try_get_by_index(0).unwrap_or_else(|why| panic!("{sql}: {why}"))
    }

    /// The first column of all rows.
    pub(crate) async fn words(&self, sql: &str) -> Vec<String> {
        let rows = self.ask(sql).await;
        let word = |row: &QueryResult| row.try_get_by_index(0);
        rows.iter().map(word).collect::<Result<_, _>>().unwrap_or_else(|why| panic!("{sql}: {why}"))
    }

    /// What became of each mail; `sql` selects message id, recipient and state, in this order.
    pub(crate) async fn mails(&self, sql: &str) -> Vec<Row> {
        let read = |row: &QueryResult| {
            Ok::<_, sea_orm::DbErr>(Row {
                message_id: row.try_get_by_index(0)?,
                to: row.try_get_by_index(1)?,
                state: row.try_get_by_index(2)?,
            })
        };
        let rows = self.ask(sql).await;
        rows.iter().map(read).collect::<Result<_, _>>().unwrap_or_else(|why| panic!("{sql}: {why}"))
    }

    /// Looks away.
    pub(crate) async fn away(self) {
        self.0.close().await.expect("a connection can be closed");
    }
}
