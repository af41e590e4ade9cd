//! Presses, commands and forms, through the socket and over HTTP.

use std::time::Duration;

use rekindle_tests::slack::{Fault, Message, payloads};
use serde_json::json;

use crate::stage::{By, CAMPAIGNS, HOT, Stage, eventually};

#[tokio::test]
async fn a_claim_through_the_socket_edits_the_card_and_the_loser_hears_who_won() {
    let stage = Stage::set(By::Socket).await;
    let kim = stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage.look().await;
    let card = stage.card();
    let acked = stage
        .slack
        .deliver("interactive", payloads::press(&stage.slack, "U0ANA", &card, "claim", None))
        .await;
    assert!(acked.payload.is_none() && acked.after < Duration::from_secs(1), "{acked:?}");
    let told = stage.whispered(1).await;
    assert_eq!(told["text"], "Kim Park is yours. Their marketing mail waits while you have them.");
    assert_eq!((&told["response_type"], &told["replace_original"]), (&json!("ephemeral"), &json!(false)));
    stage.look().await;
    assert!(stage.card().body["text"].as_str().unwrap().contains("Claimed by Ana"));
    // Ben still sees the card as it was.
    stage.slack.deliver("interactive", payloads::press(&stage.slack, "U0BEN", &card, "claim", None)).await;
    let told = stage.whispered(2).await;
    assert_eq!(told["text"], "Ana has had this lead since 10:00.");
    assert_eq!(stage.owner(kim).await.as_deref(), Some("ana"));
    stage.slack.no_offences();
}

#[tokio::test]
async fn a_claim_over_http_is_answered_at_once_and_a_role_that_may_not_is_told_who_can() {
    let stage = Stage::set(By::Http).await;
    let kim = stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage.look().await;
    let card = stage.card();
    let answer =
        stage.send("interactions", &payloads::press(&stage.slack, "U0MIA", &card, "claim", None)).await;
    assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (200, ""));
    let told = stage.whispered(1).await;
    assert_eq!(told["text"], "Your role is marketing, which may not work leads; sales and admin can.");
    stage.send("interactions", &payloads::press(&stage.slack, "U0ANA", &card, "snooze", Some("1d"))).await;
    let told = stage.whispered(2).await;
    assert_eq!(told["text"], "Kim Park is put off until Tue 3 Mar, 10:00.");
    stage.send("commands", &payloads::command(&stage.slack, "U0ANA", "/lead", "claim kim@acme.test")).await;
    stage.whispered(3).await;
    assert_eq!(stage.owner(kim).await.as_deref(), Some("ana"));
    let audited = stage.store.audited(None, 10).await.unwrap();
    assert!(audited.iter().all(|entry| entry.place == "slack"), "{audited:?}");
    stage.slack.no_offences();
}

#[tokio::test]
async fn a_button_that_asks_in_words_opens_a_form_and_says_what_is_wrong_at_its_field() {
    let stage = Stage::set(By::Socket).await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage.look().await;
    stage
        .slack
        .deliver("interactive", payloads::press(&stage.slack, "U0ANA", &stage.card(), "claim", None))
        .await;
    stage.whispered(1).await;
    stage.look().await;
    let card = stage.card();
    stage.slack.deliver("interactive", payloads::press(&stage.slack, "U0ANA", &card, "won", None)).await;
    let view = eventually(|| stage.slack.views().first().cloned()).await;
    assert_eq!((&view["type"], &view["title"]["text"]), (&json!("modal"), &json!("Won")));
    assert!(!view.to_string().contains("Kim"), "nothing of the lead is in it: {view}");
    let wrong = stage.slack.deliver("interactive", payloads::submission("U0ANA", &view, Some("much"))).await;
    let said = wrong.payload.unwrap();
    assert_eq!(said["response_action"], "errors");
    assert_eq!(said["errors"]["value"], "“much” is no amount; write it like 5000 or 12,000 EUR.");
    let right =
        stage.slack.deliver("interactive", payloads::submission("U0ANA", &view, Some("12,000 EUR"))).await;
    assert!(right.payload.is_none());
    let told = stage.whispered(2).await;
    assert_eq!((&told["text"], &told["channel"]), (&json!("Kim Park: won (12,000 EUR)."), &json!(HOT)));
    stage.look().await;
    assert!(stage.card().body["text"].as_str().unwrap().contains("Won (12,000 EUR), says Ana"));
    stage.slack.no_offences();
}

