//! What clients of intake see, row by row of the contract, through a socket.

use crate::stage::{On, SOON, Sender, Stage, on_both_databases};
use crate::wire::Wire;
use rekindle_tests::program::within;
use reqwest::header::{CONTENT_ENCODING, HeaderMap, RETRY_AFTER};
use serde_json::{Value, json};
use std::{
    io::Write,
    process::{Command, Stdio},
};

on_both_databases!(
    good_calls_are_taken_and_bad_items_are_named_while_their_neighbours_are_stored,
    the_same_message_id_counts_once_and_the_first_wins,
);

async fn good_calls_are_taken_and_bad_items_are_named_while_their_neighbours_are_stored(on: On) {
    let stage = Stage::new(on);
    let up = stage.program.start(&["up"]).await;
    let sender = Sender::new(&up, &stage.key("crm", None).await);
    let kim = |more: Value| {
        let mut body = json!({"userId": "kim"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    for (call, body) in [
        ("identify", kim(json!({"traits": {"email": "kim@acme.test", "name": "Kim Park"}}))),
        ("track", kim(json!({"event": "E-book Downloaded", "messageId": "m-track"}))),
        ("page", kim(json!({"name": "Docs", "properties": {"path": "/docs"}, "messageId": "m-page"}))),
        ("screen", kim(json!({"name": "Start"}))),
        ("group", kim(json!({"groupId": "acme", "traits": {"name": "Acme"}}))),
        ("alias", json!({"previousId": "anon-1", "userId": "kim"})),
        ("batch", json!({"batch": [{"type": "track", "userId": "kim", "event": "Webinar Attended"}]})),
    ] {
        sender.sent(call, body).await;
    }

    let item = |more: Value| {
        let mut body = json!({"type": "track", "userId": "kim"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let batch = json!({"batch": [
        item(json!({"event": "Before", "messageId": "m-before"})),
        {"type": "track", "event": "Nobody"},
        item(json!({})),
        item(json!({"event": "Large", "properties": {"text": "x".repeat(33 * 1024)}})),
        item(json!({"type": "trakc", "event": "Mistyped"})),
        item(json!({"event": "With\u{0}NUL"})),
        item(json!({"event": "After", "messageId": "m-after"})),
    ]});
    let (status, _, answer) = sender.call("batch", &batch).await;
    assert_eq!((status, &answer["success"]), (200, &json!(true)), "{answer}");
    let rejected: Vec<(i64, &str)> = answer["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (r["index"].as_i64().unwrap(), r["code"].as_str().unwrap()))
        .collect();
    assert_eq!(rejected, [(1, "no_id"), (2, "no_event"), (3, "too_large"), (4, "bad_type"), (5, "nul")]);
    for told in answer["rejected"].as_array().unwrap() {
        assert_eq!(keys(told), ["code", "index", "message"]);
        assert!(told["message"].as_str().unwrap().len() > 10, "{told}");
    }

    let lead = stage.lead("kim@acme.test").await;
    let names: Vec<&str> =
        lead["activities"].as_array().unwrap().iter().map(|a| a["name"].as_str().unwrap()).collect();
    for (name, times) in
        [("Before", 1), ("After", 1), ("E-book Downloaded", 1), ("Large", 0), ("Mistyped", 0)]
    {
        assert_eq!(names.iter().filter(|n| **n == name).count(), times, "{name} in {names:?}");
    }
    assert!(lead["activities"].as_array().unwrap().iter().all(|a| a["source"] == "crm"), "{lead}");
}

async fn the_same_message_id_counts_once_and_the_first_wins(on: On) {
    let stage = Stage::new(on);
    let up = stage.program.start(&["up"]).await;
    let sender = Sender::new(&up, &stage.key("crm", None).await);
    let other = Sender::new(&up, &stage.key("shop", None).await);
    sender.identify("kim", json!({"email": "kim@acme.test"}), json!({})).await;
    let call = json!({"userId": "kim", "event": "Webinar Attended", "messageId": "m-1"});
    for _ in 0..3 {
        sender.sent("track", call.clone()).await;
    }
    let mut another = call.clone();
    another["event"] = json!("Demo Requested");
    let (status, _, answer) = sender.call("track", &another).await;
    assert_eq!((status, &answer["rejected"][0]["code"]), (200, &json!("conflict")), "{answer}");
    other.sent("track", another).await;

    let lead = stage.lead("kim@acme.test").await;
    let told: Vec<(&str, &str)> = lead["activities"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|a| a["message_id"] == "m-1")
        .map(|a| (a["source"].as_str().unwrap(), a["name"].as_str().unwrap()))
        .collect();
    assert_eq!(told.len(), 2, "{lead}");
    assert!(
        told.contains(&("crm", "Webinar Attended")) && told.contains(&("shop", "Demo Requested")),
        "{told:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_which_nothing_can_be_saved_is_refused_and_gzip_is_undone() {
    let stage = Stage::new(On::Sqlite);
    let up = stage.program.start(&["up"]).await;
    let key = stage.key("crm", None).await;
    let post = async |body: Vec<u8>, packed: bool| {
        let mut request = up.http().post(up.at("/v1/batch")).basic_auth(&key, Some("")).body(body);
        if packed {
            request = request.header(CONTENT_ENCODING, "gzip");
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let good = br#"{"batch": [{"type": "track", "userId": "kim", "event": "Signed Up"}]}"#.to_vec();
    assert_eq!(post(good.clone(), false).await, (200, json!({"success": true})));
    assert_eq!(post(gzip(&good), true).await, (200, json!({"success": true})));
    for (body, packed, status) in [
        (b"no JSON".to_vec(), false, 400),
        (b"[1, 2]".to_vec(), false, 400),
        (b"{\"userId\": \"kim\"}".to_vec(), false, 400),
        (good.clone(), true, 400),
        (vec![b' '; 501 * 1024], false, 413),
        (gzip(&vec![b' '; 5 * 1024 * 1024]), true, 413),
    ] {
        let (told, answer) = post(body, packed).await;
        assert_eq!((told, &answer["success"]), (status, &json!(false)), "{answer}");
        assert!(answer["code"].is_string() && answer["message"].is_string(), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_unknown_is_refused_until_it_is_made() {
    let stage = Stage::new(On::Sqlite);
    let up = stage.program.start(&["up"]).await;
    let body = json!({"userId": "kim", "event": "Signed Up"});
    let bare = up.http().post(up.at("/v1/track")).json(&body).send().await.unwrap();
    assert_eq!(bare.status(), 401);
    let (status, _, answer) = Sender::new(&up, "rk_nobody_knows").call("track", &body).await;
    assert_eq!((status, &answer["code"]), (401, &json!("unknown_key")));
    // Made by another process while this one runs, it works at once.
    let key = stage.key("crm", None).await;
    Sender::new(&up, &key).sent("track", body.clone()).await;
    let mut inside = body;
    inside["writeKey"] = json!(key);
    let answer = up.http().post(up.at("/v1/track")).json(&inside).send().await.unwrap();
    assert_eq!(answer.status(), 200, "the key may stand in the body");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_too_fast_is_told_when_to_come_again() {
    let stage = Stage::new(On::Sqlite).env("REKINDLE__INTAKE__RATE_PER_SECOND", "2");
    let up = stage.program.start(&["up"]).await;
    let sender = Sender::new(&up, &stage.key("crm", None).await);
    let body = json!({"userId": "kim", "event": "Signed Up"});
    let mut refused = None;
    for _ in 0..50 {
        let (status, headers, answer) = sender.call("track", &body).await;
        if status != 200 {
            refused = Some((status, retry_after(&headers), answer));
            break;
        }
    }
    let (status, wait, answer) = refused.expect("fifty calls at once are more than two a second");
    assert_eq!((status, &answer["code"]), (429, &json!("too_fast")));
    assert!((1..=2).contains(&wait), "{wait} s");
    tokio::time::sleep(std::time::Duration::from_secs(wait)).await;
    sender.sent("track", body).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_away_senders_are_asked_to_come_again_and_nothing_is_lost_or_doubled() {
    let stage = Stage::new(On::Postgres);
    let wire = Wire::to(stage.database_url()).await;
    let stage = stage.env("REKINDLE__DATABASE__URL", wire.url());
    let up = stage.program.start(&["up"]).await;
    let sender = Sender::new(&up, &stage.key("crm", None).await);
    sender.identify("kim", json!({"email": "kim@acme.test"}), json!({})).await;
    let call = json!({"userId": "kim", "event": "Webinar Attended", "messageId": "m-away"});

    wire.cut();
    let (status, headers, answer) = sender.call("track", &call).await;
    assert_eq!((status, &answer["success"]), (503, &json!(false)), "{answer}");
    assert!(retry_after(&headers) >= 1);
    let http = up.http().clone();
    let asked = async |path: &str| http.get(up.at(path)).send().await.unwrap().status().as_u16();
    assert_eq!(asked("/healthz").await, 200, "alive it is");
    assert_eq!(asked("/readyz").await, 503, "but not ready");

    wire.mend();
    within(SOON, "it takes the call again", async || {
        let (status, _, _) = sender.call("track", &call).await;
        (status == 200).then_some(())
    })
    .await;
    sender.sent("track", call).await;
    within(SOON, "it is ready again", async || (asked("/readyz").await == 200).then_some(())).await;
    let lead = stage.lead("kim@acme.test").await;
    let stored =
        lead["activities"].as_array().unwrap().iter().filter(|a| a["message_id"] == "m-away").count();
    assert_eq!(stored, 1, "{lead}");
}

fn retry_after(headers: &HeaderMap) -> u64 {
    headers[RETRY_AFTER].to_str().unwrap().parse().expect("Retry-After is in seconds")
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = Command::new("gzip")
        .arg("-c")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("gzip is there");
    let mut into = gzip.stdin.take().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || into.write_all(bytes).unwrap());
        gzip.wait_with_output().unwrap().stdout
    })
}
