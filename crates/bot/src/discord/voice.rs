//! Discord's voice: reads what was kept of an interaction, and answers whoever asked.

use super::{
    heard::{Back, Heard},
    render,
    rest::Rest,
};
use crate::{
    groups::Groups,
    inbound::{Asked, Voice},
    reply::Reply,
    wall::Trouble,
};
use async_trait::async_trait;
use chrono::TimeDelta;
use rekindle_core::{
    chat::{ChatUser, Platform},
    email::EmailAddress,
    team::Role,
};
use rekindle_storage::{Store, inbound::Arrived};
use std::time::Duration;

/// How long the token of an interaction is good: a quarter of an hour, less what an answer takes.
/// Source: <https://discord.com/developers/docs/interactions/receiving-and-responding#followup-messages>.
const GOOD_FOR: TimeDelta = TimeDelta::minutes(14);
/// How long Discord may take to see an acknowledgement; before that, it knows of nothing to answer.
const SETTLES: TimeDelta = TimeDelta::seconds(5);

/// Answers in private.
#[derive(Debug)]
pub(super) struct DiscordVoice {
    pub(super) rest: Rest,
    pub(super) store: Store,
    /// Where the team reaches the web pages, as the settings say.
    pub(super) public_url: String,
    /// The roles of the guilds that give a role of ours.
    pub(super) roles: Groups,
}

impl DiscordVoice {
    /// Where the house is. One that runs may listen elsewhere than the settings say.
    pub(super) async fn house_url(&self) -> String {
        let told = self.store.public_url().await.ok().flatten();
        told.unwrap_or_else(|| self.public_url.clone())
    }

    /// Answers with the picture, where there is one; where no files may be sent, the words say the same.
    async fn answer(&self, token: &str, reply: &Reply, url: &str) -> Result<(), Trouble> {
        if let Some(picture) = reply.picture.clone() {
            // To draw takes a while, and others wait for their answers.
            let drawn = tokio::task::spawn_blocking(move || render::image(&picture)).await;
            if let Some(image) = drawn.ok().flatten() {
                let answer = render::reply(reply, Some(&image), url);
                match self.rest.complete(token, &answer, Some(image)).await {
                    Err(Trouble::Refused { .. } | Trouble::Broken { .. }) => {}
                    answered => return answered,
                }
            }
        }
        self.rest.complete(token, &render::reply(reply, None, url), None).await
    }
}

fn heard(came: Option<&Arrived>) -> Option<Heard> {
    serde_json::from_value(came?.payload.clone()).ok()
}

#[async_trait]
impl Voice for DiscordVoice {
    fn platform(&self) -> Platform {
        Platform::Discord
    }

    fn answers_for(&self) -> TimeDelta {
        GOOD_FOR
    }

    fn asked(&self, came: &Arrived) -> Option<Asked> {
        Some(heard(Some(came))?.asked(&came.workspace))
    }

    /// Discord tells bots no addresses.
    async fn email_of(&self, _: &ChatUser) -> Result<Option<EmailAddress>, Trouble> {
        Ok(None)
    }

    /// What Discord said with the interaction: it is of this moment.
    async fn role_of(&self, came: Option<&Arrived>, _: &ChatUser) -> Result<Option<Role>, Trouble> {
        Ok(heard(came).and_then(|heard| self.roles.role(heard.roles.iter().map(String::as_str))))
    }

    async fn name_of(&self, came: Option<&Arrived>, _: &ChatUser) -> Result<Option<String>, Trouble> {
        Ok(heard(came).map(|heard| heard.name))
    }

    async fn whisper(&self, came: &Arrived, reply: &Reply) -> Result<(), Trouble> {
        let Some(heard) = heard(Some(came)) else { return Ok(()) };
        // The card itself shows what was done.
        if heard.back == Back::Beside && reply.ok {
            return Ok(());
        }
        let url = self.house_url().await;
        let answered = match heard.back {
            Back::Beside => self.rest.follow(&heard.token, &render::follow_up(reply, &url)).await,
            Back::First => self.answer(&heard.token, reply, &url).await,
        };
        match answered {
            // We may be faster than the acknowledgement on its way.
            Err(Trouble::Gone) if self.store.clock().wall() - came.at < SETTLES => Err(Trouble::Later {
                after: Some(Duration::from_millis(300)),
                why: "Discord has not seen the acknowledgement yet".to_owned(),
            }),
            answered => answered,
        }
    }
}
