//! Who may what in Slack: every command, button and form against every role, and against who has none.

use rekindle_bot::{
    card::AskKind,
    command::{self, verbs},
    intent::Intent,
};
use rekindle_core::team::{Deed, Role};
use rekindle_tests::{
    roles::{BUTTONS, COMMANDS, FORMS},
    slack::payloads,
};
use serde_json::json;

use crate::stage::{By, Stage, eventually};

/// Somebody of each role, and two who have none: one who left, and one whom nobody knows.
const PEOPLE: [(&str, Option<Role>); 6] = [
    ("U0VIC", Some(Role::Viewer)),
    ("U0ANA", Some(Role::Sales)),
    ("U0MIA", Some(Role::Marketing)),
    ("U0ADA", Some(Role::Admin)),
    ("U0BEN", None),
    ("U0NEW", None),
];

async fn stage() -> Stage {
    let stage = Stage::set(By::Http).await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage.look().await;
    stage.home.shoulder().await.run("UPDATE member SET active = FALSE WHERE handle = 'ben'").await;
    stage
}

/// Whether what was whispered is the verdict that a role deserves.
fn judge(told: &str, deed: Deed, role: Option<Role>, what: &str) {
    match role {
        None => assert!(told.contains("/link-chat/"), "{what}: {told}"),
        Some(role) => {
            let refused = told.starts_with("Your role is") && told.contains("which may not");
            assert_eq!(refused, !deed.roles().contains(&role), "{role} {what}: {told}");
        }
    }
}

#[test]
fn there_is_a_line_for_every_command() {
    for verb in verbs() {
        assert!(
            COMMANDS.iter().any(|line| line.trim_start_matches('/').starts_with(&verb)),
            "{verb} has no line in roles::COMMANDS"
        );
    }
}

#[tokio::test]
async fn every_command_asks_the_role() {
    let stage = stage().await;
    for line in COMMANDS {
        let deed = command::parse(line).unwrap().deed();
        let (slash, words) = line.split_once(' ').unwrap();
        for (user, role) in PEOPLE {
            let many = stage.slack.whispers().len();
            stage.send("commands", &payloads::command(&stage.slack, user, slash, words)).await;
            let told = stage.whispered(many + 1).await;
            judge(told["text"].as_str().unwrap(), deed, role, line);
        }
    }
    stage.slack.no_offences();
}

#[tokio::test]
async fn every_button_and_every_form_asks_the_role() {
    let stage = stage().await;
    let press = payloads::press(&stage.slack, "U0ANA", &stage.card(), "claim", None);
    let pressed = |intent: &str, value: Option<&str>, user: &str| {
        let mut payload = press.clone();
        payload["user"]["id"] = json!(user);
        payload["trigger_id"] = json!(format!("{intent}-{user}-{value:?}"));
        payload["actions"][0]["action_id"] = json!(intent);
        payload["actions"][0]["selected_option"] = json!({"value": value});
        payload
    };
    for (intent, value) in BUTTONS {
        let deed = Intent::of_press(intent, *value).unwrap().deed();
        let asks = AskKind::of(intent).filter(|kind| *kind != AskKind::Choice);
        let form = match asks {
            None => None,
            Some(_) => Some(stage.form("interactions", &pressed(intent, None, "U0ADA")).await),
        };
        for (user, role) in PEOPLE {
            let payload = match (&form, asks) {
                (Some(form), Some(AskKind::Form)) => {
                    payloads::filled(user, form, &[("member", value.unwrap())])
                }
                (Some(form), _) => payloads::submission(user, form, *value),
                (None, _) => pressed(intent, *value, user),
            };
            let many = stage.slack.whispers().len();
            stage.send("interactions", &payload).await;
            let told = stage.whispered(many + 1).await;
            judge(told["text"].as_str().unwrap(), deed, role, intent);
        }
    }
    stage.slack.no_offences();
}

#[tokio::test]
async fn a_form_is_shown_only_to_whom_may_do_what_it_is_for() {
    let stage = stage().await;
    for (line, deed) in FORMS {
        let (slash, words) = line.split_once(' ').unwrap();
        for (user, role) in PEOPLE {
            let (whispers, views) = (stage.slack.whispers().len(), stage.slack.views().len());
            stage.send("commands", &payloads::command(&stage.slack, user, slash, words)).await;
            if role.is_some_and(|role| deed.roles().contains(&role)) {
                eventually(|| (stage.slack.views().len() > views).then_some(())).await;
                continue;
            }
            let told = stage.whispered(whispers + 1).await;
            judge(told["text"].as_str().unwrap(), *deed, role, line);
            assert_eq!(stage.slack.views().len(), views, "{user}: {line}");
        }
    }
    stage.slack.no_offences();
}
