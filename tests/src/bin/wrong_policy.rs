//! A small sender of mail that does it wrong, in one of two well-known ways: what the checker of `tests/crash` must catch.
//!
//! - `lease` takes a mail for half a second, sends it and marks it sent; a lease that went stale is taken again. That is how most
//!   job queues work. Killed between the dot and the mark, it sends twice.
//! - `mark-first` marks a mail sent, and sends it: a campaign that keeps its place in a list. Killed between the two, it loses the
//!   mail, and nobody ever hears of it.

use std::error::Error;
use std::time::Duration;

use rekindle_mail::outcome::{DotOutcome, Fence};
use rekindle_mail::smtp::{Relay, Session};
use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use tokio::task::JoinSet;

type Failure = Box<dyn Error + Send + Sync>;

const USAGE: &str = "wrong-policy lease|mark-first DATABASE RELAY SESSIONS";

#[derive(Clone, Copy)]
enum Policy {
    Lease,
    MarkFirst,
}

impl Policy {
    /// Takes the next mail, if there is one: its number.
    const fn take(self) -> &'static str {
        match self {
            Self::Lease => {
                "UPDATE mail SET state = 'claimed', lease_until = unixepoch('subsec') + 0.5 WHERE id = (SELECT id FROM mail \
                 WHERE state <> 'sent' AND (state = 'pending' OR lease_until < unixepoch('subsec')) ORDER BY id LIMIT 1) RETURNING id"
            }
            Self::MarkFirst => {
                "UPDATE mail SET state = 'sent' WHERE id = (SELECT id FROM mail WHERE state <> 'sent' ORDER BY id LIMIT 1) RETURNING id"
            }
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [policy, database, relay, sessions] = arguments.as_slice() else { return Err(USAGE.into()) };
    let policy = match policy.as_str() {
        "lease" => Policy::Lease,
        "mark-first" => Policy::MarkFirst,
        _ => return Err(USAGE.into()),
    };
    let mut options = ConnectOptions::new(database);
    options.sqlx_logging(false);
    let db = sea_orm::Database::connect(options).await?;
    let relay = Relay::parse(relay)?;
    let mut senders = JoinSet::new();
    for _ in 0..sessions.parse::<usize>()? {
        senders.spawn(send(policy, db.clone(), relay.clone()));
    }
    while let Some(ended) = senders.join_next().await {
        ended??;
    }
    Ok(())
}

async fn send(policy: Policy, db: DatabaseConnection, relay: Relay) -> Result<(), Failure> {
    let mut session = Session::connect(&relay).await?;
    loop {
        let Some(id) = take(policy, &db).await? else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        session.begin("wrong@wrong.test", &format!("lead-{id}@leads.test")).await?;
        let message = format!("Message-ID: <{id}@wrong.test>\r\nSubject: Hello\r\n\r\nHello.\r\n");
        match session.finish(message.as_bytes(), &Fence::always_open()).await {
            DotOutcome::Accepted { .. } => {}
            other => return Err(format!("{other:?}").into()),
        }
        if matches!(policy, Policy::Lease) {
            db.execute_unprepared(&format!("UPDATE mail SET state = 'sent' WHERE id = {id}")).await?;
        }
    }
}

async fn take(policy: Policy, db: &DatabaseConnection) -> Result<Option<i64>, Failure> {
    let row = db.query_one_raw(Statement::from_string(DbBackend::Sqlite, policy.take())).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}
