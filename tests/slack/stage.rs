//! The stage: a house with a lead or two, a team that is known in Slack, and a Slack.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use chrono::TimeDelta;
use rekindle_bot::{
    announcer::Announcer,
    desk::{Desk, Settings},
    groups::Groups,
    inbound::Inbound,
    slack::{self, Slack, Transport},
};
use rekindle_core::{
    chat::{ChatUser, How, Platform, Secret},
    ids::LeadId,
    playbook::Files,
    team::Role,
    time::Clock,
};
use rekindle_storage::Store;
use rekindle_tests::{
    leads,
    slack::{APP_TOKEN, BOT_TOKEN, FakeSlack, Message, SIGNING_SECRET, TEAM, payloads},
    stores::Home,
};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The channel of hot leads.
pub(crate) const HOT: &str = "C0HOT";
/// The channel of campaigns.
pub(crate) const CAMPAIGNS: &str = "C0CAMP";
/// The channel of news.
pub(crate) const OPS: &str = "C0OPS";

pub(crate) struct Stage {
    pub(crate) home: Home,
    pub(crate) store: Store,
    pub(crate) slack: FakeSlack,
    pub(crate) announcer: Announcer,
    roles: Groups,
    tasks: TaskTracker,
    stop: CancellationToken,
    door: Option<SocketAddr>,
    running: JoinSet<()>,
}

fn playbook() -> Files {
    let folder = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../config/playbook"));
    ["scoring.toml", "segments.toml", "sunset.toml", "routing.toml", "sequences/re-engagement.toml"]
        .into_iter()
        .map(|file| (file.to_owned(), std::fs::read_to_string(folder.join(file)).unwrap()))
        .collect()
}

/// How Slack reaches the house.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Socket,
    Http,
}

impl Stage {
    pub(crate) async fn set(by: By) -> Self {
        Self::on(Home::sqlite(), by).await
    }

    /// On a database of either kind.
    pub(crate) async fn on(home: Home, by: By) -> Self {
        Self::with(home, by, &[]).await
    }

    /// The same, where these user groups give a role.
    pub(crate) async fn set_with(by: By, roles: &[(&str, Role)]) -> Self {
        Self::with(Home::sqlite(), by, roles).await
    }

    async fn with(home: Home, by: By, roles: &[(&str, Role)]) -> Self {
        let roles = roles.iter().map(|(group, role)| ((*group).to_owned(), *role)).collect();
        let roles = Groups::new(roles);
        let slack = FakeSlack::start(&[HOT, CAMPAIGNS, OPS]).await;
        let mut stage = Self::at(home, slack, by, roles).await;
        for (name, role, user) in [
            ("Ana", Role::Sales, "U0ANA"),
            ("Ben", Role::Sales, "U0BEN"),
            ("Mia", Role::Marketing, "U0MIA"),
            ("Ada", Role::Admin, "U0ADA"),
            ("Vic", Role::Viewer, "U0VIC"),
        ] {
            let member = stage.store.team().add(name, role).await.unwrap();
            stage.store.chat().link(&chat_user(user), &member, How::Admin).await.unwrap();
        }
        stage.open(by).await;
        stage
    }

    async fn at(home: Home, slack: FakeSlack, by: By, roles: Groups) -> Self {
        slack.tell_time(home.clock().wall());
        let store = home.open().await;
        store.apply_playbook(&playbook()).await.unwrap();
        let tasks = TaskTracker::new();
        let announcer = Announcer::new(store.clone(), settings());
        let announcer = announcer.with(app(&store, &slack, &tasks, by, roles.clone()).walls());
        let (stop, running) = (CancellationToken::new(), JoinSet::new());
        Self { home, store, slack, announcer, roles, tasks, stop, door: None, running }
    }

