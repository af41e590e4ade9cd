//! What leads do in stories of the chats: told to the house through the one way in, as a server of ours would.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::TimeDelta;
use rekindle_core::activity::{Activity, Kind, Trust};
use rekindle_core::arrival::{Arrival, Received, Who};
use rekindle_core::email::EmailAddress;
use rekindle_core::enrollment::{Enrollment, Outgoing, Planned, Then};
use rekindle_core::heard::{Reply, Report, Word};
use rekindle_core::ids::{EnrollmentId, LeadId};
use rekindle_core::scene::{Change, Effect, Scene};
use rekindle_core::time::Moment;
use rekindle_storage::{Store, new_alert_id};
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

/// A lead answers the breakup mail in these words.
///
/// # Panics
/// When the house does not take it.
pub async fn answer(store: &Store, lead: LeadId, said: &str) {
    let playbooks = store.playbooks().await.expect("the playbook");
    let written = |scene: &Scene, now: Moment| {
        let plan = Planned {
            sequence: "re-engagement".to_owned(),
            version: playbooks.version(),
            campaign: None,
            at: None,
            since: None,
            key: None,
            held_out: None,
        };
        let run = Enrollment::begin(EnrollmentId(new_alert_id().0), lead, &plan, now);
        let then = Then { step: 1, wait: TimeDelta::days(4) };
        let mail =
            Outgoing { mail: "breakup".to_owned(), arm: None, expires_at: now + TimeDelta::days(3), then };
        Ok(Change { effects: vec![Effect::Enqueue { run, mail }], ..scene.unchanged() })
    };
    store.leads().decide(lead, &playbooks, written).await.expect("a mail");
    let mail = store.leads().dossier(lead).await.expect("the lead").deliveries[0].id;
    let reply = Reply { id: mail.to_string(), from: None, said: said.to_owned() };
    let report = Report { mail, word: Word::Reply(reply) };
    assert!(store.hear(&report, &playbooks, TimeDelta::days(7)).await.expect("a house that hears it"));
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
