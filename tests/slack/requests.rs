//! Requests over HTTP: who signed them, when, how often they come, and what nobody knows.

use chrono::TimeDelta;
use rekindle_core::time::Clock;
use rekindle_tests::slack::payloads;
use serde_json::{Value, json};

use crate::stage::{By, Stage};

#[tokio::test]
async fn a_hundred_replays_of_one_request_have_one_effect() {
    let stage = Stage::set(By::Http).await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage.look().await;
    let note = payloads::command(&stage.slack, "U0ANA", "/lead", "note kim@acme.test called, will come back");
    for _ in 0..100 {
        assert_eq!(stage.send("commands", &note).await.status(), 200);
    }
    stage.whispered(1).await;
    let entries = stage.store.audited(None, 300).await.unwrap();
    assert_eq!(entries.iter().filter(|entry| entry.deed.starts_with("/lead note")).count(), 1, "{entries:?}");
    assert_eq!(stage.slack.whispers().len(), 1);
}

#[tokio::test]
async fn what_slack_did_not_sign_is_nobodys() {
    let stage = Stage::set(By::Http).await;
    let body = payloads::body(&payloads::command(&stage.slack, "U0ANA", "/rekindle", "pause"));
    let now = stage.home.clock().wall();
    let stamp = |seconds: i64| (now + TimeDelta::seconds(seconds)).timestamp().to_string();
    let signed = |stamp: &str| payloads::signature(stamp, body.as_bytes());
    let at = "x-slack-request-timestamp";
    let by = "x-slack-signature";
    let right = signed(&stamp(0));
    let cut = right[..right.len() - 1].to_owned();
    let upper = right.replace("v0=", "").to_uppercase();
    let wrong: Vec<Vec<(&str, String)>> = vec![
        vec![],
        vec![(at, stamp(0))],
        vec![(by, right.clone())],
        vec![(at, stamp(0)), (by, cut)],
        vec![(at, stamp(0)), (by, format!("v0={upper}"))],
        vec![(at, stamp(0)), (by, String::new())],
        vec![(at, stamp(1)), (by, right.clone())],
        vec![(at, stamp(0)), (by, right.clone()), (by, right.clone())],
        vec![(at, stamp(0)), (at, stamp(0)), (by, right.clone())],
        vec![(at, stamp(-301)), (by, signed(&stamp(-301)))],
        vec![(at, stamp(301)), (by, signed(&stamp(301)))],
        vec![(at, "-1".into()), (by, signed("-1"))],
        vec![(at, "now".into()), (by, signed("now"))],
        vec![(at, "99999999999999999999".into()), (by, signed("99999999999999999999"))],
        vec![(at, "-9223372036854775808".into()), (by, signed("-9223372036854775808"))],
    ];
    for headers in &wrong {
        for door in ["commands", "interactions", "events"] {
            let answer = stage.post(door, headers, body.clone()).await;
            assert_eq!(answer.status(), 401, "{headers:?}");
        }
    }
    let headers = [(at, stamp(0)), (by, payloads::signature(&stamp(0), b"\xff\xfe"))];
    assert_eq!(stage.post("events", &headers, b"\xff\xfe".to_vec()).await.status(), 401);
    assert!(stage.store.pause().await.unwrap().is_none());
    let shoulder = stage.home.shoulder().await;
    assert_eq!(shoulder.number("SELECT count(*) FROM inbound").await, 0, "nothing of it was even read");
    for seconds in [-299, 299] {
        let headers = [(at, stamp(seconds)), (by, signed(&stamp(seconds)))];
        assert_eq!(stage.post("commands", &headers, body.clone()).await.status(), 200);
    }
}

#[tokio::test]
async fn the_example_of_slacks_documentation_is_taken() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/corpora/signatures/slack/vector.json");
    let Ok(text) = std::fs::read_to_string(path) else { return };
    let vector: Value = serde_json::from_str(&text).unwrap();
    let text = |field: &str| vector[field].as_str().unwrap().to_owned();
    assert_eq!(text("signing_secret"), rekindle_tests::slack::SIGNING_SECRET);
    let stage = Stage::set(By::Http).await;
    let signed_at = chrono::DateTime::from_timestamp(text("timestamp").parse().unwrap(), 0).unwrap();
    let headers =
        [("x-slack-request-timestamp", text("timestamp")), ("x-slack-signature", text("signature"))];
    assert_eq!(stage.post("commands", &headers, text("body")).await.status(), 401, "years old");
    stage.home.clock().set_wall(signed_at + TimeDelta::seconds(300));
    assert_eq!(stage.post("commands", &headers, text("body")).await.status(), 200);
    stage.home.clock().set_wall(signed_at + TimeDelta::seconds(301));
    assert_eq!(stage.post("commands", &headers, text("body")).await.status(), 401);
}

#[tokio::test]
async fn what_nobody_knows_is_kept_and_taken() {
    let stage = Stage::set(By::Http).await;
    let probe = json!({ "ssl_check": "1", "token": "xyzz" });
    assert_eq!(stage.send("commands", &probe).await.status(), 200);
    let shoulder = stage.home.shoulder().await;
    assert_eq!(shoulder.number("SELECT count(*) FROM inbound").await, 0, "a probe is nothing");

    let stamp = stage.home.clock().wall().timestamp().to_string();
    let post = async |door: &str, body: &str| {
        let headers = [
            ("x-slack-request-timestamp", stamp.clone()),
            ("x-slack-signature", payloads::signature(&stamp, body.as_bytes())),
        ];
        stage.post(door, &headers, body.to_owned()).await
    };
    let challenge =
        json!({ "type": "url_verification", "challenge": "3eZbrw1aB10FEMAGAZd4FyFQ", "token": "x" });
    let answer = post("events", &challenge.to_string()).await;
    assert_eq!(
        (answer.status().as_u16(), answer.text().await.unwrap().as_str()),
        (200, "3eZbrw1aB10FEMAGAZd4FyFQ")
    );
    let event = json!({ "type": "event_callback", "team_id": "T0ACME", "event_id": "Ev1", "event": { "type": "invented_next_year", "x": [1] } });
    for _ in 0..3 {
        assert_eq!(post("events", &event.to_string()).await.status(), 200);
    }
    for nonsense in ["", "payload=%7B", "{\"half\":", "[1,2]", "payload=nonsense"] {
        assert_eq!(post("interactions", nonsense).await.status(), 200, "{nonsense:?}");
    }
    let kinds: Vec<String> =
        shoulder.column("SELECT kind FROM inbound WHERE state = 'ignored' ORDER BY kind").await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "invented_next_year").count(), 1);
    assert_eq!(kinds.iter().filter(|kind| *kind == "unreadable").count(), 5);
    assert!(stage.slack.whispers().is_empty());
}
