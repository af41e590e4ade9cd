//! What a card says, in each state.

use super::*;
use chrono::TimeDelta;
use rekindle_core::{
    alert::Raised,
    email::EmailAddress,
    lead::Points,
    score::{Line, LineKind},
    team::Handle,
};

fn at(text: &str) -> Moment {
    text.parse().unwrap()
}

fn kim() -> Lead {
    let mut lead = Lead::anonymous(id("lead"), at("2026-11-20T00:00:00Z"));
    lead.name = Some("Kim\r\nPark\u{202e}".to_owned());
    lead.title = Some("VP Sales".to_owned());
    lead.company = Some("Acme".to_owned());
    lead.country = Some("TH".to_owned());
    lead.email = Some(EmailAddress::parse("kim@acme.test").unwrap());
    lead
}

/// The same id for everything, told apart by its kind.
fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(kind: &str) -> T {
    format!("{kind}_0195f7c2a0e87b6e8d0c5a1b2c3d4e5f").parse().unwrap()
}

fn explanation() -> Explanation {
    let line = |what: &str, now| Line {
        kind: LineKind::Engagement,
        what: what.to_owned(),
        at: Some(at("2026-11-23T08:00:00Z")),
        activity: None,
        points: 50,
        now,
        capped: false,
    };
    Explanation {
        score: 105,
        fit: 10,
        engagement: 95,
        grade: "A1".to_owned(),
        points: Points { fit: 10.0, engagement: 95.0, at: at("2026-11-23T09:00:00Z") },
        lines: vec![line("Demo Requested", 50.0), line("Demo Requested", 45.0)],
    }
}

fn rendered(alert: &Alert) -> Card {
    let (lead, explanation) = (kim(), explanation());
    let notes =
        [Note { by: "Ana".to_owned(), at: at("2026-11-23T08:59:00Z"), text: "likes\nblue".to_owned() }];
    of_alert(
        alert,
        &Scenery {
            lead: &lead,
            explanation: &explanation,
            recent: &[],
            notes: &notes,
            now: at("2026-11-23T09:00:00Z"),
            zone: Tz::UTC,
        },
    )
}

fn open() -> Alert {
    let raised = Raised { reason: Reason::Hot, because: vec![], meant_for: None };
    Alert::raise(id("alert"), id("lead"), &raised, at("2026-11-23T08:58:00Z"))
}

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
    assert_eq!(json["lines"], serde_json::json!(["+95 Demo Requested ×2"]));
    assert_eq!(
        json["facts"][0],
        serde_json::json!({"label": "Their clock", "value": "Bangkok, 7 h ahead of us"})
    );
    assert_eq!(
        json["facts"][1],
        serde_json::json!({"label": "Note by Ana", "value": "likes blue (Mon 23 Nov, 08:59)"})
    );
    assert_eq!(json["status"], "Nobody has it yet, since Mon 23 Nov, 08:58");
    assert_eq!(
        json["buttons"][0],
        serde_json::json!({"intent": "claim", "label": "Claim", "style": "primary", "ask": null})
    );
    assert_eq!(json["buttons"][1]["ask"]["choices"][2], serde_json::json!({"value": "1d", "label": "1 day"}));
}

#[test]
fn the_status_tells_its_story() {
    let ana = Handle::of("ana").unwrap();
    let member = rekindle_core::team::Member {
        id: id("member"),
        handle: ana.clone(),
        name: "Ana".to_owned(),
        role: rekindle_core::team::Role::Sales,
        active: true,
    };
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