#[tokio::test]
async fn a_lead_is_put_off_until_whenever_somebody_says() {
    let stage = Stage::set(By::Http).await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage.look().await;
    let press = payloads::press(&stage.slack, "U0ANA", &stage.card(), "snooze", Some("another"));
    stage.send("interactions", &press).await;
    let view = eventually(|| stage.slack.views().first().cloned()).await;
    assert_eq!(view["blocks"].as_array().unwrap().len(), 1, "the menu's answers are not asked again");
    let wrong = stage.send("interactions", &payloads::submission("U0ANA", &view, Some("someday"))).await;
    let said: serde_json::Value = wrong.json().await.unwrap();
    assert_eq!(said["response_action"], "errors");
    assert!(said["errors"]["value"].as_str().unwrap().contains("someday"), "{said}");
    stage.send("interactions", &payloads::submission("U0ANA", &view, Some("2026-03-05 14:00"))).await;
    assert_eq!(stage.whispered(1).await["text"], "Kim Park is put off until Thu 5 Mar, 14:00.");
    stage.slack.no_offences();
}

#[tokio::test]
async fn a_campaign_is_previewed_launched_and_held_in_slack() {
    let stage = Stage::set(By::Http).await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    let launch = payloads::command(&stage.slack, "U0MIA", "/campaign", "launch re-engagement everyone");
    stage.send("commands", &launch).await;
    let preview = stage.whispered(1).await;
    assert!(stage.slack.messages(CAMPAIGNS).is_empty(), "a preview is for her alone");
    let preview = Message { ts: "1.000001".to_owned(), body: preview, edits: 0 };
    let press = payloads::press(&stage.slack, "U0MIA", &preview, "launch", None);
    stage.send("interactions", &press).await;
    stage.whispered(2).await;
    stage.look().await;
    let cards = stage.slack.messages(CAMPAIGNS);
    assert_eq!(cards.len(), 1);
    let text = cards[0].body["text"].as_str().unwrap();
    assert!(text.starts_with("Mia launched re-engagement") && text.contains("Running"), "{text}");
    stage.send("interactions", &payloads::press(&stage.slack, "U0MIA", &cards[0], "hold", None)).await;
    stage.whispered(3).await;
    stage.look().await;
    let held = stage.slack.messages(CAMPAIGNS).remove(0);
    assert!(
        held.body["text"].as_str().unwrap().contains("Held: nothing of it leaves"),
        "{}",
        held.body["text"]
    );
    stage.slack.no_offences();
}

#[tokio::test]
async fn nobodys_acknowledgement_waits_for_anothers_work() {
    let stage = Stage::set(By::Socket).await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage.look().await;
    let card = stage.card();
    // Whom nobody knows is asked after, which takes Slack its time.
    stage.slack.fault("users.info", Fault::Slow(Duration::from_millis(1400)));
    let slow = stage
        .slack
        .deliver("interactive", payloads::press(&stage.slack, "U0NEW", &card, "claim", None))
        .await;
    let quick = stage
        .slack
        .deliver("interactive", payloads::press(&stage.slack, "U0ANA", &card, "claim", None))
        .await;
    assert!(
        slow.after < Duration::from_secs(1) && quick.after < Duration::from_secs(1),
        "{slow:?} {quick:?}"
    );
    assert!(stage.whispered(1).await["text"].as_str().unwrap().contains("is yours"), "Ana is first");
    assert!(stage.whispered(2).await["text"].as_str().unwrap().contains("/link-chat/"));
}

