//! The overview over a real database: what was stored is what is counted.

#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

use chrono::TimeDelta;
use rekindle_core::{
    activity::{Kind, Trust, names},
    arrival::{Arrival, Who},
    desk,
    email::EmailAddress,
    playbook::{Files, Playbooks},
    team::Role,
    time::{Clock, Moment},
};
use rekindle_report::overview;
use rekindle_storage::Store;
use serde_json::{Map, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

#[derive(Debug)]
struct Hand(Mutex<Moment>);

impl Clock for Hand {
    fn calendar(&self) -> Moment {
        *self.0.lock().unwrap()
    }
    fn wall(&self) -> Moment {
        self.calendar()
    }
    fn stopwatch(&self) -> Duration {
        Duration::ZERO
    }
}

impl Hand {
    fn on(&self, by: TimeDelta) {
        *self.0.lock().unwrap() += by;
    }
}

fn playbook() -> Files {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/playbook/");
    ["scoring.toml", "segments.toml", "sunset.toml", "routing.toml", "sequences/re-engagement.toml"]
        .map(|file| (file.to_owned(), std::fs::read_to_string(format!("{root}{file}")).unwrap()))
        .into()
}

fn told(email: &str, id: &str, kind: Kind, name: &str, at: Moment) -> Arrival {
    Arrival {
        source: "site".to_owned(),
        message_id: id.to_owned(),
        fingerprint: 1,
        who: Who { email: EmailAddress::parse(email).ok(), ..Who::default() },
        kind,
        name: name.to_owned(),
        path: None,
        at,
        properties: match kind {
            Kind::Identify => Map::from_iter([("email".to_owned(), json!(email))]),
            _ => Map::new(),
        },
        human: kind == Kind::Track,
        trust: Trust::Server,
        basis: None,
    }
}

async fn make_hot(store: &Store, books: &Playbooks, email: &str, at: Moment) {
    let mut group = vec![told(email, &format!("{email}-who"), Kind::Identify, names::IDENTIFIED, at)];
    for n in 0..4 {
        let id = format!("{email}-{n}");
        group.push(told(email, &id, Kind::Track, "Demo Requested", at - TimeDelta::days(n)));
    }
    store.leads().observe(&group, books).await.unwrap();
}

#[tokio::test]
async fn what_was_stored_is_what_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    let start: Moment = "2026-11-23T10:00:00Z".parse().unwrap();
    let clock = Arc::new(Hand(Mutex::new(start)));
    let url = format!("sqlite://{}/r.db", dir.path().display());
    let store = Store::open(&url, clock.clone()).await.unwrap();
    store.apply_playbook(&playbook()).await.unwrap();
    let books = store.playbooks().await.unwrap();

    let empty = overview(&store, start, start).await.unwrap();
    assert_eq!((empty.leads(), empty.queue.open, empty.unknown, empty.days.len()), (0, 0, 0, 30));
    assert_eq!((empty.speed.clone(), empty.queue.oldest_seconds), (None, None));

    for email in ["kim@acme.test", "lee@acme.test", "noa@acme.test"] {
        make_hot(&store, &books, email, start).await;
    }
    let ana = store.team().add("Ana", Role::Sales).await.unwrap();
    for email in ["kim@acme.test", "lee@acme.test"] {
        clock.on(TimeDelta::minutes(4));
        let lead = store.leads().named(email).await.unwrap();
        let alert = store.alerts().live_on(lead.id).await.unwrap().expect("a hot lead rings");
        store
            .leads()
            .decide(lead.id, &books, |scene, now| desk::claim(scene, &ana, alert.id, now))
            .await
            .unwrap();
    }

    let now = clock.calendar();
    let seen = overview(&store, now, now).await.unwrap();
    let of = |counts: &[rekindle_report::Count], word: &str| {
        counts.iter().find(|c| c.word == word).expect("every word is there").count
    };
    assert_eq!((seen.leads(), of(&seen.nurture, "active"), of(&seen.nurture, "archived")), (3, 3, 0));
    assert_eq!((of(&seen.lifecycle, "sql"), of(&seen.lifecycle, "mql")), (2, 1));
    assert_eq!(of(&seen.consent, "unknown"), 3);
    assert_eq!((seen.queue.open, seen.queue.oldest_seconds), (1, Some(480)));
    let speed = seen.speed.clone().unwrap();
    assert_eq!((speed.claims, speed.median_seconds, speed.p90_seconds), (2, 360, 480));
    let last: Vec<i64> = seen.days[25..].iter().map(|day| day.human).collect();
    assert_eq!(last, [0, 3, 3, 3, 3]);

    let csv = seen.csv();
    assert!(csv.starts_with("figure,which,value\r\n"), "{csv}");
    assert!(csv.contains("leads by lifecycle stage,sql,2\r\n"), "{csv}");
    assert!(csv.contains("human activities,2026-11-23,3\r\n"), "{csv}");
    assert!(csv.lines().all(|line| line.split(',').count() >= 3), "{csv}");
    assert!(seen.picture().contains("12 in all"), "{}", seen.picture());
    assert_eq!(serde_json::to_value(&seen).unwrap()["queue"]["open"], 1);
}
