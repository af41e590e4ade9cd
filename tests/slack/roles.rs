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

/// Somebody in a group for each role, and somebody in none.
const GROUPED: [(&str, &str, Option<Role>); 5] = [
    ("S0VIEW", "U1VIC", Some(Role::Viewer)),
    ("S0SALES", "U1ANA", Some(Role::Sales)),
    ("S0MARKET", "U1MIA", Some(Role::Marketing)),
    ("S0ADMIN", "U1ADA", Some(Role::Admin)),
    ("S0OTHER", "U1NEW", None),
];

async fn grouped() -> Stage {
    let roles = [
        ("S0VIEW", Role::Viewer),
        ("sales-team", Role::Sales),
        ("S0MARKET", Role::Marketing),
        ("S0ADMIN", Role::Admin),
    ];
    let stage = Stage::set_with(By::Http, &roles).await;
    for (group, user, _) in GROUPED {
        let handle = if group == "S0SALES" { "sales-team".to_owned() } else { group.to_lowercase() };
        stage.slack.group(group, &handle, &[user, "U0BEN"]);
        stage.slack.person(user, &format!("{}@acme.test", user.to_lowercase()), true);
    }
    stage
}

impl Stage {
    async fn whoami(&self, user: &str) -> String {
        let many = self.slack.whispers().len();
        self.send("commands", &payloads::command(&self.slack, user, "/rekindle", "whoami")).await;
        self.whispered(many + 1).await["text"].as_str().unwrap().to_owned()
    }

    async fn groups_changed(&self) {
        let event =
            json!({ "type": "subteam_members_changed", "subteam_id": "S0SALES", "team_id": "T0ACME" });
        self.send("events", &payloads::event(event)).await;
    }
}

#[tokio::test]
async fn every_command_asks_the_role_that_a_group_gives() {
    let stage = grouped().await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    for line in COMMANDS {
        let deed = command::parse(line).unwrap().deed();
        let (slash, words) = line.split_once(' ').unwrap();
        for (_, user, role) in GROUPED {
            let many = stage.slack.whispers().len();
            stage.send("commands", &payloads::command(&stage.slack, user, slash, words)).await;
            let told = stage.whispered(many + 1).await;
            judge(told["text"].as_str().unwrap(), deed, role, line);
        }
    }
    assert_eq!(stage.slack.calls("usergroups.list").len(), 1, "what Slack said counts for a while");
    stage.slack.no_offences();
}

#[tokio::test]
async fn a_role_is_gone_with_its_group_and_an_admins_word_stands() {
    let stage = grouped().await;
    assert!(stage.whoami("U1ANA").await.starts_with("You are U1ana (u1ana), sales."));
    assert!(
        stage.whoami("U0BEN").await.starts_with("You are Ben (ben), sales."),
        "the team's word, though he is in every group"
    );
    // Out of the one group, into another, as Slack tells of it.
    stage.slack.group("S0SALES", "sales-team", &[]);
    stage.slack.group("S0MARKET", "s0market", &["U1ANA"]);
    stage.groups_changed().await;
    assert!(stage.whoami("U1ANA").await.contains("marketing."), "the same member, with another role");
    // Out of all of them, and Slack tells nothing: a few minutes later.
    stage.slack.group("S0MARKET", "s0market", &[]);
    assert!(stage.whoami("U1ANA").await.contains("marketing."));
    stage.advance(chrono::TimeDelta::minutes(4));
    assert!(stage.whoami("U1ANA").await.contains("/link-chat/"));
    let gone = stage.store.team().named("u1ana").await.unwrap();
    assert!(!gone.active, "in the console and on the pages, too");
    // While Slack does not say, what it last said stands; and back in the group, it is the same member.
    stage.slack.group("S0SALES", "sales-team", &["U1ANA"]);
    stage.groups_changed().await;
    assert!(stage.whoami("U1ANA").await.contains("(u1ana), sales."));
    stage.groups_changed().await;
    stage.slack.fault("usergroups.list", rekindle_tests::slack::Fault::Status(503));
    assert!(stage.whoami("U1ANA").await.contains("(u1ana), sales."));
    // What an admin says, no group takes away.
    stage
        .send("commands", &payloads::command(&stage.slack, "U0ADA", "/rekindle", "team role u1ana viewer"))
        .await;
    stage.settled().await;
    assert!(stage.whoami("U1ANA").await.contains("(u1ana), viewer."));
    stage.slack.group("S0SALES", "sales-team", &[]);
    stage.groups_changed().await;
    assert!(stage.whoami("U1ANA").await.contains("(u1ana), viewer."));
}

#[tokio::test]
async fn a_group_lets_in_nobody_who_may_not_come_and_makes_nobody_somebody_else() {
    let stage = grouped().await;
    stage.slack.group("S0ADMIN", "s0admin", &["U1GUEST", "U1FAKE", "U0BEN"]);
    stage.slack.person("U1GUEST", "guest@acme.test", false);
    assert!(stage.whoami("U1GUEST").await.contains("/link-chat/"), "their address is not confirmed");
    stage.slack.person("U1FAKE", "ada@evil.test", true);
    assert!(stage.whoami("U1FAKE").await.contains("(ada-u1fake-2), admin."), "a name is no authority");
    stage.home.shoulder().await.run("UPDATE member SET active = FALSE WHERE handle = 'ben'").await;
    assert!(stage.whoami("U0BEN").await.contains("/link-chat/"), "whom an admin let go, no group takes in");
}
