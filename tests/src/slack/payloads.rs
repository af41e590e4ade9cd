//! What Slack sends when people do something, in the shape of its documentation
//! (<https://docs.slack.dev/reference/interaction-payloads>), signed as Slack signs.

use std::sync::atomic::{AtomicU64, Ordering};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{FakeSlack, Message, SIGNING_SECRET, TEAM};

fn trigger() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("398738663015.47445629121.{:032x}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A slash command.
#[must_use]
pub fn command(slack: &FakeSlack, user: &str, command: &str, text: &str) -> Value {
    json!({
        "token": "xyzz", "team_id": TEAM, "team_domain": "acme", "channel_id": "C0HOT", "channel_name": "hot-leads",
        "user_id": user, "user_name": "somebody", "command": command, "text": text, "api_app_id": "A0APP",
        "is_enterprise_install": "false", "response_url": slack.response_url(), "trigger_id": trigger(),
    })
}

/// A press on the button of a message; on a menu, with what was chosen.
///
/// # Panics
/// When the message has no such button.
#[must_use]
pub fn press(slack: &FakeSlack, user: &str, message: &Message, intent: &str, chosen: Option<&str>) -> Value {
    let blocks = message.body["blocks"].as_array().expect("blocks");
    let actions = blocks.iter().find(|block| block["type"] == "actions").expect("a message with buttons");
    let elements = actions["elements"].as_array().expect("buttons");
    let element = elements.iter().find(|one| one["action_id"] == intent);
    let mut action = element.unwrap_or_else(|| panic!("no button {intent} in {actions}")).clone();
    action["block_id"] = actions["block_id"].clone();
    action["action_ts"] = "1732525200.000100".into();
    if let Some(chosen) = chosen {
        let options = action["options"].as_array().expect("a menu");
        let option =
            options.iter().find(|option| option["value"] == chosen).expect("an answer of the menu").clone();
        action["selected_option"] = option;
    }
    action.as_object_mut().expect("an object").remove("options");
    json!({
        "type": "block_actions",
        "user": { "id": user, "username": "somebody", "name": "somebody", "team_id": TEAM },
        "api_app_id": "A0APP", "token": "xyzz",
        "container": { "type": "message", "message_ts": message.ts, "channel_id": "C0HOT", "is_ephemeral": false },
        "trigger_id": trigger(),
        "team": { "id": TEAM, "domain": "acme" },
        "enterprise": null, "is_enterprise_install": false,
        "channel": { "id": "C0HOT", "name": "hot-leads" },
        "message": { "type": "message", "bot_id": "B0BOT", "text": message.body["text"], "user": "U0BOT", "ts": message.ts, "blocks": blocks },
        "state": { "values": {} },
        "response_url": slack.response_url(),
        "actions": [action],
    })
}

/// A modal, sent off with what was written into it: into its one line, or its last.
#[must_use]
pub fn submission(user: &str, view: &Value, words: Option<&str>) -> Value {
    let blocks = view["blocks"].as_array().expect("blocks");
    let line =
        blocks.iter().rev().find(|block| block["element"]["type"] == "plain_text_input").expect("a line");
    filled(user, view, &[(line["block_id"].as_str().expect("a name"), words.unwrap_or_default())])
}

/// A modal, sent off with what was filled into its blocks, by their ids. What is chosen from a list must stand in it.
///
/// # Panics
/// When the modal has no such block, or its list no such answer.
#[must_use]
pub fn filled(user: &str, view: &Value, given: &[(&str, &str)]) -> Value {
    let mut view = view.clone();
    let mut values = json!({});
    for block in view["blocks"].as_array().expect("blocks").iter().filter(|block| block["type"] == "input") {
        let (id, element) = (block["block_id"].as_str().expect("a name"), &block["element"]);
        let value = given.iter().find(|(name, _)| *name == id).map(|(_, value)| *value);
        let state = match element["type"].as_str().expect("a kind") {
            "static_select" => {
                let options = element["options"].as_array().expect("answers");
                let named = |value: &str| {
                    options
                        .iter()
                        .find(|one| one["value"] == value)
                        .unwrap_or_else(|| panic!("no {value}"))
                        .clone()
                };
                let chosen = value.map(named).or_else(|| element.get("initial_option").cloned());
                json!({ "type": "static_select", "selected_option": chosen })
            }
            "external_select" => {
                let option =
                    |value: &str| json!({ "text": { "type": "plain_text", "text": value }, "value": value });
                let chosen = value.map(option).or_else(|| element.get("initial_option").cloned());
                json!({ "type": "external_select", "selected_option": chosen })
            }
            kind => {
                let written =
                    value.or_else(|| element["initial_value"].as_str()).filter(|value| !value.is_empty());
                json!({ "type": kind, "value": written })
            }
        };
        values[id] = json!({ element["action_id"].as_str().expect("a name"): state });
    }
    let known = |name: &str| values.get(name).is_some();
    assert!(given.iter().all(|(name, _)| known(name)), "{given:?} are not all in {values}");
    view["id"] = "V1".into();
    view["team_id"] = TEAM.into();
    view["hash"] = trigger().into();
    view["state"] = json!({ "values": values });
    json!({
        "type": "view_submission",
        "team": { "id": TEAM, "domain": "acme" },
        "user": { "id": user, "username": "somebody", "name": "somebody", "team_id": TEAM },
        "api_app_id": "A0APP", "token": "xyzz", "trigger_id": trigger(), "view": view,
        "response_urls": [], "is_enterprise_install": false, "enterprise": null,
    })
}

/// What somebody types into a menu of a modal that is looked up.
#[must_use]
pub fn typing(user: &str, view: &Value, block: &str, typed: &str) -> Value {
    json!({
        "type": "block_suggestion",
        "team": { "id": TEAM, "domain": "acme" },
        "user": { "id": user, "username": "somebody", "name": "somebody", "team_id": TEAM },
        "container": { "type": "view", "view_id": "V1" },
        "api_app_id": "A0APP", "token": "xyzz",
        "action_id": "lead", "block_id": block, "value": typed, "view": view,
    })
}

/// Something that happened, as it is told of: once, by its id.
#[must_use]
pub fn event(event: Value) -> Value {
    json!({
        "token": "xyzz", "team_id": TEAM, "api_app_id": "A0APP", "event": event, "type": "event_callback",
        "event_id": trigger(), "event_time": 1_732_525_200,
        "authorizations": [{ "enterprise_id": null, "team_id": TEAM, "user_id": "U0BOT", "is_bot": true, "is_enterprise_install": false }],
        "is_ext_shared_channel": false, "event_context": "4-of-the-test",
    })
}

/// A payload as the body of a request: an interaction in its field, a command as a form.
#[must_use]
pub fn body(payload: &Value) -> String {
    let encode = |text: &str| -> String {
        text.bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
                byte => format!("%{byte:02X}"),
            })
            .collect()
    };
    if payload["type"] == "event_callback" {
        return payload.to_string();
    }
    if payload["type"].is_string() {
        return format!("payload={}", encode(&payload.to_string()));
    }
    let fields = payload.as_object().into_iter().flatten();
    let fields = fields.map(|(name, value)| format!("{name}={}", encode(value.as_str().unwrap_or_default())));
    fields.collect::<Vec<_>>().join("&")
}

/// What stands in `x-slack-signature`.
#[must_use]
pub fn signature(stamp: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SIGNING_SECRET.as_bytes()).expect("a key of any length");
    mac.update(format!("v0:{stamp}:").as_bytes());
    mac.update(body);
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("v0={hex}")
}
