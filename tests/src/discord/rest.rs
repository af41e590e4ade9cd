//! The REST half: messages, answers to interactions, commands; version 10.

use super::{APPLICATION, Call, Failure, File, GUILD, State, TOKEN, World, checks};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::State as Shared,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use ring::signature::KeyPair;
use serde_json::{Value, json};

use std::{collections::HashSet, sync::Arc};

pub(super) fn router(world: Arc<World>) -> Router {
    Router::new().fallback(any).with_state(world)
}

/// What Discord answers: a status and a body.
type Answer = (u16, Value);

async fn any(
    Shared(world): Shared<Arc<World>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let slow = world.state().slow;
    tokio::time::sleep(slow).await;
    let path = uri.path().trim_start_matches("/api/v10").to_owned();
    let (body, files) = told(&headers, body).await;
    let line = format!("{method} {path}");
    let failure = {
        let mut state = world.state();
        let of_this =
            state.failures.iter_mut().find(|one| line.contains(one.which.as_str()) && one.times > 0);
        of_this.and_then(|wrong| {
            if wrong.spared > 0 {
                wrong.spared -= 1;
                return None;
            }
            wrong.times -= 1;
            Some(wrong.failure.clone())
        })
    };
    let authorized =
        headers.get("authorization").is_some_and(|value| value == format!("Bot {TOKEN}").as_str());
    let (status, said) = match &failure {
        Some(Failure::Refused(status, error)) => (*status, error.clone()),
        Some(Failure::Limited { retry_after, global }) => {
            let message = "You are being rate limited.";
            (429, json!({"message": message, "retry_after": retry_after, "global": global}))
        }
        // Answers to interactions are addressed by their token alone.
        _ if !authorized && !path.starts_with("/webhooks") && !path.starts_with("/interactions") => {
            (401, json!({"message": "401: Unauthorized", "code": 0}))
        }
        _ => match wrong_with_files(&body, &files) {
            wrong if !wrong.is_empty() => invalid(&wrong),
            _ => answer(&world, &method, &path, &body),
        },
    };
    let call = Call { method: method.to_string(), path, body, files, status };
    world.state().calls.push(call);
    world.changed.notify_waiters();
    let code = StatusCode::from_u16(status).expect("a status");
    let mut response = match &failure {
        // The gateway in front of Discord gave up.
        Some(Failure::Lost) => (StatusCode::GATEWAY_TIMEOUT, "<html>504</html>").into_response(),
        _ if status == 204 => (code, Body::empty()).into_response(),
        _ => (code, axum::Json(said)).into_response(),
    };
    if let Some(Failure::Limited { retry_after, .. }) = failure {
        let seconds = format!("{}", retry_after.ceil());
        response.headers_mut().insert("retry-after", seconds.parse().expect("a number is a header"));
    }
    response
}

/// The body of a call, and the files that came with it, each under its name
/// (<https://discord.com/developers/docs/reference#uploading-files>).
async fn told(headers: &HeaderMap, body: Bytes) -> (Value, Vec<File>) {
    let kind = headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let Ok(boundary) = multer::parse_boundary(kind) else {
        return (serde_json::from_slice(&body).unwrap_or_default(), Vec::new());
    };
    let whole = futures_util::stream::once(async move { Ok::<_, std::io::Error>(body) });
    let mut parts = multer::Multipart::new(whole, boundary);
    let (mut told, mut files) = (Value::Null, Vec::new());
    while let Ok(Some(part)) = parts.next_field().await {
        let name = part.name().unwrap_or_default().to_owned();
        let file = part.file_name().map(str::to_owned);
        let kind = part.content_type().map(ToString::to_string).unwrap_or_default();
        let data = part.bytes().await.unwrap_or_default().to_vec();
        match file {
            Some(file) => files.push(File { part: name, name: file, kind, data }),
            None if name == "payload_json" => told = serde_json::from_slice(&data).unwrap_or_default(),
            None => {}
        }
    }
    (told, files)
}

