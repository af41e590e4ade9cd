//! Links to leads: shown as cards to those who see cards anyway, and to nobody else.

use rekindle_tests::slack::payloads;
use serde_json::{Value, json};

use crate::stage::{By, HOT, Stage};

fn shared(user: &str, channel: &str, links: &[&str]) -> Value {
    let links: Vec<Value> =
        links.iter().map(|url| json!({ "domain": "rekindle.acme.test", "url": url })).collect();
    payloads::event(json!({
        "type": "link_shared", "channel": channel, "is_bot_user_member": true, "user": user,
        "message_ts": "1732525200.000100", "unfurl_id": "C0HOT.1732525200.000100.abc", "source": "conversations_history",
        "links": links, "event_ts": "1732525200.000100",
    }))
}

impl Stage {
    async fn shares(&self, event: &Value) {
        assert_eq!(self.send("events", event).await.status(), 200);
        self.settled().await;
    }
}

#[tokio::test]
async fn a_member_shows_a_lead_where_cards_are_shown() {
    let stage = Stage::set(By::Http).await;
    let kim = stage.turn_hot("kim@acme.test", "Kim <!channel> Park").await;
    let zoe = stage.track("zoe@new.test", "Page Viewed").await;
    let page = |lead| format!("https://rekindle.acme.test/leads/{lead}");
    let (kim, zoe) = (format!("{}?from=mail#why", page(kim)), page(zoe));
    let event = shared(
        "U0VIC",
        HOT,
        &[&kim, &zoe, "https://rekindle.acme.test/", "https://rekindle.acme.test/leads/lead_0"],
    );
    // Slack tells it again when it is not answered in time.
    for _ in 0..3 {
        stage.shares(&event).await;
    }
    let shown = stage.slack.unfurls();
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert_eq!((&shown[0]["channel"], &shown[0]["ts"]), (&json!(HOT), &json!("1732525200.000100")));
    let unfurls = shown[0]["unfurls"].as_object().unwrap();
    assert_eq!(unfurls.len(), 2, "what is no lead's page shows nothing: {unfurls:?}");
    let (kim, zoe) = (unfurls[&kim].to_string(), unfurls[&zoe].to_string());
    assert!(kim.contains("Kim <!channel> Park · 110 points (A1)") && kim.contains("Hot lead"), "{kim}");
    assert!(!kim.contains("action_id"), "the buttons are on the card: {kim}");
    assert!(zoe.contains("nobody has them"), "{zoe}");
    assert!(stage.slack.whispers().is_empty());
    stage.slack.no_offences();
}

#[tokio::test]
async fn nobody_else_sees_anything_and_nothing_is_said() {
    let stage = Stage::set(By::Http).await;
    let kim = stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage.home.shoulder().await.run("UPDATE member SET active = FALSE WHERE handle = 'ben'").await;
    let page = format!("https://rekindle.acme.test/leads/{kim}");
    let elsewhere = format!("https://evil.test/?https://rekindle.acme.test/leads/{kim}");
    for (who, event) in [
        ("nobody of the team", shared("U0NEW", HOT, &[&page])),
        ("who has left", shared("U0BEN", HOT, &[&page])),
        ("the bot itself", shared("U0BOT", HOT, &[&page])),
        ("in a channel without cards", shared("U0ANA", "C0GENERAL", &[&page])),
        ("while it is written", shared("U0ANA", "COMPOSER", &[&page])),
        ("another's page", shared("U0ANA", HOT, &[&elsewhere])),
    ] {
        stage.shares(&event).await;
        assert!(stage.slack.unfurls().is_empty(), "{who}");
    }
    let mut foreign = shared("U0ANA", HOT, &[&page]);
    foreign["team_id"] = json!("T0OTHER");
    stage.shares(&foreign).await;
    assert!(stage.slack.calls("conversations.info").is_empty(), "nobody of them makes us ask for anything");
    stage.slack.share(HOT, true);
    stage.shares(&shared("U0ANA", HOT, &[&page])).await;
    stage.slack.share(HOT, false);
    stage.slack.fault("conversations.info", rekindle_tests::slack::Fault::Error("missing_scope"));
    stage.shares(&shared("U0ANA", HOT, &[&page])).await;
    assert!(stage.slack.unfurls().is_empty(), "who reads it may be of another organisation");
    stage.shares(&shared("U0ANA", HOT, &[&page])).await;
    assert_eq!(stage.slack.unfurls().len(), 1, "and now it is shown");
    assert!(stage.slack.whispers().is_empty(), "nothing was said to anybody: {:?}", stage.slack.whispers());
    stage.slack.no_offences();
}
