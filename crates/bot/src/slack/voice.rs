//! How Slack is answered: at the address that came with the request, or in the channel where it was asked.

use super::{
    api::{Api, harmless},
    read, render,
    user_groups::UserGroups,
};
use crate::{
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
use rekindle_storage::inbound::Arrived;
use serde_json::{Value, json};

/// How long an answer is taken at the address that came with a request
/// (<https://docs.slack.dev/interactivity/handling-user-interaction#message_responses>).
const ANSWERS_FOR: TimeDelta = TimeDelta::minutes(30);

/// Slack, spoken to.
#[derive(Debug)]
pub(super) struct SlackVoice {
    pub(super) api: Api,
    pub(super) groups: UserGroups,
}

#[async_trait]
impl Voice for SlackVoice {
    fn platform(&self) -> Platform {
        Platform::Slack
    }

    fn answers_for(&self) -> TimeDelta {
        ANSWERS_FOR
    }

    fn asked(&self, came: &Arrived) -> Option<Asked> {
        read::asked(&came.payload)
    }

    /// The address of a user of this workspace, once they have confirmed it
    /// (<https://docs.slack.dev/reference/objects/user-object>).
    async fn email_of(&self, user: &ChatUser) -> Result<Option<EmailAddress>, Trouble> {
        let told = self.api.get("users.info", &[("user", &user.id)]).await.map_err(harmless)?;
        let is = |pointer: &str| told.pointer(pointer).and_then(Value::as_bool).unwrap_or(false);
        let theirs = told.pointer("/user/team_id").and_then(Value::as_str);
        let is_member = theirs.is_none_or(|team| team == user.workspace)
            && ![
                "/user/is_stranger",
                "/user/is_restricted",
                "/user/is_ultra_restricted",
                "/user/deleted",
                "/user/is_bot",
            ]
            .into_iter()
            .any(is);
        if !is_member || !is("/user/is_email_confirmed") {
            return Ok(None);
        }
        let email = told.pointer("/user/profile/email").and_then(Value::as_str);
        Ok(email.and_then(|email| EmailAddress::parse(email).ok()))
    }

    async fn role_of(&self, _: Option<&Arrived>, user: &ChatUser) -> Result<Option<Role>, Trouble> {
        self.groups.role_of(&user.id).await
    }

    /// As their address begins, which they have confirmed: whoever has none that counts is kept out.
    async fn name_of(&self, _: Option<&Arrived>, user: &ChatUser) -> Result<Option<String>, Trouble> {
        let email = self.email_of(user).await?;
        Ok(email.and_then(|email| Some(email.as_str().split_once('@')?.0.to_owned())))
    }

    async fn whisper(&self, came: &Arrived, reply: &Reply) -> Result<(), Trouble> {
        if reply.text.is_empty() {
            return Ok(());
        }
        match self.say(came, reply).await {
            // A Slack that does not draw yet: the words say the same.
            Err(Trouble::Refused { .. }) if reply.picture.is_some() => {
                self.say(came, &Reply { picture: None, ..reply.clone() }).await
            }
            said => said,
        }
    }
}

impl SlackVoice {
    /// Says it where it was asked, to whoever asked.
    async fn say(&self, came: &Arrived, reply: &Reply) -> Result<(), Trouble> {
        let rendered = render::reply(reply);
        let mut message = json!({
            "text": rendered.text,
            "parse": "none",
            "link_names": false,
            "unfurl_links": false,
            "unfurl_media": false,
        });
        if !rendered.blocks.is_empty() {
            message["blocks"] = serde_json::to_value(&rendered.blocks).unwrap_or_default();
        }
        if let Some(url) = read::response_url(&came.payload) {
            let mut answer = message.clone();
            answer["response_type"] = Value::from("ephemeral");
            answer["replace_original"] = Value::from(false);
            match self.api.respond(url, &answer).await {
                // Used five times, or half an hour old: it is said in the channel.
                Err(Trouble::Gone) => {}
                answered => return answered,
            }
        }
        let Some(user) = read::user(&came.payload) else { return Ok(()) };
        if let Some(channel) = read::channel(&came.payload) {
            message["channel"] = Value::from(channel);
            message["user"] = Value::from(user.id.clone());
            match self.api.call("chat.postEphemeral", &message).await {
                // What is wrong with the picture is wrong with it everywhere.
                Err(refused @ Trouble::Refused { .. }) if reply.picture.is_some() => return Err(refused),
                // A channel that we are not in: whoever types a command anywhere is answered all the same.
                Err(Trouble::Broken { .. } | Trouble::Refused { .. } | Trouble::Gone) => {}
                said => return said.map(drop),
            }
        }
        if let Some(message) = message.as_object_mut() {
            message.remove("user");
        }
        message["channel"] = Value::from(user.id);
        self.api.call("chat.postMessage", &message).await.map(drop)
    }
}
