//! What one member is told alone: in a direct message, and in the console.

use crate::stage::Stage;
use rekindle_bot::teller::Teller;
use rekindle_core::team::Handle;
use rekindle_tests::{discord::Failure, on_both, stores::Home};
use serde_json::json;
use std::time::Duration;

on_both!(
    who_is_passed_a_lead_is_told_once_and_alone,
    an_answer_that_is_lost_is_no_second_message,
    who_has_muted_it_is_not_told,
    too_many_requests_are_not_asked_again_before_their_time,
    who_takes_no_direct_messages_is_told_in_the_console,
);

/// Who Ben is on Discord.
const BEN: u64 = 502;
const OPEN: &str = "POST /users/@me/channels";

impl Stage {
    fn teller(&self) -> Teller {
        Teller::new(self.store.clone(), [self.discord.ear()])
    }

    async fn say(&self, who: &str, line: &str) {
        let reply = self.desk.run(&self.member(who).await, "console", line).await;
        assert!(reply.ok, "{line}: {}", reply.text);
    }

    /// Ana passes a hot lead on to Ben, who is known on Discord.
    async fn pass(&self, note: &str) {
        self.linked("ana", 501).await;
        self.linked("ben", BEN).await;
        self.turn_hot("kim@acme.test", "Kim Park").await;
        self.say("ana", &format!("/lead pass kim@acme.test ben {note}")).await;
    }

    /// What Ben alone reads in the console.
    async fn in_the_console(&self) -> Vec<String> {
        let messages = self.store.console().latest(&Handle::of("ben").unwrap(), 100).await.unwrap();
        messages.into_iter().filter(|one| one.only_for.is_some()).map(|one| one.text).collect()
    }

    /// What Ben alone reads on Discord.
    fn told(&self) -> Vec<String> {
        let messages = self.fake.direct_messages(BEN);
        messages.iter().filter_map(|one| one["content"].as_str()).map(str::to_owned).collect()
    }
}

async fn who_is_passed_a_lead_is_told_once_and_alone(home: Home) {
    let stage = Stage::on(home).await;
    stage.pass("**big** @everyone <@1>").await;
    for _ in 0..3 {
        stage.teller().catch_up().await.unwrap();
    }
    let told = "Ana passed Kim Park on to you: \\*\\*big\\*\\* @\u{200b}everyone \\<@1\\>";
    assert_eq!(stage.told(), [told]);
    assert_eq!(stage.fake.calls("/messages").len(), 1, "nobody else hears of it");
}

async fn an_answer_that_is_lost_is_no_second_message(home: Home) {
    let stage = Stage::on(home).await;
    stage.pass("speaks Korean").await;
    stage.fake.fail("/messages", Failure::Lost, 1);
    for _ in 0..3 {
        stage.teller().catch_up().await.unwrap();
    }
    assert_eq!(stage.fake.calls("/messages").len(), 2, "sent again, by the same nonce");
    assert_eq!(stage.told(), ["Ana passed Kim Park on to you: speaks Korean"]);
}

async fn who_has_muted_it_is_not_told(home: Home) {
    let stage = Stage::on(home).await;
    stage.say("ben", "/rekindle mute passed").await;
    stage.pass("speaks Korean").await;
    stage.teller().catch_up().await.unwrap();
    assert!(stage.fake.calls("").is_empty() && stage.in_the_console().await.is_empty());
}

async fn too_many_requests_are_not_asked_again_before_their_time(home: Home) {
    let stage = Stage::on(home).await;
    stage.pass("speaks Korean").await;
    stage.fake.fail(OPEN, Failure::Limited { retry_after: 7.5, global: false }, 1);
    stage.teller().catch_up().await.unwrap();
    stage.after(Duration::from_secs(7)).await;
    stage.teller().catch_up().await.unwrap();
    assert_eq!(stage.fake.calls(OPEN).len(), 1, "not before 7.5 seconds are over");
    stage.after(Duration::from_secs(1)).await;
    stage.teller().catch_up().await.unwrap();
    assert_eq!(stage.told(), ["Ana passed Kim Park on to you: speaks Korean"]);
}

async fn who_takes_no_direct_messages_is_told_in_the_console(home: Home) {
    let stage = Stage::on(home).await;
    stage.pass("speaks Korean").await;
    let closed = json!({"message": "Cannot send messages to this user", "code": 50007});
    stage.fake.fail("/messages", Failure::Refused(403, closed), 1);
    for _ in 0..3 {
        stage.teller().catch_up().await.unwrap();
    }
    assert_eq!(stage.in_the_console().await, ["Ana passed Kim Park on to you: speaks Korean"]);
    assert_eq!(stage.fake.calls("/messages").len(), 1, "and Discord is not asked again");
}
