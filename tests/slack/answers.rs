//! What a lead answers to a mail is said in the thread under their card, once, and does nothing there.

use std::time::Duration;

use rekindle_core::team::Handle;
use rekindle_tests::{leads, on_both, slack::Fault, stores::Home};

use crate::stage::{By, HOT, Stage};

on_both!(an_answer_is_said_in_the_thread_of_the_card_once);

async fn an_answer_is_said_in_the_thread_of_the_card_once(home: Home) {
    let stage = Stage::on(home, By::Http).await;
    stage.look().await;
    let kim = stage.turn_hot("kim@acme.test", "Kim <!channel> Park").await;
    stage.look().await;
    let card = stage.card();
    // The answer of Slack is lost: what was said is found in the thread, and not said again.
    stage.slack.fault("chat.postMessage", Fault::Late(Duration::from_secs(4)));
    let long = format!("Call me <!channel> & *now* <https://evil|here>\nat ten{}", "!".repeat(5_000));
    leads::answer(&stage.store, kim, &long).await;
    stage.look_for(15).await;
    let messages = stage.slack.messages(HOT);
    let [_, said] = &messages[..] else { panic!("{messages:#?}") };
    assert_eq!(said.body["thread_ts"], card.ts);
    let text = |nth: usize| &said.body["blocks"][nth]["text"];
    assert_eq!(text(0)["text"], "Kim <!channel> Park answered the mail “breakup”:");
    let words = text(1)["text"].as_str().unwrap();
    assert!(words.starts_with("“Call me <!channel> & *now* <https://evil|here>\nat ten!!"), "{words}");
    assert_eq!((&text(0)["type"], &text(1)["type"]), (&"plain_text".into(), &"plain_text".into()));
    assert_eq!(stage.slack.calls("conversations.replies").len(), 1, "it was looked for in the thread");
    let read_out = said.body["text"].as_str().unwrap();
    assert!(read_out.contains("&lt;!channel&gt;") && read_out.chars().count() < 2_000, "{read_out}");
    let ana = Handle::of("ana").unwrap();
    let console = stage.store.console().latest(&ana, 100).await.unwrap();
    assert_eq!(console.iter().filter(|one| one.text.contains("answered the mail")).count(), 1);
    stage.slack.no_offences();
}
