//! The one task through which single mails reach the database: intents are committed, fates are written down.
//!
//! Whatever the sessions said while the last transaction committed goes into the next: group commit by itself, without a
//! timer. A session says a mail's fate before it asks for its next intent, so at most one fate a session is unwritten
//! when an intent is committed. A fate that cannot be written stays in memory and in the journal, and is tried again until it is.

use super::{REST, Shared, journal::Journal};
use rekindle_core::delivery::Event;
use rekindle_storage::{
    Result, StoreError,
    outbox::{Fate, Passage, Ticket},
};
use std::{sync::Arc, time::Duration};
use tokio::sync::{mpsc, oneshot};

/// How many words go into one transaction at the most.
const MOST: usize = 512;

/// What the gatekeeper is told.
#[derive(Debug)]
pub(super) enum Word {
    /// May this mail leave now? The server waits for its body.
    Gate {
        /// Which mail.
        ticket: Ticket,
        /// When the gate was asked, by the stopwatch; nothing when it may not leave.
        answer: oneshot::Sender<Option<Duration>>,
    },
    /// What became of a mail.
    Fate(Fate),
    /// It was not begun, through no fault of its own: back, and at once.
    Back(Ticket),
}

/// A mail at the gate.
type Asked = (Ticket, oneshot::Sender<Option<Duration>>);

#[derive(Debug)]
pub(super) struct Gatekeeper {
    shared: Arc<Shared>,
    /// What is not written yet.
    fates: Vec<Fate>,
    backs: Vec<Ticket>,
    journal: Journal,
}

impl Gatekeeper {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let journal = Journal::at(shared.settings.journal.clone());
        Self { shared, fates: Vec::new(), backs: Vec::new(), journal }
    }

    /// Works until nobody is left who could say anything, and all is written.
    pub(super) async fn run(mut self, mut words: mpsc::UnboundedReceiver<Word>) {
        let mut heard = Vec::with_capacity(MOST);
        loop {
            self.journal.keep(&self.shared, &self.fates).await;
            let held_up = !(self.fates.is_empty() && self.backs.is_empty());
            self.shared.flight.hold_up(held_up);
            if held_up {
                tokio::time::sleep(REST).await;
                while heard.len() < MOST
                    && let Ok(word) = words.try_recv()
                {
                    heard.push(word);
                }
            } else if words.recv_many(&mut heard, MOST).await == 0 {
                return;
            }
            let mut asked: Vec<Asked> = Vec::new();
            for word in heard.drain(..) {
                match word {
                    Word::Gate { ticket, answer } => asked.push((ticket, answer)),
                    Word::Fate(fate) => self.fates.push(fate),
                    Word::Back(ticket) => self.backs.push(ticket),
                }
            }
            self.write(asked).await;
        }
    }

    /// Gates and fates in one transaction. When it fails for a reason of its own, each is tried alone.
    async fn write(&mut self, asked: Vec<Asked>) {
        if !(asked.is_empty() && self.fates.is_empty()) {
            let fates = std::mem::take(&mut self.fates);
            let tickets: Vec<Ticket> = asked.iter().map(|(ticket, _)| *ticket).collect();
            match self.pass(&tickets, &fates).await {
                Ok((since, passages)) => {
                    self.shared.flight.ended(fates.len());
                    for (asked, passage) in asked.into_iter().zip(passages) {
                        self.answer(asked, passage, since);
                    }
                }
                Err(error @ (StoreError::Away(_) | StoreError::Busy(_))) => {
                    tracing::error!(%error, fates = fates.len(), "cannot write down what became of mails; they are kept, and nothing new is sent");
                    self.fates = fates;
                    asked.into_iter().for_each(|asked| self.turn_away(asked));
                }
                Err(error) => {
                    tracing::warn!(%error, "a group of mails failed at the gate; asking one by one");
                    self.write_each(asked, fates).await;
                }
            }
        }
        if !self.backs.is_empty() {
            let sender = self.shared.sender.read().await;
            match self.shared.store.outbox().unclaim(&sender, Some(&self.backs)).await {
                Ok(_) => self.shared.flight.ended(std::mem::take(&mut self.backs).len()),
                Err(error) => tracing::error!(%error, "cannot put mails back; trying again"),
            }
        }
    }

    async fn write_each(&mut self, asked: Vec<Asked>, fates: Vec<Fate>) {
        for fate in fates {
            match self.pass(&[], std::slice::from_ref(&fate)).await {
                Ok(_) => self.shared.flight.ended(1),
                Err(error) => {
                    tracing::error!(%error, delivery = %fate.ticket.id, "cannot write down what became of a mail; trying again");
                    self.fates.push(fate);
                }
            }
        }
        for asked in asked {
            match self.pass(&[asked.0], &[]).await {
                Ok((since, passages)) => {
                    let passage = passages.into_iter().next().unwrap_or(Passage::Lost);
                    self.answer(asked, passage, since);
                }
                Err(error) => {
                    tracing::error!(%error, delivery = %asked.0.id, "cannot ask the gate about a mail; it waits");
                    self.turn_away(asked);
                }
            }
        }
    }

    /// One transaction, with the moment before it: the dot's time is counted from there, so that a process that was
    /// stopped in between finds its fence closed.
    async fn pass(&self, tickets: &[Ticket], fates: &[Fate]) -> Result<(Duration, Vec<Passage>)> {
        let shared = &self.shared;
        let playbooks = shared.store.playbooks().await?;
        let rules = shared.rules(&playbooks);
        let sender = shared.sender.read().await;
        let since = shared.store.clock().stopwatch();
        let passages = shared.store.outbox().pass(&sender, tickets, fates, rules).await?;
        Ok((since, passages))
    }

    fn answer(&mut self, (ticket, answer): Asked, passage: Passage, since: Duration) {
        let go = passage == Passage::Go;
        if !go {
            self.shared.flight.ended(1);
        }
        if answer.send(go.then_some(since)).is_err() && go {
            // Nobody is there to send it: no dot was sent.
            self.fates.push(not_taken(ticket, Event::NotTaken, "the session ended before the dot"));
        }
    }

    /// Nothing is known of the intent: it may have been committed by a transaction whose end was not heard. No dot is
    /// sent, so whichever of the two it is, the mail goes back; it lands with the second.
    fn turn_away(&mut self, (ticket, answer): Asked) {
        let _ = answer.send(None);
        let why = "the database did not take the intent";
        self.shared.flight.began(1);
        self.fates.push(not_taken(ticket, Event::NotTaken, why));
        self.fates.push(not_taken(ticket, Event::Back, why));
    }
}

fn not_taken(ticket: Ticket, event: Event, why: &str) -> Fate {
    Fate { ticket, event, answer: why.to_owned() }
}
