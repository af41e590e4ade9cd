//! A Slack for tests: it speaks the Web API over HTTP and Socket Mode over a socket, and misbehaves when it is told to.
//!
//! It is the witness of what the team saw: the messages of its channels as they stand, what was whispered, which forms were
//! opened. Every body that it is sent is held against Slack's published limits ([`limits`]); what breaks one is an offence,
//! and each story ends with none.
//!
//! A [`Fault`] is put in the way of a method's next calls: an error, a rate limit, a pause, an answer that is lost after
//! the work was done.

pub mod limits;
pub mod payloads;
mod socket;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    middleware::map_response_with_state,
    response::{IntoResponse, Response},
    routing::{any, post},
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::tls::Authority;

pub use socket::Acked;

/// The one bot token that it takes.
pub const BOT_TOKEN: &str = "xoxb-of-the-test";
/// The one app-level token that it takes.
pub const APP_TOKEN: &str = "xapp-of-the-test";
/// What it signs its requests with.
pub const SIGNING_SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
/// The workspace.
pub const TEAM: &str = "T0ACME";

/// What goes wrong at a method's next call.
#[derive(Debug, Clone)]
pub enum Fault {
    /// This status, and nothing done.
    Status(u16),
    /// 429, to come again after so many seconds.
    RateLimited(u64),
    /// `ok: false` with this error.
    Error(&'static str),
    /// It is done, and answered only after this long.
    Late(Duration),
    /// The work is not begun before this long.
    Slow(Duration),
}

/// One call, as it came.
#[derive(Debug, Clone)]
pub struct Call {
    /// "chat.postMessage".
    pub method: String,
    /// Its body, or its query.
    pub body: Value,
}

/// A message as it stands.
#[derive(Debug, Clone)]
pub struct Message {
    /// Which one.
    pub ts: String,
    /// As it was last written.
    pub body: Value,
    /// How often it was edited.
    pub edits: usize,
}

#[derive(Debug, Default)]
struct World {
    channels: BTreeMap<String, Channel>,
    users: HashMap<String, Value>,
    calls: Vec<Call>,
    whispers: Vec<Value>,
    views: Vec<Value>,
    groups: BTreeMap<String, (String, Vec<String>)>,
    unfurls: Vec<Value>,
    homes: HashMap<String, (Value, String)>,
    faults: HashMap<String, VecDeque<Fault>>,
    down: bool,
    /// Whether it is one that knows no charts yet.
    without_charts: bool,
    scopes: Option<String>,
    /// What its answers say that the time is; the machine's where nobody said.
    time: Option<DateTime<Utc>>,
    /// How long each answer takes.
    slow: Duration,
    offences: Vec<String>,
    next: u64,
}

impl World {
    /// Whether it is asked to draw what it does not know.
    fn refuses_charts(&self, body: &Value) -> bool {
        let blocks = body["blocks"].as_array().map(Vec::as_slice).unwrap_or_default();
        self.without_charts && blocks.iter().any(|block| block["type"] == "data_visualization")
    }
}

#[derive(Debug, Default)]
struct Channel {
    archived: bool,
    /// Whether people of another organisation are in it.
    shared: bool,
    messages: Vec<Message>,
}

/// A Slack, as long as it is held.
#[derive(Debug)]
pub struct FakeSlack {
    world: Arc<Shared>,
    socket: socket::Sockets,
    url: String,
    /// The certificate of the authority that vouches for it, where it speaks TLS: PEM.
    authority: Option<String>,
    _serving: JoinSet<()>,
}

#[derive(Debug)]
struct Shared {
    world: Mutex<World>,
    socket_url: String,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FakeSlack {
    /// A Slack with these channels, by their ids.
    ///
    /// # Panics
    /// When this machine has no port for it.
    pub async fn start(channels: &[&str]) -> Self {
        Self::serve(channels, None).await
    }

    /// The same, speaking TLS alone, by an authority that nobody knows yet.
    ///
    /// # Panics
    /// When this machine has no port for it.
    pub async fn start_with_tls(channels: &[&str]) -> Self {
        Self::serve(channels, Some(Authority::new())).await
    }

    async fn serve(channels: &[&str], authority: Option<Authority>) -> Self {
        let mut serving = JoinSet::new();
        let socket = socket::Sockets::start(&mut serving, authority.as_ref()).await;
        let channels = channels.iter().map(|id| ((*id).to_owned(), Channel::default())).collect();
        let world = Mutex::new(World { channels, ..World::default() });
        let world = Arc::new(Shared { world, socket_url: socket.url() });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new()
            .route("/api/{method}", any(call))
            .route("/respond/{name}", post(respond))
            .layer(map_response_with_state(world.clone(), in_front))
            .with_state(world.clone());
        let url = match &authority {
            None => format!("http://{address}"),
            Some(_) => format!("https://localhost:{}", address.port()),
        };
        match &authority {
            None => serving.spawn(async move { axum::serve(listener, router).await.expect("it serves") }),
            Some(authority) => {
                let listener = authority.shield(listener);
                serving.spawn(async move { axum::serve(listener, router).await.expect("it serves") })
            }
        };
        let authority = authority.map(|authority| authority.certificate().to_owned());
        Self { world, socket, url, authority, _serving: serving }
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// The certificate of the authority that vouches for it: PEM.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.authority.as_deref().unwrap_or_default()
    }

    /// Somebody of this workspace, with an address that they have confirmed or not.
    pub fn person(&self, id: &str, email: &str, confirmed: bool) {
        let user = json!({
            "id": id, "team_id": TEAM, "deleted": false, "is_bot": false, "is_email_confirmed": confirmed,
            "profile": { "email": email },
        });
        self.world.lock().users.insert(id.to_owned(), user);
    }

    /// What time it is there from now on.
    pub fn tell_time(&self, time: DateTime<Utc>) {
        self.world.lock().time = Some(time);
    }

    /// What the bot token may, as each answer says.
    pub fn grant(&self, scopes: &[&str]) {
        self.world.lock().scopes = Some(scopes.join(","));
    }

    /// Who is in a user group from now on.
    pub fn group(&self, id: &str, handle: &str, users: &[&str]) {
        let users = users.iter().map(|user| (*user).to_owned()).collect();
        self.world.lock().groups.insert(id.to_owned(), (handle.to_owned(), users));
    }

    /// Puts a fault in the way of the next call of a method.
    pub fn fault(&self, method: &str, fault: Fault) {
        self.world.lock().faults.entry(method.to_owned()).or_default().push_back(fault);
    }

    /// From now on each answer takes this long.
    pub fn answer_after(&self, slow: Duration) {
        self.world.lock().slow = slow;
    }

    /// From now on it answers nothing but 503, or all as before.
    pub fn go_down(&self, down: bool) {
        self.world.lock().down = down;
    }

    /// From now on it is a Slack that knows no charts yet.
    pub fn know_no_charts(&self) {
        self.world.lock().without_charts = true;
    }

    /// Archives a channel, or takes it back.
    pub fn archive(&self, channel: &str, archived: bool) {
        self.world.lock().channels.entry(channel.to_owned()).or_default().archived = archived;
    }

    /// Shares a channel with another organisation, or takes it back.
    pub fn share(&self, channel: &str, shared: bool) {
        self.world.lock().channels.entry(channel.to_owned()).or_default().shared = shared;
    }

    /// Somebody deletes a message.
    pub fn delete(&self, channel: &str, ts: &str) {
        if let Some(channel) = self.world.lock().channels.get_mut(channel) {
            channel.messages.retain(|message| message.ts != ts);
        }
    }

    /// The messages of a channel as they stand.
    #[must_use]
    pub fn messages(&self, channel: &str) -> Vec<Message> {
        self.world.lock().channels.get(channel).map(|channel| channel.messages.clone()).unwrap_or_default()
    }

    /// What was said to one person alone: answers and ephemeral messages, in order.
    #[must_use]
    pub fn whispers(&self) -> Vec<Value> {
        self.world.lock().whispers.clone()
    }

    /// The links that were shown as cards: each call's body, in order.
    #[must_use]
    pub fn unfurls(&self) -> Vec<Value> {
        self.world.lock().unfurls.clone()
    }

    /// The forms that were opened.
    #[must_use]
    pub fn views(&self) -> Vec<Value> {
        self.world.lock().views.clone()
    }

    /// The home of a user as it stands, as its texts and links, a line each.
    #[must_use]
    pub fn home(&self, user: &str) -> Option<String> {
        let world = self.world.lock();
        let (view, _) = world.homes.get(user)?;
        let mut lines = Vec::new();
        said(&view["blocks"], &mut lines);
        Some(lines.join("\n"))
    }

    /// Somebody else publishes a home: what we hold for its state is old.
    ///
    /// # Panics
    /// When it was never published.
    pub fn overtake_home(&self, user: &str) {
        let mut world = self.world.lock();
        let (view, hash) = world.homes.get_mut(user).expect("a home");
        (*view, *hash) = (json!({ "blocks": [] }), "1700000000.of-another".to_owned());
    }

    /// The calls of a method, with those that failed.
    #[must_use]
    pub fn calls(&self, method: &str) -> Vec<Call> {
        self.world.lock().calls.iter().filter(|call| call.method == method).cloned().collect()
    }

    /// Where a request is answered.
    #[must_use]
    pub fn response_url(&self) -> String {
        self.world.lock().next += 1;
        format!("{}/respond/r{}", self.url(), self.world.lock().next)
    }

    /// Sends an envelope through a socket, and waits for what it is acknowledged with.
    ///
    /// # Panics
    /// When nobody acknowledges it within ten seconds.
    pub async fn deliver(&self, kind: &str, payload: Value) -> Acked {
        self.socket.deliver(kind, payload).await
    }

    /// Sends an envelope through a socket, and breaks it off before it can be acknowledged.
    ///
    /// # Panics
    /// When nobody listens.
    pub fn cut_off(&self, kind: &str, payload: Value) {
        self.socket.cut_off(kind, payload);
    }

    /// Waits until somebody listens at the socket.
    ///
    /// # Panics
    /// When nobody does within ten seconds.
    pub async fn heard(&self) {
        self.socket.heard().await;
    }

    /// Breaks all sockets off.
    pub fn hang_up(&self) {
        self.socket.hang_up();
    }

    /// Ends the story.
    ///
    /// # Panics
    /// When it was sent something that Slack would not have taken.
    pub fn no_offences(&self) {
        let offences = self.world.lock().offences.clone();
        assert!(offences.is_empty(), "Slack takes none of this: {offences:#?}");
    }
}

/// What stands in front of every answer: the time, and what the token may.
async fn in_front(State(shared): State<Arc<Shared>>, mut response: Response) -> Response {
    let world = shared.lock();
    let time = world.time.map(|time| time.format("%a, %d %b %Y %H:%M:%S GMT").to_string());
    for (name, value) in [("date", time), ("x-oauth-scopes", world.scopes.clone())] {
        if let Some(value) = value.and_then(|value| value.parse().ok()) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// The texts and links inside, in their order.
fn said(value: &Value, lines: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| said(item, lines)),
        Value::Object(fields) => {
            lines.extend(
                ["text", "url"].iter().filter_map(|field| fields.get(*field)?.as_str()).map(str::to_owned),
            );
            fields.values().for_each(|inside| said(inside, lines));
        }
        _ => {}
    }
}

async fn call(
    State(shared): State<Arc<Shared>>,
    Path(method): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body: Value = match body.is_empty() {
        true => json!(query),
        false => serde_json::from_slice(&body).unwrap_or_default(),
    };
    let slow = shared.lock().slow;
    tokio::time::sleep(slow).await;
    let fault = {
        let mut world = shared.lock();
        world.calls.push(Call { method: method.clone(), body: body.clone() });
        if world.down {
            Some(Fault::Status(503))
        } else {
            world.faults.get_mut(&method).and_then(VecDeque::pop_front)
        }
    };
    let wanted = if method == "apps.connections.open" { APP_TOKEN } else { BOT_TOKEN };
    let token = headers.get("authorization").and_then(|value| value.to_str().ok());
    if token != Some(&format!("Bearer {wanted}")) {
        return Json(json!({ "ok": false, "error": "invalid_auth" })).into_response();
    }
    match fault {
        Some(Fault::Status(status)) => StatusCode::from_u16(status).expect("a status").into_response(),
        Some(Fault::RateLimited(seconds)) => {
            let headers = [("retry-after", seconds.to_string())];
            (StatusCode::TOO_MANY_REQUESTS, headers, Json(json!({ "ok": false, "error": "ratelimited" })))
                .into_response()
        }
        Some(Fault::Error(code)) => Json(json!({ "ok": false, "error": code })).into_response(),
        Some(Fault::Late(by)) => {
            let done = work(&shared, &method, body);
            tokio::time::sleep(by).await;
            Json(done).into_response()
        }
        Some(Fault::Slow(by)) => {
            tokio::time::sleep(by).await;
            Json(work(&shared, &method, body)).into_response()
        }
        None => Json(work(&shared, &method, body)).into_response(),
    }
}

/// Does what a method does.
fn work(shared: &Shared, method: &str, body: Value) -> Value {
    let mut world = shared.lock();
    if world.refuses_charts(&body) {
        return json!({ "ok": false, "error": "invalid_blocks" });
    }
    let offences = limits::offences(method, &body);
    if !offences.is_empty() {
        let said =
            json!({ "ok": false, "error": "invalid_blocks", "response_metadata": { "messages": offences } });
        world.offences.extend(offences);
        return said;
    }
    let error = |code: &str| json!({ "ok": false, "error": code });
    let channel = body["channel"].as_str().unwrap_or_default().to_owned();
    match method {
        "auth.test" => json!({ "ok": true, "team_id": TEAM, "user_id": "U0BOT", "bot_id": "B0BOT" }),
        "apps.connections.open" => json!({ "ok": true, "url": shared.socket_url }),
        "users.info" => match world.users.get(body["user"].as_str().unwrap_or_default()) {
            Some(user) => json!({ "ok": true, "user": user }),
            None => error("user_not_found"),
        },
        "usergroups.list" => {
            let group = |(id, (handle, users)): (&String, &(String, Vec<String>))| json!({ "id": id, "team_id": TEAM, "is_usergroup": true, "handle": handle, "date_delete": 0, "users": users, "user_count": users.len() });
            json!({ "ok": true, "usergroups": world.groups.iter().map(group).collect::<Vec<_>>() })
        }
        "views.open" => {
            world.views.push(body["view"].clone());
            json!({ "ok": true, "view": { "id": "V1" } })
        }
        "views.publish" => {
            let user = body["user_id"].as_str().unwrap_or_default().to_owned();
            let stands = world.homes.get(&user).map(|(_, hash)| hash.as_str());
            if body["hash"].as_str().is_some_and(|hash| stands != Some(hash)) {
                return error("hash_conflict");
            }
            world.next += 1;
            let hash = format!("1700000000.{}", world.next);
            world.homes.insert(user, (body["view"].clone(), hash.clone()));
            json!({ "ok": true, "view": { "id": "V0HOME", "type": "home", "hash": hash } })
        }
        "chat.postEphemeral" => {
            world.whispers.push(body);
            json!({ "ok": true, "message_ts": "1.000000" })
        }
        // A channel that is named by a user is the talk with them alone.
        "chat.postMessage" if channel.starts_with('U') => {
            world.whispers.push(body);
            json!({ "ok": true, "channel": channel, "ts": "1.000000" })
        }
        "conversations.open" => {
            // The talk with one user alone, the same each time.
            let direct =
                body["users"].as_str().and_then(|user| user.strip_prefix('U')).map(|of| format!("D{of}"));
            match direct {
                None => error("user_not_found"),
                Some(direct) => {
                    world.channels.entry(direct.clone()).or_default();
                    json!({ "ok": true, "channel": { "id": direct } })
                }
            }
        }
        "conversations.info" => match world.channels.get(&channel) {
            None => error("channel_not_found"),
            Some(there) => {
                json!({ "ok": true, "channel": { "id": channel, "is_archived": there.archived, "is_member": true, "is_ext_shared": there.shared, "is_shared": there.shared } })
            }
        },
        "chat.unfurl" => {
            world.unfurls.push(body);
            json!({ "ok": true })
        }
        "chat.postMessage" | "chat.update" | "conversations.history" | "conversations.replies" => {
            world.next += 1;
            let ts = format!("4000000000.{:06}", world.next);
            match world.channels.get_mut(&channel) {
                None => error("channel_not_found"),
                Some(there) if there.archived => error("is_archived"),
                Some(there) => there.take(method, &channel, ts, body),
            }
        }
        _ => error("unknown_method"),
    }
}

impl Channel {
    fn take(&mut self, method: &str, channel: &str, ts: String, body: Value) -> Value {
        match method {
            "chat.postMessage" => {
                self.messages.push(Message { ts: ts.clone(), body, edits: 0 });
                json!({ "ok": true, "channel": channel, "ts": ts })
            }
            "chat.update" => {
                let Some(message) = self.messages.iter_mut().find(|message| message.ts == body["ts"]) else {
                    return json!({ "ok": false, "error": "message_not_found" });
                };
                // What the edit does not name stays as it was.
                for (field, value) in body.as_object().into_iter().flatten() {
                    message.body[field] = value.clone();
                }
                message.edits += 1;
                json!({ "ok": true, "channel": channel, "ts": message.ts })
            }
            _ => {
                // A thread is read by itself, and its messages are not in the channel's history.
                let thread = if method == "conversations.replies" { &body["ts"] } else { &Value::Null };
                let there = self.messages.iter().rev().filter(|message| message.body["thread_ts"] == *thread);
                let newest = there.take(100);
                let messages: Vec<Value> = newest
                    .map(|message| json!({ "ts": message.ts, "text": message.body["text"], "metadata": message.body["metadata"] }))
                    .collect();
                json!({ "ok": true, "messages": messages, "has_more": false })
            }
        }
    }
}

async fn respond(State(shared): State<Arc<Shared>>, Json(body): Json<Value>) -> Response {
    let mut world = shared.lock();
    if world.down {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    // As it answers what is no message (<https://github.com/slackapi/java-slack-sdk/issues/1349>).
    if world.refuses_charts(&body) {
        let refused = json!({ "ok": false, "error": "invalid_blocks" });
        return (StatusCode::NOT_FOUND, Json(refused)).into_response();
    }
    let offences = limits::offences("response_url", &body);
    world.offences.extend(offences);
    world.whispers.push(body);
    Json(json!({ "ok": true })).into_response()
}
