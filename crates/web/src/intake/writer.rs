//! The intake writer: what queued while the last commit ran goes into the next transaction.
//!
//! Promise: an activity is acknowledged only once it is durable. There is no timer: an idle writer
//! commits a call at once, a busy one commits hundreds together (natural group commit).

use rekindle_core::arrival::{Arrival, Quarantined, Received};
use rekindle_storage::{Result, Store, StoreError};
use tokio::sync::{mpsc, oneshot};

/// What waits to be stored, and who waits for it.
struct Waiting {
    arrivals: Vec<Arrival>,
    quarantined: Vec<Quarantined>,
    answer: oneshot::Sender<Option<Vec<Received>>>,
}

/// Hands calls to the writer. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Inbox(mpsc::Sender<Waiting>);

/// How many calls may wait before the next one has to.
const QUEUE: usize = 4096;

impl Inbox {
    /// Stores what came, and returns once it is durable: what became of each arrival. `None` when the
    /// database is away, and the sender must come again.
    pub async fn store(
        &self,
        arrivals: Vec<Arrival>,
        quarantined: Vec<Quarantined>,
    ) -> Option<Vec<Received>> {
        let (answer, durable) = oneshot::channel();
        self.0.send(Waiting { arrivals, quarantined, answer }).await.ok()?;
        durable.await.ok().flatten()
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
    (Inbox(sender), Writer { store, queue, max_group: max_group.max(1) })
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