#[tokio::test]
async fn who_is_not_known_gets_a_link_or_is_known_by_a_confirmed_address() {
    let stage = Stage::set(By::Http).await;
    let kim = stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage.look().await;
    let card = stage.card();
    let leo = stage.store.team().add("Leo", rekindle_core::team::Role::Sales).await.unwrap();
    stage.store.chat().set_email(&leo, &"leo@acme.test".parse().unwrap()).await.unwrap();
    stage.slack.person("U0LEO", "leo@acme.test", false);
    stage.send("interactions", &payloads::press(&stage.slack, "U0LEO", &card, "claim", None)).await;
    let told = stage.whispered(1).await["text"].as_str().unwrap().to_owned();
    assert_eq!(stage.owner(kim).await, None, "an address that was not confirmed says nothing");
    let token = told.split("/link-chat/").nth(1).unwrap().split_whitespace().next().unwrap();
    assert!(stage.store.chat().accept(token, &leo).await.unwrap().is_some());
    stage.send("interactions", &payloads::press(&stage.slack, "U0LEO", &card, "claim", None)).await;
    stage.whispered(2).await;
    assert_eq!(stage.owner(kim).await.as_deref(), Some("leo"));

    let zoe = stage.store.team().add("Zoe", rekindle_core::team::Role::Admin).await.unwrap();
    stage.store.chat().set_email(&zoe, &"zoe@acme.test".parse().unwrap()).await.unwrap();
    stage.slack.person("U0ZOE", "Zoe@Acme.test", true);
    stage.send("commands", &payloads::command(&stage.slack, "U0ZOE", "/rekindle", "whoami")).await;
    assert!(stage.whispered(3).await["text"].as_str().unwrap().starts_with("You are Zoe (zoe), admin."));
}

#[tokio::test]
async fn strangers_are_turned_away_and_nothing_of_theirs_is_kept() {
    let stage = Stage::set(By::Http).await;
    let kim = stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage.look().await;
    let mut foreign = payloads::press(&stage.slack, "U0ANA", &stage.card(), "claim", None);
    foreign["team"]["id"] = json!("T0EVIL");
    let mut guest = payloads::press(&stage.slack, "U0ANA", &stage.card(), "claim", None);
    guest["user"]["team_id"] = json!("T0EVIL");
    let mut everywhere = payloads::press(&stage.slack, "U0ANA", &stage.card(), "claim", None);
    everywhere["team"] = json!(null);
    for (many, payload) in [foreign, guest, everywhere].iter().enumerate() {
        assert_eq!(stage.send("interactions", payload).await.status(), 200);
        assert!(stage.whispered(many + 1).await["text"].as_str().unwrap().starts_with("Rekindle "));
    }
    assert_eq!(stage.owner(kim).await, None);
    let shoulder = stage.home.shoulder().await;
    assert_eq!(shoulder.number("SELECT count(*) FROM inbound").await, 0);
    assert!(stage.slack.calls("users.info").is_empty());
}

#[tokio::test]
async fn an_answer_goes_to_slack_and_nowhere_else() {
    let stage = Stage::set(By::Http).await;
    let mut payload = payloads::command(&stage.slack, "U0ANA", "/rekindle", "whoami");
    for url in ["https://evil.test/x", "http://hooks.slack.com.evil.test/x", "http://127.0.0.1:9/respond/x"] {
        payload["response_url"] = json!(url);
        payload["trigger_id"] = json!(url);
        stage.send("commands", &payload).await;
    }
    stage.send("commands", &payloads::command(&stage.slack, "U0ANA", "/rekindle", "whoami")).await;
    stage.whispered(1).await;
    assert_eq!(stage.slack.whispers().len(), 1);
}

#[tokio::test]
async fn a_socket_that_breaks_is_opened_again() {
    let stage = Stage::set(By::Socket).await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage.look().await;
    stage.slack.hang_up();
    stage.slack.heard().await;
    let press = payloads::press(&stage.slack, "U0ANA", &stage.card(), "claim", None);
    stage.slack.deliver("interactive", press.clone()).await;
    stage.whispered(1).await;
    // Slack may deliver again what was acknowledged as the socket broke.
    let again = stage.slack.deliver("interactive", press).await;
    assert!(again.payload.is_none());
    assert_eq!(stage.store.audited(None, 10).await.unwrap().len(), 1);
}
