//! The intake writer: what queued while the last commit ran goes into the next transaction.
//!
//! Promise: an activity is acknowledged only once it is durable. There is no timer: an idle writer
//! commits a call at once, a busy one commits hundreds together (natural group commit).
//!
//! A sender waits [`PATIENCE`] for the commit and no longer: then it is told to come again, as if the database were
//! away. What it sent stays in line and may be stored all the same; the same messageIds come again and are known then.

use rekindle_core::arrival::{Arrival, Quarantined, Received};
use rekindle_storage::{Result, Store, StoreError};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};

/// How long a sender waits until what it sent is durable.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// What waits to be stored, and who waits for it.
struct Waiting {
    arrivals: Vec<Arrival>,
    quarantined: Vec<Quarantined>,
    answer: oneshot::Sender<Option<Vec<Received>>>,
}

/// Hands calls to the writer. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Inbox {
    line: mpsc::Sender<Waiting>,
    /// Whether the last call waited in vain, so that the log has it once.
    late: Arc<AtomicBool>,
}

/// How many calls may wait before the next one has to.
const QUEUE: usize = 4096;

impl Inbox {
    /// Stores what came, and returns once it is durable: what became of each arrival. `None` when the
    /// database is away or does not write within [`PATIENCE`], and the sender must come again.
    pub async fn store(
        &self,
        arrivals: Vec<Arrival>,
        quarantined: Vec<Quarantined>,
    ) -> Option<Vec<Received>> {
        self.store_within(PATIENCE, arrivals, quarantined).await
    }

    async fn store_within(
        &self,
        patience: Duration,
        arrivals: Vec<Arrival>,
        quarantined: Vec<Quarantined>,
    ) -> Option<Vec<Received>> {
        let (answer, durable) = oneshot::channel();
        let stored = async {
            self.line.send(Waiting { arrivals, quarantined, answer }).await.ok()?;
            durable.await.ok().flatten()
        };
        match tokio::time::timeout(patience, stored).await {
            Ok(received) => {
                if received.is_some() && self.late.swap(false, Ordering::Relaxed) {
                    tracing::info!("what comes is stored again");
                }
                received
            }
            Err(_) => {
                if !self.late.swap(true, Ordering::Relaxed) {
                    tracing::error!(
                        seconds = patience.as_secs(),
                        "nothing could be written for so long: something holds the database; the senders come again"
                    );
                }
                None
            }
        }
    }
}

/// The writer.
#[derive(Debug)]
pub struct Writer {
    store: Store,
    queue: mpsc::Receiver<Waiting>,
    max_group: usize,
}

/// The writer, and what hands calls to it. `max_group` is how many arrivals go into one transaction
/// at the most; 1 commits each call alone.
pub fn writer(store: Store, max_group: usize) -> (Inbox, Writer) {
    let (sender, queue) = mpsc::channel(QUEUE);
    (Inbox { line: sender, late: Arc::default() }, Writer { store, queue, max_group: max_group.max(1) })
}

impl Writer {
    /// Writes until every [`Inbox`] is gone and all that waited is stored.
    pub async fn run(mut self) {
        while let Some(first) = self.queue.recv().await {
            let mut count = first.arrivals.len();
            let mut group = vec![first];
            while count < self.max_group {
                let Ok(next) = self.queue.try_recv() else { break };
                count += next.arrivals.len();
                group.push(next);
            }
            self.write(group).await;
        }
    }

    async fn write(&self, group: Vec<Waiting>) {
        let mut arrivals = Vec::new();
        let mut quarantined = Vec::new();
        let mut waiting = Vec::with_capacity(group.len());
        for one in group {
            waiting.push((one.arrivals.len(), one.answer));
            arrivals.extend(one.arrivals);
            quarantined.extend(one.quarantined);
        }
        let mut received = match self.store(&arrivals, quarantined).await {
            Ok(received) => received.into_iter(),
            Err(error) => {
                tracing::error!(%error, waiting = waiting.len(), "cannot store what came; the senders come again");
                for (_, answer) in waiting {
                    let _ = answer.send(None);
                }
                return;
            }
        };
        for (count, answer) in waiting {
            // Who has hung up does not hear it; it is stored all the same.
            let _ = answer.send(Some(received.by_ref().take(count).collect()));
        }
    }

    async fn store(&self, arrivals: &[Arrival], mut quarantined: Vec<Quarantined>) -> Result<Vec<Received>> {
        let playbooks = self.store.playbooks().await?;
        let received = match arrivals {
            [] => Vec::new(),
            _ => self.store.leads().observe(arrivals, &playbooks).await?,
        };
        if received.len() != arrivals.len() {
            return Err(StoreError::Unusable("not every arrival was answered".to_owned()));
        }
        let conflicts =
            arrivals.iter().zip(&received).filter(|(_, received)| **received == Received::Conflict);
        quarantined.extend(conflicts.map(|(arrival, _)| Quarantined {
            source: arrival.source.clone(),
            message_id: Some(arrival.message_id.clone()),
            code: "conflict".to_owned(),
            reason: "this messageId was used before for something else, and the first one counts".to_owned(),
            payload: serde_json::to_string(&arrival.properties).unwrap_or_default(),
            at: self.store.clock().wall(),
        }));
        self.store.leads().quarantine(quarantined).await?;
        Ok(received)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sender_is_told_to_come_again_when_nothing_is_written_for_too_long() {
        let (line, mut queue) = mpsc::channel(1);
        let inbox = Inbox { line, late: Arc::default() };
        let short = Duration::from_millis(20);
        assert_eq!(inbox.store_within(short, Vec::new(), Vec::new()).await, None);
        assert!(inbox.late.load(Ordering::Relaxed));
        // A line that is full makes nobody wait longer.
        assert_eq!(inbox.store_within(short, Vec::new(), Vec::new()).await, None);
        // What was in line is still there to be stored, and whoever sent it hears nothing any more.
        let waiting = queue.recv().await.unwrap();
        assert!(waiting.answer.send(Some(Vec::new())).is_err());
        let (stored, ()) = tokio::join!(inbox.store_within(PATIENCE, Vec::new(), Vec::new()), async {
            let waiting = queue.recv().await.unwrap();
            waiting.answer.send(Some(Vec::new())).unwrap();
        });
        assert_eq!(stored, Some(Vec::new()));
        assert!(!inbox.late.load(Ordering::Relaxed), "the log has it once, and once that it is over");
    }
}
