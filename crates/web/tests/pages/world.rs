//! A small world: a database in a folder of its own, a calendar moved by hand, leads with mails on their way.

use axum::{
    Extension, Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use chrono::TimeDelta;
use rekindle_core::{
    activity::{Kind, Trust, names},
    advance::{Plans, advance},
    arrival::{Arrival, Who},
    desk,
    email::EmailAddress,
    ids::{DeliveryId, LeadId},
    lead::Lead,
    link::Purpose,
    playbook::{Files, Playbooks},
    prediction::Needed,
    team::{Member, Role},
    time::{Clock, Moment},
    trial::Decided,
};
use rekindle_storage::Store;
use rekindle_web::{Doors, Settings, lead_pages, staff_pages};
use serde_json::{Map, Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tower::ServiceExt;

/// A calendar moved by hand.
#[derive(Debug)]
pub(crate) struct Hand(Mutex<Moment>);

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

pub(crate) struct World {
    pub(crate) clock: Arc<Hand>,
    pub(crate) doors: Doors,
    pub(crate) books: Arc<Playbooks>,
    pub(crate) dir: tempfile::TempDir,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

pub(crate) fn playbook() -> Files {
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
    .map(|(file, text)| (file.to_owned(), text.to_owned()))
    .into()
}

impl World {
    pub(crate) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let start = "2026-11-23T10:42:00Z".parse().unwrap();
        let clock = Arc::new(Hand(Mutex::new(start)));
        let url = format!("sqlite://{}/r.db", dir.path().display());
        let store = Store::open(&url, clock.clone()).await.unwrap();
        store.apply_playbook(&playbook()).await.unwrap();
        let books = store.playbooks().await.unwrap();
        let settings = Settings {
            public_url: "https://go.acme.test".to_owned(),
            proxies: Arc::new(["127.0.0.0/8".parse().unwrap()]),
            company: "Acme & Sons".to_owned(),
            zone: "Europe/Berlin".parse().unwrap(),
            mail_folder: Some(dir.path().join("mail")),
            demo: false,
            needed: Needed::USUAL,
            mails: crate::templates::shipped(),
        };
        Self { clock, doors: Doors { store, settings }, books, dir }
    }

    /// Where its database is.
    pub(crate) fn url(&self) -> String {
        format!("sqlite://{}/r.db", self.dir.path().display())
    }

    pub(crate) fn store(&self) -> &Store {
        &self.doors.store
    }

    pub(crate) fn later(&self, by: TimeDelta) {
        *self.clock.0.lock().unwrap() += by;
    }

    /// Tells the house something about a lead.
    pub(crate) async fn told(
        &self,
        email: &str,
        kind: Kind,
        name: &str,
        path: Option<&str>,
        properties: Value,
    ) {
        let at = self.clock.calendar();
        let arrival = Arrival {
            source: "site".to_owned(),
            message_id: format!("{email} {name} {path:?} {at}"),
            fingerprint: 1,
            who: Who { email: EmailAddress::parse(email).ok(), ..Who::default() },
            kind,
            name: name.to_owned(),
            path: path.map(str::to_owned),
            at,
            properties: properties.as_object().cloned().unwrap_or_default(),
            human: matches!(kind, Kind::Track | Kind::Page),
            trust: Trust::Server,
            basis: None,
        };
        self.store().leads().observe(&[arrival], &self.books).await.unwrap();
    }

    /// A lead who may be written to.
    pub(crate) async fn lead(&self, email: &str, more: Value) -> Lead {
        let mut traits = Map::from_iter([
            ("email".to_owned(), json!(email)),
            ("consent".to_owned(), json!({ "state": "subscribed", "basis": "webinar form 2026" })),
        ]);
        traits.extend(more.as_object().cloned().unwrap_or_default());
        self.told(email, Kind::Identify, names::IDENTIFIED, None, Value::Object(traits)).await;
        self.store().leads().named(email).await.unwrap()
    }

    /// The mail of a step of re-engagement (0 breakup, 2 offer, 4 survey), in the outbox of a lead who is in it.
    pub(crate) async fn mail(&self, lead: LeadId, step: usize) -> DeliveryId {
        let leads = self.store().leads();
        let begun = leads
            .dossier(lead)
            .await
            .unwrap()
            .enrollments
            .iter()
            .any(rekindle_core::enrollment::Enrollment::is_live);
        if !begun {
            let enroll = |scene: &rekindle_core::scene::Scene, now| {
                desk::enroll(scene, "re-engagement", &self.books, now)
            };
            leads.decide(lead, &self.books, enroll).await.unwrap();
        }
        let decided = Decided::default();
        let enqueue = |scene: &rekindle_core::scene::Scene, now: Moment| {
            let run = scene.runs.first()?.clone().due(step, now, None);
            let plans = Plans { playbooks: &self.books, decided: &decided, zone: chrono_tz::Tz::UTC };
            advance(&rekindle_core::scene::Scene { runs: vec![run], ..scene.clone() }, plans, now)
        };
        assert_eq!(leads.decide_all(&[lead], &self.books, enqueue).await.unwrap(), 1);
        let deliveries = leads.dossier(lead).await.unwrap().deliveries;
        let step = i32::try_from(step).unwrap();
        deliveries.iter().find(|delivery| delivery.step == step).unwrap().id
    }

    /// The path of a link.
    pub(crate) fn link(&self, purpose: Purpose, delivery: DeliveryId, number: u32) -> String {
        let door = match purpose {
            Purpose::Click => "c",
            Purpose::Unsubscribe => "u",
            Purpose::Preferences => "p",
            Purpose::Offer => "o",
            Purpose::Survey => "s",
            other => unreachable!("no page of a lead has a link to {other:?}"),
        };
        format!("/{door}/{}", self.store().ring().token(purpose, delivery.0, number))
    }

    /// The path of a click link to an address.
    pub(crate) async fn click(&self, delivery: DeliveryId, url: &str) -> String {
        let numbers = self.store().links().destinations("breakup", &[url.to_owned()]).await.unwrap();
        self.link(Purpose::Click, delivery, u32::try_from(numbers[url]).unwrap())
    }

    /// Asks as a lead's browser.
    pub(crate) async fn ask(&self, method: Method, path: &str, form: &str) -> Answer {
        let kind = "application/x-www-form-urlencoded";
        send(lead_pages(self.doors.clone()), method, path, kind, form).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, "").await
    }

    pub(crate) async fn post(&self, path: &str, form: &str) -> Answer {
        self.ask(Method::POST, path, form).await
    }

    pub(crate) async fn member(&self, name: &str, role: Role) -> Member {
        self.store().team().add(name, role).await.unwrap()
    }

    /// Asks as a member of the team.
    pub(crate) async fn as_member(&self, member: &Member, method: Method, path: &str, form: &str) -> Answer {
        let router = staff_pages(self.doors.clone()).layer(Extension(member.clone()));
        send(router, method, path, "application/x-www-form-urlencoded", form).await
    }
}

pub(crate) async fn send(router: Router, method: Method, path: &str, kind: &str, body: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "evil.test")
        .header(header::CONTENT_TYPE, kind)
        .header(header::USER_AGENT, "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
        .body(Body::from(body.to_owned()))
        .unwrap();
    let response = router.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let text = String::from_utf8(to_bytes(body, 10_000_000).await.unwrap().to_vec()).unwrap();
    assert!(!text.contains("evil.test"), "what a request calls us is in the page: {text}");
    Answer { status: parts.status, headers: parts.headers, text }
}
