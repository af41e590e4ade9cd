//! Cards converge in Slack, whatever Slack does.

use std::time::Duration;

use chrono::TimeDelta;
use rekindle_core::time::Moment;
use rekindle_tests::slack::Fault;

use crate::stage::{By, HOT, OPS, Stage};

#[tokio::test]
async fn an_alert_is_posted_once_and_edited_in_place() {
    let stage = Stage::set(By::Http).await;
    let kim = stage.turn_hot("kim@acme.test", "Kim <!channel> Park").await;
    assert!(stage.look().await >= 2, "in the console and in Slack");
    let card = stage.card();
    assert_eq!(
        card.body["text"],
        "Kim &lt;!channel&gt; Park is hot: 110 points. Nobody has it yet, since Mon 2 Mar, 10:00"
    );
    assert!(stage.slack.messages(OPS).is_empty(), "news are for another channel");
    let ana = stage.store.team().named("ana").await.unwrap();
    let desk = rekindle_bot::desk::Desk::new(
        stage.store.clone(),
        rekindle_bot::desk::Settings {
            zone: chrono_tz::UTC,
            public_url: String::new(),
            caution: rekindle_core::campaign::Caution::NONE,
            needed: rekindle_core::prediction::Needed::USUAL,
        },
    );
    assert!(desk.run(&ana, "console", "/lead claim kim@acme.test").await.ok);
    stage.look().await;
    let edited = stage.card();
    assert_eq!((edited.ts, edited.edits), (card.ts, 1), "a human action is shown at once");
    assert!(
        edited.body["text"].as_str().unwrap().ends_with("Claimed by Ana, 0 s after the alert"),
        "{}",
        edited.body["text"]
    );
    assert_eq!(stage.owner(kim).await.as_deref(), Some("ana"));
    stage.slack.no_offences();
}

#[tokio::test]
async fn what_only_moves_figures_is_gathered() {
    let stage = Stage::set(By::Http).await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage.look().await;
    for _ in 0..20 {
        stage.track("kim@acme.test", "Demo Requested").await;
        stage.advance(TimeDelta::milliseconds(200));
        stage.look().await;
    }
    assert_eq!(stage.card().edits, 0, "within five seconds figures wait");
    stage.look_for(2).await;
    assert_eq!(stage.card().edits, 1);
    let wall = format!("slack:T0ACME/{HOT}");
    assert!(
        stage.store.cards().alerts_behind(&wall, Moment::UNIX_EPOCH, 9).await.unwrap().is_empty(),
        "all of it is shown"
    );
    stage.slack.no_offences();
}

#[tokio::test]
async fn a_burst_is_posted_at_the_pace_that_slack_takes() {
    let stage = Stage::set(By::Http).await;
    for n in 0..12 {
        stage.turn_hot(&format!("lead{n}@acme.test"), "Kim Park").await;
    }
    stage.look().await;
    assert_eq!(stage.slack.messages(HOT).len(), 4, "a short burst");
    stage.look_for(6).await;
    assert_eq!(stage.slack.messages(HOT).len(), 9, "one each 1.2 seconds");
    stage.look_for(4).await;
    assert_eq!(stage.slack.messages(HOT).len(), 12);
    stage.slack.no_offences();
}

#[tokio::test]
async fn a_rate_limit_is_obeyed() {
    let stage = Stage::set(By::Http).await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage.slack.fault("chat.postMessage", Fault::RateLimited(30));
    stage.look().await;
    stage.look_for(29).await;
    assert_eq!(stage.slack.calls("chat.postMessage").len(), 1, "not one call before its time");
    stage.look_for(2).await;
    assert_eq!(stage.slack.calls("chat.postMessage").len(), 2);
    assert_eq!(stage.slack.messages(HOT).len(), 1);
}

