//! News of the house on Discord: told once, also where the answer is lost for longer than a nonce is known.

use crate::stage::{HOT_LEADS, Stage};
use rekindle_tests::{discord::Failure, on_both, stores::Home};
use serde_json::{Value, json};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const POST: &str = "POST /channels";

on_both!(news_are_told_once_whatever_is_lost);

async fn news_are_told_once_whatever_is_lost(home: Home) {
    let stage = Stage::on(home).await;
    stage.after(MINUTE).await;
    stage.fake.fail(POST, Failure::Lost, 1);
    stage.fake.fail("/", Failure::Refused(503, json!({})), usize::MAX);
    let ada = stage.member("ada").await;
    assert!(stage.desk.run(&ada, "console", "/rekindle pause").await.ok);
    for _ in 0..30 {
        stage.after(MINUTE).await;
    }
    stage.fake.forget_nonces();
    stage.fake.behave();
    for _ in 0..5 {
        stage.after(MINUTE).await;
    }
    // There is no channel for news on this server: they are told in the one that there is.
    let told = stage.fake.messages(HOT_LEADS);
    let words: Vec<&Value> = told.iter().map(|one| &one["embeds"][0]["description"]).collect();
    assert_eq!(words, ["Ada paused all mail. /rekindle resume lets it go on."]);
}
