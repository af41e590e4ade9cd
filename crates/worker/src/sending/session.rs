//! One session with the relay: takes mails from the queue, one after another, and says what became of each.
//!
//! After the server's 354 the gatekeeper is asked; only when it has committed the intent do body and dot follow, and only
//! within five seconds. If not, the connection is closed without the dot, and the server discards what it has.

use super::{Ready, Shared, gatekeeper::Word};
use rekindle_core::delivery::Event;
use rekindle_mail::{
    outcome::{DotOutcome, Fence, Refusal},
    transport::Channel,
};
use rekindle_storage::outbox::{Fate, Ticket};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Mutex, mpsc, oneshot};

/// From the gate to the dot, by the stopwatch. What takes longer is not sent: the gate's word is too old.
const FENCE: Duration = Duration::from_secs(5);
/// A connection that nobody uses for this long is closed; relays close theirs, too, and less politely.
const IDLE: Duration = Duration::from_secs(10);

/// How long a session rests that got no connection of its own while others have theirs: the relay allows no more.
const CROWDED: Duration = Duration::from_secs(5);

pub(super) struct Session {
    shared: Arc<Shared>,
    words: mpsc::UnboundedSender<Word>,
    line: Option<Line>,
    crowded: bool,
}

/// A connection, counted as long as it stands.
struct Line {
    channel: Channel,
    _counted: Counted,
}

struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn one_of(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Session {
    pub(super) fn new(shared: Arc<Shared>, words: mpsc::UnboundedSender<Word>) -> Self {
        Self { shared, words, line: None, crowded: false }
    }

    /// Sends until the stop, or until nobody is left who could queue a mail.
    pub(super) async fn run(mut self, queue: Arc<Mutex<mpsc::Receiver<Ready>>>) {
        let stop = self.shared.stop.clone();
        loop {
            if std::mem::take(&mut self.crowded) {
                let _ = stop.run_until_cancelled(tokio::time::sleep(CROWDED)).await;
            }
            let next = tokio::time::timeout(IDLE, async { queue.lock().await.recv().await });
            let mail = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                next = next => match next {
                    Ok(Some(mail)) => mail,
                    Ok(None) => break,
                    Err(_) => {
                        self.hang_up().await;
                        continue;
                    }
                },
            };
            let mut next = self.shared.lanes.enter(mail);
            // At the stop, what was parked goes back with all that was not begun.
            while let Some(mail) = next.filter(|_| !stop.is_cancelled()) {
                let recipient = mail.recipient.clone();
                self.send(mail).await;
                next = self.shared.lanes.leave(&recipient);
            }
        }
        self.hang_up().await;
    }

    async fn hang_up(&mut self) {
        if let Some(line) = self.line.take() {
            line.channel.quit().await;
        }
    }

    async fn send(&mut self, mail: Ready) {
        let Some(line) = self.begin(&mail).await else { return };
        let (answer, heard) = oneshot::channel();
        self.say(Word::Gate { ticket: mail.ticket, answer });
        match heard.await {
            Ok(Some(since)) => self.finish(line, mail, since).await,
            // After a 354 every word would be body: the socket is closed.
            Ok(None) | Err(_) => line.channel.drop_without_dot(),
        }
    }

    /// As far as the 354; otherwise the mail's fate is said. A connection that broke or ended while it was idle is no
    /// fault of this mail: one new one is tried.
    async fn begin(&mut self, mail: &Ready) -> Option<Line> {
        let from = self.shared.letters.envelope(mail.ticket.id, self.shared.store.ring());
        loop {
            let (mut line, is_new) = match self.line.take() {
                Some(line) => (line, false),
                None => match self.connect().await {
                    Some(line) => (line, true),
                    None => {
                        self.say(Word::Back(mail.ticket));
                        return None;
                    }
                },
            };
            let Err(refusal) = line.channel.begin(&from, &mail.recipient).await else {
                return Some(line);
            };
            let is_over = !line.channel.is_reusable();
            self.line = Some(line).filter(|_| !is_over);
            let event = match refusal {
                Refusal::Permanent { .. } => Event::Refused,
                Refusal::Temporary { .. } | Refusal::Broken(_) if is_over && !is_new => continue,
                Refusal::Temporary { .. } | Refusal::Broken(_) => Event::Back,
            };
            self.fate(mail.ticket, event, refusal.to_string());
            return None;
        }
    }

    async fn connect(&mut self) -> Option<Line> {
        let Shared { circuit, connected, store, .. } = &*self.shared;
        let clock = store.clock();
        if circuit.is_open(clock.stopwatch()) {
            return None;
        }
        match self.shared.settings.transport.session().await {
            Ok(channel) => {
                circuit.worked();
                Some(Line { channel, _counted: Counted::one_of(connected) })
            }
            Err(error) if connected.load(Ordering::Relaxed) > 0 => {
                tracing::warn!(%error, "one session less than allowed: the relay takes no more; lower mail.sessions");
                self.crowded = true;
                None
            }
            Err(error) => {
                circuit.failed(clock.stopwatch(), &error);
                None
            }
        }
    }

    async fn finish(&mut self, mut line: Line, mail: Ready, since: Duration) {
        let clock = self.shared.store.clock().clone();
        let fence = Fence::new(move || clock.stopwatch().saturating_sub(since) <= FENCE);
        let outcome = line.channel.finish(&mail.bytes, &fence).await;
        if line.channel.is_reusable() {
            self.line = Some(line);
        } else {
            line.channel.drop_without_dot();
        }
        let (event, answer) = match outcome {
            DotOutcome::Accepted { code, text, .. } => (Event::Accepted, format!("{code} {text}")),
            DotOutcome::Temporary { code, text } => (Event::NotTaken, format!("{code} {text}")),
            DotOutcome::Permanent { code, text } => (Event::Refused, format!("{code} {text}")),
            DotOutcome::NotBegun(why) => (Event::NotTaken, why),
            DotOutcome::Unknown(why) => (Event::Lost, why),
            // It is there: that is evidence of delivery, and nothing more was sent.
            DotOutcome::Breach(why) => {
                tracing::error!(delivery = %mail.ticket.id, "this mail was handed over before; it was not handed over again");
                (Event::Accepted, why)
            }
        };
        self.fate(mail.ticket, event, answer);
    }

    fn fate(&self, ticket: Ticket, event: Event, answer: String) {
        self.say(Word::Fate(Fate { ticket, event, answer }));
    }

    fn say(&self, word: Word) {
        // The gatekeeper hears until the last of those who speak to it is gone.
        let _ = self.words.send(word);
    }
}
