//! What came from Slack, read: who, where, what. Pure; the same for the socket and for HTTP.
//!
//! Payloads are kept as they came and read by their fields: Slack adds fields as it likes, and what is new must not
//! make a press unreadable (<https://docs.slack.dev/reference/interaction-payloads>).

use super::{
    modal,
    render::{ANOTHER, home::LINK},
    unfurl::Shared,
};
use crate::{
    card::AskKind,
    command,
    form::Filled,
    inbound::{Asked, Stranger, What},
};
use rekindle_core::chat::{ChatUser, Platform};
use serde_json::Value;

/// Through which of Slack's three doors something came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    /// A slash command.
    Command,
    /// A press, a menu, a modal.
    Interaction,
    /// Something that happened.
    Event,
}

impl Door {
    /// The kind of what came, in Slack's word.
    pub(super) fn kind(self, payload: &Value) -> String {
        let kind = match self {
            Self::Command => Some("command"),
            Self::Interaction => text(payload, "/type"),
            Self::Event => text(payload, "/event/type").or_else(|| text(payload, "/type")),
        };
        crate::wording::clean(kind.unwrap_or("unknown"), 60)
    }
}

fn text<'a>(payload: &'a Value, pointer: &str) -> Option<&'a str> {
    payload.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// The workspace that a verified payload comes from.
pub(super) fn workspace(payload: &Value) -> Option<&str> {
    text(payload, "/team/id").or_else(|| text(payload, "/team_id"))
}

/// Who acts.
pub(super) fn user(payload: &Value) -> Option<ChatUser> {
    let id = text(payload, "/user/id").or_else(|| text(payload, "/user_id"))?;
    let workspace = workspace(payload)?.to_owned();
    Some(ChatUser { platform: Platform::Slack, workspace, id: id.to_owned() })
}

/// Whether it asks for nothing: a press on a button that opens a page, a tab of ours beside the home.
pub(super) fn is_nothing(payload: &Value) -> bool {
    let is_link = text(payload, "/actions/0/action_id").is_some_and(|id| id.starts_with(LINK));
    is_link || (text(payload, "/event/type") == Some("app_home_opened") && at_home(payload).is_none())
}

/// Who has opened their home (<https://docs.slack.dev/reference/events/app_home_opened>).
pub(super) fn at_home(payload: &Value) -> Option<ChatUser> {
    let is_home =
        text(payload, "/event/type")? == "app_home_opened" && text(payload, "/event/tab")? == "home";
    doer(payload).filter(|_| is_home)
}

/// Links to our pages that somebody has posted (<https://docs.slack.dev/reference/events/link_shared>). What is only being
/// written names no channel that we know.
pub(super) fn shared(payload: &Value) -> Option<Shared> {
    if text(payload, "/event/type")? != "link_shared" {
        return None;
    }
    let links = payload.pointer("/event/links").and_then(Value::as_array).into_iter().flatten();
    Some(Shared {
        user: doer(payload)?,
        channel: text(payload, "/event/channel")?.to_owned(),
        message: text(payload, "/event/message_ts")?.to_owned(),
        links: links.filter_map(|link| text(link, "/url")).map(str::to_owned).collect(),
    })
}

/// Whether it tells that user groups are other than they were
/// (<https://docs.slack.dev/reference/events/subteam_members_changed>).
pub(super) fn changes_groups(payload: &Value) -> bool {
    text(payload, "/event/type").is_some_and(|kind| kind.starts_with("subteam_"))
}

/// Who did what an event tells of.
fn doer(payload: &Value) -> Option<ChatUser> {
    let id = text(payload, "/event/user")?.to_owned();
    Some(ChatUser { platform: Platform::Slack, workspace: workspace(payload)?.to_owned(), id })
}

/// Who may not even ask: other workspaces, and guests of shared channels, who belong to another team than the one that the
/// request is from (<https://docs.slack.dev/apis/slack-connect>).
pub(super) fn stranger(payload: &Value, workspaces: &[String]) -> Option<Stranger> {
    let Some(workspace) = workspace(payload) else { return Some(Stranger::Elsewhere) };
    if !workspaces.iter().any(|allowed| allowed == workspace) {
        return Some(Stranger::Elsewhere);
    }
    let theirs = text(payload, "/user/team_id").or_else(|| text(payload, "/event/user_team"));
    theirs.is_some_and(|theirs| theirs != workspace).then_some(Stranger::Guest)
}

/// What Slack calls it: the same when the same is sent again.
pub(super) fn id(payload: &Value) -> Option<&str> {
    ["/event_id", "/trigger_id", "/view/hash"].into_iter().find_map(|pointer| text(payload, pointer))
}

/// Where answers go.
pub(super) fn response_url(payload: &Value) -> Option<&str> {
    text(payload, "/response_url")
}

/// The channel in which it was asked.
pub(super) fn channel(payload: &Value) -> Option<String> {
    let pressed_in = || modal::submitted(payload.get("view")?).and_then(|(meant, _)| meant.channel);
    text(payload, "/channel/id")
        .or_else(|| text(payload, "/channel_id"))
        .map(str::to_owned)
        .or_else(pressed_in)
}

/// What is asked; `None` when nobody here knows what it is.
pub(super) fn asked(payload: &Value) -> Option<Asked> {
    let user = user(payload)?;
    let what = match text(payload, "/type") {
        None => command(payload)?,
        Some("block_actions") => pressed(payload)?,
        Some("view_submission") => {
            let (_, meant, filled) = submitted(payload)?;
            meant.of.asks(&filled)
        }
        Some(_) => return None,
    };
    Some(Asked { user, what })
}

