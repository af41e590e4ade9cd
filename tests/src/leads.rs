//! What leads do in stories of the chats: told to the house through the one way in, as a server of ours would.

use std::sync::atomic::{AtomicI64, Ordering};

use rekindle_core::activity::{Activity, Kind, Trust};
use rekindle_core::arrival::{Arrival, Received, Who};
use rekindle_core::email::EmailAddress;
use rekindle_core::ids::LeadId;
use rekindle_core::time::Moment;
use rekindle_storage::Store;
use serde_json::{Value, json};

/// A manager with consent who did enough to be hot.
///
/// # Panics
/// When the house does not take it.
pub async fn turn_hot(store: &Store, now: Moment, email: &str, name: &str) -> LeadId {
    let traits = json!({"email": email, "name": name, "title": "Head of Sales", "consent": true});
    observe(store, now, email, Kind::Identify, "Identified", &traits).await;
    track(store, now, email, "Demo Requested").await;
    track(store, now, email, "Demo Requested").await
}

/// A lead did something.
///
/// # Panics
/// When the house does not take it.
pub async fn track(store: &Store, now: Moment, email: &str, event: &str) -> LeadId {
    observe(store, now, email, Kind::Track, event, &json!({})).await
}

async fn observe(store: &Store, now: Moment, email: &str, kind: Kind, name: &str, told: &Value) -> LeadId {
    static NEXT: AtomicI64 = AtomicI64::new(1);
    let number = NEXT.fetch_add(1, Ordering::SeqCst);
    let arrival = Arrival {
        source: "site".to_owned(),
        message_id: format!("message-{number}"),
        fingerprint: number,
        who: Who { email: Some(EmailAddress::parse(email).expect("an address")), ..Who::default() },
        kind,
        name: name.to_owned(),
        path: None,
        at: now,
        properties: told.as_object().cloned().unwrap_or_default(),
        human: Activity::is_human(kind, name),
        trust: Trust::Server,
        basis: None,
    };
    let playbooks = store.playbooks().await.expect("the playbook");
    let received = store.leads().observe(&[arrival], &playbooks).await.expect("a house that takes it");
    let [Received::Stored(lead)] = received[..] else { panic!("{received:?}") };
    lead
}