#[tokio::test]
async fn half_an_hour_without_slack_loses_no_alert_and_posts_none_twice() {
    let stage = Stage::set(By::Http).await;
    stage.turn_hot("first@acme.test", "First").await;
    stage.look().await;
    stage.slack.go_down(true);
    for n in 0..5 {
        stage.turn_hot(&format!("lead{n}@acme.test"), &format!("Lead {n}")).await;
    }
    stage.look_for(30 * 60).await;
    // What may have been posted is looked for before it is posted again.
    let tried =
        stage.slack.calls("chat.postMessage").len() + stage.slack.calls("conversations.history").len();
    assert!((30..200).contains(&tried), "{tried} tries in half an hour");
    stage.slack.go_down(false);
    stage.look_for(60).await;
    let mut names: Vec<String> = stage
        .slack
        .messages(HOT)
        .iter()
        .map(|one| one.body["text"].as_str().unwrap()[..7].to_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["First i", "Lead 0 ", "Lead 1 ", "Lead 2 ", "Lead 3 ", "Lead 4 "]);
    let walls = stage.store.walls().worked().await.unwrap();
    assert!(walls.iter().all(|wall| wall.broken.is_none()), "away is not broken");
    stage.slack.no_offences();
}

#[tokio::test]
async fn a_card_whose_answer_was_lost_is_found_and_not_doubled() {
    let stage = Stage::set(By::Http).await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage.slack.fault("chat.postMessage", Fault::Late(Duration::from_secs(4)));
    stage.look().await;
    assert_eq!(stage.slack.messages(HOT).len(), 1, "it was posted, and the house does not know");
    stage.look_for(10).await;
    assert_eq!(stage.slack.calls("chat.postMessage").len(), 1);
    assert_eq!(stage.slack.calls("conversations.history").len(), 1);
    assert_eq!(stage.card().edits, 1, "what was found shows the card as it stands");
    assert!(
        stage
            .store
            .cards()
            .alerts_behind(&format!("slack:T0ACME/{HOT}"), Moment::UNIX_EPOCH, 9)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn an_archived_channel_stops_and_the_admins_are_told_once() {
    let stage = Stage::set(By::Http).await;
    stage.slack.archive(HOT, true);
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage.look().await;
    stage.look_for(300).await;
    assert_eq!(
        stage.slack.calls("chat.postMessage").iter().filter(|call| call.body["channel"] == HOT).count(),
        1
    );
    let told =
        stage.store.console().latest(&rekindle_core::team::Handle::of("ana").unwrap(), 10).await.unwrap();
    let told: Vec<&str> =
        told.iter().filter(|one| one.channel == "ops").map(|one| one.text.as_str()).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("slack:T0ACME/C0HOT takes no more cards: is_archived"), "{told:?}");
    let news = stage.slack.messages(OPS);
    assert_eq!(news.len(), 1, "the other channels of Slack work, and hear it too");
    let ada = stage.store.team().named("ada").await.unwrap();
    let desk = rekindle_bot::desk::Desk::new(
        stage.store.clone(),
        rekindle_bot::desk::Settings {
            zone: chrono_tz::UTC,
            public_url: String::new(),
            caution: rekindle_core::campaign::Caution::NONE,
            needed: rekindle_core::prediction::Needed::USUAL,
        },
    );
    // One that the settings named before; nobody works it.
    let walls = stage.store.walls();
    walls.hang("slack:T0ACME/C0OLD", rekindle_core::chat::Platform::Slack).await.unwrap();
    let status = desk.run(&ada, "console", "/rekindle status").await;
    assert!(!status.text.contains("C0OLD"), "{}", status.text);
    assert!(
        status.text.contains("slack:T0ACME/C0HOT") && status.text.contains("is_archived"),
        "{}",
        status.text
    );

    stage.slack.archive(HOT, false);
    stage.look_for(600).await;
    assert_eq!(stage.slack.messages(HOT).len(), 1, "mended, and shown");
    assert_eq!(stage.slack.messages(OPS).len(), 2);
    stage.slack.no_offences();
}

#[tokio::test]
async fn a_deleted_card_is_posted_anew_with_the_next_change() {
    let stage = Stage::set(By::Http).await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage.look().await;
    let card = stage.card();
    stage.slack.delete(HOT, &card.ts);
    stage.track("kim@acme.test", "Demo Requested").await;
    stage.look_for(10).await;
    assert_ne!(stage.card().ts, card.ts);
    stage.slack.no_offences();
}
