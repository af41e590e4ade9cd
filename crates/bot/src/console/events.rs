//! What is said and edited, as it happens: server-sent events.
//!
//! | event | data | id |
//! |---|---|---|
//! | `message` | a message that is new | its seq |
//! | `card` | a card that was edited | the seq of the edit |
//! | `clock` | the calendar: on connecting, every second while it is accelerated, and with each ping | |
//! | `ping` | that the stream lives, every 15 s | |
//!
//! Each connection waits for the store's signal and reads what came after where it is, so that it
//! misses nothing and nobody has to remember it. Posts and edits share one order, the seq; a browser that
//! reconnects says in `Last-Event-ID` how far it came.

use super::{Console, Who, state};
use axum::{
    extract::{Query, State},
    http::HeaderMap,
    response::{IntoResponse, Response, sse},
};
use futures_util::stream;
use rekindle_core::team::Handle;
use rekindle_storage::{Changes, console::Message};
use serde::Deserialize;
use serde_json::Value;
use std::{collections::VecDeque, convert::Infallible, time::Duration};
use tokio::time::{Interval, MissedTickBehavior, interval};

const PING: Duration = Duration::from_secs(15);
const SECOND: Duration = Duration::from_secs(1);
/// How long it waits for a signal before it looks by itself.
const LOOK: Duration = Duration::from_secs(5);
/// How many posts and edits are read in one go.
const BATCH: u64 = 200;

#[derive(Deserialize)]
pub(super) struct From {
    after: Option<i64>,
}

pub(super) async fn events(
    State(console): State<Console>,
    Who(member): Who,
    Query(from): Query<From>,
    headers: HeaderMap,
) -> Response {
    let told = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let watcher = Watcher::new(console, member.handle, told.or(from.after).unwrap_or_default());
    let stream = stream::unfold(watcher, |mut watcher| async move {
        let event = watcher.next().await?;
        Some((Ok::<_, Infallible>(event), watcher))
    });
    // A proxy that collects the stream would hold up the cards.
    ([("x-accel-buffering", "no")], sse::Sse::new(stream)).into_response()
}

/// One connection.
struct Watcher {
    console: Console,
    member: Handle,
    changes: Changes,
    seq: i64,
    /// The newest message that the browser has seen; unknown before the first look.
    newest: Option<i64>,
    ready: VecDeque<sse::Event>,
    ping: Interval,
    second: Interval,
}

impl Watcher {
    fn new(console: Console, member: Handle, seq: i64) -> Self {
        let every = |period| {
            let mut interval = interval(period);
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            interval
        };
        // From now on, so that nothing falls between the first look and the first signal.
        let changes = console.store.changes();
        Self {
            changes,
            console,
            member,
            seq,
            newest: None,
            ready: VecDeque::new(),
            ping: every(PING),
            second: every(SECOND),
        }
    }

    /// The next event; `None` when the stream ends.
    async fn next(&mut self) -> Option<sse::Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if self.console.closing.is_cancelled() {
                return None;
            }
            if let Err(error) = self.look().await {
                // The browser comes again by itself, from where it is.
                tracing::warn!(%error, "a stream of the console ends");
                return None;
            }
            if self.ready.is_empty() {
                self.wait().await;
            }
        }
    }

    async fn wait(&mut self) {
        let accelerated = (self.console.store.clock().speed() - 1.0).abs() > f64::EPSILON;
        tokio::select! {
            () = self.changes.wait(LOOK) => {}
            // The first tick comes at once: the browser learns the time, and that the stream lives.
            _ = self.ping.tick() => {
                self.tell_time();
                self.ready.push_back(sse::Event::default().event("ping").data("{}"));
            }
            _ = self.second.tick(), if accelerated => self.tell_time(),
            () = self.console.closing.cancelled() => {}
        }
    }

    fn tell_time(&mut self) {
        let clock = state::clock(&**self.console.store.clock(), self.console.desk.settings.zone);
        self.ready.push_back(event("clock", &clock));
    }

    /// Reads what came since.
    async fn look(&mut self) -> rekindle_storage::Result<()> {
        let console = self.console.store.console();
        let mut newest = match self.newest {
            Some(newest) => newest,
            None => console.newest_at(self.seq).await?,
        };
        for message in console.since(self.seq, BATCH).await? {
            self.seq = message.seq;
            if message.is_for(&self.member) {
                self.ready.extend(news(&message, newest));
            }
            newest = newest.max(message.id);
        }
        self.newest = Some(newest);
        Ok(())
    }
}

/// A message is news when it is newer than all the browser has seen; else its card was edited.
fn news(message: &Message, newest: i64) -> Option<sse::Event> {
    let told = match (message.id > newest, &message.card) {
        (true, _) => event("message", &state::said(message)),
        (false, Some(card)) => event("card", card),
        (false, None) => return None,
    };
    Some(told.id(message.seq.to_string()))
}

fn event(name: &str, data: &Value) -> sse::Event {
    // JSON has no bare line feeds, so it is one line of data.
    sse::Event::default().event(name).data(data.to_string())
}
