//! A Discord server for tests: REST and gateway on this machine, over the real wire.
//!
//! It holds every body against Discord's published limits ([`checks`]), and refuses what Discord refuses; what it
//! does beyond that (limits, failures, answers that are lost) a test asks for. What it holds is looked at afterwards:
//! messages by channel, answers by interaction.

mod checks;
mod gateway;
mod interaction;
mod rest;

pub use interaction::Person;

use crate::tls::Authority;
use axum::{
    extract::State as AxumState, middleware::map_response_with_state, response::Response, serve::Listener,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    net::TcpListener,
    sync::{Notify, broadcast},
    task::JoinSet,
    time::{Instant, timeout},
};

/// The application that all tests are.
pub const APPLICATION: u64 = 11_111;
/// The guild of the team.
pub const GUILD: u64 = 22_222;
/// The token of the bot.
pub const TOKEN: &str = "MTExMTE.test.token-of-the-bot";
/// How long something may take on a machine that is busy.
const SOON: Duration = Duration::from_secs(20);

/// What goes wrong with a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Failure {
    /// It is refused with this status and error.
    Refused(u16, Value),
    /// It comes too soon.
    Limited {
        /// Seconds until it does not.
        retry_after: f64,
        /// Whether that holds for all calls of the bot.
        global: bool,
    },
    /// It is done, but the answer is lost.
    Lost,
}

/// A call that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// "POST", …
    pub method: String,
    /// From "/channels" on, without the query.
    pub path: String,
    /// What was sent.
    pub body: Value,
    /// The files that came with it.
    pub files: Vec<File>,
    /// What it was answered with.
    pub status: u16,
}

/// A file that came with a call.
#[derive(Debug, Clone, PartialEq)]
pub struct File {
    /// The name of its part: `files[0]`.
    pub part: String,
    /// Its own name.
    pub name: String,
    /// Its type, as the part says.
    pub kind: String,
    /// What is in it.
    pub data: Vec<u8>,
}

/// The server. Dropping the last handle stops it.
#[derive(Debug, Clone)]
pub struct FakeDiscord {
    world: Arc<World>,
    /// What stands in for <https://discord.com>.
    url: String,
    /// The certificate of the authority that vouches for it, where it speaks TLS: PEM.
    authority: Option<String>,
    _running: Arc<JoinSet<()>>,
}

#[derive(Debug)]
struct World {
    state: Mutex<State>,
    changed: Notify,
    /// Where the gateway is.
    gateway: String,
    events: broadcast::Sender<gateway::Order>,
    next: AtomicU64,
    key: Ed25519KeyPair,
    client: reqwest::Client,
}

/// What goes wrong with calls whose method and path contain some words.
#[derive(Debug)]
struct Wrong {
    which: String,
    failure: Failure,
    /// How many of them go well before.
    spared: usize,
    /// How many go wrong then.
    times: usize,
}

#[derive(Debug, Default)]
struct State {
    messages: BTreeMap<(u64, u64), Value>,
    nonces: HashMap<(u64, String), u64>,
    calls: Vec<Call>,
    /// What goes wrong.
    failures: Vec<Wrong>,
    /// How long each answer takes.
    slow: Duration,
    /// The first answer to an interaction, by its token.
    answers: HashMap<String, Value>,
    /// What was said about an interaction beside it, by its token.
    beside: HashMap<String, Vec<Value>>,
    commands: HashMap<String, Value>,
    identified: usize,
    resumed: usize,
    sessions: HashSet<String>,
    /// What was told as the connection broke.
    missed: Vec<(&'static str, Value)>,
    gone: HashSet<u64>,
    /// The roles of the guild that are there no more.
    dropped: HashSet<u64>,
    /// What its answers say that the time is; the machine's where nobody said.
    time: Option<DateTime<Utc>>,
    /// Where it sends interactions over HTTP.
    endpoint: Option<String>,
    /// What the bot may not do in a channel: bits of permissions.
    denied: HashMap<u64, u64>,
}

impl World {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn id(&self) -> u64 {
        self.next.fetch_add(1, Ordering::SeqCst)
    }
}

/// What stands in front of every answer: the time.
async fn in_front(AxumState(world): AxumState<Arc<World>>, mut response: Response) -> Response {
    let time = world.state().time.map(|time| time.format("%a, %d %b %Y %H:%M:%S GMT").to_string());
    if let Some(time) = time.and_then(|time| time.parse().ok()) {
        response.headers_mut().insert("date", time);
    }
    response
}

impl FakeDiscord {
    /// Starts one that behaves.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port on loopback");
        let place = listener.local_addr().expect("a bound listener has an address");
        Self::serve(listener, format!("http://{place}"), format!("ws://{place}"), None)
    }

