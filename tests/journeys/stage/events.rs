//! The console's stream: what a member is shown, as it happens (server-sent events, as the HTML standard has them).

use serde_json::Value;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    sync::Notify,
    task::JoinSet,
    time::{Instant, timeout},
};

/// Something that happened.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    /// `message`, `card`, `clock`, `ping`.
    pub(crate) name: String,
    pub(crate) data: Value,
    /// When it came in here.
    pub(crate) at: Instant,
}

/// The stream, read to its end in the background.
pub(crate) struct Events {
    heard: Arc<(Mutex<Vec<Event>>, Notify)>,
    _reader: JoinSet<()>,
}

impl Events {
    pub(crate) fn read(mut answer: reqwest::Response) -> Self {
        let heard: Arc<(Mutex<Vec<Event>>, Notify)> = Arc::default();
        let keep = heard.clone();
        let mut reader = JoinSet::new();
        reader.spawn(async move {
            let mut text = String::new();
            while let Ok(Some(chunk)) = answer.chunk().await {
                text.push_str(&String::from_utf8_lossy(&chunk));
                while let Some(end) = text.find("\n\n") {
                    let block: String = text.drain(..end + 2).collect();
                    if let Some(event) = parse(&block) {
                        keep.0.lock().expect("nobody panics while it is held").push(event);
                        keep.1.notify_waiters();
                    }
                }
            }
        });
        Self { heard, _reader: reader }
    }

    /// All that was heard so far.
    pub(crate) fn heard(&self) -> Vec<Event> {
        self.heard.0.lock().expect("nobody panics while it is held").clone()
    }

    /// Waits for the first event of which this holds, heard already or not.
    pub(crate) async fn wait(&self, at_most: Duration, what: &str, is_it: impl Fn(&Event) -> bool) -> Event {
        let wait = async {
            loop {
                let news = self.heard.1.notified();
                tokio::pin!(news);
                news.as_mut().enable();
                if let Some(event) = self.heard().into_iter().find(&is_it) {
                    return event;
                }
                news.await;
            }
        };
        match timeout(at_most, wait).await {
            Ok(event) => event,
            Err(_) => panic!("within {at_most:?}: {what}; heard {:#?}", self.heard()),
        }
    }

    /// Waits for a lead's card, in a message or edited, in a state.
    pub(crate) async fn card(&self, at_most: Duration, email: &str, state: &str) -> (Value, Instant) {
        let what = format!("the card of {email}, {state}");
        let event = self.wait(at_most, &what, |event| {
            card_of(event).is_some_and(|card| card["email"] == email && card["state"] == state)
        });
        let event = event.await;
        (card_of(&event).expect("it has one").clone(), event.at)
    }
}

/// The card that an event carries: of a message, or edited.
fn card_of(event: &Event) -> Option<&Value> {
    match event.name.as_str() {
        "card" => Some(&event.data),
        "message" => event.data.get("card").filter(|card| card.is_object()),
        _ => None,
    }
}

fn parse(block: &str) -> Option<Event> {
    let field = |name: &str| -> Vec<&str> {
        block
            .lines()
            .filter_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
            .map(|value| value.strip_prefix(' ').unwrap_or(value))
            .collect()
    };
    let data = field("data").join("\n");
    let name = field("event").first().copied().unwrap_or("message").to_owned();
    if data.is_empty() {
        return None;
    }
    let data =
        serde_json::from_str(&data).unwrap_or_else(|why| panic!("an event that is no JSON ({why}): {block}"));
    Some(Event { name, data, at: Instant::now() })
}