fn command(payload: &Value) -> Option<What> {
    let command = text(payload, "/command")?;
    let words = text(payload, "/text").unwrap_or_default();
    Some(What::Command(format!("{command} {}", unescaped(words)).trim().to_owned()))
}

/// A command's words as they were typed: without Slack's escapes, and without what it makes of addresses.
fn unescaped(words: &str) -> String {
    let mut plain = String::with_capacity(words.len());
    let mut rest = words;
    while let Some(at) = rest.find('<') {
        let (before, link) = rest.split_at(at);
        plain.push_str(before);
        // <mailto:kim@acme.test|kim@acme.test>, <https://acme.test|acme.test>
        match link.find('>') {
            Some(end) => {
                let inside = &link[1..end];
                plain.push_str(inside.rsplit_once('|').map_or(inside, |(_, shown)| shown));
                rest = &link[end + 1..];
            }
            None => {
                plain.push_str(link);
                rest = "";
            }
        }
    }
    plain.push_str(rest);
    plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

fn pressed(payload: &Value) -> Option<What> {
    let intent = text(payload, "/actions/0/action_id")?.to_owned();
    let value = text(payload, "/actions/0/selected_option/value").map(str::to_owned);
    Some(What::Press { card: card(payload)?.to_owned(), intent, value })
}

/// The card whose button was pressed.
fn card(payload: &Value) -> Option<&str> {
    text(payload, "/actions/0/value")
        .or_else(|| text(payload, "/actions/0/block_id").and_then(|block| block.strip_prefix("card:")))
}

/// What is to be asked in a form first: a command that lacks something, a button that asks in words, or a menu none of
/// whose answers fits.
pub(super) fn opens(payload: &Value) -> Option<Asked> {
    // What was filled in is not asked again.
    let asked = asked(payload).filter(|_| payload.get("view").is_none())?;
    let opens = match &asked.what {
        What::Command(line) => command::lacks(line),
        What::Press { intent, value, .. } => {
            let another = value.as_deref() == Some(ANOTHER);
            AskKind::of(intent).is_some_and(|kind| kind != AskKind::Choice || another)
        }
    };
    opens.then_some(asked)
}

/// What somebody filled into a form.
pub(super) fn submitted(payload: &Value) -> Option<(ChatUser, modal::Meant, Filled)> {
    let (meant, filled) = modal::submitted(payload.get("view")?)?;
    Some((user(payload)?, meant, filled))
}

/// What somebody types of a lead, to choose from those that it may mean.
pub(super) fn typed(payload: &Value) -> Option<(ChatUser, &str)> {
    let of_lead = text(payload, "/type") == Some("block_suggestion")
        && text(payload, "/action_id") == Some(modal::LEAD);
    of_lead.then(|| Some((user(payload)?, text(payload, "/value").unwrap_or_default()))).flatten()
}

/// By what a modal is opened, within three seconds.
pub(super) fn trigger(payload: &Value) -> Option<&str> {
    text(payload, "/trigger_id")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_command_means_what_was_typed() {
        let typed = |text: &str| {
            let payload = json!({"team_id": "T1", "user_id": "U1", "command": "/lead", "text": text});
            match asked(&payload).unwrap().what {
                What::Command(text) => text,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(typed("claim <mailto:kim@acme.test|kim@acme.test>"), "/lead claim kim@acme.test");
        assert_eq!(typed("note kim a &lt; b &amp;amp; c"), "/lead note kim a < b &amp; c");
        assert_eq!(typed("note kim <!channel> <open"), "/lead note kim !channel <open");
        assert_eq!(typed(""), "/lead");
    }

    #[test]
    fn strangers_are_told_from_the_team() {
        let ours = ["T1".to_owned()];
        let of = |payload: Value| stranger(&payload, &ours);
        assert_eq!(of(json!({"team": {"id": "T1"}, "user": {"id": "U1", "team_id": "T1"}})), None);
        assert_eq!(of(json!({"team_id": "T1", "user_id": "U1"})), None);
        assert_eq!(of(json!({"team": {"id": "T2"}, "user": {"id": "U1"}})), Some(Stranger::Elsewhere));
        assert_eq!(
            of(json!({"team": null, "user": {"id": "U1", "team_id": "T1"}})),
            Some(Stranger::Elsewhere)
        );
        let guest = json!({"team": {"id": "T1"}, "user": {"id": "U9", "team_id": "T9"}});
        assert_eq!(of(guest), Some(Stranger::Guest));
    }

    #[test]
    fn a_button_that_asks_in_words_opens_a_modal_and_a_menu_does_not() {
        let press = |intent: &str| {
            json!({"type": "block_actions", "team": {"id": "T1"}, "user": {"id": "U1"}, "channel": {"id": "C1"},
                "actions": [{"action_id": intent, "block_id": "card:alert_1", "selected_option": {"value": "1h"}}]})
        };
        let won = opens(&press("won")).unwrap().what;
        assert_eq!(
            won,
            What::Press { card: "alert_1".into(), intent: "won".into(), value: Some("1h".into()) }
        );
        let typed = |text: &str| json!({"team_id": "T1", "user_id": "U1", "command": "/lead", "text": text});
        assert!(opens(&typed("add")).is_some() && opens(&typed("hot")).is_none());
        assert!(opens(&press("snooze")).is_none() && opens(&press("claim")).is_none());
        let what = What::Press { card: "alert_1".into(), intent: "snooze".into(), value: Some("1h".into()) };
        assert_eq!(asked(&press("snooze")).unwrap().what, what);
    }
}
