//! What a card says, in each state.

use super::*;
use crate::card::gallery::{ana, at, open, rendered};
use chrono::TimeDelta;

#[test]
fn an_open_card_says_who_and_why_and_what_to_do() {
    let json = serde_json::to_value(rendered(&open())).unwrap();
    assert_eq!(json["id"], "alert_0195f7c2a0e87b6e8d0c5a1b2c3d4e5f");
    assert_eq!(json["title"], "Kim  Park");
    assert_eq!(json["subtitle"], "VP Sales at Acme");
    assert_eq!((&json["badge"], &json["score"]), (&"A1".into(), &105.into()));
    assert_eq!(
        (&json["state"], &json["accent"], &json["kind"]),
        (&"open".into(), &"hot".into(), &"alert".into())
    );
    let likely = "82 % likely (webinar attended, director, 3 people from the company; but free mail)";
    assert_eq!(json["lines"], serde_json::json!([likely, "+95 Demo Requested ×2 (was +100)"]));
    let labels: Vec<&str> =
        json["facts"].as_array().unwrap().iter().filter_map(|fact| fact["label"].as_str()).collect();
    assert_eq!(labels, ["Grade", "Company", "Their clock", "Note by Ana"]);
    assert_eq!(
        json["facts"][2],
        serde_json::json!({"label": "Their clock", "value": "Bangkok, 7 h ahead of us"})
    );
    assert_eq!(
        json["facts"][3],
        serde_json::json!({"label": "Note by Ana", "value": "likes blue (Mon 23 Nov, 08:59)"})
    );
    assert_eq!(json["status"], "Nobody has it yet, since Mon 23 Nov, 08:58");
    assert_eq!(
        json["buttons"][0],
        serde_json::json!({"intent": "claim", "label": "Claim", "style": "primary", "ask": null})
    );
    assert_eq!(json["buttons"][1]["ask"]["kind"], "form");
    assert_eq!(json["buttons"][2]["ask"]["choices"][2], serde_json::json!({"value": "1d", "label": "1 day"}));
}

#[test]
fn the_status_tells_its_story() {
    let member = ana();
    let ana = member.handle.clone();
    let then = at("2026-11-23T08:58:14Z");
    let claimed = open().claim(&ana, "Kim", then).unwrap();
    assert_eq!(rendered(&claimed).status, "Claimed by Ana, 14 s after the alert");
    let connected = claimed.outcome(&member, "Kim", Outcome::Connected, None, then).unwrap();
    assert_eq!(rendered(&connected).status, "Claimed by Ana, 14 s after the alert; connected");
    let snoozed = connected.clone().snooze(&member, "Kim", then + TimeDelta::days(1), then).unwrap();
    assert_eq!(rendered(&snoozed).status, "With Ana, put off until Tue 24 Nov, 08:58");
    let won = connected.outcome(&member, "Kim", Outcome::Won, Some("5000".to_owned()), then).unwrap();
    let card = rendered(&won);
    assert_eq!(card.status, "Won (5000), says Ana; claimed 14 s after the alert");
    assert!(card.buttons.is_empty());
    let unfit = open().outcome(&member, "Kim", Outcome::NotAFit, Some("student".to_owned()), then).unwrap();
    assert_eq!(rendered(&unfit).status, "Not a fit (student), says Ana");
    assert_eq!(
        rendered(&open().snooze(&member, "Kim", then + TimeDelta::days(1), then).unwrap()).buttons[0].intent,
        "claim"
    );
}
