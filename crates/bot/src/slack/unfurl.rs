//! Links to our leads that somebody posts in Slack: shown as the lead's card, where no more people read it than read cards.
//!
//! What is unfurled is read by everybody in the channel. So it is done in the channels alone that show cards anyway, for a
//! member who may look at leads, and never where people of another organisation or workspace are; else nothing is done, and
//! nothing said. What the bot posts itself is nobody's: it is no member
//! (<https://docs.slack.dev/messaging/unfurling-links-in-messages>).

use super::{api::harmless, render::unfurl as render, voice::SlackVoice};
use crate::{home::Line, inbound::Inbound};
use rekindle_core::{
    chat::ChatUser,
    ids::LeadId,
    team::{Deed, Handle},
};
use rekindle_storage::{Result, StoreError};
use serde_json::{Map, Value, json};
use slack_morphism::prelude::SlackBlock;
use std::sync::Arc;

/// How many links of one message are shown.
const LINKS: usize = 5;

/// Links that somebody posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shared {
    /// Who.
    pub(super) user: ChatUser,
    /// In which channel.
    pub(super) channel: String,
    /// In which message.
    pub(super) message: String,
    /// The links, as they stand there.
    pub(super) links: Vec<String>,
}

/// Shows links as cards. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Unfurler {
    inbound: Inbound,
    voice: Arc<SlackVoice>,
    /// The channels that show cards.
    channels: Arc<[String]>,
}

impl Unfurler {
    pub(super) fn new(inbound: Inbound, voice: Arc<SlackVoice>, channels: Arc<[String]>) -> Self {
        Self { inbound, voice, channels }
    }

    /// Shows what may be shown.
    pub(super) async fn show(&self, shared: &Shared) {
        let unfurls = match self.unfurls(shared).await {
            Ok(unfurls) => unfurls,
            Err(error) => return tracing::warn!(%error, "links could not be shown as cards"),
        };
        if unfurls.is_empty() || !self.is_among_us(&shared.channel).await {
            return;
        }
        let body = json!({ "channel": shared.channel, "ts": shared.message, "unfurls": unfurls });
        if let Err(trouble) = self.voice.api.call("chat.unfurl", &body).await {
            tracing::warn!(%trouble, channel = shared.channel, "links could not be shown as cards");
        }
    }

    /// What each link to a lead shows; nothing where it is not to be shown.
    async fn unfurls(&self, shared: &Shared) -> Result<Map<String, Value>> {
        let mut unfurls = Map::new();
        let store = self.inbound.store();
        let member = store.chat().member_of(&shared.user).await?;
        if !self.channels.contains(&shared.channel) || member.is_none_or(|one| one.may(Deed::Look).is_err()) {
            return Ok(unfurls);
        }
        let pages = format!("{}/leads/", self.inbound.desk().house_url().await?);
        for link in &shared.links {
            let Some(lead) = link.strip_prefix(&pages).and_then(lead) else { continue };
            if unfurls.len() < LINKS
                && let Some(blocks) = self.about(lead).await?
            {
                unfurls.insert(link.clone(), json!({ "blocks": blocks }));
            }
        }
        Ok(unfurls)
    }

    /// A lead as cards show it; `None` when there is none.
    async fn about(&self, id: LeadId) -> Result<Option<Vec<SlackBlock>>> {
        let (store, view) = (self.inbound.store(), self.inbound.desk().view());
        let lead = match store.leads().by_id(id).await {
            Err(StoreError::Refused(_)) => return Ok(None),
            lead => lead?,
        };
        if let Some(alert) = store.alerts().live_on(id).await? {
            return Ok(Some(render::card(&view.alert(&alert).await?)));
        }
        let scored = view.explained(&lead).await?;
        let stands = lead
            .owner
            .as_ref()
            .map_or_else(|| "nobody has them".to_owned(), |by| format!("with {}", Handle::name(by)));
        Ok(Some(render::lead(&Line::about(&lead, scored.score, scored.grade, stands))))
    }

    /// Whether nobody but people of this workspace reads a channel
    /// (<https://docs.slack.dev/reference/objects/conversation-object>). Where Slack does not say so, somebody may.
    async fn is_among_us(&self, channel: &str) -> bool {
        match self.voice.api.get("conversations.info", &[("channel", channel)]).await.map_err(harmless) {
            Ok(told) => !read_by_others(&told),
            Err(trouble) => {
                tracing::warn!(%trouble, channel, "nobody knows who reads this channel; no link is shown there");
                false
            }
        }
    }
}

/// Whether a channel is shared with another organisation or workspace, or is about to be.
pub(super) fn read_by_others(told: &Value) -> bool {
    let is =
        |field: &str| told.pointer(&format!("/channel/{field}")).and_then(Value::as_bool).unwrap_or(false);
    is("is_shared") || is("is_ext_shared") || is("is_org_shared") || is("is_pending_ext_shared")
}

/// The lead of what stands behind "/leads/".
fn lead(rest: &str) -> Option<LeadId> {
    rest.split(['/', '?', '#']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_means_a_lead_with_whatever_stands_behind() {
        let id = "lead_0195f7c2a0e87b6e8d0c5a1b2c3d4e5f";
        for rest in [id.to_owned(), format!("{id}?from=mail"), format!("{id}#why"), format!("{id}/")] {
            assert_eq!(lead(&rest).map(|id| id.to_string()).as_deref(), Some(id), "{rest}");
        }
        assert_eq!(lead("alert_0195f7c2a0e87b6e8d0c5a1b2c3d4e5f"), None);
        assert_eq!(lead(""), None);
    }
}
