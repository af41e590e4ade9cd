//! Discord is away, slow, or refuses: nothing is lost, and nothing is posted twice.

use crate::stage::{HOT_LEADS, Stage};
use rekindle_tests::{discord::Failure, on_both, stores::Home};
use serde_json::json;
use std::time::Duration;

on_both!(
    thirty_minutes_away_lose_no_alert_and_post_none_twice,
    an_answer_lost_for_a_moment_is_no_second_message,
    too_many_requests_are_not_asked_again_before_their_time,
    a_channel_that_is_gone_is_left_alone_and_told_of_once,
    a_token_that_discord_does_not_know_is_sent_once,
);

const MINUTE: Duration = Duration::from_secs(60);
const POST: &str = "POST /channels";

async fn thirty_minutes_away_lose_no_alert_and_post_none_twice(home: Home) {
    let stage = Stage::on(home).await;
    // The first is posted, and its answer lost; then all is away.
    stage.fake.fail(POST, Failure::Lost, 1);
    stage.fake.fail("/", Failure::Refused(503, json!({})), usize::MAX);
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage.announcer.catch_up().await.unwrap();
    assert_eq!(stage.fake.messages(HOT_LEADS).len(), 1, "posted, but nobody here knows");
    for minute in 0..30 {
        if minute == 10 {
            stage.turn_hot("lee@acme.test", "Lee Wong").await;
        }
        stage.after(MINUTE).await;
    }
    // Longer than Discord remembers a nonce.
    stage.fake.forget_nonces();
    stage.fake.behave();
    for _ in 0..5 {
        stage.after(MINUTE).await;
    }
    let messages = stage.fake.messages(HOT_LEADS);
    let titles: Vec<&str> = messages.iter().filter_map(|one| one["embeds"][0]["title"].as_str()).collect();
    assert_eq!(titles.len(), 2, "{titles:?}");
    assert!(titles[0].starts_with("Kim Park") && titles[1].starts_with("Lee Wong"), "{titles:?}");
}

async fn an_answer_lost_for_a_moment_is_no_second_message(home: Home) {
    let stage = Stage::on(home).await;
    stage.fake.fail(POST, Failure::Lost, 1);
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    for _ in 0..3 {
        stage.after(MINUTE).await;
    }
    assert_eq!(stage.fake.messages(HOT_LEADS).len(), 1);
}

async fn too_many_requests_are_not_asked_again_before_their_time(home: Home) {
    let stage = Stage::on(home).await;
    stage.fake.fail(POST, Failure::Limited { retry_after: 7.5, global: false }, 1);
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage.announcer.catch_up().await.unwrap();
    stage.after(Duration::from_secs(7)).await;
    assert_eq!(stage.fake.calls(POST).len(), 1, "not before 7.5 seconds are over");
    stage.after(Duration::from_secs(1)).await;
    assert_eq!(stage.fake.calls(POST).len(), 2);
    assert_eq!(stage.fake.messages(HOT_LEADS).len(), 1);
}

async fn a_channel_that_is_gone_is_left_alone_and_told_of_once(home: Home) {
    let stage = Stage::on(home).await;
    stage.fake.delete_channel(HOT_LEADS);
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    for _ in 0..5 {
        stage.after(MINUTE).await;
    }
    assert_eq!(stage.fake.calls("/channels").len(), 1, "it is not asked again and again");
    let console =
        stage.store.console().latest(&rekindle_core::team::Handle::of("ana").unwrap(), 20).await.unwrap();
    let told = console.iter().filter(|message| message.text.contains("takes no more cards"));
    let told: Vec<&str> = told.map(|message| message.text.as_str()).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("Unknown Channel"), "{told:?}");
    assert!(console.iter().any(|message| message.card.is_some()), "the console shows the card");
}

async fn a_token_that_discord_does_not_know_is_sent_once(home: Home) {
    let stage = Stage::on(home).await;
    stage.fake.fail(
        "/",
        Failure::Refused(401, json!({"message": "401: Unauthorized", "code": 0})),
        usize::MAX,
    );
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    for _ in 0..30 {
        stage.after(MINUTE).await;
    }
    assert_eq!(stage.fake.calls("").len(), 1, "{:?}", stage.fake.calls(""));
}
