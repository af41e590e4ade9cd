//! What the sender is told.

use super::{body::BodyError, cors::ForeignPage};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, StatusCode,
    header::{RETRY_AFTER, WWW_AUTHENTICATE},
};
use rekindle_core::{arrival::Quarantined, nearest::did_you_mean};
use serde::Serialize;
use serde_json::{Value, json};
use std::time::Duration;

/// The calls there are.
const CALLS: [&str; 7] = ["track", "page", "screen", "identify", "group", "alias", "batch"];
/// How long a sender waits when the database is away.
pub const AWAY: Duration = Duration::from_secs(5);

/// An item that went to quarantine, as the sender is told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rejected {
    /// Its place in the batch, from 0.
    pub index: usize,
    /// For scripts.
    pub code: String,
    /// In words.
    pub message: String,
}

impl Rejected {
    /// An item that was bad in itself.
    pub fn of(index: usize, item: &Quarantined) -> Self {
        Self { index, code: item.code.clone(), message: item.reason.clone() }
    }

    /// An item that the database cannot keep.
    pub fn not_kept(index: usize, why: &str) -> Self {
        Self { index, code: "not_kept".to_owned(), message: why.to_owned() }
    }

    /// An item whose id was used before for something else.
    pub fn conflict(index: usize) -> Self {
        let message = "this messageId was used before for something else, and the first one counts";
        Self { index, code: "conflict".to_owned(), message: message.to_owned() }
    }
}

/// The answers of intake.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// 200: what is good is durable, what is bad is in quarantine.
    Taken(Vec<Rejected>),
    /// 400 or 413: nothing of the body can be saved.
    Unusable(BodyError),
    /// 401: no write key, or one that is not known, also after it was read again.
    UnknownKey,
    /// 403: a browser key on a page that it is not meant for.
    Foreign(ForeignPage),
    /// 404: a call that there is not.
    NoSuchCall(String),
    /// 415: packed in a way that nobody here can undo.
    Unpackable,
    /// 429: too fast for the key.
    TooFast(Duration),
    /// 503: the database is away.
    Away,
}

impl Answer {
    /// Its status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Taken(_) => StatusCode::OK,
            Self::Unusable(why) => why.status(),
            Self::UnknownKey => StatusCode::UNAUTHORIZED,
            Self::Foreign(_) => StatusCode::FORBIDDEN,
            Self::NoSuchCall(_) => StatusCode::NOT_FOUND,
            Self::Unpackable => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooFast(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Away => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// In whole seconds, when to come again: never too early, and never at once.
    pub fn retry_after(&self) -> Option<u64> {
        let wait = match self {
            Self::TooFast(wait) => *wait,
            Self::Away => AWAY,
            _ => return None,
        };
        let begun = u64::from(wait.subsec_nanos() > 0);
        Some(wait.as_secs().saturating_add(begun).max(1))
    }

    /// Its body.
    pub fn body(&self) -> Value {
        let refused =
            |code: &str, message: String| json!({"success": false, "code": code, "message": message});
        match self {
            Self::Taken(rejected) if rejected.is_empty() => json!({"success": true}),
            Self::Taken(rejected) => json!({"success": true, "rejected": rejected}),
            Self::Unusable(why) => refused(why.code(), why.to_string()),
            Self::UnknownKey => {
                let words = "the write key is missing or not known; `rekindle key new NAME` makes one";
                refused("unknown_key", words.to_owned())
            }
            Self::Foreign(page) => refused("foreign_page", page.to_string()),
            Self::NoSuchCall(word) => {
                let word: String = word.chars().take(60).collect();
                let help = did_you_mean(&word, CALLS);
                refused("no_such_call", format!("there is no call \"/v1/{word}\"{help}"))
            }
            Self::Unpackable => {
                let words = "the body is packed in a way that is not known here; send it plain, or with gzip";
                refused("unknown_encoding", words.to_owned())
            }
            Self::TooFast(_) => refused("too_fast", "this key sends too fast; come again later".to_owned()),
            Self::Away => {
                refused("away", "nothing can be stored for the moment; come again later".to_owned())
            }
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = (self.status(), Json(self.body())).into_response();
        if let Some(seconds) = self.retry_after() {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self == Self::UnknownKey {
            // RFC 9110 15.5.2 wants to hear how to do better.
            response
                .headers_mut()
                .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"write key\""));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_those_of_the_contract() {
        let rejected = vec![Rejected { index: 2, code: "no_id".into(), message: "nobody is named".into() }];
        let ms = Duration::from_millis;
        for (answer, status, retry, code) in [
            (Answer::Taken(vec![]), 200, None, None),
            (Answer::Unusable(BodyError::NotJson("x".into())), 400, None, Some("not_json")),
            (Answer::Unusable(BodyError::NoBatch), 400, None, Some("no_batch")),
            (Answer::Unusable(BodyError::TooLarge), 413, None, Some("too_large")),
            (Answer::UnknownKey, 401, None, Some("unknown_key")),
            (Answer::Foreign(ForeignPage("https://x.test".into())), 403, None, Some("foreign_page")),
            (Answer::NoSuchCall("trak".into()), 404, None, Some("no_such_call")),
            (Answer::Unpackable, 415, None, Some("unknown_encoding")),
            (Answer::TooFast(ms(1)), 429, Some("1"), Some("too_fast")),
            (Answer::TooFast(ms(0)), 429, Some("1"), Some("too_fast")),
            (Answer::TooFast(ms(2_001)), 429, Some("3"), Some("too_fast")),
            (Answer::TooFast(Duration::MAX), 429, Some("18446744073709551615"), Some("too_fast")),
            (Answer::Away, 503, Some("5"), Some("away")),
        ] {
            assert_eq!(answer.body()["code"].as_str(), code);
            assert_eq!(answer.body()["success"], status == 200);
            let response = answer.into_response();
            assert_eq!(response.status().as_u16(), status);
            assert_eq!(response.headers().get(RETRY_AFTER).map(|v| v.to_str().unwrap()), retry);
            assert_eq!(response.headers()[http::header::CONTENT_TYPE], "application/json");
        }
        assert_eq!(Answer::Taken(vec![]).body(), json!({"success": true}));
        assert_eq!(
            Answer::Taken(rejected).body(),
            json!({"success": true, "rejected": [{"index": 2, "code": "no_id", "message": "nobody is named"}]})
        );
    }
}