/// Each file stands in the body, under the number that its part has.
fn wrong_with_files(body: &Value, files: &[File]) -> Vec<String> {
    let named = body["attachments"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut wrong = Vec::new();
    if named.len() != files.len() {
        wrong.push(format!("attachments: {} are named, and {} came", named.len(), files.len()));
    }
    for one in named {
        let part = format!("files[{}]", one["id"]);
        if !files.iter().any(|file| file.part == part && one["filename"] == file.name.as_str()) {
            wrong.push(format!("attachments: {one} did not come"));
        }
        if one["description"].as_str().is_some_and(|said| said.chars().count() > 1_024) {
            wrong.push("attachments: a description is too long".to_owned());
        }
    }
    wrong
}

fn answer(world: &World, method: &Method, path: &str, body: &Value) -> Answer {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let number = |text: &str| text.parse::<u64>().unwrap_or_default();
    match (method.as_str(), parts.as_slice()) {
        ("GET", ["gateway"]) => (200, json!({"url": world.gateway})),
        ("GET", ["users", "@me"]) => (200, bot_as_told()["user"].clone()),
        ("POST", ["users", "@me", "channels"]) => {
            let user = body["recipient_id"].as_str().map(number).filter(|id| *id > 0);
            match user {
                None => invalid(&["recipient_id is no id".to_owned()]),
                Some(user) => (200, json!({"id": direct(user).to_string(), "type": 1})),
            }
        }
        ("GET", ["oauth2", "applications", "@me"]) => {
            let endpoint = world.state().endpoint.clone();
            let key = super::hex(world.key.public_key().as_ref());
            let told = json!({
                "id": APPLICATION.to_string(), "name": "Rekindle", "verify_key": key, "interactions_endpoint_url": endpoint,
            });
            (200, told)
        }
        ("GET", ["guilds", guild]) if number(guild) == GUILD => (200, guild_as_told(&world.state().dropped)),
        ("GET", ["guilds", guild, "members", bot]) if number(guild) == GUILD && *bot == BOT => {
            (200, bot_as_told())
        }
        ("GET", ["guilds", ..]) => (404, json!({"message": "Unknown Guild", "code": 10004})),
        ("GET", ["channels", channel]) if !world.state().gone.contains(&number(channel)) => {
            let denied = world.state().denied.get(&number(channel)).copied().unwrap_or_default();
            let denied = json!({"id": BOT, "type": 1, "allow": "0", "deny": denied.to_string()});
            (
                200,
                json!({"id": channel, "type": 0, "guild_id": GUILD.to_string(), "name": "a-channel", "position": 0,
                "permission_overwrites": [denied]}),
            )
        }
        (_, ["channels", channel, ..]) if world.state().gone.contains(&number(channel)) => {
            (404, json!({"message": "Unknown Channel", "code": 10003}))
        }
        ("POST", ["channels", channel, "messages"]) => posted(world, number(channel), body),
        ("GET", ["channels", channel, "messages"]) => {
            let state = world.state();
            let of = state.messages.iter().rev().filter(|((of, _), _)| *of == number(channel));
            (200, of.take(100).map(|(_, message)| message.clone()).collect())
        }
        ("PATCH", ["channels", channel, "messages", id]) => {
            let wrong = checks::message(body);
            let mut state = world.state();
            match state.messages.get_mut(&(number(channel), number(id))) {
                None => (404, json!({"message": "Unknown Message", "code": 10008})),
                Some(_) if !wrong.is_empty() => invalid(&wrong),
                Some(message) => (200, edited(message, body)),
            }
        }
        ("POST", ["interactions", _, token, "callback"]) => {
            let wrong = wrong_with_answer(body);
            let mut state = world.state();
            match state.answers.contains_key(*token) {
                _ if !wrong.is_empty() => invalid(&wrong),
                true => {
                    (400, json!({"message": "Interaction has already been acknowledged.", "code": 40060}))
                }
                false => {
                    state.answers.insert((*token).to_owned(), body.clone());
                    (204, Value::Null)
                }
            }
        }
        ("PATCH", ["webhooks", app, token, "messages", "@original"]) if number(app) == APPLICATION => {
            of_answered(&mut world.state(), token, body, |state| {
                let answer = state.answers.get_mut(*token).expect("it was answered");
                if !answer["data"].is_object() {
                    answer["data"] = json!({});
                }
                edited(&mut answer["data"], body);
            })
        }
        ("POST", ["webhooks", app, token]) if number(app) == APPLICATION => {
            of_answered(&mut world.state(), token, body, |state| {
                state.beside.entry((*token).to_owned()).or_default().push(body.clone());
            })
        }
        (_, ["applications", app, rest @ ..]) if number(app) == APPLICATION => {
            let guild = match rest {
                ["commands"] => "",
                ["guilds", guild, "commands"] => guild,
                _ => return missing(),
            };
            commands(world, method, guild, body)
        }
        _ => missing(),
    }
}

/// The user that the bot is.
const BOT: &str = "33333";

/// The guild: everybody may see and write, as in a new one; with a role or two, but for those that were dropped.
fn guild_as_told(dropped: &HashSet<u64>) -> Value {
    let role = |id: u64, name: &str| {
        json!({
            "id": id.to_string(), "name": name, "color": 0, "hoist": false, "managed": false, "mentionable": false,
            "colors": {"primary_color": 0, "secondary_color": null, "tertiary_color": null}, "position": 0, "flags": 0,
            "permissions": ((1_u64 << 10) | (1 << 11) | (1 << 14) | (1 << 16)).to_string(),
        })
    };
    let mut roles = vec![role(GUILD, "@everyone")];
    roles.extend((701..=704).filter(|id| !dropped.contains(id)).map(|id| role(id, "somebody")));
    json!({
        "id": GUILD.to_string(), "name": "Acme", "icon": null, "splash": null, "discovery_splash": null, "owner_id": "1",
        "afk_channel_id": null, "afk_timeout": 300, "verification_level": 1, "default_message_notifications": 1,
        "explicit_content_filter": 0, "roles": roles, "emojis": [], "features": [], "mfa_level": 0,
        "application_id": null, "system_channel_id": null, "system_channel_flags": 0, "rules_channel_id": null,
        "max_presences": null, "max_members": 500_000, "vanity_url_code": null, "description": null, "banner": null,
        "premium_tier": 0, "premium_subscription_count": 0, "preferred_locale": "en-US",
        "public_updates_channel_id": null, "nsfw_level": 0, "nsfw": false, "stickers": [], "region": "deprecated",
        "premium_progress_bar_enabled": false, "safety_alerts_channel_id": null,
    })
}

/// The bot as a member of the guild.
fn bot_as_told() -> Value {
    json!({
        "user": {"id": BOT, "username": "rekindle", "discriminator": "0", "global_name": null, "avatar": null, "bot": true},
        "nick": null, "avatar": null, "roles": [], "joined_at": "2026-11-01T09:00:00.000000+00:00",
        "premium_since": null, "deaf": false, "mute": false, "flags": 0, "pending": false,
        "communication_disabled_until": null,
    })
}

/// The channel of the bot with one user alone, the same each time.
pub(super) fn direct(user: u64) -> u64 {
    70_000_000 + user
}

fn missing() -> Answer {
    (404, json!({"message": "404: Not Found", "code": 0}))
}

fn invalid(wrong: &[String]) -> Answer {
    (400, json!({"message": format!("Invalid Form Body: {}", wrong.join("; ")), "code": 50035}))
}

fn posted(world: &World, channel: u64, body: &Value) -> Answer {
    let wrong = checks::message(body);
    if !wrong.is_empty() {
        return invalid(&wrong);
    }
    let nonce = body["nonce"].as_str().filter(|_| body["enforce_nonce"] == true);
    let nonce = nonce.map(|nonce| (channel, nonce.to_owned()));
    let mut state = world.state();
    if let Some(known) = nonce.as_ref().and_then(|nonce| state.nonces.get(nonce))
        && let Some(message) = state.messages.get(&(channel, *known))
    {
        return (200, message.clone());
    }
    let id = world.id();
    let mut message = json!({
        "id": id.to_string(), "channel_id": channel.to_string(), "content": "", "embeds": [], "components": [],
        "author": {"id": "33333", "username": "rekindle", "discriminator": "0", "avatar": null, "bot": true},
        "timestamp": "2026-11-23T09:00:00Z", "edited_timestamp": null, "tts": false, "mention_everyone": false,
        "mentions": [], "mention_roles": [], "attachments": [], "pinned": false, "type": 0,
    });
    edited(&mut message, body);
    message["message_reference"] = body["message_reference"].clone();
    state.messages.insert((channel, id), message.clone());
    if let Some(nonce) = nonce {
        state.nonces.insert(nonce, id);
    }
    (200, message)
}

/// Lays what is named of a message over it.
fn edited(message: &mut Value, body: &Value) -> Value {
    for key in ["content", "embeds", "components", "flags", "attachments"] {
        if let Some(value) = body.get(key) {
            message[key] = value.clone();
        }
    }
    message.clone()
}

/// What is said about an interaction is taken once it was answered.
fn of_answered(state: &mut State, token: &str, body: &Value, then: impl FnOnce(&mut State)) -> Answer {
    let wrong = checks::message(body);
    match state.answers.contains_key(token) {
        false => (404, json!({"message": "Unknown Webhook", "code": 10015})),
        true if !wrong.is_empty() => invalid(&wrong),
        true => {
            then(state);
            (200, json!({"id": "1"}))
        }
    }
}

/// What is wrong with the first answer to an interaction.
pub(super) fn wrong_with_answer(answer: &Value) -> Vec<String> {
    match answer["type"].as_u64() {
        Some(1 | 5 | 6) => Vec::new(),
        Some(4 | 7) => checks::message(&answer["data"]),
        Some(8) => checks::choices(&answer["data"]),
        Some(9) => checks::modal(&answer["data"]),
        _ => vec!["type is none of an answer".to_owned()],
    }
}

fn commands(world: &World, method: &Method, guild: &str, body: &Value) -> Answer {
    let mut state = world.state();
    if *method == Method::GET {
        return (200, state.commands.get(guild).cloned().unwrap_or(json!([])));
    }
    let wrong = checks::commands(body);
    if !wrong.is_empty() {
        return invalid(&wrong);
    }
    // As Discord tells them: with keys of its own, in an order of its own.
    let mut there = body.as_array().cloned().unwrap_or_default();
    for command in &mut there {
        command["id"] = json!(world.id().to_string());
        command["application_id"] = json!(APPLICATION.to_string());
        command["version"] = json!("1");
        if command["type"].is_null() {
            command["type"] = json!(1);
        }
    }
    there.reverse();
    state.commands.insert(guild.to_owned(), Value::Array(there.clone()));
    (200, Value::Array(there))
}
