//! Webhooks out: what happened is told to the operator's own program, signed, and again until it is taken.
//!
//! Promise: at least once, with the same id each time. Nobody is called but the address of the settings, and that only where it leads
//! out of the house: every address that its name has is looked at when the connection is made, and no redirect is followed.

mod reach;

use rekindle_core::{
    time::Moment,
    webhook::{again_at, signature},
};
use rekindle_storage::{Store, StoreError, webhooks::Call};
use reqwest::{Client, Url, redirect::Policy};
use std::{fmt, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

pub use reach::{is_public, may_be_called};

/// How long an answer may take in all.
const LONGEST: Duration = Duration::from_secs(10);
/// How much of an answer is read.
const MOST_OF_ANSWER: usize = 64 * 1024;
/// How many calls are looked at together.
const PAGE: u64 = 20;
/// How often is looked for calls.
const LOOK: Duration = Duration::from_secs(1);
/// The work that one process does at a time.
const WORK: &str = "webhooks";

/// Where to, and with what secret.
#[derive(Clone)]
pub struct Settings {
    /// The program's address.
    pub url: Url,
    /// The key of the signatures.
    pub key: Vec<u8>,
    /// Whether the address may be one within the house: the operator said so.
    pub inside: bool,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("host", &self.url.host_str())
            .field("inside", &self.inside)
            .finish_non_exhaustive()
    }
}

/// Who makes the calls.
#[derive(Debug)]
pub struct Webhooks {
    store: Store,
    settings: Settings,
    client: Client,
}

impl Webhooks {
    /// Calls to the address of the settings.
    ///
    /// # Errors
    /// When the machine has no certificates to check others by.
    pub fn new(store: Store, settings: Settings) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .redirect(Policy::none())
            .timeout(LONGEST)
            .no_gzip()
            .no_proxy()
            .user_agent("Rekindle")
            .dns_resolver(Arc::new(reach::Resolver { inside: settings.inside }))
            .build()?;
        Ok(Self { store, settings, client })
    }

    /// Makes calls until the stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut changes = self.store.changes();
        while !stop.is_cancelled() {
            if let Err(error) = self.round(&stop).await {
                tracing::error!(%error, "cannot look for webhook calls; trying again");
            }
            let _ = stop.run_until_cancelled(changes.wait(LOOK)).await;
        }
        let _ = self.store.leaves(WORK).await;
    }

    async fn round(&self, stop: &CancellationToken) -> Result<(), StoreError> {
        if !self.store.works_at(WORK).await? {
            return Ok(());
        }
        loop {
            let due = self.store.webhooks().due(PAGE).await?;
            if due.is_empty() || stop.is_cancelled() {
                return Ok(());
            }
            for call in due {
                self.make(&call).await?;
            }
        }
    }

    async fn make(&self, call: &Call) -> Result<(), StoreError> {
        let (webhooks, now) = (self.store.webhooks(), self.store.clock().wall());
        match self.send(call, now).await {
            Ok(answer) => webhooks.taken(call, &answer).await,
            Err(why) => {
                let jitter = f64::from(call.id.as_bytes()[15]) / 255.0;
                let again = again_at(call.tries + 1, call.created_at, now, jitter);
                match again {
                    Some(at) => {
                        tracing::warn!(call = %call.id, event = call.event, why, %at, "a webhook call was not taken");
                    }
                    None => {
                        tracing::error!(call = %call.id, event = call.event, why, "a webhook call is given up");
                    }
                }
                webhooks.failed(call, &why, again).await
            }
        }
    }

    /// Makes a call once: the answer, or why it was not taken.
    async fn send(&self, call: &Call, now: Moment) -> Result<String, String> {
        let (id, timestamp) = (call.id.to_string(), now.timestamp());
        let request = self
            .client
            .post(self.settings.url.clone())
            .header("content-type", "application/json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signature(&self.settings.key, &id, timestamp, &call.body))
            .body(call.body.clone());
        let mut answer = request.send().await.map_err(|error| error.without_url().to_string())?;
        let status = answer.status();
        let mut read = 0;
        while let Some(chunk) = answer.chunk().await.map_err(|error| error.without_url().to_string())? {
            read += chunk.len();
            if read > MOST_OF_ANSWER {
                return Err(format!("{status}, and more than {MOST_OF_ANSWER} bytes"));
            }
        }
        if status.is_success() { Ok(status.to_string()) } else { Err(status.to_string()) }
    }
}
