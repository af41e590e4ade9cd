//! Socket Mode: envelopes out, acknowledgements in.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::serve::Listener;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;

use crate::tls::Authority;

/// How an envelope was acknowledged.
#[derive(Debug)]
pub struct Acked {
    /// What the acknowledgement carried.
    pub payload: Option<Value>,
    /// How long it took.
    pub after: Duration,
}

#[derive(Debug, Default)]
struct State {
    listeners: Vec<mpsc::UnboundedSender<Message>>,
    waiting: HashMap<String, oneshot::Sender<Option<Value>>>,
    next: u64,
}

impl State {
    fn envelope(&mut self, kind: &str, payload: &Value) -> (String, Message) {
        self.next += 1;
        let id = format!("envelope-{}", self.next);
        let envelope = json!({ "envelope_id": id, "type": kind, "accepts_response_payload": kind != "events_api", "payload": payload });
        (id, Message::text(envelope.to_string()))
    }
}

/// The sockets that are open.
#[derive(Debug, Clone)]
pub(super) struct Sockets {
    url: String,
    state: Arc<Mutex<State>>,
    came: Arc<Notify>,
}

const PATIENCE: Duration = Duration::from_secs(10);

impl Sockets {
    /// Opens the door for sockets, shielded by an authority or not.
    pub(super) async fn start(serving: &mut JoinSet<()>, authority: Option<&Authority>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let url = match authority {
            None => format!("ws://{address}/link/?ticket=of-the-test"),
            Some(_) => format!("wss://localhost:{}/link/?ticket=of-the-test", address.port()),
        };
        let sockets = Self { url, state: Arc::default(), came: Arc::default() };
        match authority {
            None => serving.spawn(sockets.clone().open(listener)),
            Some(authority) => serving.spawn(sockets.clone().open(authority.shield(listener))),
        };
        sockets
    }

    async fn open(self, mut door: impl Listener) {
        let mut open = JoinSet::new();
        loop {
            let (stream, _) = door.accept().await;
            let there = self.clone();
            open.spawn(async move { there.talk(stream).await });
        }
    }

    pub(super) fn url(&self) -> String {
        self.url.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn talk(&self, stream: impl AsyncRead + AsyncWrite + Unpin) {
        let Ok(socket) = tokio_tungstenite::accept_async(stream).await else { return };
        let (mut out, mut into) = socket.split();
        let (sender, mut sending) = mpsc::unbounded_channel();
        let hello = json!({ "type": "hello", "num_connections": 1, "connection_info": { "app_id": "A0APP" },
            "debug_info": { "host": "fake", "build_number": 1, "approximate_connection_time": 3600 } });
        if out.send(Message::text(hello.to_string())).await.is_err() {
            return;
        }
        self.lock().listeners.push(sender);
        self.came.notify_waiters();
        loop {
            tokio::select! {
                message = sending.recv() => {
                    let Some(message) = message else { return };
                    if out.send(message).await.is_err() {
                        return;
                    }
                }
                heard = into.next() => match heard {
                    Some(Ok(Message::Text(text))) => self.acknowledged(&text),
                    Some(Ok(Message::Ping(bytes))) => drop(out.send(Message::Pong(bytes)).await),
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return,
                },
            }
        }
    }

    fn acknowledged(&self, text: &str) {
        let ack: Value = serde_json::from_str(text).unwrap_or_default();
        let id = ack["envelope_id"].as_str().unwrap_or_default();
        if let Some(waiting) = self.lock().waiting.remove(id) {
            let _ = waiting.send(ack.get("payload").filter(|payload| !payload.is_null()).cloned());
        }
    }

    pub(super) async fn heard(&self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let came = self.came.notified();
            {
                let mut state = self.lock();
                state.listeners.retain(|listener| !listener.is_closed());
                if !state.listeners.is_empty() {
                    return;
                }
            }
            tokio::time::timeout_at(deadline, came).await.expect("somebody listens at the socket");
        }
    }

    pub(super) fn hang_up(&self) {
        for listener in self.lock().listeners.drain(..) {
            let _ = listener.send(Message::Close(None));
        }
    }

    /// The socket that was sent the envelope, and each other, is broken off at once.
    pub(super) fn cut_off(&self, kind: &str, payload: Value) {
        let mut state = self.lock();
        let (_, envelope) = state.envelope(kind, &payload);
        state.listeners.last().expect("somebody listens").send(envelope).expect("they still do");
        for listener in state.listeners.drain(..) {
            let _ = listener.send(Message::Close(None));
        }
    }

    pub(super) async fn deliver(&self, kind: &str, payload: Value) -> Acked {
        self.heard().await;
        let began = Instant::now();
        let (acked, waiting) = oneshot::channel();
        {
            let mut state = self.lock();
            let (id, envelope) = state.envelope(kind, &payload);
            state.waiting.insert(id, acked);
            // Slack delivers to one of the connections.
            let to = state.listeners.last().expect("somebody listens");
            to.send(envelope).expect("they still do");
        }
        let payload =
            timeout(PATIENCE, waiting).await.expect("acknowledged").expect("the socket still stands");
        Acked { payload, after: began.elapsed() }
    }
}
