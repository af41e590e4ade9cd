//! What an answer of Discord's means for whoever asked, and what it means that none came.
//!
//! Source: <https://discord.com/developers/docs/topics/opcodes-and-status-codes>.

use super::limits::retry_after;
use crate::wall::Trouble;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;
use std::time::Duration;

/// How long to wait when Discord does not say: it is down.
const PAUSE: Duration = Duration::from_secs(5);

/// What it means that no answer came: nothing left before the connection stood.
pub(super) fn lost(error: &reqwest::Error) -> Trouble {
    // reqwest's own words carry the address, and with it the token of an interaction.
    if error.is_connect() {
        return Trouble::Later { after: None, why: "Discord cannot be reached".to_owned() };
    }
    let why = if error.is_timeout() { "Discord did not answer in time" } else { "the connection broke" };
    Trouble::Unknown { why: why.to_owned() }
}

/// What an answer other than success means.
pub(super) fn sorted(status: StatusCode, headers: &HeaderMap, said: &Value) -> Trouble {
    let code = said["code"].as_i64().unwrap_or_default();
    let message = said["message"].as_str().unwrap_or_default();
    let why = match (message.is_empty(), code) {
        (true, _) => format!("Discord answered {status}"),
        (false, 0) => message.to_owned(),
        (false, code) => format!("{message} ({code})"),
    };
    match (status.as_u16(), code) {
        (429, _) => Trouble::Later { after: Some(retry_after(headers, said)), why },
        // The gateway in front of Discord gave up, whatever became of it behind.
        (502 | 504, _) => Trouble::Unknown { why },
        (500.., _) => Trouble::Later { after: Some(PAUSE), why },
        // No such message; no such interaction, or answered already.
        (_, 10_008 | 10_062 | 10_015 | 40_060 | 50_027) => Trouble::Gone,
        // They take no direct messages of the bot, or share no server with it: they are told elsewhere.
        (_, 50_007 | 50_278) => Trouble::Refused { why },
        // No such channel, guild or application; a thread that is archived; a bot without rights.
        (_, 10_002..=10_004 | 20_001 | 50_001 | 50_013 | 50_083) | (401 | 403, _) => Trouble::Broken { why },
        (404, _) => Trouble::Gone,
        _ => Trouble::Refused { why: details(&why, &said["errors"]) },
    }
}

/// With the places that Discord did not like: "Invalid Form Body (50035): embeds.0.title".
fn details(why: &str, errors: &Value) -> String {
    fn walk(value: &Value, path: &str, places: &mut Vec<String>) {
        let Value::Object(map) = value else { return };
        for (key, inner) in map {
            match key.as_str() {
                "_errors" => places.push(path.trim_start_matches('.').to_owned()),
                key => walk(inner, &format!("{path}.{key}"), places),
            }
        }
    }
    let mut places = Vec::new();
    walk(errors, "", &mut places);
    if places.is_empty() { why.to_owned() } else { format!("{why}: {}", places.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_discord_answers_is_sorted() {
        let said = |status: u16, body: Value| {
            sorted(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), &body)
        };
        assert_eq!(said(404, json!({"code": 10008, "message": "Unknown Message"})), Trouble::Gone);
        let why = "Unknown Channel (10003)".to_owned();
        assert_eq!(said(404, json!({"code": 10003, "message": "Unknown Channel"})), Trouble::Broken { why });
        assert!(matches!(
            said(403, json!({"code": 50001, "message": "Missing Access"})),
            Trouble::Broken { .. }
        ));
        assert!(matches!(
            said(401, json!({"message": "401: Unauthorized", "code": 0})),
            Trouble::Broken { .. }
        ));
        assert!(matches!(
            said(400, json!({"code": 50083, "message": "Thread is archived"})),
            Trouble::Broken { .. }
        ));
        assert!(matches!(said(503, json!({})), Trouble::Later { after: Some(PAUSE), .. }));
        assert!(matches!(said(502, json!({})), Trouble::Unknown { .. }));
        let why = "Cannot send messages to this user (50007)".to_owned();
        let closed = json!({"code": 50007, "message": "Cannot send messages to this user"});
        assert_eq!(said(403, closed), Trouble::Refused { why });
        let after = Some(Duration::from_millis(1_500));
        let why = "You are being rate limited.".to_owned();
        let limited = json!({"message": why, "retry_after": 1.5, "global": false});
        assert_eq!(said(429, limited), Trouble::Later { after, why });
        let errors = json!({"embeds": {"0": {"title": {"_errors": [{"code": "BASE_TYPE_MAX_LENGTH"}]}}}});
        let why = "Invalid Form Body (50035): embeds.0.title".to_owned();
        let bad = json!({"code": 50035, "message": "Invalid Form Body", "errors": errors});
        assert_eq!(said(400, bad), Trouble::Refused { why });
    }
}
