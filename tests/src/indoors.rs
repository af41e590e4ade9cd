//! A house within the test's own process: the real store, worker and pages, a clock moved by hand, mail kept in memory.
//!
//! For stories in which days pass: nothing is waited for.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use chrono::TimeDelta;
use mail_parser::MessageParser;
use rekindle_bot::desk::Desk;
use rekindle_core::activity::{Activity, Kind, Trust};
use rekindle_core::arrival::{Arrival, Who};
use rekindle_core::campaign::Caution;
use rekindle_core::email::EmailAddress;
use rekindle_core::ids::LeadId;
use rekindle_core::lead::Lead;
use rekindle_core::prediction::Needed;
use rekindle_mail::memory::Memory;
use rekindle_mail::templates::Templates;
use rekindle_mail::transport::Transport;
use rekindle_storage::Store;
use rekindle_storage::leads::Dossier;
use rekindle_worker::{Settings, Tick, Worker};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::stores::Home;

/// Where the house is, as its mails say.
pub const URL: &str = "https://go.acme.test";
/// How a person's browser is called.
pub const BROWSER: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

/// The house.
pub struct Indoors {
    /// Its database, and its clock.
    pub home: Home,
    /// The database, opened.
    pub store: Store,
    /// What its relay took.
    pub relay: Memory,
    /// In which time passes.
    pub worker: Worker,
    /// Its playbook, as text.
    pub playbook: BTreeMap<String, String>,
    pages: Router,
    another: (Settings, BTreeMap<String, String>),
}

/// What a page answered.
#[derive(Debug)]
pub struct Page {
    /// How.
    pub status: StatusCode,
    /// With which headers.
    pub headers: HeaderMap,
    /// What a reader sees.
    pub text: String,
}

/// One request to a page, as a person's browser makes it until something is said otherwise.
#[derive(Debug, Clone)]
pub struct Ask<'a> {
    method: Method,
    path: &'a str,
    form: &'a str,
    agent: &'a str,
    from: [u8; 4],
    authorization: &'a str,
}

impl<'a> Ask<'a> {
    /// A look at a path, or at an address of the house.
    #[must_use]
    pub fn get(path: &'a str) -> Self {
        let path = path.strip_prefix(URL).unwrap_or(path);
        Self { method: Method::GET, path, form: "", agent: BROWSER, from: [192, 0, 2, 7], authorization: "" }
    }

    /// A form that is sent.
    #[must_use]
    pub fn post(path: &'a str, form: &'a str) -> Self {
        Self { method: Method::POST, form, ..Self::get(path) }
    }

    /// By another method.
    #[must_use]
    pub fn by(self, method: Method) -> Self {
        Self { method, ..self }
    }

    /// By somebody who calls themselves so.
    #[must_use]
    pub fn called(self, agent: &'a str) -> Self {
        Self { agent, ..self }
    }

    /// With a key.
    #[must_use]
    pub fn with_authorization(self, authorization: &'a str) -> Self {
        Self { authorization, ..self }
    }

    /// From another address.
    #[must_use]
    pub fn from(self, from: [u8; 4]) -> Self {
        Self { from, ..self }
    }
}

/// The folder of what is shipped.
fn shipped() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../config"))
}

/// The shipped playbook for stories about something else: nobody is held out, nothing is tried, begins by itself or waits for the morning.
#[must_use]
pub fn plain(mut playbook: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let tried = ["enroll = ", "subjects = ", "winner = "];
    for (file, text) in &mut playbook {
        if file.starts_with("sequences/") {
            let kept = text.lines().filter(|line| !tried.iter().any(|key| line.starts_with(key)));
            let kept: String = kept.map(|line| format!("{line}\n")).collect();
            *text = kept.replacen("\n[[step]]", "\nholdout = 0\n\n[[step]]", 1);
        }
    }
    playbook.insert("frequency.toml".to_owned(), String::new());
    playbook
}

/// The shipped mails, as the dashboard reads them.
fn shipped_mails() -> rekindle_web::Mails {
    let sender = rekindle_mail::letter::Sender {
        name: "Mia Chen".to_owned(),
        company: "Acme".to_owned(),
        postal_address: "12 Harbour Street, Dublin 2".to_owned(),
    };
    rekindle_web::Mails::new(sender, || {
        Templates::read(&rekindle::files::template_files(shipped()).expect("the shipped mails"))
    })
}

