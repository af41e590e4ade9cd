//! The doors of the providers: what they tell of our mails by webhook (threats 4.3, 4).
//!
//! The signature comes first, over the bytes as they came: 401, and nothing was read. 200 is said once all that was told is
//! durable, 503 where it cannot be kept, so that the provider comes again. A replay changes nothing, however old it is
//! (`storage/src/heard.rs`).

mod ses;

pub use ses::Fetch;

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State, rejection::BytesRejection},
    routing::post,
};
use chrono::TimeDelta;
use http::{HeaderMap, StatusCode};
use rekindle_core::chat::Secret;
use rekindle_mail::{
    hooks::{Provider, read, signature},
    mark,
};
use rekindle_storage::{Store, StoreError};
use std::sync::Arc;

/// More than this is no webhook of theirs.
const BODY_LIMIT: usize = 1024 * 1024;
/// How far the signed time of the plain webhook may be from ours (Standard Webhooks).
const SKEW: i64 = 300;

/// By what each provider is known. Without it its door is not there.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    /// Amazon SES: the ARN of the SNS topic.
    pub ses_topic: Option<String>,
    /// SendGrid: the public key of its signed webhook, base64.
    pub sendgrid: Option<String>,
    /// Mailgun: the signing key.
    pub mailgun: Option<Secret>,
    /// Postmark: the password that we gave it, with the user [`POSTMARK_USER`].
    pub postmark: Option<Secret>,
    /// Anybody: the secret of a Standard Webhook, "whsec_…".
    pub generic: Option<Secret>,
}

/// The user of Postmark's basic authentication.
pub const POSTMARK_USER: &str = "rekindle";

/// What the doors need. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Hooks {
    store: Store,
    keys: Arc<Keys>,
    out_of_office: TimeDelta,
    ses: Arc<ses::Sns>,
}

impl Hooks {
    /// Doors for the providers that have keys. A run for which a machine answered waits `out_of_office` longer; `fetch` gets
    /// what SNS has at Amazon.
    pub fn new(store: Store, keys: Keys, out_of_office: TimeDelta, fetch: Arc<dyn Fetch>) -> Self {
        Self { store, keys: Arc::new(keys), out_of_office, ses: Arc::new(ses::Sns::new(fetch)) }
    }
}

/// `POST /hooks/{ses,sendgrid,mailgun,postmark,generic}`. Public.
pub fn router(hooks: Hooks) -> Router {
    Router::new()
        .route("/hooks/{provider}", post(take))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(hooks)
}

/// What is said to a provider, for whoever reads its log.
type Said = (StatusCode, &'static str);

const NOT_THERE: Said = (StatusCode::NOT_FOUND, "there is no such webhook\n");
const NOT_BELIEVED: Said = (StatusCode::UNAUTHORIZED, "the signature is not that of our provider\n");
const NOT_KEPT: Said = (StatusCode::SERVICE_UNAVAILABLE, "it could not be kept; come again\n");
const TAKEN: Said = (StatusCode::OK, "taken\n");

async fn take(
    State(hooks): State<Hooks>,
    Path(provider): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Said {
    let body = match body {
        Ok(body) => body,
        Err(error) => return (error.status(), "the body could not be read\n"),
    };
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Keys { ses_topic, sendgrid, mailgun, postmark, generic } = &*hooks.keys;
    let (provider, believed) = match provider.as_str() {
        "ses" => {
            let Some(topic) = ses_topic else { return NOT_THERE };
            match hooks.ses.believes(topic, &body).await {
                Ok(ses::Word::Notification) => (Provider::Ses, true),
                Ok(ses::Word::Confirmed) => return TAKEN,
                Ok(ses::Word::Forged) => (Provider::Ses, false),
                Err(error) => {
                    tracing::warn!(error, "what SNS has at Amazon cannot be fetched");
                    return NOT_KEPT;
                }
            }
        }
        "sendgrid" => {
            let Some(key) = sendgrid else { return NOT_THERE };
            let time = header("x-twilio-email-event-webhook-timestamp");
            let signed = header("x-twilio-email-event-webhook-signature");
            (Provider::SendGrid, signature::sendgrid(key, time, signed, &body).is_some())
        }
        "mailgun" => {
            let Some(key) = mailgun else { return NOT_THERE };
            (Provider::Mailgun, signature::mailgun(key.reveal(), &body).is_some())
        }
        "postmark" => {
            let Some(password) = postmark else { return NOT_THERE };
            let login = header("authorization");
            (Provider::Postmark, signature::postmark(POSTMARK_USER, password.reveal(), login))
        }
        "generic" => {
            let Some(secret) = generic else { return NOT_THERE };
            let (id, time) = (header("webhook-id"), header("webhook-timestamp"));
            let signed = signature::standard(secret.reveal(), id, time, header("webhook-signature"), &body);
            let now = hooks.store.clock().wall().timestamp();
            (Provider::Generic, signed.is_some_and(|at| at.abs_diff(now) <= SKEW.unsigned_abs()))
        }
        _ => return NOT_THERE,
    };
    match believed {
        true => hooks.keep(provider, &body).await,
        false => NOT_BELIEVED,
    }
}

impl Hooks {
    /// Takes in what was told, one after the other; what cannot be kept for a reason of its own holds up none behind it.
    async fn keep(&self, provider: Provider, body: &[u8]) -> Said {
        let told = match read(provider, body) {
            Ok(told) => told,
            Err(error) => {
                tracing::warn!(%error, ?provider, "a webhook was signed, and says nothing that we know");
                return (StatusCode::BAD_REQUEST, "this is no body of that provider\n");
            }
        };
        let reports = told.iter().filter_map(|heard| mark::report(self.store.ring(), heard));
        let playbooks = match self.store.load_playbooks().await {
            Ok(playbooks) => playbooks,
            Err(_) => return NOT_KEPT,
        };
        for report in reports {
            match self.store.hear(&report, &playbooks, self.out_of_office).await {
                Ok(changed) => tracing::debug!(mail = %report.mail, changed, "heard of a mail"),
                Err(StoreError::Away(_) | StoreError::Busy(_)) => return NOT_KEPT,
                Err(error) => {
                    tracing::error!(%error, mail = %report.mail, "what was told of a mail cannot be kept");
                }
            }
        }
        TAKEN
    }
}