    /// Starts one that speaks TLS alone, by an authority that nobody knows yet.
    pub async fn start_with_tls() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port on loopback");
        let port = listener.local_addr().expect("a bound listener has an address").port();
        let authority = Authority::new();
        let listener = authority.shield(listener);
        let (url, gateway) = (format!("https://localhost:{port}"), format!("wss://localhost:{port}"));
        Self::serve(listener, url, gateway, Some(authority.certificate().to_owned()))
    }

    fn serve(
        listener: impl Listener<Addr = SocketAddr>,
        url: String,
        gateway: String,
        authority: Option<String>,
    ) -> Self {
        let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("32 bytes are a seed");
        let world = Arc::new(World {
            state: Mutex::default(),
            changed: Notify::new(),
            gateway,
            events: broadcast::channel(64).0,
            next: AtomicU64::new(900_000),
            key,
            client: reqwest::Client::new(),
        });
        let router = rest::router(Arc::clone(&world))
            .layer(map_response_with_state(Arc::clone(&world), in_front))
            .merge(gateway::router(Arc::clone(&world)));
        let mut running = JoinSet::new();
        running.spawn(async move {
            axum::serve(listener, router).await.expect("the fake Discord serves");
        });
        Self { world, url, authority, _running: Arc::new(running) }
    }

    /// What stands in for <https://discord.com>: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// The certificate of the authority that vouches for it: PEM.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.authority.as_deref().unwrap_or_default()
    }

    /// The public key of the application, in hex.
    #[must_use]
    pub fn public_key(&self) -> String {
        hex(self.world.key.public_key().as_ref())
    }

    /// An id that was never used.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.world.id()
    }

    /// Lets the next calls go wrong whose "METHOD /path" contains these words.
    pub fn fail(&self, which: &str, failure: Failure, times: usize) {
        self.fail_after(0, which, failure, times);
    }

    /// The same, once so many of them went well.
    pub fn fail_after(&self, spared: usize, which: &str, failure: Failure, times: usize) {
        let wrong = Wrong { which: which.to_owned(), failure, spared, times };
        self.world.state().failures.push(wrong);
    }

    /// Somebody deletes a role of the guild.
    pub fn drop_role(&self, id: u64) {
        self.world.state().dropped.insert(id);
    }

    /// What time it is there from now on.
    pub fn tell_time(&self, time: DateTime<Utc>) {
        self.world.state().time = Some(time);
    }

    /// Somebody enters an Interactions Endpoint URL, or empties it.
    pub fn enter_endpoint(&self, url: Option<&str>) {
        self.world.state().endpoint = url.map(str::to_owned);
    }

    /// From now on each answer takes this long.
    pub fn answer_after(&self, slow: Duration) {
        self.world.state().slow = slow;
    }

    /// Nothing goes wrong any more.
    pub fn behave(&self) {
        self.world.state().failures.clear();
    }

    /// "The past few minutes" are over, in which a nonce is known.
    pub fn forget_nonces(&self) {
        self.world.state().nonces.clear();
    }

    /// Somebody deletes a channel.
    pub fn delete_channel(&self, channel: u64) {
        self.world.state().gone.insert(channel);
    }

    /// Somebody takes permissions in a channel away from the bot, by their bits.
    pub fn deny(&self, channel: u64, permissions: u64) {
        self.world.state().denied.insert(channel, permissions);
    }

    /// Somebody deletes a message.
    pub fn delete_message(&self, channel: u64, id: u64) {
        self.world.state().messages.remove(&(channel, id));
    }

    /// The messages of a channel, the oldest first.
    #[must_use]
    pub fn messages(&self, channel: u64) -> Vec<Value> {
        let state = self.world.state();
        state
            .messages
            .iter()
            .filter(|((of, _), _)| *of == channel)
            .map(|(_, message)| message.clone())
            .collect()
    }

    /// The direct messages of the bot to a user, the oldest first.
    #[must_use]
    pub fn direct_messages(&self, user: u64) -> Vec<Value> {
        self.messages(rest::direct(user))
    }

    /// The calls that were made whose "METHOD /path" contains these words.
    #[must_use]
    pub fn calls(&self, which: &str) -> Vec<Call> {
        let fits = |call: &&Call| format!("{} {}", call.method, call.path).contains(which);
        self.world.state().calls.iter().filter(fits).cloned().collect()
    }

    /// The first answer to an interaction, as it stands now, once it is there.
    pub async fn answer(&self, interaction: &Value) -> Value {
        let token = token_of(interaction);
        self.eventually("an answer", |state| state.answers.get(&token).cloned()).await
    }

    /// The words that came of an interaction, once it is more than acknowledged.
    pub async fn words(&self, interaction: &Value) -> String {
        let token = token_of(interaction);
        self.eventually("words", |state| {
            let first = state.answers.get(&token).and_then(|answer| answer["data"]["content"].as_str());
            let beside = state.beside.get(&token).and_then(|said| said.last()?["content"].as_str());
            beside.or(first).map(str::to_owned)
        })
        .await
    }

    /// What was said about an interaction beside its first answer.
    #[must_use]
    pub fn beside(&self, interaction: &Value) -> Vec<Value> {
        self.world.state().beside.get(&token_of(interaction)).cloned().unwrap_or_default()
    }

    /// The commands that are registered; "" is everywhere, else a guild.
    #[must_use]
    pub fn commands(&self, guild: &str) -> Value {
        self.world.state().commands.get(guild).cloned().unwrap_or(json!([]))
    }

    /// The one message of a channel, once this is so of it.
    pub async fn message_once(&self, channel: u64, is_so: impl Fn(&Value) -> bool) -> Value {
        self.eventually("a message", |state| {
            let mut messages = state.messages.iter().filter(|((of, _), _)| *of == channel);
            messages.find(|(_, message)| is_so(message)).map(|(_, message)| message.clone())
        })
        .await
    }

    /// How often bots came to the gateway anew, and how often they resumed.
    #[must_use]
    pub fn sessions(&self) -> (usize, usize) {
        let state = self.world.state();
        (state.identified, state.resumed)
    }

    /// Waits until so many bots have come to the gateway anew, and so many have resumed.
    pub async fn until_sessions(&self, identified: usize, resumed: usize) {
        self.eventually("sessions", |state| {
            (state.identified >= identified && state.resumed >= resumed).then_some(())
        })
        .await;
    }

    /// Tells of an interaction over the gateway.
    pub fn dispatch(&self, interaction: &Value) {
        let order = gateway::Order::Dispatch("INTERACTION_CREATE", interaction.clone());
        self.world.events.send(order).expect("a bot listens to the gateway");
    }

    /// Tells of an interaction over the gateway, and breaks the connection off before it can be answered.
    pub fn cut_off(&self, interaction: &Value) {
        let order = gateway::Order::CutOff("INTERACTION_CREATE", interaction.clone());
        self.world.events.send(order).expect("a bot listens to the gateway");
    }

    /// Asks all bots on the gateway to connect again.
    pub fn reconnect(&self) {
        self.world.events.send(gateway::Order::Reconnect).expect("a bot listens to the gateway");
    }

    /// Headers that prove that Discord sent this body at this second of Unix time.
    #[must_use]
    pub fn signed(&self, body: &[u8], at: i64) -> [(&'static str, String); 2] {
        let at = at.to_string();
        let signature = self.world.key.sign(&[at.as_bytes(), body].concat());
        [("x-signature-ed25519", hex(signature.as_ref())), ("x-signature-timestamp", at)]
    }

    /// Tells of an interaction over HTTP; status and answer. The answer is kept as Discord keeps it.
    pub async fn post(&self, to: &str, interaction: &Value, at: i64) -> (u16, Value) {
        let body = interaction.to_string();
        let mut request = self.world.client.post(to).body(body.clone());
        for (name, value) in self.signed(body.as_bytes(), at) {
            request = request.header(name, value);
        }
        let answer = request.send().await.expect("the endpoint answers");
        let status = answer.status().as_u16();
        let said: Value = answer.json().await.unwrap_or(Value::Null);
        if status == 200 && said["type"].is_u64() {
            let wrong = rest::wrong_with_answer(&said);
            assert!(wrong.is_empty(), "Discord would not take {said}: {wrong:?}");
            self.world.state().answers.entry(token_of(interaction)).or_insert(said.clone());
            self.world.changed.notify_waiters();
        }
        (status, said)
    }

    async fn eventually<T>(&self, what: &str, look: impl Fn(&State) -> Option<T>) -> T {
        let until = Instant::now() + SOON;
        loop {
            let changed = self.world.changed.notified();
            if let Some(found) = look(&self.world.state()) {
                return found;
            }
            if timeout(Duration::from_millis(50), changed).await.is_err() && Instant::now() > until {
                panic!("no {what} came; calls: {:#?}", self.world.state().calls);
            }
        }
    }
}

/// The `custom_id` of the button of a message that says this.
#[must_use]
pub fn button(message: &Value, label: &str) -> String {
    let rows = message["components"].as_array().into_iter().flatten();
    let mut buttons = rows.flat_map(|row| row["components"].as_array().into_iter().flatten());
    let found = buttons.find(|button| button["label"] == label);
    let id = found.and_then(|button| button["custom_id"].as_str());
    id.unwrap_or_else(|| panic!("no button says {label}: {message:#}")).to_owned()
}

fn token_of(interaction: &Value) -> String {
    interaction["token"].as_str().unwrap_or_default().to_owned()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The key of a websocket's handshake is random; nothing here needs more.
fn session(id: u64) -> String {
    STANDARD.encode(id.to_be_bytes())
}
