//! A lead turns hot: the card is there within a second, the first to claim has her, and the loser hears who was first.

use crate::stage::{A_SECOND, On, SOON, Seat, Sender, Stage, on_both_databases};
use rekindle_tests::program::within;
use serde_json::{Value, json};
use tokio::time::Instant;

on_both_databases!(
    a_hot_lead_is_claimed_worked_and_won,
    a_lead_that_is_only_warm_or_hot_already_alerts_nobody,
    a_note_stays_on_the_card_however_much_is_done_after_it,
    somebody_who_is_not_signed_in_sees_and_does_nothing,
);

async fn a_hot_lead_is_claimed_worked_and_won(on: On) {
    let stage = Stage::new(on);
    let up = stage.program.start(&["up"]).await;
    let kim = Sender::new(&up, &stage.key("crm", None).await);
    let ana = stage.seat(&up, "Ana", "sales").await;
    let ben = stage.seat(&up, "Ben", "sales").await;
    kim.warm_kim().await;
    let (before_ana, before_ben) = (ana.events().await, ben.events().await);

    kim.track("kim", "Demo Requested").await;
    let taken = Instant::now();
    let (card, at) = before_ana.card(SOON, "kim@acme.test", "open").await;
    let (_, at_ben) = before_ben.card(SOON, "kim@acme.test", "open").await;
    for (who, at) in [("Ana", at), ("Ben", at_ben)] {
        let took = at.saturating_duration_since(taken);
        assert!(took < A_SECOND, "the card took {took:?} to {who}");
    }
    assert_eq!(
        (&card["title"], &card["score"], &card["badge"]),
        (&json!("Kim Park"), &json!(105), &json!("A1"))
    );
    assert_eq!(card["subtitle"], "VP Operations at Acme");
    let intents = |card: &Value| -> Vec<String> {
        card["buttons"].as_array().unwrap().iter().map(|b| b["intent"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(intents(&card), ["claim", "pass", "snooze", "not_a_fit"]);
    assert!(card["lines"].to_string().contains("Demo Requested"), "why she is hot: {card:#}");

    // Ana presses, Ben types: she was first.
    let id = card["id"].as_str().unwrap().to_owned();
    let claimed = ana.press(&id, "claim", None).await;
    let pressed = Instant::now();
    assert_eq!(claimed["ok"], true, "{claimed}");
    let refused = stage.program.chat("ben", "/lead claim kim@acme.test").await;
    assert_eq!((&refused["code"], &refused["by"]), (&json!("already_claimed"), &json!("ana")), "{refused}");
    let refused = ben.press(&id, "claim", None).await;
    assert_eq!((&refused["ok"], &refused["by"]), (&json!(false), &json!("ana")), "{refused}");
    assert!(refused["text"].as_str().unwrap().starts_with("Ana has had this lead since "), "{refused}");
    let (card, at) = before_ben.card(SOON, "kim@acme.test", "claimed").await;
    let took = at.saturating_duration_since(pressed);
    assert!(took < A_SECOND, "Ben's copy changed after {took:?}");
    assert!(card["status"].as_str().unwrap().starts_with("Claimed by Ana"), "{card}");
    assert!(!intents(&card).contains(&"claim".to_owned()), "{card}");
    let lead = stage.lead("kim@acme.test").await;
    assert_eq!((&lead["owner"], &lead["lifecycle"]), (&json!("ana"), &json!("sql")));
    assert_eq!(lead["alerts"][0]["by"], "ana");

    // Only Ana may give her back; then Ben may take her.
    let refused = ben.press(&id, "release", None).await;
    assert_eq!((&refused["ok"], &refused["code"]), (&json!(false), &json!("not_yours")), "{refused}");
    assert_eq!(ana.press(&id, "release", None).await["ok"], true);
    assert_eq!(stage.lead("kim@acme.test").await["owner"], Value::Null);
    assert_eq!(ben.say("/lead claim kim@acme.test").await["ok"], true);
    assert_eq!(stage.lead("kim@acme.test").await["owner"], "ben");

    // He works her and wins.
    for (intent, value, lifecycle) in
        [("connected", None, "sql"), ("meeting", None, "opportunity"), ("won", Some("12,000"), "customer")]
    {
        let done = ben.press(&id, intent, value).await;
        assert_eq!(done["ok"], true, "{intent}: {done}");
        assert_eq!(stage.lead("kim@acme.test").await["lifecycle"], lifecycle, "{intent}");
    }
    let (card, _) = before_ana.card(SOON, "kim@acme.test", "closed").await;
    assert!(card["status"].as_str().unwrap().contains("12,000"), "{card}");
    assert_eq!(intents(&card), Vec::<String>::new());
    let over = ana.press(&id, "claim", None).await;
    assert_eq!((&over["ok"], &over["code"]), (&json!(false), &json!("closed")), "{over}");
    assert_eq!(stage.lead("kim@acme.test").await["alerts"].as_array().unwrap().len(), 1);
}

async fn a_lead_that_is_only_warm_or_hot_already_alerts_nobody(on: On) {
    let stage = Stage::new(on);
    let up = stage.program.start(&["up"]).await;
    let kim = Sender::new(&up, &stage.key("crm", None).await);
    stage.member("Ana", "sales").await;
    kim.warm_kim().await;
    let lead = stage.lead("kim@acme.test").await;
    assert_eq!(
        (&lead["hot"], &lead["alerts"], &lead["lifecycle"]),
        (&json!(false), &json!([]), &json!("lead"))
    );
    // Four at once cross the line once.
    let together = (0..4).map(|_| kim.track("kim", "Demo Requested"));
    futures_util::future::join_all(together).await;
    kim.track("kim", "Webinar Attended").await;
    let lead = stage.lead("kim@acme.test").await;
    assert_eq!((&lead["hot"], &lead["lifecycle"]), (&json!(true), &json!("mql")));
    assert_eq!(lead["alerts"].as_array().unwrap().len(), 1, "{lead:#}");
    let hot = stage.program.chat("ana", "/lead hot").await;
    assert!(hot["text"].as_str().unwrap().contains("Kim"), "{hot}");
}

async fn a_note_stays_on_the_card_however_much_is_done_after_it(on: On) {
    let stage = Stage::new(on);
    let up = stage.program.start(&["up"]).await;
    let kim = Sender::new(&up, &stage.key("crm", None).await);
    kim.warm_kim().await;
    kim.track("kim", "Demo Requested").await;
    let ana = stage.seat(&up, "Ana", "sales").await;
    let noted = ana.say("/lead note kim@acme.test said \"call me\" on Monday").await;
    assert_eq!(noted["ok"], true, "{noted}");
    for _ in 0..55 {
        for verb in ["claim", "release"] {
            assert_eq!(ana.say(&format!("/lead {verb} kim@acme.test")).await["ok"], true, "{verb}");
        }
    }
    let shown = ana.say("/lead show kim@acme.test").await;
    let facts = shown["card"]["facts"].as_array().unwrap();
    let note =
        facts.iter().find(|fact| fact["label"] == "Note by Ana").unwrap_or_else(|| panic!("{shown:#}"));
    assert!(note["value"].as_str().unwrap().starts_with("said \"call me\" on Monday"), "{note}");
}

async fn somebody_who_is_not_signed_in_sees_and_does_nothing(on: On) {
    let stage = Stage::new(on);
    let up = stage.program.start(&["up"]).await;
    let vic = stage.seat(&up, "Vic", "viewer").await;
    let kim = Sender::new(&up, &stage.key("crm", None).await);
    kim.warm_kim().await;
    kim.track("kim", "Demo Requested").await;
    let card = within(SOON, "the card is there", async || first_card(&vic).await).await;
    let refused = vic.press(&card, "claim", None).await;
    assert_eq!((&refused["ok"], &refused["code"]), (&json!(false), &json!("not_allowed")), "{refused}");

    for path in [
        "/console/state",
        "/console/events",
        "/console/complete?text=/",
        "/",
        "/leads",
        "/mail",
        "/overview.csv",
    ] {
        let answer = up.http().get(up.at(path)).send().await.unwrap();
        let status = answer.status().as_u16();
        assert!(matches!(status, 401 | 403 | 303), "{path}: {status}");
        assert!(!answer.text().await.unwrap().contains("Kim"), "{path}");
    }
    let press = up.http().post(up.at("/console/press")).header("X-Requested-With", "console");
    let press = press.json(&json!({"card": card, "intent": "claim", "value": null}));
    let status = press.send().await.unwrap().status().as_u16();
    assert!(matches!(status, 401 | 403), "{status}");
    assert_eq!(stage.lead("kim@acme.test").await["owner"], Value::Null);
}

async fn first_card(seat: &Seat) -> Option<String> {
    let state = seat.state().await;
    let messages = state["messages"].as_array()?.iter();
    messages.filter_map(|message| message["card"]["id"].as_str()).map(str::to_owned).next()
}
