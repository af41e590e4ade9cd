//! Each member's tab in Slack, where they opened it once: published anew while it shows something else than there is to show.
//!
//! Promise: homes converge. What one shows is kept as a digest, and only once Slack has taken it; Slack's name for that
//! state goes with the next one, so that nothing older is put over something newer
//! (<https://docs.slack.dev/reference/methods/views.publish>).

use super::{api::harmless, render::home as render, voice::SlackVoice};
use crate::{inbound::Inbound, wall::Trouble};
use rekindle_core::{chat::Platform, link::digest};
use rekindle_storage::{Result, homes::Opened};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;

/// How long changes are gathered: what a member sees in cards at once may stand here a little later.
const GATHER: Duration = Duration::from_secs(3);
/// How long it waits for a change before it looks by itself: a day begins, scores cool.
const LOOK: Duration = Duration::from_secs(60);
/// How long Slack is left alone when it takes nothing, where it does not say itself.
const REST: Duration = Duration::from_secs(10);

/// Which homes are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    All,
    /// Those that were just opened.
    Opened,
}

/// The homes of a workspace. Clones share who knocks.
#[derive(Debug, Clone)]
pub(super) struct Homes {
    inbound: Inbound,
    voice: Arc<SlackVoice>,
    knock: Arc<Notify>,
}

impl Homes {
    pub(super) fn new(inbound: Inbound, voice: Arc<SlackVoice>) -> Self {
        Self { inbound, voice, knock: Arc::default() }
    }

    /// Somebody has opened theirs: it was noted, and is looked at now.
    pub(super) fn knock(&self) {
        self.knock.notify_one();
    }

    /// Keeps them up to date until it is dropped.
    pub(super) async fn keep(&self) {
        let mut changes = self.inbound.store().changes();
        loop {
            let rest = match self.bring_up(Which::All).await {
                Some(rest) => Some(rest),
                None => match self.meanwhile(changes.wait(LOOK)).await {
                    Some(rest) => Some(rest),
                    None => self.meanwhile(tokio::time::sleep(GATHER)).await,
                },
            };
            if let Some(rest) = rest {
                tokio::time::sleep(rest).await;
            }
        }
    }

    /// Waits, and answers the door meanwhile; how long Slack wants to be left alone, if it does.
    async fn meanwhile(&self, wait: impl Future<Output = ()>) -> Option<Duration> {
        tokio::pin!(wait);
        loop {
            tokio::select! {
                () = &mut wait => return None,
                () = self.knock.notified() => {
                    if let Some(rest) = self.bring_up(Which::Opened).await {
                        return Some(rest);
                    }
                }
            }
        }
    }

    /// Publishes what is behind; how long Slack wants to be left alone, if it does.
    async fn bring_up(&self, which: Which) -> Option<Duration> {
        let homes = match self.inbound.store().homes().all(Platform::Slack).await {
            Ok(homes) => homes,
            Err(error) => {
                tracing::warn!(%error, "homes could not be brought up to date; trying again");
                return Some(REST);
            }
        };
        for home in homes.into_iter().filter(|home| which == Which::All || home.shown.is_none()) {
            match self.show(home).await {
                Ok(None) => {}
                Ok(rest) => return rest,
                Err(error) => tracing::warn!(%error, "a home could not be brought up to date; trying again"),
            }
        }
        None
    }

    /// Publishes a home where it is behind.
    async fn show(&self, home: Opened) -> Result<Option<Duration>> {
        let store = self.inbound.store();
        // Who opens it is asked for by their address, too, as who presses a button is.
        let member = match &home.shown {
            None => self.inbound.member(&*self.voice, None, &home.user).await?,
            Some(_) => store.chat().member_of(&home.user).await?,
        };
        let desk = self.inbound.desk();
        let house = desk.house_url().await?;
        let (view, digest) = match member {
            Some(member) => {
                let view = json!(render::home(&desk.view().home(&member).await?, &member.name, &house));
                let digest = digest(&view.to_string());
                (view, digest)
            }
            // A link is good for a while: one that has been shown is not drawn anew while nobody looks.
            None if home.shown.as_deref() == Some(UNKNOWN) => return Ok(None),
            None => {
                let (words, link) = desk.invitation(&home.user).await?;
                (json!(render::unknown(&words, &link)), UNKNOWN.to_owned())
            }
        };
        if home.shown.as_ref() == Some(&digest) {
            return Ok(None);
        }
        let mut body = json!({ "user_id": home.user.id, "view": view });
        if let Some(version) = &home.version {
            body["hash"] = Value::from(version.as_str());
        }
        let shown = match self.voice.api.call("views.publish", &body).await.map_err(harmless) {
            Ok(published) => {
                let version = published.pointer("/view/hash").and_then(Value::as_str).map(str::to_owned);
                Opened { shown: Some(digest), version, ..home }
            }
            Err(Trouble::Later { after, why }) => {
                tracing::warn!(why, "Slack takes no homes for now");
                return Ok(Some(after.unwrap_or(REST)));
            }
            // Somebody else was faster; what it shows now is not known.
            Err(Trouble::Refused { why }) if why.starts_with("hash_conflict") => {
                self.knock();
                Opened { shown: None, version: None, ..home }
            }
            // It would be refused the next time as well; what changes then is tried again.
            Err(trouble) => {
                tracing::warn!(%trouble, user = home.user.id, "a home cannot be shown");
                Opened { shown: Some(digest), version: None, ..home }
            }
        };
        store.homes().shows(&shown).await?;
        Ok(None)
    }
}

/// What stands for the home of somebody whom nobody knows.
const UNKNOWN: &str = "unknown";
