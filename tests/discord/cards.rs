//! Cards on Discord: posted once, edited when anybody anywhere does something.

use crate::stage::{HOT_LEADS, Stage, Way, says};
use rekindle_tests::{discord::button, on_both, stores::Home};
use std::time::Duration;
use tokio::time::{Instant, timeout};

on_both!(
    a_claim_over_the_gateway_changes_every_copy,
    a_claim_over_http_changes_every_copy,
    a_claim_on_the_console_is_seen_on_discord_within_a_second,
    a_hundred_replays_of_one_press_have_one_effect,
    a_deleted_message_is_posted_anew,
);

/// How soon everybody sees what happened.
const A_SECOND: Duration = Duration::from_secs(1);

async fn a_claim_changes_every_copy(home: Home, way: Way) {
    let mut stage = Stage::on(home).await;
    let (ana, ben) = (stage.linked("ana", 501).await, stage.linked("ben", 502).await);
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    let card = stage.card().await;
    assert!(says(&card, "Nobody has it yet"), "{card:#}");
    assert_eq!(card["content"], "Kim Park is hot: 110 points.");
    stage.listen().await;
    stage.announce();

    let claim = button(&card, "Claim");
    let press = ana.presses(stage.fake.id(), &claim, &card);
    stage.tell(way, &press).await;
    assert_eq!(stage.fake.answer(&press).await["type"], 6, "acknowledged without a word");
    let claimed = stage.fake.message_once(HOT_LEADS, |message| says(message, "Claimed by Ana")).await;
    assert!(button(&claimed, "Connected").starts_with("v1:connected:"), "now it can be said how it went");
    let on_the_console = async {
        loop {
            let console = stage
                .store
                .console()
                .latest(&rekindle_core::team::Handle::of("ana").unwrap(), 10)
                .await
                .unwrap();
            if console.iter().filter_map(|one| one.card.as_ref()).any(|card| card["state"] == "claimed") {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(A_SECOND, on_the_console).await.expect("the console shows it, too");
    assert!(stage.fake.beside(&press).is_empty(), "the card says it all");

    // Ben pressed what he saw, a moment too late.
    let late = ben.presses(stage.fake.id(), &claim, &card);
    stage.tell(way, &late).await;
    let words = stage.fake.words(&late).await;
    assert!(words.contains("Ana"), "{words}");
    assert_eq!(stage.fake.beside(&late)[0]["flags"], 64, "told privately");
}

async fn a_claim_over_the_gateway_changes_every_copy(home: Home) {
    a_claim_changes_every_copy(home, Way::Gateway).await;
}

async fn a_claim_over_http_changes_every_copy(home: Home) {
    a_claim_changes_every_copy(home, Way::Http).await;
}

async fn a_claim_on_the_console_is_seen_on_discord_within_a_second(home: Home) {
    let mut stage = Stage::on(home).await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage.card().await;
    stage.announce();
    let began = Instant::now();
    let reply = stage.desk.run(&stage.member("ana").await, "console", "/lead claim kim@acme.test").await;
    assert!(reply.ok, "{}", reply.text);
    let seen = stage.fake.message_once(HOT_LEADS, |message| says(message, "Claimed by Ana"));
    timeout(A_SECOND.saturating_sub(began.elapsed()), seen).await.expect("within a second");
}

async fn a_hundred_replays_of_one_press_have_one_effect(home: Home) {
    let stage = Stage::on(home).await;
    let ana = stage.linked("ana", 501).await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    let card = stage.card().await;
    let press = ana.presses(stage.fake.id(), &button(&card, "Claim"), &card);
    for _ in 0..100 {
        let (status, answer) = stage.fake.post(&stage.endpoint, &press, stage.now()).await;
        assert_eq!((status, &answer["type"]), (200, &6.into()));
    }
    let claimed = async {
        loop {
            stage.announcer.catch_up().await.unwrap();
            if says(&stage.fake.messages(HOT_LEADS)[0], "Claimed by Ana") {
                return;
            }
        }
    };
    timeout(Duration::from_secs(20), claimed).await.expect("the press is done");
    let audited =
        stage.shoulder().await.number("SELECT count(*) FROM audit WHERE deed LIKE '[claim]%'").await;
    assert_eq!(audited, 1);
    assert!(stage.fake.beside(&press).is_empty(), "nobody is told that they were late");
}

async fn a_deleted_message_is_posted_anew(home: Home) {
    let stage = Stage::on(home).await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    let card = stage.card().await;
    let gone = card["id"].clone();
    stage.fake.delete_message(HOT_LEADS, gone.as_str().unwrap().parse().unwrap());
    let reply = stage.desk.run(&stage.member("ana").await, "console", "/lead claim kim@acme.test").await;
    assert!(reply.ok, "{}", reply.text);
    for _ in 0..3 {
        stage.after(Duration::from_secs(10)).await;
    }
    let card = stage.card().await;
    assert!(card["id"] != gone && says(&card, "Claimed by Ana"), "{card:#}");
}
