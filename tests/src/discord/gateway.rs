//! The gateway half: HELLO, IDENTIFY, READY, heartbeats, events, RESUME, and the request to connect again.

use super::{APPLICATION, TOKEN, World, session};
use axum::{
    Router,
    extract::{
        State,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    },
    response::Response,
    routing::get,
};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::broadcast::error::RecvError;

/// What all bots on the gateway are told.
#[derive(Debug, Clone)]
pub(super) enum Order {
    /// An event, by its name.
    Dispatch(&'static str, Value),
    /// An event behind which the connection breaks; it is told again to whoever resumes.
    CutOff(&'static str, Value),
    /// To connect again.
    Reconnect,
}

pub(super) fn router(world: Arc<World>) -> Router {
    Router::new().route("/", get(connect)).with_state(world)
}

async fn connect(State(world): State<Arc<World>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(move |socket| async move {
        // A bot that hangs up ends it.
        let _ = talk(&world, socket).await;
    })
}

async fn send(
    socket: &mut WebSocket,
    op: u64,
    name: Option<&str>,
    sequence: Option<u64>,
    data: Value,
) -> Result<(), axum::Error> {
    let frame = json!({"op": op, "t": name, "s": sequence, "d": data});
    socket.send(Message::Text(frame.to_string().into())).await
}

async fn talk(world: &World, mut socket: WebSocket) -> Result<(), axum::Error> {
    let mut events = world.events.subscribe();
    let mut sequence = 0;
    send(&mut socket, 10, None, None, json!({"heartbeat_interval": 41_250})).await?;
    loop {
        tokio::select! {
            frame = socket.recv() => {
                let Some(frame) = frame else { return Ok(()) };
                let Message::Text(text) = frame? else { continue };
                let frame: Value = serde_json::from_str(&text).unwrap_or_default();
                match frame["op"].as_u64() {
                    Some(1) => send(&mut socket, 11, None, None, Value::Null).await?,
                    // With or without the word that REST wants before it.
                    Some(2) if frame["d"]["token"].as_str().map(|token| token.trim_start_matches("Bot ")) != Some(TOKEN) => {
                        let why = CloseFrame { code: 4004, reason: "Authentication failed.".into() };
                        return socket.send(Message::Close(Some(why))).await;
                    }
                    Some(2) => {
                        assert_eq!(frame["d"]["intents"], 0, "interactions need no intents");
                        sequence += 1;
                        let id = session(world.id());
                        let ready = json!({
                            "v": 10, "guilds": [], "session_id": id, "resume_gateway_url": world.gateway,
                            "shard": [0, 1], "application": {"id": APPLICATION.to_string(), "flags": 0},
                            "user": {
                                "id": "33333", "username": "rekindle", "discriminator": "0", "avatar": null, "bot": true,
                                "verified": true, "email": null, "flags": 0, "mfa_enabled": false,
                            },
                        });
                        send(&mut socket, 0, Some("READY"), Some(sequence), ready).await?;
                        let mut state = world.state();
                        state.sessions.insert(id);
                        state.identified += 1;
                        drop(state);
                        world.changed.notify_waiters();
                    }
                    Some(6) => {
                        let known = frame["d"]["session_id"].as_str().is_some_and(|id| world.state().sessions.contains(id));
                        if !known {
                            send(&mut socket, 9, None, None, json!(false)).await?;
                            continue;
                        }
                        sequence = frame["d"]["seq"].as_u64().unwrap_or_default();
                        let missed = std::mem::take(&mut world.state().missed);
                        for (name, data) in missed {
                            sequence += 1;
                            send(&mut socket, 0, Some(name), Some(sequence), data).await?;
                        }
                        sequence += 1;
                        send(&mut socket, 0, Some("RESUMED"), Some(sequence), json!({})).await?;
                        world.state().resumed += 1;
                        world.changed.notify_waiters();
                    }
                    _ => {}
                }
            }
            order = events.recv() => match order {
                Ok(Order::Dispatch(name, data)) => {
                    sequence += 1;
                    send(&mut socket, 0, Some(name), Some(sequence), data).await?;
                }
                Ok(Order::CutOff(name, data)) => {
                    world.state().missed.push((name, data.clone()));
                    return send(&mut socket, 0, Some(name), Some(sequence + 1), data).await;
                }
                Ok(Order::Reconnect) => {
                    send(&mut socket, 7, None, None, Value::Null).await?;
                    return Ok(());
                }
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return Ok(()),
            },
        }
    }
}
