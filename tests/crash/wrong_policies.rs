//! The two policies that most senders have, under the same kills and before the same checker: both must fail, or the checker is
//! worth nothing.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::Duration;

use rekindle_tests::program::within;
use rekindle_tests::smtp::{Options, RecordingServer};
use sea_orm::{ConnectionTrait, DatabaseConnection};
use tokio::process::{Child, Command};

use crate::dice::Dice;
use crate::look::Look;
use crate::verdict::{Report, verdict};
use crate::victim::{Victim, live_and_die};

const CRASHES: usize = 40;
const SESSIONS: usize = 4;
/// More than are ever sent; the rest is called off at the end.
const PEOPLE: usize = 50_000;

impl Victim for Child {
    fn runs(&mut self) -> bool {
        self.try_wait().expect("a child can be asked").is_none()
    }

    fn words(&self) -> String {
        "its words are above".to_owned()
    }

    async fn kill(mut self) {
        Child::kill(&mut self).await.expect("a child can be killed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_that_goes_stale_sends_twice_and_is_caught() {
    let report = killed("lease").await;
    assert!(report.twice > 0, "a stale lease was not sent again: {report}");
    assert!(report.faults().concat().contains("sent twice"));
    assert_eq!(report.lost_in_silence, 0, "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mark_before_the_mail_loses_in_silence_and_is_caught() {
    let report = killed("mark-first").await;
    assert!(report.lost_in_silence > 0, "no mail was lost: {report}");
    assert!(report.faults().concat().contains("lost in silence"));
    assert_eq!(report.twice, 0, "{report}");
}

/// A sender of that policy, killed 40 times and then left to bring everything to its end.
async fn killed(policy: &str) -> Report {
    let mut dice = Dice::seeded(40);
    let folder = tempfile::tempdir().expect("a folder for the test");
    let url = format!("sqlite://{}", folder.path().join("mail.db").display());
    let db = fill(&url).await;
    let options = Options { keep_messages: false, ..Options::default() };
    let relay = RecordingServer::start_with(options).await;
    let start = || {
        Command::new(env!("CARGO_BIN_EXE_wrong-policy"))
            .args([policy, &url, &relay.url(), &SESSIONS.to_string()])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("the sender can be started")
    };
    for _ in 0..CRASHES {
        relay.set_delay_before_250(dice.millis(2..=10));
        live_and_die(start(), &relay, &mut dice).await;
    }
    db.execute_unprepared("DELETE FROM mail WHERE state = 'pending'")
        .await
        .expect("the rest can be called off");
    let mut last = start();
    let look = Look::at(&url).await;
    within(Duration::from_secs(60), "every lease is stale and sent again", async || {
        (look.number("SELECT count(*) FROM mail WHERE state <> 'sent'").await == 0).then_some(())
    })
    .await;
    let rows = look.mails("SELECT message_id, recipient, state FROM mail").await;
    look.away().await;
    assert!(last.runs(), "it ended by itself");
    Victim::kill(last).await;
    let owed: BTreeSet<String> = rows.iter().map(|row| row.to.clone()).collect();
    let report = verdict(&owed, &relay.accepted(), &rows, CRASHES, SESSIONS);
    println!("{policy}: {report}");
    report
}

/// A table of mails to send.
async fn fill(url: &str) -> DatabaseConnection {
    let db = sea_orm::Database::connect(format!("{url}?mode=rwc")).await.expect("a file can be made");
    let statements = [
        "PRAGMA journal_mode = wal".to_owned(),
        "CREATE TABLE mail (id INTEGER PRIMARY KEY, recipient TEXT, message_id TEXT, state TEXT, lease_until REAL)".to_owned(),
        "CREATE INDEX ix_open ON mail (id) WHERE state <> 'sent'".to_owned(),
        format!(
            "INSERT INTO mail WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < {PEOPLE}) \
             SELECT id, 'lead-' || id || '@leads.test', id || '@wrong.test', 'pending', NULL FROM n"
        ),
    ];
    for statement in statements {
        db.execute_unprepared(&statement).await.unwrap_or_else(|why| panic!("{statement}: {why}"));
    }
    db
}
