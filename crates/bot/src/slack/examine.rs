//! A look at Slack before anything is posted: the tokens, the workspace, the channels.

use super::{Settings, Transport, api::Api, manifest::SCOPES, unfurl::read_by_others, user_groups};
use crate::{doctor::Finding, wall::Trouble};
use rekindle_core::time::Moment;
use serde_json::{Value, json};

/// Looks at all that the settings name; each finding says what would mend it.
pub(super) async fn examine(settings: &Settings, api: &Api, wall: Moment) -> Vec<Finding> {
    let mut found = vec![token(settings, api).await];
    if found[0].wrong.is_some() {
        // Without a token that is taken, all others would say the same.
        return found;
    }
    found.extend(answered(api, wall).await);
    if let Transport::Socket(app_token) = &settings.transport {
        let what = "Slack: the app-level token opens a socket";
        let opened = api.speaking_with(app_token).call("apps.connections.open", &json!({})).await;
        found.push(match opened {
            Ok(_) => Finding::works(what),
            Err(Trouble::Broken { why }) => {
                let mend =
                    "make one under Basic Information, App-Level Tokens, with the scope connections:write";
                Finding::wrong(what, format!("{why}; {mend}"))
            }
            Err(trouble) => Finding::troubled(what, &trouble),
        });
    }
    if settings.channels.is_empty() {
        let why = "no card is shown in Slack: name channels under [slack.channels]";
        found.push(Finding::wrong("Slack: channels", why));
    }
    for (word, id) in &settings.channels {
        found.push(channel(api, word, id).await);
    }
    found.extend(groups(settings, api).await);
    found
}

/// What the headers of an answer say: the scopes of the token, and what time it is there.
async fn answered(api: &Api, wall: Moment) -> Vec<Finding> {
    let headers = match api.headers().await {
        Ok(headers) => headers,
        Err(trouble) => return vec![Finding::troubled("Slack: the scopes of the bot token", &trouble)],
    };
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let scopes = header("x-oauth-scopes").map(scopes);
    scopes.into_iter().chain(Finding::of_clock("Slack", header("date"), wall)).collect()
}

/// The scopes that the token has, against those of the manifest; each that is missing with what does not work without it.
fn scopes(has: &str) -> Finding {
    let what = "Slack: the scopes of the bot token";
    let has: Vec<&str> = has.split(',').map(str::trim).collect();
    let lacks = SCOPES.iter().filter(|(scope, _)| !has.contains(scope));
    let lacks: Vec<String> = lacks.map(|(scope, why)| format!("{scope} ({why})")).collect();
    if lacks.is_empty() {
        return Finding::works(what);
    }
    Finding::wrong(
        what,
        format!(
            "it lacks {}: paste what `rekindle slack manifest` prints as the app's manifest, and install the app anew",
            lacks.join(", ")
        ),
    )
}

/// The user groups that give a role: each there, by its id or its handle.
async fn groups(settings: &Settings, api: &Api) -> Vec<Finding> {
    if settings.roles.is_empty() {
        return Vec::new();
    }
    let there = match user_groups::list(api).await {
        Ok(there) => there,
        Err(trouble) => return vec![Finding::troubled("Slack: the user groups", &trouble)],
    };
    let group = |name: &str| {
        let what = format!("Slack: the user group {name}");
        match there.iter().any(|group| group.id == name || group.handle == name) {
            true => Finding::works(what),
            false => Finding::wrong(
                what,
                "there is none with this id or handle: nobody has a role by it. Correct [slack.roles]",
            ),
        }
    };
    settings.roles.names().map(group).collect()
}

/// The bot token, and of which workspace it is (<https://docs.slack.dev/reference/methods/auth.test>).
async fn token(settings: &Settings, api: &Api) -> Finding {
    let what = "Slack: the bot token";
    let told = match api.call("auth.test", &json!({})).await {
        Ok(told) => told,
        Err(trouble) => return Finding::troubled(what, &trouble),
    };
    let team = told.get("team_id").and_then(Value::as_str).unwrap_or_default();
    match settings.workspaces.iter().position(|allowed| allowed == team) {
        Some(0) => Finding::works(format!("{what}, of the workspace {team}")),
        Some(_) => Finding::wrong(
            what,
            format!("it is of the workspace {team}: name that first in slack.workspaces"),
        ),
        None => Finding::wrong(
            what,
            format!("it is of the workspace {team}, which slack.workspaces does not name"),
        ),
    }
}

/// A channel: there, not archived, and the bot in it (<https://docs.slack.dev/reference/methods/conversations.info>).
async fn channel(api: &Api, word: &str, id: &str) -> Finding {
    let what = format!("Slack: the channel {id} ({word})");
    let told = match api.get("conversations.info", &[("channel", id)]).await {
        Ok(told) => told,
        Err(trouble) => return Finding::troubled(what, &trouble),
    };
    let is =
        |field: &str| told.pointer(&format!("/channel/{field}")).and_then(Value::as_bool).unwrap_or(false);
    if is("is_archived") {
        return Finding::wrong(what, "it is archived: unarchive it, or name another");
    }
    if !is("is_member") {
        return Finding::wrong(what, "the bot is not in it: /invite @Rekindle there");
    }
    if read_by_others(&told) {
        let why =
            "it is shared with another organisation or workspace, whose people read each card: name another";
        return Finding::wrong(what, why);
    }
    Finding::works(what)
}