/// The pages of a house that is told the same.
#[must_use]
pub fn doors(store: Store) -> rekindle_web::Doors {
    let settings = rekindle_web::Settings {
        public_url: URL.to_owned(),
        proxies: Arc::new([]),
        company: "Acme".to_owned(),
        zone: chrono_tz::Tz::UTC,
        mail_folder: None,
        demo: false,
        needed: Needed::USUAL,
        mails: shipped_mails(),
    };
    rekindle_web::Doors { store, settings }
}

/// What the worker of such a house is told.
///
/// # Panics
/// Never: what it is told is right.
#[must_use]
pub fn settings(transport: Transport) -> Settings {
    Settings {
        transport,
        from_name: Some("Mia Chen".to_owned()),
        from: EmailAddress::parse("mia@acme.test").expect("an address"),
        bounce_domain: Some("bounce.acme.test".to_owned()),
        inbox: None,
        postmark: false,
        out_of_office: TimeDelta::days(7),
        signers: Arc::default(),
        reply_to: None,
        company: "Acme".to_owned(),
        postal_address: "12 Harbour Street, Dublin 2".to_owned(),
        list_domain: "acme.test".to_owned(),
        public_url: URL.to_owned(),
        zone: chrono_tz::Tz::UTC,
        opens: false,
        pace: rekindle_core::outflow::Limits::default(),
        at_once_to_domain: None,
        sessions: 4,
        journal: None,
        cool_leads: "0 6 * * *".parse().expect("a schedule"),
        train_model: "0 3 * * 0".parse().ok(),
        predict_leads: "30 4 * * *".parse().ok(),
        needed: Needed::USUAL,
        forget_archived_after: None,
    }
}

impl Indoors {
    /// A house with the playbook and mails as they are shipped.
    ///
    /// # Panics
    /// When it cannot be set up.
    pub async fn shipped(home: Home) -> Self {
        let as_shipped = |playbook: &mut BTreeMap<String, String>| {
            *playbook = rekindle::files::playbook_files(shipped()).expect("the shipped playbook");
        };
        Self::with(home, as_shipped, |_| {}).await
    }

    /// A house with the shipped mails and a plain playbook ([`plain`]).
    ///
    /// # Panics
    /// When it cannot be set up.
    pub async fn of(home: Home) -> Self {
        Self::with(home, |_| {}, |_| {}).await
    }

    /// One whose plain playbook and whose worker's settings were edited.
    ///
    /// # Panics
    /// When it cannot be set up.
    pub async fn with(
        home: Home,
        edit: impl FnOnce(&mut BTreeMap<String, String>),
        set: impl FnOnce(&mut Settings),
    ) -> Self {
        let store = home.open().await;
        let mut playbook = plain(rekindle::files::playbook_files(shipped()).expect("the shipped playbook"));
        edit(&mut playbook);
        store.apply_playbook(&playbook).await.expect("a playbook");
        let mails = rekindle::files::template_files(shipped()).expect("the shipped mails");
        let templates = Templates::load(&mails).expect("mails without mistakes");
        let relay = Memory::default();
        let mut settings = settings(Transport::Memory(relay.clone()));
        set(&mut settings);
        let worker = Worker::new(store.clone(), settings.clone(), templates);
        let doors = doors(store.clone());
        Self {
            home,
            store,
            relay,
            worker,
            playbook,
            pages: rekindle_web::lead_pages(doors.clone()).merge(rekindle_web::redeem_call(doors)),
            another: (settings, mails),
        }
    }

    /// A worker of another process on the same database, with the same relay.
    ///
    /// # Panics
    /// When it cannot be set up.
    pub async fn another_worker(&self) -> Worker {
        let (settings, mails) = &self.another;
        let templates = Templates::load(mails).expect("mails without mistakes");
        Worker::new(self.home.open().await, settings.clone(), templates)
    }

    /// The team's desk in this house: what is typed there is done here.
    ///
    /// # Panics
    /// When the mails are not read.
    #[must_use]
    pub fn desk(&self) -> Desk {
        let settings = rekindle_bot::desk::Settings {
            zone: chrono_tz::Tz::UTC,
            public_url: URL.to_owned(),
            caution: Caution::NONE,
            needed: Needed::USUAL,
        };
        let templates = Templates::load(&self.another.1).expect("mails without mistakes");
        Desk::new(self.store.clone(), settings).with_templates(Arc::new(templates))
    }

