//! A house to test in: a throwaway database, a clock moved by hand, mail kept in memory, the shipped playbook and mails.

use chrono::TimeDelta;
use rekindle_core::{
    activity::{Kind, Trust},
    arrival::{Arrival, Who},
    delivery::{Delivery, DeliveryState},
    email::EmailAddress,
    enrollment::Enrollment,
    ids::LeadId,
    lead::Lead,
    refusal::Refusal,
    scene::Change,
    team::{Handle, Member, Role},
    time::{Clock, Moment},
};
use rekindle_mail::{
    dkim::{Signer, new_ed25519},
    memory::Memory,
    templates::Templates,
    transport::Transport,
};
use rekindle_storage::Store;
use rekindle_worker::{Settings, Tick, Worker};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

/// Monday, 2 November 2026, 9:00 in the lead's zone (UTC).
pub(crate) fn monday() -> Moment {
    at("2026-11-02T09:00:00Z")
}

pub(crate) fn at(text: &str) -> Moment {
    text.parse().unwrap()
}

pub(crate) fn days(count: i64) -> TimeDelta {
    TimeDelta::days(count)
}

pub(crate) fn hours(count: i64) -> TimeDelta {
    TimeDelta::hours(count)
}

/// A clock moved by hand: all three times go together.
#[derive(Debug)]
pub(crate) struct Hand(Mutex<(Moment, Duration, Duration)>);

impl Hand {
    pub(crate) fn new(start: Moment) -> Arc<Self> {
        Arc::new(Self(Mutex::new((start, Duration::ZERO, Duration::ZERO))))
    }

    pub(crate) fn advance(&self, by: TimeDelta) {
        let mut hands = self.0.lock().unwrap();
        hands.0 += by;
        hands.1 += by.to_std().unwrap();
    }

    pub(crate) fn set(&self, to: Moment) {
        let by = to - self.calendar();
        self.advance(by);
    }

    /// From now on the stopwatch runs so far ahead at each look: a process that is stopped all the time.
    pub(crate) fn stumble(&self, by: Duration) {
        self.0.lock().unwrap().2 = by;
    }
}

impl Clock for Hand {
    fn calendar(&self) -> Moment {
        self.0.lock().unwrap().0
    }
    fn wall(&self) -> Moment {
        self.calendar()
    }
    fn stopwatch(&self) -> Duration {
        let mut hands = self.0.lock().unwrap();
        let stumble = hands.2;
        hands.1 += stumble;
        hands.1
    }
}

pub(crate) struct House {
    pub(crate) clock: Arc<Hand>,
    pub(crate) store: Store,
    pub(crate) memory: Memory,
    pub(crate) worker: Worker,
    pub(crate) url: String,
    _dir: tempfile::TempDir,
}

pub(crate) fn config() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config")
}

pub(crate) fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            found.extend(files(&path).into_iter().map(|(file, text)| (format!("{name}/{file}"), text)));
        } else {
            found.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
    found
}

pub(crate) fn templates() -> Templates {
    Templates::load(&files(&config().join("templates"))).unwrap()
}

/// A key made for this run.
pub(crate) fn signer() -> Signer {
    Signer::new("acme.test", "rk1", &new_ed25519().unwrap()).unwrap()
}

pub(crate) fn settings(transport: Transport) -> Settings {
    Settings {
        transport,
        from_name: Some("Mia Chen".to_owned()),
        from: EmailAddress::parse("mia@acme.test").unwrap(),
        bounce_domain: Some("bounce.acme.test".to_owned()),
        signers: Arc::new(vec![signer()]),
        reply_to: None,
        company: "Acme".to_owned(),
        postal_address: "12 Harbour Street, Dublin 2".to_owned(),
        list_domain: "acme.test".to_owned(),
        public_url: "http://127.0.0.1:8787".to_owned(),
        zone: chrono_tz::Tz::UTC,
        opens: false,
        pace: rekindle_core::outflow::Limits::default(),
        at_once_to_domain: None,
        sessions: 4,
        inbox: None,
        postmark: false,
        out_of_office: chrono::TimeDelta::days(7),
        journal: None,
        cool_leads: "0 6 * * *".parse().unwrap(),
        train_model: None,
        predict_leads: None,
        needed: rekindle_core::prediction::Needed::USUAL,
        forget_archived_after: None,
    }
}

impl House {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// A house whose playbook was edited.
    pub(crate) async fn with(edit: impl FnOnce(&mut BTreeMap<String, String>)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/test.db", dir.path().display());
        let clock = Hand::new(monday());
        let store = Store::open(&url, clock.clone()).await.unwrap();
        let mut playbook = files(&config().join("playbook"));
        plain(&mut playbook);
        edit(&mut playbook);
        store.apply_playbook(&playbook).await.unwrap();
        let memory = Memory::default();
        let worker = Worker::new(store.clone(), settings(Transport::Memory(memory.clone())), templates());
        Self { clock, store, memory, worker, url, _dir: dir }
    }

