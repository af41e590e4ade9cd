//! From the outbox to the relay. Promise: at most once.
//!
//! ```text
//! claim a batch --> first, cheap gate --> render and freeze --> queue --> session: MAIL, RCPT, DATA --354--> gatekeeper
//!                                                                 session: body and dot <--the intent is committed--+
//!                                                                         \--what became of it--> gatekeeper
//! ```
//! Everything that the database is told about single mails goes through the one [`gatekeeper`], which commits intents and
//! fates of all sessions together. A mail that was claimed *lands* exactly once: its fate is written, or it went back.
//! While a fate cannot be written nothing new is claimed; if the process dies with it, the next one reads it in the
//! [`journal`]. A mail whose fate nobody heard is found COMMITTING and called unknown, which is never sent again by itself.

mod circuit;
mod flight;
mod gatekeeper;
mod journal;
mod lanes;
mod prepare;
mod session;

use self::{
    circuit::Circuit,
    flight::Flight,
    gatekeeper::{Gatekeeper, Word},
    lanes::Lanes,
    session::Session,
};
use crate::{letters::Letters, settings::Settings};
use rekindle_core::playbook::Playbooks;
use rekindle_mail::templates::Templates;
use rekindle_storage::{
    Result, Store,
    outbox::{Recovered, Rules, Sender, Ticket},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Mutex, RwLock, mpsc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How many deliveries are claimed at once, and no more while as many are under way.
const BATCH: u64 = 200;
/// How long a stop waits for outcomes: the longest that a relay may take to answer a dot.
const LAST_ANSWER: Duration = Duration::from_secs(600);
/// How often the outbox is looked at when nothing wakes the worker.
const LOOK: Duration = Duration::from_secs(1);
/// How long what went wrong is left alone.
const REST: Duration = Duration::from_secs(1);

/// A mail that is ready to leave.
#[derive(Debug)]
struct Ready {
    ticket: Ticket,
    recipient: String,
    bytes: Vec<u8>,
}

/// What all parts of sending share.
#[derive(Debug)]
struct Shared {
    store: Store,
    settings: Arc<Settings>,
    letters: Letters,
    sender: RwLock<Sender>,
    circuit: Circuit,
    flight: Flight,
    lanes: Lanes,
    /// How many sessions have a connection.
    connected: Arc<AtomicUsize>,
    stop: CancellationToken,
    /// Something may have been claimed that nobody holds a ticket of.
    stray: AtomicBool,
}

impl Shared {
    /// What the gate needs to know beside the rows.
    fn rules<'a>(&'a self, playbooks: &'a Playbooks) -> Rules<'a> {
        let warming = !self.settings.pace.warm_up.is_empty();
        Rules { playbooks, zone: self.settings.zone, warming: warming.then(|| self.settings.from.domain()) }
    }
}

/// The way out of the outbox: sessions and gatekeeper at work.
#[derive(Debug)]
pub(crate) struct Sending {
    shared: Arc<Shared>,
    queue: mpsc::Sender<Ready>,
    words: mpsc::UnboundedSender<Word>,
    sessions: TaskTracker,
    gatekeeper: TaskTracker,
}

impl Sending {
    /// Starts sessions and gatekeeper, which send as this sender.
    pub(crate) fn start(
        store: Store,
        settings: Arc<Settings>,
        templates: Arc<Templates>,
        sender: Sender,
    ) -> Self {
        let shared = Arc::new(Shared {
            letters: Letters::new(settings.clone(), templates),
            sender: RwLock::new(sender),
            circuit: Circuit::default(),
            flight: Flight::default(),
            lanes: Lanes::of(settings.at_once_to_domain),
            connected: Arc::default(),
            stop: CancellationToken::new(),
            stray: AtomicBool::new(false),
            settings,
            store,
        });
        // Room for all that may be under way, so that the claimer never waits.
        let (queue, ready) = mpsc::channel(2 * BATCH as usize);
        let ready = Arc::new(Mutex::new(ready));
        let (words, heard) = mpsc::unbounded_channel();
        let (sessions, gatekeeper) = (TaskTracker::new(), TaskTracker::new());
        gatekeeper.spawn(Gatekeeper::new(shared.clone()).run(heard));
        for _ in 0..shared.settings.sessions.max(1) {
            sessions.spawn(Session::new(shared.clone(), words.clone()).run(ready.clone()));
        }
        sessions.close();
        gatekeeper.close();
        Self { shared, queue, words, sessions, gatekeeper }
    }

    /// Tells the database what a process before this one could not: before anything else is looked at.
    pub(crate) async fn replay(store: &Store, settings: &Settings) -> Result<()> {
        journal::replay(store, settings.journal.as_deref()).await
    }

    /// Takes over from dead senders, and applies the policy of the unknown.
    pub(crate) async fn recover(&self) -> Result<Recovered> {
        let sender = self.shared.sender.read().await;
        self.shared.store.outbox().recover(&sender).await
    }

    /// Sends everything that is due now, and returns how many were claimed for it. Deliveries stay where they are while
    /// the relay is away.
    pub(crate) async fn send_due(&self) -> Result<usize> {
        let mut claimed = 0;
        loop {
            let count = self.claim().await?;
            self.shared.flight.landed().await;
            if count == 0 {
                return Ok(claimed);
            }
            claimed += count;
        }
    }

    /// Sends what becomes due until the stop.
    pub(crate) async fn run(&self, stop: CancellationToken) {
        let mut changes = self.shared.store.changes();
        loop {
            let wait = match self.claim().await {
                Ok(0) => self.until_next().await,
                Ok(_) => Duration::ZERO,
                Err(error) => {
                    tracing::error!(%error, "cannot take mails out of the outbox; trying again");
                    REST
                }
            };
            let quiet = async {
                if !wait.is_zero() {
                    changes.wait(wait).await;
                    // Others write all the time; a claim has its price.
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                self.shared.flight.below(BATCH as usize).await;
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = quiet => {}
            }
        }
    }

    async fn until_next(&self) -> Duration {
        let shared = &self.shared;
        if shared.circuit.is_open(shared.store.clock().stopwatch()) || shared.flight.is_held_up() {
            return LOOK;
        }
        match shared.store.outbox().next_due().await {
            Ok(Some(at)) => shared.store.clock().until(at).clamp(Duration::from_millis(5), LOOK),
            Ok(None) => LOOK,
            Err(_) => REST,
        }
    }

    /// Claims a batch and brings it on its way. Nothing while the relay is away, while a fate cannot be written, or while
    /// the lock that shows us alive is lost.
    async fn claim(&self) -> Result<usize> {
        let shared = &self.shared;
        if shared.circuit.is_open(shared.store.clock().stopwatch()) || shared.flight.is_held_up() {
            return Ok(0);
        }
        let outbox = shared.store.outbox();
        // To look costs less than to claim, which writes.
        let now = shared.store.clock().calendar();
        let stray = shared.flight.count() == 0 && shared.stray.load(Ordering::Relaxed);
        if !stray && outbox.next_due().await?.is_none_or(|due| due > now) {
            return Ok(0);
        }
        if !self.is_alive().await? {
            return Ok(0);
        }
        let playbooks = shared.store.load_playbooks().await?;
        let sender = shared.sender.read().await;
        if stray {
            outbox.unclaim(&sender, None).await?;
            shared.stray.store(false, Ordering::Relaxed);
        }
        let claimed = match outbox.claim(&sender, BATCH).await {
            Ok(claimed) => claimed,
            Err(error) => {
                // It may have been claimed before it failed.
                shared.stray.store(true, Ordering::Relaxed);
                return Err(error);
            }
        };
        let count = claimed.len();
        if count == 0 {
            return Ok(0);
        }
        shared.flight.began(count);
        let tickets: Vec<Ticket> = claimed.iter().map(|c| c.ticket).collect();
        match prepare::prepare(shared, &sender, claimed, playbooks).await {
            Ok(ready) => {
                for mail in ready {
                    if let Err(mpsc::error::SendError(mail)) = self.queue.send(mail).await {
                        self.say(Word::Back(mail.ticket));
                    }
                }
                Ok(count)
            }
            Err(error) => {
                tickets.into_iter().for_each(|ticket| self.say(Word::Back(ticket)));
                Err(error)
            }
        }
    }

    /// Whether our lock stands. A sender that lost it lets what is under way land, and enlists anew; what it had claimed
    /// is put back by whoever finds it dead.
    async fn is_alive(&self) -> Result<bool> {
        let shared = &self.shared;
        let mut sender = shared.sender.write().await;
        if sender.is_alive().await {
            return Ok(true);
        }
        if shared.flight.count() > 0 {
            return Ok(false);
        }
        tracing::warn!("the lock that shows this sender alive was lost; it enlists anew");
        *sender = shared.store.outbox().enlist().await?;
        Ok(true)
    }

    fn say(&self, word: Word) {
        // The gatekeeper hears until the last of those who speak to it is gone.
        let _ = self.words.send(word);
    }

    /// Stops in peace: what is under way is waited for, the rest is put back. Nothing is left claimed.
    pub(crate) async fn leave(self) {
        let Self { shared, queue, words, sessions, gatekeeper } = self;
        shared.stop.cancel();
        drop((queue, words));
        let landed = tokio::time::timeout(LAST_ANSWER, async {
            sessions.wait().await;
            gatekeeper.wait().await;
        });
        if landed.await.is_err() {
            tracing::warn!(
                "the relay did not answer in time; what is still under way will be called unknown"
            );
        }
        let sender = shared.sender.read().await;
        match shared.store.outbox().unclaim(&sender, None).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "mails that were not begun went back to the outbox"),
            Err(error) => {
                tracing::warn!(%error, "cannot put back what was claimed; the next sender will");
            }
        }
    }
}
