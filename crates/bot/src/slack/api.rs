//! Calls of Slack's Web API: each within a time-out, each error sorted by what is to be done about it.
//!
//! The library has no time-outs, and its rate control holds back one channel for another: both are ours
//! (<https://docs.slack.dev/apis/web-api/rate-limits>).

use crate::wall::Trouble;
use axum::http::HeaderMap;
use rekindle_core::chat::Secret;
use serde_json::{Value, json};
use slack_morphism::{
    SlackApiToken, SlackClient, SlackClientHttpConnector,
    errors::SlackClientError,
    hyper_tokio::{SlackClientHyperConnector, SlackClientHyperHttpsConnector, SlackHyperClient},
};
use std::{fmt, sync::Arc, time::Duration};

/// How long Slack has to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Where answers to commands and presses are sent.
const HOOKS: &str = "https://hooks.slack.com/";

/// Slack's Web API. Cheap to clone.
#[derive(Clone)]
pub(super) struct Api {
    client: Arc<SlackHyperClient>,
    token: SlackApiToken,
    /// What stands in for Slack: where answers may go, in place of Slack itself.
    base: Option<String>,
    patience: Duration,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Api({})", self.base.as_deref().unwrap_or("Slack"))
    }
}

impl Api {
    /// Speaks with a bot token to Slack, or to what stands in for it at `base`.
    ///
    /// # Errors
    /// When this machine has no certificates to know Slack by.
    pub(super) fn new(token: &Secret, base: Option<&str>) -> std::io::Result<Self> {
        // The process may have other providers of TLS; ours is named.
        let provider = rustls::crypto::ring::default_provider();
        let https = hyper_rustls::HttpsConnectorBuilder::new().with_provider_and_native_roots(provider)?;
        let connector: SlackClientHyperHttpsConnector = match base {
            None => SlackClientHyperConnector::with_connector(https.https_only().enable_http1().build()),
            Some(base) => {
                SlackClientHyperConnector::with_connector(https.https_or_http().enable_http1().build())
                    .with_slack_api_url(&format!("{}/api", base.trim_end_matches('/')))
            }
        };
        Ok(Self {
            client: Arc::new(SlackClient::new(connector)),
            token: SlackApiToken::new(token.reveal().into()),
            base: base.map(|base| format!("{}/", base.trim_end_matches('/'))),
            patience: PATIENCE,
        })
    }