    /// Another process on the same database: its own store, its own worker.
    pub(crate) async fn second(&self) -> Worker {
        let store = Store::open(&self.url, self.clock.clone()).await.unwrap();
        Worker::new(store, settings(Transport::Memory(self.memory.clone())), templates())
    }

    pub(crate) async fn tick(&mut self) -> Tick {
        let tick = self.worker.tick().await.unwrap();
        let under_way = [DeliveryState::Claimed, DeliveryState::Committing];
        let left = self.store.outbox().list(&under_way, 10).await.unwrap();
        assert!(left.is_empty(), "after a tick nothing is under way: {left:?}");
        tick
    }

    /// Lets time pass; the worker looks at 0:00, 3:00, 6:00, … and at the end.
    pub(crate) async fn live(&mut self, until: Moment) {
        const LOOK: i64 = 3 * 3600;
        while self.clock.calendar() < until {
            let next = (self.clock.calendar().timestamp() / LOOK + 1) * LOOK;
            self.clock.set(Moment::from_timestamp(next, 0).unwrap().min(until));
            self.tick().await;
        }
    }

    pub(crate) async fn tell(
        &self,
        message: &str,
        kind: Kind,
        name: &str,
        email: &str,
        properties: Value,
    ) -> LeadId {
        let arrival = Arrival {
            source: "site".to_owned(),
            message_id: message.to_owned(),
            fingerprint: 1,
            who: Who { email: Some(EmailAddress::parse(email).unwrap()), ..Who::default() },
            kind,
            name: name.to_owned(),
            path: None,
            at: self.clock.calendar(),
            properties: properties.as_object().unwrap().clone(),
            human: rekindle_core::activity::Activity::is_human(kind, name),
            trust: Trust::Server,
            basis: None,
        };
        let playbooks = self.store.playbooks().await.unwrap();
        self.store.leads().observe(&[arrival], &playbooks).await.unwrap();
        self.store.leads().named(email).await.unwrap().id
    }

    /// A lead who has subscribed, and did nothing since.
    pub(crate) async fn subscriber(&self, email: &str) -> LeadId {
        let first = email.split('@').next().unwrap();
        let traits = json!({"email": email, "firstName": first, "consent": true, "timezone": "UTC"});
        self.tell(&format!("hello {email}"), Kind::Identify, "identify", email, traits).await
    }

    pub(crate) async fn act(&self, email: &str, name: &str) {
        let message = format!("{name} {}", self.clock.calendar());
        self.tell(&message, Kind::Track, name, email, json!({})).await;
    }

    pub(crate) async fn decide(
        &self,
        lead: LeadId,
        decide: impl Fn(&rekindle_core::scene::Scene, Moment) -> Result<Change, Refusal> + Send + Sync,
    ) {
        let playbooks = self.store.playbooks().await.unwrap();
        self.store.leads().decide(lead, &playbooks, decide).await.unwrap();
    }

    pub(crate) async fn enroll(&self, lead: LeadId) {
        let playbooks = self.store.playbooks().await.unwrap();
        let plan = playbooks.clone();
        self.decide(lead, move |scene, now| rekindle_core::desk::enroll(scene, "re-engagement", &plan, now))
            .await;
    }

    pub(crate) async fn lead(&self, id: LeadId) -> Lead {
        self.store.leads().by_id(id).await.unwrap()
    }

    pub(crate) async fn deliveries(&self) -> Vec<Delivery> {
        let mut all: Vec<Delivery> =
            self.store.outbox().list(&[], 1_000).await.unwrap().into_iter().map(|w| w.delivery).collect();
        all.sort_by_key(|d| d.id);
        all
    }

    pub(crate) async fn runs(&self, lead: LeadId) -> Vec<Enrollment> {
        self.store.leads().dossier(lead).await.unwrap().enrollments
    }

    /// The subjects of the mails that were accepted, oldest first.
    pub(crate) fn subjects(&self) -> Vec<String> {
        self.memory.kept().iter().map(|kept| subject(&kept.message)).collect()
    }
}

pub(crate) fn subject(message: &[u8]) -> String {
    mail_parser::MessageParser::default().parse(message).unwrap().subject().unwrap().to_owned()
}

pub(crate) fn member(name: &str) -> Member {
    Member {
        id: rekindle_core::ids::MemberId(Default::default()),
        handle: Handle::of(name).unwrap(),
        name: name.to_owned(),
        role: Role::Sales,
        active: true,
    }
}

/// These stories are about one mail after another: nobody is held out, nothing is tried, begins by itself or waits for the morning.
fn plain(playbook: &mut BTreeMap<String, String>) {
    let tried = ["enroll = ", "subjects = ", "winner = "];
    for (_, text) in playbook.iter_mut().filter(|(file, _)| file.starts_with("sequences/")) {
        let kept = text.lines().filter(|line| !tried.iter().any(|key| line.starts_with(key)));
        *text = kept.collect::<Vec<_>>().join("\n").replacen("\n[[step]]", "\nholdout = 0\n\n[[step]]", 1);
    }
    playbook.insert("frequency.toml".to_owned(), String::new());
}
