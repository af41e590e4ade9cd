//! What one member is told alone: in a direct message, and in the console.

use std::time::Duration;

use rekindle_bot::teller::Teller;
use rekindle_core::team::Handle;
use rekindle_tests::{
    on_both,
    program::within,
    slack::{Fault, Message, payloads},
    stores::Home,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::stage::{By, Stage, eventually};

on_both!(of_two_houses_one_tells_and_the_other_takes_over);

/// The direct messages of Ben.
const BEN: &str = "D0BEN";

impl Stage {
    fn teller(&self) -> Teller {
        Teller::new(self.store.clone(), [self.app(By::Http).ear()])
    }

    /// Ana passes a hot lead on to Ben.
    async fn pass(&self, note: &str) {
        self.turn_hot("kim@acme.test", "Kim Park").await;
        let words = format!("pass kim@acme.test ben {note}");
        self.send("commands", &payloads::command(&self.slack, "U0ANA", "/lead", &words)).await;
        let told = self.whispered(1).await;
        assert_eq!(told["text"], "Kim Park is with Ben now, who is told.");
    }

    /// What Ben alone reads in the console.
    async fn in_the_console(&self) -> Vec<String> {
        let messages = self.store.console().latest(&Handle::of("ben").unwrap(), 100).await.unwrap();
        messages.into_iter().filter(|one| one.only_for.is_some()).map(|one| one.text).collect()
    }
}

fn texts(messages: &[Message]) -> Vec<&str> {
    messages.iter().filter_map(|message| message.body["text"].as_str()).collect()
}

#[tokio::test]
async fn who_is_passed_a_lead_is_told_once_and_alone() {
    let stage = Stage::set(By::Http).await;
    // As Slack sends it on when somebody types "<!channel> & …".
    stage.pass("&lt;!channel&gt; &amp; see &lt;https://evil.test|this&gt;").await;
    for _ in 0..3 {
        stage.teller().catch_up().await.unwrap();
    }
    let told = ["Ana passed Kim Park on to you: &lt;!channel&gt; &amp; see &lt;https://evil.test|this&gt;"];
    assert_eq!(texts(&stage.slack.messages(BEN)), told);
    let opened = stage.slack.calls("conversations.open");
    assert!(opened.len() == 1 && opened[0].body["users"] == "U0BEN", "nobody else hears of it: {opened:?}");
    stage.slack.no_offences();
}

#[tokio::test]
async fn who_has_muted_it_is_not_told() {
    let stage = Stage::set(By::Http).await;
    stage.send("commands", &payloads::command(&stage.slack, "U0BEN", "/rekindle", "mute passed")).await;
    stage.whispered(1).await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage
        .send("commands", &payloads::command(&stage.slack, "U0ANA", "/lead", "pass kim@acme.test ben"))
        .await;
    assert_eq!(stage.whispered(2).await["text"], "Kim Park is with Ben now, who is told.");
    stage.teller().catch_up().await.unwrap();
    assert!(stage.slack.calls("conversations.open").is_empty());
    assert!(stage.in_the_console().await.is_empty());
}

#[tokio::test]
async fn a_rate_limit_is_obeyed() {
    let stage = Stage::set(By::Http).await;
    stage.pass("speaks Korean").await;
    stage.slack.fault("chat.postMessage", Fault::RateLimited(1));
    let (teller, stop, began) = (stage.teller(), CancellationToken::new(), Instant::now());
    let until = stop.clone();
    let telling = tokio::task::JoinSet::from_iter([async move { teller.run(until).await }]);
    eventually(|| (!stage.slack.messages(BEN).is_empty()).then_some(())).await;
    assert!(began.elapsed() >= Duration::from_secs(1), "after {:?}", began.elapsed());
    stop.cancel();
    telling.join_all().await;
    assert_eq!(stage.slack.calls("chat.postMessage").len(), 2, "not one call before its time");
    assert_eq!(texts(&stage.slack.messages(BEN)), ["Ana passed Kim Park on to you: speaks Korean"]);
}

#[tokio::test]
async fn who_cannot_be_written_to_is_told_in_the_console() {
    let stage = Stage::set(By::Http).await;
    stage.pass("speaks Korean").await;
    stage.slack.fault("conversations.open", Fault::Error("user_disabled"));
    for _ in 0..3 {
        stage.teller().catch_up().await.unwrap();
    }
    assert_eq!(stage.in_the_console().await, ["Ana passed Kim Park on to you: speaks Korean"]);
    assert_eq!(stage.slack.calls("conversations.open").len(), 1, "and Slack is not asked again");
}

async fn of_two_houses_one_tells_and_the_other_takes_over(home: Home) {
    let stage = Stage::on(home, By::Http).await;
    let (first, second) = (stage.home.open().await, stage.home.open().await);
    let ear = || [stage.app(By::Http).ear()];
    let (one, other) = (Teller::new(first, ear()), Teller::new(second, ear()));
    one.catch_up().await.unwrap();
    stage.pass("speaks Korean").await;
    other.catch_up().await.unwrap();
    assert!(stage.slack.messages(BEN).is_empty(), "the one that tells lives");
    drop(one);
    within(Duration::from_secs(20), "the other tells", async || {
        other.catch_up().await.unwrap();
        stage.slack.messages(BEN).first().cloned()
    })
    .await;
    other.catch_up().await.unwrap();
    assert_eq!(texts(&stage.slack.messages(BEN)), ["Ana passed Kim Park on to you: speaks Korean"]);
    assert_eq!(stage.in_the_console().await.len(), 1);
}