    /// With less patience than ours.
    #[must_use]
    pub(super) fn patient(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// The same, with another token.
    #[must_use]
    pub(super) fn speaking_with(&self, token: &Secret) -> Self {
        Self { token: SlackApiToken::new(token.reveal().into()), ..self.clone() }
    }

    /// The library's client, for the socket.
    pub(super) fn client(&self) -> Arc<SlackHyperClient> {
        self.client.clone()
    }

    /// Calls a method with a JSON body.
    pub(super) async fn call(&self, method: &str, body: &Value) -> Result<Value, Trouble> {
        let session = self.client.open_session(&self.token);
        let called = session.http_session_api.http_post::<Value, Value>(method, body, None);
        self.sorted(tokio::time::timeout(self.patience, called).await)
    }

    /// Calls a method that is asked with GET.
    pub(super) async fn get(&self, method: &str, query: &[(&str, &str)]) -> Result<Value, Trouble> {
        let query: Vec<(&str, Option<&str>)> =
            query.iter().map(|(name, value)| (*name, Some(*value))).collect();
        let session = self.client.open_session(&self.token);
        let called = session.http_session_api.http_get::<Value, _, _>(method, &query, None);
        self.sorted(tokio::time::timeout(self.patience, called).await)
    }

    /// The headers with which Slack answers for our token: the library reads them, and keeps them to itself.
    pub(super) async fn headers(&self) -> Result<HeaderMap, Trouble> {
        let url = format!("{}api/auth.test", self.base.as_deref().unwrap_or("https://slack.com/"));
        let lost =
            |error: reqwest::Error| Trouble::Later { after: None, why: error.without_url().to_string() };
        let client = reqwest::Client::builder()
            .timeout(self.patience)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(lost)?;
        let asked = client.post(url).bearer_auth(&self.token.token_value.0);
        Ok(asked.send().await.map_err(lost)?.headers().clone())
    }

    /// Answers a command or a press, at the address that came with it. Nothing is sent to any other place.
    pub(super) async fn respond(&self, url: &str, body: &Value) -> Result<(), Trouble> {
        let ours = url.starts_with(self.base.as_deref().unwrap_or(HOOKS));
        let url = url.parse().ok().filter(|_| ours);
        let Some(url) = url else {
            return Err(Trouble::Refused { why: "this is no address of Slack to answer at".to_owned() });
        };
        let span = tracing::Span::none();
        let context = slack_morphism::SlackClientApiCallContext {
            rate_control_params: None,
            token: None,
            tracing_span: &span,
            is_sensitive_url: true,
        };
        let sent = self.client.http_api.connector.http_post_uri::<Value, Value>(url, body, context);
        self.sorted(tokio::time::timeout(self.patience, sent).await).map(drop)
    }

    fn sorted(
        &self,
        called: Result<Result<Value, SlackClientError>, tokio::time::error::Elapsed>,
    ) -> Result<Value, Trouble> {
        match called {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(trouble(error)),
            Err(_) => Err(Trouble::Unknown { why: format!("no answer within {:?}", self.patience) }),
        }
    }
}

/// Where a call that changes nothing failed for reasons unknown, it is simply made again.
pub(super) fn harmless(trouble: Trouble) -> Trouble {
    match trouble {
        Trouble::Unknown { why } => Trouble::Later { after: None, why },
        trouble => trouble,
    }
}

fn trouble(error: SlackClientError) -> Trouble {
    match error {
        SlackClientError::RateLimitError(limit) => {
            Trouble::Later { after: limit.retry_after, why: "rate limit".to_owned() }
        }
        SlackClientError::ApiError(error) => {
            of_code(&error.code, &details(error.http_response_body.as_deref()))
        }
        SlackClientError::HttpError(error) if error.status_code.is_server_error() => {
            Trouble::Later { after: None, why: format!("Slack answers {}", error.status_code) }
        }
        SlackClientError::HttpError(error) => {
            let body = error.http_response_body.unwrap_or_default();
            match error.status_code.as_u16() {
                // An answer whose time has passed: the response_url is used up.
                404 | 410 => Trouble::Gone,
                _ => {
                    Trouble::Refused { why: format!("Slack answers {}: {}", error.status_code, first(&body)) }
                }
            }
        }
        SlackClientError::HttpProtocolError(error) => {
            let why = error.cause.as_ref().map_or_else(|| "no connection".to_owned(), ToString::to_string);
            let connecting = error
                .cause
                .as_ref()
                .and_then(|cause| cause.downcast_ref::<hyper_util::client::legacy::Error>())
                .is_some_and(hyper_util::client::legacy::Error::is_connect);
            match connecting {
                true => Trouble::Later { after: None, why },
                false => Trouble::Unknown { why },
            }
        }
        other => Trouble::Unknown { why: first(&other.to_string()) },
    }
}

/// What an error of a method means for us (<https://docs.slack.dev/reference/methods/chat.postMessage#errors>).
fn of_code(code: &str, details: &str) -> Trouble {
    let broken = |mend: &str| Trouble::Broken { why: format!("{code}: {mend}") };
    match code {
        "ratelimited"
        | "rate_limited"
        | "message_limit_exceeded"
        | "service_unavailable"
        | "team_added_to_org"
        | "accesslimited" => Trouble::Later { after: None, why: code.to_owned() },
        // "It's possible some aspect of the operation succeeded before the error was raised."
        "fatal_error" | "internal_error" | "request_timeout" => Trouble::Unknown { why: code.to_owned() },
        "message_not_found" | "cant_update_message" | "edit_window_closed" => Trouble::Gone,
        "is_archived" => broken("unarchive the channel, or name another in [slack.channels]"),
        "channel_not_found" | "not_in_channel" => {
            broken("invite the bot to the channel (/invite @Rekindle), or name another in [slack.channels]")
        }
        "invalid_auth" | "not_authed" | "account_inactive" | "token_revoked" | "token_expired" => {
            broken("install the app anew and give us its bot token")
        }
        "missing_scope" | "no_permission" | "not_allowed_token_type" => {
            broken("give the app the scopes of `rekindle slack manifest`, and install it anew")
        }
        code if code.starts_with("restricted_action") => broken("an admin of Slack lets nobody post there"),
        "ekm_access_denied"
        | "team_access_not_granted"
        | "org_login_required"
        | "channel_type_not_supported"
        | "user_is_restricted"
        | "access_denied" => broken("an admin of Slack has to allow it"),
        code => Trouble::Refused { why: format!("{code} {details}").trim().to_owned() },
    }
}

/// The places that Slack names where a body is wrong.
fn details(body: Option<&str>) -> String {
    let body: Value = body.and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default();
    let named = body.pointer("/response_metadata/messages").and_then(Value::as_array);
    let named = named.into_iter().flatten().filter_map(Value::as_str);
    first(&named.collect::<Vec<_>>().join("; "))
}

fn first(text: &str) -> String {
    crate::wording::clean(text, 300)
}

/// The event under which a card carries its nonce.
pub(super) const CARD_EVENT: &str = "rekindle_card";

/// What a posted card carries, so that it is found again. Only strings: the library reads no others.
pub(super) fn metadata(nonce: uuid::Uuid) -> Value {
    json!({ "event_type": CARD_EVENT, "event_payload": { "nonce": nonce.to_string() } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_says_what_is_to_be_done() {
        let kind = |code| match of_code(code, "") {
            Trouble::Later { .. } => "later",
            Trouble::Unknown { .. } => "unknown",
            Trouble::Gone => "gone",
            Trouble::Broken { .. } => "broken",
            Trouble::Refused { .. } => "refused",
        };
        for (code, wanted) in [
            ("ratelimited", "later"),
            ("fatal_error", "unknown"),
            ("message_not_found", "gone"),
            ("is_archived", "broken"),
            ("token_revoked", "broken"),
            ("restricted_action_read_only_channel", "broken"),
            ("invalid_blocks", "refused"),
            ("msg_too_long", "refused"),
        ] {
            assert_eq!(kind(code), wanted, "{code}");
        }
    }
}
