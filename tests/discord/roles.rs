//! Who may what on Discord: every command, button and form against every role.

use crate::stage::{HOT_LEADS, ROLES, Stage, Way};
use rekindle_bot::{
    card::AskKind,
    command,
    discord::{Registered, register, rest::Rest},
    intent::Intent,
};
use rekindle_core::{
    chat::Secret,
    team::{Deed, Role},
};
use rekindle_tests::{
    discord::{APPLICATION, GUILD, Person, TOKEN, button},
    roles::{BUTTONS, COMMANDS},
};
use serde_json::Value;

/// Somebody of each role, and one whom nobody knows.
async fn people(stage: &Stage) -> Vec<(Person, Option<Role>)> {
    let mut people = vec![(Person::in_our_guild(999, HOT_LEADS), None)];
    let team = [("vic", Role::Viewer), ("ana", Role::Sales), ("mia", Role::Marketing), ("ada", Role::Admin)];
    for (id, (name, role)) in (501..).zip(team) {
        people.push((stage.linked(name, id).await, Some(role)));
    }
    people
}

/// Whether what was answered is the verdict that a role deserves.
fn judge(told: &str, deed: Deed, role: Option<Role>, what: &str) {
    match role {
        None => assert!(told.contains("/link-chat/"), "{what}: {told}"),
        Some(role) => {
            let refused = told.starts_with("Your role is") && told.contains("which may not");
            assert_eq!(refused, !deed.roles().contains(&role), "{role} {what}: {told}");
        }
    }
}

/// Every command, asked by each of these people, as it is registered with Discord.
async fn every_command(stage: &Stage, people: &[(Person, Option<Role>)]) {
    let clock = stage.store.clock().clone();
    let rest = Rest::new(Secret::new(TOKEN), APPLICATION, Some(stage.fake.url()), clock).unwrap();
    assert_eq!(register(&rest, Some(GUILD)).await, Ok(Registered::New));
    let registered = stage.fake.commands(&GUILD.to_string());
    for line in COMMANDS {
        let deed = command::parse(line).unwrap().deed();
        for (person, role) in people {
            let given = person.fills_in(stage.fake.id(), line, &registered);
            stage.tell(Way::Http, &given).await;
            judge(&stage.fake.words(&given).await, deed, *role, line);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_asks_the_role() {
    let stage = Stage::set().await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    let people = people(&stage).await;
    every_command(&stage, &people).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_button_and_every_form_asks_the_role() {
    let stage = Stage::set().await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    let people = people(&stage).await;
    let claim = button(&stage.card().await, "Claim");
    // A card in a private answer: there, all that comes of a press is said.
    let mut card = stage.card().await;
    card["flags"] = Value::from(64);
    for (intent, value) in BUTTONS {
        let deed = Intent::of_press(intent, *value).unwrap().deed();
        let custom_id = claim.replace("claim", intent);
        for (person, role) in &people {
            let id = stage.fake.id();
            let pressed = match (AskKind::of(intent), value) {
                (Some(AskKind::Form), Some(value)) => person.fills(id, &custom_id, &[("member", value)]),
                (Some(AskKind::Choice), Some(value)) => person.chooses(id, &custom_id, value, &card),
                (Some(_), Some(value)) => person.submits(id, &custom_id, value),
                _ => person.presses(id, &custom_id, &card),
            };
            stage.tell(Way::Http, &pressed).await;
            judge(&stage.fake.words(&pressed).await, deed, *role, intent);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_is_shown_only_to_whom_may_do_what_it_is_for() {
    let stage = Stage::set().await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    let people = people(&stage).await;
    let (claim, card) = (button(&stage.card().await, "Claim"), stage.card().await);
    for (person, role) in &people {
        for (path, deed) in [(["lead", "add"], Deed::WorkLeads), (["campaign", "launch"], Deed::Campaign)] {
            let bare = person.commands(stage.fake.id(), path, &[]);
            opens_for(&stage, &bare, deed, *role, path[1]).await;
        }
        for intent in ["pass", "won", "lost", "not_a_fit"] {
            let press = person.presses(stage.fake.id(), &claim.replace("claim", intent), &card);
            opens_for(&stage, &press, Deed::WorkLeads, *role, intent).await;
        }
    }
}

/// A form for whoever may, and words for everybody else.
async fn opens_for(stage: &Stage, interaction: &Value, deed: Deed, role: Option<Role>, what: &str) {
    let (_, answer) = stage.fake.post(&stage.endpoint, interaction, stage.now()).await;
    match answer["type"].as_u64() {
        Some(9) => {
            assert!(role.is_some_and(|role| deed.roles().contains(&role)), "{role:?} {what}: {answer}");
        }
        _ => judge(answer["data"]["content"].as_str().unwrap(), deed, role, what),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_asks_the_role_that_a_role_of_the_server_gives() {
    let stage = Stage::set().await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    let with = |id, role| Person { role, ..Person::in_our_guild(id, HOT_LEADS) };
    let mut people: Vec<(Person, Option<Role>)> =
        (801..).zip(ROLES).map(|(id, (role, ours))| (with(id, Some(role)), Some(ours))).collect();
    people.push((with(899, Some(799)), None));
    every_command(&stage, &people).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_gone_with_the_next_interaction_and_the_teams_word_stands() {
    let stage = Stage::set().await;
    let whoami = async |person: Person| {
        let asked = person.commands(stage.fake.id(), ["rekindle", "whoami"], &[]);
        stage.tell(Way::Http, &asked).await;
        stage.fake.words(&asked).await.replace('\\', "")
    };
    let with = |id, role| Person { role, ..Person::in_our_guild(id, HOT_LEADS) };
    assert!(whoami(with(801, Some(702))).await.contains("(user801), sales."));
    assert!(whoami(with(801, Some(703))).await.contains("(user801), marketing."));
    assert!(whoami(with(801, None)).await.contains("/link-chat/"));
    assert!(!stage.member("user801").await.active);
    assert!(whoami(with(801, Some(702))).await.contains("(user801), sales."), "the same member again");
    let vic = Person { role: Some(704), ..stage.linked("vic", 501).await };
    assert!(whoami(vic).await.contains("(vic), viewer."), "an admin made them that");
    let elsewhere = Person { guild: Some(99_999), ..with(802, Some(704)) };
    assert!(whoami(elsewhere).await.contains("does not work for this"), "another server's role is nobody's");
}