    /// Time passes, and the worker does what becomes due, when it does, and looks at the end.
    ///
    /// # Panics
    /// When the worker fails.
    pub async fn live(&mut self, time: TimeDelta) -> Tick {
        const LOOK: i64 = 3 * 3_600;
        let until = self.home.now() + time;
        loop {
            let now = self.home.now();
            let look = (now.timestamp() / LOOK + 1) * LOOK;
            let look = rekindle_core::time::Moment::from_timestamp(look, 0).expect("a moment");
            let due = self.worker.next_due_after(now).await.expect("what is due next");
            // What is due and does not move is looked at every three hours.
            let next = due.filter(|due| *due > now).unwrap_or(look).min(until);
            self.home.clock().forward(next - now);
            let tick = self.worker.tick().await.expect("a tick");
            if next == until {
                return tick;
            }
        }
    }

    /// Asks for a page.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn ask(&self, ask: Ask<'_>) -> Page {
        let request = Request::builder()
            .method(ask.method)
            .uri(ask.path)
            .header(header::USER_AGENT, ask.agent)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::AUTHORIZATION, ask.authorization)
            .extension(ConnectInfo(SocketAddr::from((ask.from, 40_000))))
            .body(Body::from(ask.form.to_owned()))
            .expect("a request");
        let answer = self.pages.clone().oneshot(request).await.expect("an answer");
        let (parts, body) = answer.into_parts();
        let body = to_bytes(body, 10_000_000).await.expect("a body");
        let text = String::from_utf8_lossy(&body).into_owned();
        Page { status: parts.status, headers: parts.headers, text }
    }

    /// Something is told of a lead; whose it is.
    ///
    /// # Panics
    /// When it is not taken in.
    pub async fn tell(&self, email: &str, kind: Kind, name: &str, properties: Value) -> LeadId {
        let arrival = Arrival {
            source: "site".to_owned(),
            message_id: format!("{name} {email} {}", self.home.now()),
            fingerprint: 1,
            who: Who { email: Some(EmailAddress::parse(email).expect("an address")), ..Who::default() },
            kind,
            name: name.to_owned(),
            path: None,
            at: self.home.now(),
            properties: properties.as_object().expect("an object").clone(),
            human: Activity::is_human(kind, name),
            trust: Trust::Server,
            basis: None,
        };
        let playbooks = self.store.playbooks().await.expect("a playbook");
        self.store.leads().observe(&[arrival], &playbooks).await.expect("taken in");
        self.store.leads().named(email).await.expect("a lead").id
    }

    /// A lead who has subscribed.
    ///
    /// # Panics
    /// When they are not taken in.
    pub async fn subscriber(&self, email: &str) -> LeadId {
        let first = email.split('@').next().unwrap_or_default();
        let traits = json!({"email": email, "firstName": first, "consent": true, "timezone": "UTC"});
        self.tell(email, Kind::Identify, "identify", traits).await
    }

    /// A lead as it stands.
    ///
    /// # Panics
    /// When it is gone.
    pub async fn lead(&self, lead: LeadId) -> Lead {
        self.store.leads().by_id(lead).await.expect("the lead")
    }

    /// A lead with all that is known of it.
    ///
    /// # Panics
    /// When it is gone.
    pub async fn dossier(&self, lead: LeadId) -> Dossier {
        self.store.leads().dossier(lead).await.expect("the lead")
    }

    /// Every address of this house in a mail: in its parts and in its headers, each once.
    ///
    /// # Panics
    /// When it is no mail.
    #[must_use]
    pub fn addresses(message: &[u8]) -> Vec<String> {
        let mail = MessageParser::default().parse(message).expect("a mail");
        let head = mail.headers_raw().map(|(_, value)| value.to_owned()).collect::<String>();
        let parts =
            [mail.body_html(0), mail.body_text(0)].into_iter().flatten().map(std::borrow::Cow::into_owned);
        let mut found: Vec<String> = Vec::new();
        for text in parts.chain([head]) {
            for (at, _) in text.match_indices(URL) {
                let rest = &text[at..];
                let end = rest.find(|c: char| c.is_whitespace() || "\"'<>".contains(c)).unwrap_or(rest.len());
                let address = rest[..end].replace("&amp;", "&");
                if !found.contains(&address) {
                    found.push(address);
                }
            }
        }
        found
    }
}
