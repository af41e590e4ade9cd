//! Listening: what comes to the mailbox is read, and what it tells of our mails is taken in.
//!
//! Promise: each message counts once, though the process dies in the middle. The place that was come to is noted behind what a
//! message has changed, and a message that is read again changes nothing (`storage/src/heard.rs`); so it is, too, when the
//! server counts its messages anew. What is not ours is left as it is: people may read the same folder. What cannot be read is
//! flagged and passed over, so that it does not hold up what is behind it.

use crate::settings::Settings;
use rekindle_mail::{
    heard::hear,
    inbox::{Inbox, InboxError, Session},
    mark,
};
use rekindle_storage::{Store, StoreError, heard::Read};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// Between two tries at first; each time as long again, up to [`LONGEST`].
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(300);
/// How often it is looked whether another process has left the mailbox.
const LOOK: Duration = Duration::from_secs(10);
/// How often the connection may break at one message before that is passed over.
const TRIES: u32 = 3;

/// Why it stopped for now.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("{0}")]
    Inbox(#[from] InboxError),
    #[error("{0}")]
    Store(#[from] StoreError),
}

/// Reads one mailbox.
#[derive(Debug)]
pub struct Listening {
    store: Store,
    settings: Arc<Settings>,
    inbox: Inbox,
    /// The message at which the connection broke, and how often.
    broke_at: Option<(u32, u32)>,
    /// How often in a row it could not be read.
    failures: u32,
}

impl Listening {
    /// Reads this mailbox, once it runs.
    pub fn new(store: Store, settings: Arc<Settings>, inbox: Inbox) -> Self {
        Self { store, settings, inbox, broke_at: None, failures: 0 }
    }

    /// Listens until the stop. One process does, whatever number of them run.
    pub async fn run(mut self, stop: CancellationToken) {
        let name = self.inbox.name();
        let mut complaint = String::new();
        while !stop.is_cancelled() {
            let Some(listened) = stop.run_until_cancelled(self.listen(&name)).await else { break };
            let wait = match listened {
                Ok(()) => LOOK,
                Err(trouble) => {
                    let words = trouble.to_string();
                    if words != complaint || self.failures == 0 {
                        tracing::warn!(error = words, "the mailbox cannot be read; trying again");
                        complaint = words;
                    }
                    self.failures = self.failures.saturating_add(1);
                    FIRST.saturating_mul(1 << (self.failures - 1).min(9)).min(LONGEST)
                }
            };
            let _ = stop.run_until_cancelled(tokio::time::sleep(wait)).await;
        }
        if let Err(error) = self.store.leaves(&name).await {
            tracing::warn!(%error, "the mailbox could not be left; others take it over when we are gone");
        }
    }

    /// Reads what there is, and what comes; returns when another process does.
    async fn listen(&mut self, name: &str) -> Result<(), Trouble> {
        if !self.store.works_at(name).await? {
            return Ok(());
        }
        let mut session = Session::open(&self.inbox).await?;
        loop {
            self.catch_up(&mut session, name).await?;
            self.failures = 0;
            session = session.wait().await?;
            if !self.store.works_at(name).await? {
                session.close().await;
                return Ok(());
            }
        }
    }

    /// Reads all that was not read yet.
    async fn catch_up(&mut self, session: &mut Session, name: &str) -> Result<(), Trouble> {
        let validity = session.validity();
        let read = self.store.read_to(name).await?.filter(|read| read.validity == validity);
        let next = read.map_or(1, |read| read.next);
        for number in session.since(next).await? {
            match self.message(session, number).await {
                Err(Trouble::Inbox(error)) if self.breaks_again(number) => {
                    tracing::error!(%error, number, "this message cannot be fetched; it is passed over");
                }
                done => done?,
            }
            self.broke_at = None;
            self.store.set_read_to(name, Read { validity, next: number.saturating_add(1) }).await?;
        }
        Ok(())
    }

    /// Whether the connection has broken at this message as often as may be.
    fn breaks_again(&mut self, number: u32) -> bool {
        let before = self.broke_at.filter(|(at, _)| *at == number).map_or(0, |(_, times)| times);
        self.broke_at = Some((number, before + 1));
        before + 1 >= TRIES
    }

    /// Reads one message, and takes in what it tells.
    async fn message(&mut self, session: &mut Session, number: u32) -> Result<(), Trouble> {
        let Some(bytes) = session.fetch(number).await? else { return Ok(()) };
        // A large one takes a while to be told apart.
        let told = tokio::task::spawn_blocking(move || hear(&bytes)).await;
        let Ok(heard) = told else {
            tracing::error!(number, "this message cannot be told apart; it is flagged");
            return Ok(session.set_aside(number).await?);
        };
        let Some(report) = mark::report(self.store.ring(), &heard) else { return Ok(()) };
        let playbooks = self.store.load_playbooks().await?;
        match self.store.hear(&report, &playbooks, self.settings.out_of_office).await {
            Ok(changed) => {
                tracing::debug!(mail = %report.mail, changed, "heard of a mail");
                Ok(session.handled(number).await?)
            }
            Err(error @ (StoreError::Away(_) | StoreError::Busy(_))) => Err(error.into()),
            Err(error) => {
                tracing::error!(%error, number, "what this message tells cannot be kept; it is flagged");
                Ok(session.set_aside(number).await?)
            }
        }
    }
}
