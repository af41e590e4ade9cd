//! A few words with the server as its superuser, from code that is not async or is inside a runtime.

use std::thread;
use std::time::Duration;

use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};

/// The address of a database of the server on `port`.
pub(super) fn url(port: u16, database: &str) -> String {
    format!("postgres://postgres@127.0.0.1:{port}/{database}")
}

/// Does `work` over one connection to the server's own database.
///
/// It has a thread and a runtime to itself, so that it can be called in an async test, and from `drop`.
pub(super) fn run<T: Send>(
    port: u16,
    work: impl AsyncFnOnce(&DatabaseConnection) -> Result<T, DbErr> + Send,
) -> Result<T, DbErr> {
    let talk = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime for one connection");
        runtime.block_on(async {
            let mut options = ConnectOptions::new(url(port, "postgres"));
            options
                .max_connections(1)
                .connect_timeout(Duration::from_secs(2))
                .acquire_timeout(Duration::from_secs(2))
                .sqlx_logging(false);
            let server = sea_orm::Database::connect(options).await?;
            let outcome = work(&server).await;
            let _ = server.close().await;
            outcome
        })
    };
    thread::scope(|scope| scope.spawn(talk).join()).expect("the talk with the server panicked")
}

/// Runs one statement that cannot be prepared, such as `CREATE DATABASE`.
pub(super) async fn execute(server: &DatabaseConnection, statement: &str) -> Result<(), DbErr> {
    server.execute_unprepared(statement).await.map(|_| ())
}

/// The one value that `query` answers with.
pub(super) async fn value<T: sea_orm::TryGetable>(
    server: &DatabaseConnection,
    query: &str,
) -> Result<T, DbErr> {
    let statement = Statement::from_string(DbBackend::Postgres, query);
    let row = server.query_one_raw(statement).await?;
    row.ok_or_else(|| DbErr::RecordNotFound(query.to_owned()))?.try_get_by_index(0)
}
