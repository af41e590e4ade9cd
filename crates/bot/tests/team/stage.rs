//! The stage: a throwaway database with the shipped playbook, a clock moved by hand, and a team.

use rekindle_bot::{
    announcer::Announcer,
    card::Card,
    desk::{Desk, Settings},
    reply::Reply,
    teller::Teller,
};
use rekindle_core::{
    activity::{Activity, Kind, Trust},
    arrival::{Arrival, Received, Who},
    email::EmailAddress,
    ids::LeadId,
    playbook::Files,
    team::{Handle, Member, Role},
    time::{Clock, Moment},
};
use rekindle_mail::templates::Templates;
use rekindle_storage::{Store, console::Message};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

/// A Monday, nine in the morning.
pub(crate) const START: &str = "2026-11-23T09:00:00Z";

#[derive(Debug, Default)]
struct ManualClock(AtomicI64);

impl Clock for ManualClock {
    fn calendar(&self) -> Moment {
        let start: Moment = START.parse().unwrap();
        start + chrono::TimeDelta::seconds(self.0.load(Ordering::SeqCst))
    }
    fn wall(&self) -> Moment {
        self.calendar()
    }
    fn stopwatch(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::SeqCst).unsigned_abs())
    }
}

pub(crate) struct Stage {
    pub(crate) store: Store,
    pub(crate) desk: Desk,
    pub(crate) announcer: Announcer,
    pub(crate) teller: Teller,
    clock: Arc<ManualClock>,
    _folder: tempfile::TempDir,
}

fn playbook() -> Files {
    [
        ("scoring.toml", include_str!("../../../../config/playbook/scoring.toml")),
        ("segments.toml", include_str!("../../../../config/playbook/segments.toml")),
        ("sunset.toml", include_str!("../../../../config/playbook/sunset.toml")),
        ("routing.toml", include_str!("../../../../config/playbook/routing.toml")),
        (
            "sequences/re-engagement.toml",
            include_str!("../../../../config/playbook/sequences/re-engagement.toml"),
        ),
    ]
    .into_iter()
    .map(|(file, text)| (file.to_owned(), text.to_owned()))
    .collect()
}

impl Stage {
    pub(crate) async fn set() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::default());
        let url = format!("sqlite://{}/x.db", folder.path().display());
        let store = Store::open(&url, clock.clone()).await.unwrap();
        store.apply_playbook(&playbook()).await.unwrap();
        for (name, role) in [
            ("Ana", Role::Sales),
            ("Ben", Role::Sales),
            ("Mia", Role::Marketing),
            ("Ada", Role::Admin),
            ("Vic", Role::Viewer),
        ] {
            store.team().add(name, role).await.unwrap();
        }
        let settings = Settings {
            zone: chrono_tz::UTC,
            public_url: "https://rekindle.acme.test/".to_owned(),
            caution: rekindle_core::campaign::Caution::NONE,
            needed: rekindle_core::prediction::Needed::USUAL,
        };
        let desk = Desk::new(store.clone(), settings.clone());
        let announcer = Announcer::new(store.clone(), settings);
        let teller = Teller::new(store.clone(), []);
        Self { store, desk, announcer, teller, clock, _folder: folder }
    }

    /// Gives the desk the shipped mails.
    pub(crate) fn with_templates(&mut self) {
        let folder = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/templates"));
        let mut files = std::collections::BTreeMap::new();
        let mut open = vec![folder.to_owned()];
        while let Some(next) = open.pop() {
            for entry in std::fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
                if entry.is_dir() {
                    open.push(entry);
                } else {
                    let name = entry.strip_prefix(folder).unwrap().display().to_string();
                    files.insert(name, std::fs::read_to_string(&entry).unwrap());
                }
            }
        }
        self.desk = self.desk.clone().with_templates(Arc::new(Templates::load(&files).unwrap()));
    }

    pub(crate) fn handle(&self, name: &str) -> Handle {
        Handle::of(name).unwrap()
    }

    /// Lets time pass.
    pub(crate) fn advance(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) async fn member(&self, name: &str) -> Member {
        self.store.team().named(name).await.unwrap()
    }

    /// A member says something; the answer as JSON, as a script reads it.
    pub(crate) async fn say(&self, who: &str, text: &str) -> Value {
        let reply = self.ask(who, text).await;
        serde_json::to_value(reply).unwrap()
    }

    pub(crate) async fn ask(&self, who: &str, text: &str) -> Reply {
        self.desk.run(&self.member(who).await, "terminal", text).await
    }

    pub(crate) async fn press(&self, who: &str, card: &str, intent: &str, value: Option<&str>) -> Value {
        let reply = self.desk.press(&self.member(who).await, "console", card, intent, value).await;
        serde_json::to_value(reply).unwrap()
    }

    /// Somebody tells of a lead.
    pub(crate) async fn identify(&self, email: &str, traits: Value) -> LeadId {
        let mut properties = traits.as_object().unwrap().clone();
        properties.insert("email".to_owned(), json!(email));
        self.observe(email, Kind::Identify, "Identified", properties).await
    }

    /// A lead did something.
    pub(crate) async fn track(&self, email: &str, event: &str) -> LeadId {
        self.observe(email, Kind::Track, event, serde_json::Map::new()).await
    }

    /// A manager with consent who did enough to be hot: 10 + 50 + 50.
    pub(crate) async fn turn_hot(&self, email: &str, name: &str) -> LeadId {
        self.identify(email, json!({"name": name, "title": "Head of Sales", "consent": true})).await;
        self.track(email, "Demo Requested").await;
        self.track(email, "Demo Requested").await
    }

    async fn observe(
        &self,
        email: &str,
        kind: Kind,
        name: &str,
        properties: serde_json::Map<String, Value>,
    ) -> LeadId {
        static NEXT: AtomicI64 = AtomicI64::new(1);
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        let arrival = Arrival {
            source: "site".to_owned(),
            message_id: format!("message-{number}"),
            fingerprint: number,
            who: Who { email: Some(EmailAddress::parse(email).unwrap()), ..Who::default() },
            kind,
            name: name.to_owned(),
            path: None,
            at: self.clock.calendar(),
            properties,
            human: Activity::is_human(kind, name),
            trust: Trust::Server,
            basis: None,
        };
        let playbooks = self.store.playbooks().await.unwrap();
        let received = self.store.leads().observe(&[arrival], &playbooks).await.unwrap();
        let [Received::Stored(lead)] = received[..] else { panic!("{received:?}") };
        lead
    }

    /// What the console shows now, with its cards.
    pub(crate) async fn shown(&self) -> Vec<Message> {
        self.announcer.catch_up().await.unwrap();
        self.store.console().latest(&self.handle("ana"), 100).await.unwrap()
    }

    /// The one card that the console shows.
    pub(crate) async fn card(&self) -> Value {
        let mut cards: Vec<Value> =
            self.shown().await.into_iter().filter_map(|message| message.card).collect();
        assert_eq!(cards.len(), 1, "{cards:?}");
        cards.remove(0)
    }
}

/// The words of the buttons of a card.
pub(crate) fn intents(card: &Card) -> Vec<&'static str> {
    card.buttons.iter().map(|button| button.intent).collect()
}