    async fn open(&mut self, by: By) {
        let app = app(&self.store, &self.slack, &self.tasks, by, self.roles.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        self.door = Some(listener.local_addr().unwrap());
        let router = app.router();
        self.running.spawn(async move { axum::serve(listener, router).await.unwrap() });
        self.running.spawn(app.listen(self.stop.clone()));
        if by == By::Socket {
            self.slack.heard().await;
        }
    }

    /// Slack, as this house has it.
    pub(crate) fn app(&self, by: By) -> Slack {
        app(&self.store, &self.slack, &self.tasks, by, self.roles.clone())
    }

    /// The house dies, and another opens on the same database.
    pub(crate) async fn again(mut self, by: By) -> Self {
        self.running.abort_all();
        self.stop.cancel();
        let mut stage = Self::at(self.home, self.slack, by, self.roles).await;
        stage.open(by).await;
        stage
    }

    /// Time passes.
    pub(crate) fn advance(&self, by: TimeDelta) {
        self.home.clock().forward(by);
    }

    /// The announcer looks.
    pub(crate) async fn look(&self) -> usize {
        self.announcer.catch_up().await.unwrap()
    }

    /// The announcer looks each second for so long.
    pub(crate) async fn look_for(&self, seconds: i64) {
        for _ in 0..seconds {
            self.advance(TimeDelta::seconds(1));
            self.look().await;
        }
    }

    /// A manager with consent who did enough to be hot.
    pub(crate) async fn turn_hot(&self, email: &str, name: &str) -> LeadId {
        leads::turn_hot(&self.store, self.home.now(), email, name).await
    }

    pub(crate) async fn track(&self, email: &str, event: &str) -> LeadId {
        leads::track(&self.store, self.home.now(), email, event).await
    }

    /// The one card in the channel of hot leads.
    pub(crate) fn card(&self) -> Message {
        let mut messages = self.slack.messages(HOT);
        assert_eq!(messages.len(), 1, "{messages:?}");
        messages.remove(0)
    }

    /// Waits until there are so many whispers; the last.
    pub(crate) async fn whispered(&self, many: usize) -> Value {
        eventually(|| (self.slack.whispers().len() >= many).then_some(())).await;
        self.slack.whispers()[many - 1].clone()
    }

    /// The form that opens when this is sent.
    pub(crate) async fn form(&self, door: &str, payload: &Value) -> Value {
        let before = self.slack.views().len();
        self.send(door, payload).await;
        eventually(|| self.slack.views().get(before).cloned()).await
    }

    /// Waits until all that was begun has ended.
    pub(crate) async fn settled(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.tasks.reopen();
    }

    /// Posts a signed payload to one of Slack's doors.
    pub(crate) async fn send(&self, door: &str, payload: &Value) -> reqwest::Response {
        self.send_body(door, payloads::body(payload)).await
    }

    /// Posts a signed body to one of Slack's doors.
    pub(crate) async fn send_body(&self, door: &str, body: String) -> reqwest::Response {
        let stamp = self.home.clock().wall().timestamp().to_string();
        self.post(
            door,
            &[
                ("x-slack-request-timestamp", stamp.clone()),
                ("x-slack-signature", payloads::signature(&stamp, body.as_bytes())),
            ],
            body,
        )
        .await
    }

    pub(crate) async fn post(
        &self,
        door: &str,
        headers: &[(&str, String)],
        body: impl Into<reqwest::Body>,
    ) -> reqwest::Response {
        let url = format!("http://{}/slack/{door}", self.door.unwrap());
        let mut request = reqwest::Client::new().post(url).body(body);
        request = request.header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        request.send().await.unwrap()
    }

    pub(crate) async fn owner(&self, lead: LeadId) -> Option<String> {
        self.store.leads().by_id(lead).await.unwrap().owner.map(|owner| owner.to_string())
    }
}

pub(crate) fn settings() -> Settings {
    Settings {
        zone: chrono_tz::UTC,
        public_url: "https://rekindle.acme.test".to_owned(),
        caution: rekindle_core::campaign::Caution::NONE,
        needed: rekindle_core::prediction::Needed::USUAL,
    }
}

/// Slack, as a house on this database has it.
pub(crate) fn app(store: &Store, slack: &FakeSlack, tasks: &TaskTracker, by: By, roles: Groups) -> Slack {
    let inbound = Inbound::new(store.clone(), Desk::new(store.clone(), settings()), tasks.clone());
    let transport = match by {
        By::Socket => Transport::Socket(Secret::new(APP_TOKEN)),
        By::Http => Transport::Http(Secret::new(SIGNING_SECRET)),
    };
    let channels = [("hot-leads", HOT), ("campaigns", CAMPAIGNS), ("ops", OPS)];
    let settings = slack::Settings {
        bot_token: Secret::new(BOT_TOKEN),
        transport,
        workspaces: vec![TEAM.to_owned()],
        channels: channels
            .map(|(word, id)| (word.to_owned(), id.to_owned()))
            .into_iter()
            .collect::<BTreeMap<_, _>>(),
        roles,
        api_url: Some(slack.url()),
        patience: Some(Duration::from_millis(1500)),
    };
    Slack::new(settings, inbound).unwrap()
}

/// Somebody in the workspace.
pub(crate) fn chat_user(id: &str) -> ChatUser {
    ChatUser { platform: Platform::Slack, workspace: TEAM.to_owned(), id: id.to_owned() }
}

/// Waits until there is something.
pub(crate) async fn eventually<T>(look: impl Fn() -> Option<T>) -> T {
    let looking = async {
        loop {
            match look() {
                Some(found) => return found,
                None => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), looking).await.expect("it came to pass")
}
