//! What a lead answers to a mail is said as an answer to their card, once, and does nothing there.

use crate::stage::{HOT_LEADS, Stage};
use rekindle_tests::{discord::Failure, leads, on_both, stores::Home};
use std::time::Duration;

on_both!(an_answer_is_said_under_the_card_once);

async fn an_answer_is_said_under_the_card_once(home: Home) {
    let stage = Stage::on(home).await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    let kim = stage.store.leads().named("kim@acme.test").await.unwrap().id;
    let card = stage.card().await;
    stage.fake.fail("POST /channels", Failure::Lost, 1);
    leads::answer(&stage.store, kim, &format!("@everyone call **me**\nat ten{}", "*".repeat(5_000))).await;
    for _ in 0..5 {
        stage.after(Duration::from_secs(60)).await;
    }
    stage.fake.forget_nonces();
    stage.after(Duration::from_secs(60)).await;
    let messages = stage.fake.messages(HOT_LEADS);
    let [_, said] = &messages[..] else { panic!("{messages:#?}") };
    assert_eq!(said["message_reference"]["message_id"], card["id"]);
    let embed = &said["embeds"][0];
    assert_eq!(embed["title"], "Kim Park answered the mail “breakup”:");
    let words = embed["description"].as_str().unwrap();
    assert!(words.starts_with("“@\u{200b}everyone call \\*\\*me\\*\\*\nat ten\\*"), "{words}");
    assert!(words.ends_with("…”"), "{words}");
}
