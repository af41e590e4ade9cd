//! What the page starts from: who, when, where, and what was said last.

use super::{Broken, Console, Who};
use axum::{Json, extract::State};
use chrono_tz::Tz;
use rekindle_core::time::Clock;
use rekindle_storage::console::Message;
use serde_json::{Value, json};

/// How many messages the page begins with.
const LATEST: u64 = 200;

pub(super) async fn state(State(console): State<Console>, Who(member): Who) -> Result<Json<Value>, Broken> {
    let playbooks = console.store.load_playbooks().await?;
    let messages = console.store.console().latest(&member.handle, LATEST).await?;
    let last = messages.iter().map(|message| message.seq).max().unwrap_or_default();
    let channels: Vec<Value> = playbooks
        .current()
        .routing
        .channels()
        .into_iter()
        .map(|name| json!({ "name": name, "title": title(name) }))
        .collect();
    Ok(Json(json!({
        "me": { "handle": member.handle, "name": member.name, "role": member.role },
        "clock": clock(&**console.store.clock(), console.desk.settings.zone),
        "channels": channels,
        "messages": messages.iter().map(said).collect::<Vec<_>>(),
        "last": last,
    })))
}

/// The calendar as the page shows it, and how fast it runs.
pub(super) fn clock(clock: &dyn Clock, zone: Tz) -> Value {
    json!({ "calendar": clock.calendar(), "zone": zone.name(), "speed": clock.speed() })
}

/// A message as the page reads it.
pub(super) fn said(message: &Message) -> Value {
    json!({
        "id": message.id,
        "channel": message.channel,
        "from": message.author,
        "at": message.at,
        "text": message.text,
        "card": message.card,
        "private": message.only_for.is_some(),
    })
}

/// "hot-leads" as a heading: "Hot leads".
fn title(channel: &str) -> String {
    let words = channel.replace(['-', '_'], " ");
    let mut chars = words.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
