//! The stage of a story on Discord: a house with a team, a Discord server, and both ways in.

use rekindle_bot::{
    announcer::Announcer,
    desk::{self, Desk},
    discord::{Discord, Settings, http::Signature},
    groups::Groups,
    inbound::Inbound,
};
use rekindle_core::{
    chat::{ChatUser, How, Platform, Secret},
    playbook::Files,
    team::{Member, Role},
    time::Clock,
};
use rekindle_storage::Store;
use rekindle_tests::{
    discord::{APPLICATION, FakeDiscord, GUILD, Person, TOKEN},
    leads,
    stores::{Home, Shoulder},
};
use serde_json::Value;
use std::{collections::BTreeMap, path::Path, time::Duration};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Where alerts are shown.
pub(crate) const HOT_LEADS: u64 = 44_444;
/// The roles of the server that give a role here.
pub(crate) const ROLES: [(u64, Role); 4] =
    [(701, Role::Viewer), (702, Role::Sales), (703, Role::Marketing), (704, Role::Admin)];
/// Where the team reaches the web pages.
pub(crate) const URL: &str = "https://rekindle.acme.test";

/// The two ways in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Gateway,
    Http,
}

pub(crate) struct Stage {
    pub(crate) fake: FakeDiscord,
    pub(crate) store: Store,
    pub(crate) desk: Desk,
    pub(crate) discord: Discord,
    pub(crate) announcer: Announcer,
    /// The endpoint for interactions.
    pub(crate) endpoint: String,
    home: Home,
    tasks: TaskTracker,
    running: JoinSet<()>,
}

fn playbook() -> Files {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/playbook");
    ["scoring.toml", "segments.toml", "sunset.toml", "routing.toml", "sequences/re-engagement.toml"]
        .into_iter()
        .map(|file| (file.to_owned(), std::fs::read_to_string(folder.join(file)).unwrap()))
        .collect()
}

impl Stage {
    pub(crate) async fn set() -> Self {
        Self::on(Home::sqlite()).await
    }

    /// On a database of either kind.
    pub(crate) async fn on(home: Home) -> Self {
        let store = home.open().await;
        store.apply_playbook(&playbook()).await.unwrap();
        for (name, role) in [
            ("Ana", Role::Sales),
            ("Ben", Role::Sales),
            ("Mia", Role::Marketing),
            ("Vic", Role::Viewer),
            ("Ada", Role::Admin),
        ] {
            store.team().add(name, role).await.unwrap();
        }
        let fake = FakeDiscord::start().await;
        fake.tell_time(home.clock().wall());
        let tasks = TaskTracker::new();
        let (desk, discord, announcer) = Self::house(&store, &fake, &tasks);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}/discord/interactions", listener.local_addr().unwrap());
        let router = discord.router(Signature::new(&fake.public_key()).unwrap());
        let mut running = JoinSet::new();
        running.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { fake, store, desk, discord, announcer, endpoint, home, tasks, running }
    }

    /// A house on this database, with this Discord.
    fn house(store: &Store, fake: &FakeDiscord, tasks: &TaskTracker) -> (Desk, Discord, Announcer) {
        let settings = desk::Settings {
            zone: chrono_tz::UTC,
            public_url: URL.to_owned(),
            caution: rekindle_core::campaign::Caution::NONE,
            needed: rekindle_core::prediction::Needed::USUAL,
        };
        let desk = Desk::new(store.clone(), settings.clone());
        let inbound = Inbound::new(store.clone(), desk.clone(), tasks.clone());
        let discord = Discord::new(
            Settings {
                token: Secret::new(TOKEN),
                application: APPLICATION,
                guilds: vec![GUILD],
                channels: BTreeMap::from([("hot-leads".to_owned(), HOT_LEADS)]),
                roles: Groups::new(ROLES.map(|(id, role)| (id.to_string(), role)).into()),
                api_url: Some(fake.url()),
                public_url: URL.to_owned(),
            },
            inbound,
        )
        .unwrap();
        let announcer = Announcer::new(store.clone(), settings).with(discord.destinations());
        (desk, discord, announcer)
    }

    /// Listens to the gateway, and waits until it is heard.
    pub(crate) async fn listen(&mut self) {
        let discord = self.discord.clone();
        self.running.spawn(async move {
            discord.listen(CancellationToken::new()).await.unwrap();
        });
        self.fake.until_sessions(1, 0).await;
    }

    /// Keeps cards up to date from here on.
    pub(crate) fn announce(&mut self) {
        let announcer = self.announcer.clone();
        self.running.spawn(async move { announcer.run(CancellationToken::new()).await });
    }

    /// Lets time pass, and the announcer look once.
    pub(crate) async fn after(&self, time: Duration) {
        self.home.clock().forward(chrono::TimeDelta::from_std(time).unwrap());
        self.announcer.catch_up().await.unwrap();
    }

    /// This second of Unix time, on the wall.
    pub(crate) fn now(&self) -> i64 {
        self.home.clock().wall().timestamp()
    }

    /// Waits until all that was begun has ended.
    pub(crate) async fn settled(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.tasks.reopen();
    }

    pub(crate) async fn shoulder(&self) -> Shoulder {
        self.home.shoulder().await
    }

    pub(crate) async fn member(&self, name: &str) -> Member {
        self.store.team().named(name).await.unwrap()
    }

    /// Somebody in the guild who is known to be this member.
    pub(crate) async fn linked(&self, name: &str, id: u64) -> Person {
        let user = ChatUser { platform: Platform::Discord, workspace: GUILD.to_string(), id: id.to_string() };
        self.store.chat().link(&user, &self.member(name).await, How::Admin).await.unwrap();
        Person::in_our_guild(id, HOT_LEADS)
    }

    /// Discord tells of an interaction.
    pub(crate) async fn tell(&self, way: Way, interaction: &Value) {
        match way {
            Way::Gateway => self.fake.dispatch(interaction),
            Way::Http => {
                let (status, _) = self.fake.post(&self.endpoint, interaction, self.now()).await;
                assert_eq!(status, 200);
            }
        }
    }

    /// A manager with consent does enough to be hot.
    pub(crate) async fn turn_hot(&self, email: &str, name: &str) {
        leads::turn_hot(&self.store, self.home.now(), email, name).await;
    }

    /// The hot lead's card on Discord.
    pub(crate) async fn card(&self) -> Value {
        self.announcer.catch_up().await.unwrap();
        let messages = self.fake.messages(HOT_LEADS);
        assert_eq!(messages.len(), 1, "{messages:#?}");
        messages[0].clone()
    }
}

/// Whether a card says this, as people read it: without the backslashes that keep names from being markup.
pub(crate) fn says(message: &Value, words: &str) -> bool {
    message["embeds"][0]["description"].as_str().unwrap_or_default().replace('\\', "").contains(words)
}
