//! The two ways in, as bytes: signatures, and a connection that breaks.

use crate::stage::{HOT_LEADS, Stage, Way};
use rekindle_tests::discord::Person;
use serde_json::json;
use std::time::Duration;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// A body and its headers.
type Request<'a> = (&'a [u8], Vec<(&'a str, &'a str)>);

/// Sends a body with these headers; the status.
async fn status(to: &str, body: &[u8], headers: &[(&str, &str)]) -> u16 {
    let mut request = reqwest::Client::new().post(to).body(body.to_vec());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_discord_signed_just_now_is_read() {
    const SIGNATURE: &str = "x-signature-ed25519";
    const TIME: &str = "x-signature-timestamp";
    let stage = Stage::set().await;
    let ping =
        json!({"id": "1", "application_id": "11111", "type": 1, "token": "t", "version": 1}).to_string();
    let body = ping.as_bytes();
    let now = stage.now();
    let [(_, signature), (_, at)] = stage.fake.signed(body, now);
    let to = stage.endpoint.as_str();
    assert_eq!(status(to, body, &[(SIGNATURE, &signature), (TIME, &at)]).await, 200);
    let (_, pong) = stage.fake.post(to, &serde_json::from_slice(body).unwrap(), now).await;
    assert_eq!(pong["type"], 1);

    let other = b"{\"type\":1}".as_slice();
    let upper = signature.to_uppercase();
    let flipped = format!("{}{}", if signature.starts_with('0') { "1" } else { "0" }, &signature[1..]);
    let plus = format!("+{}", &signature[1..]);
    let long = format!("{signature}00");
    let wrong: Vec<Request<'_>> = vec![
        (other, vec![(SIGNATURE, &signature), (TIME, &at)]),
        (body, vec![]),
        (body, vec![(SIGNATURE, &signature)]),
        (body, vec![(TIME, &at)]),
        (body, vec![(SIGNATURE, ""), (TIME, &at)]),
        (body, vec![(SIGNATURE, &signature[..126]), (TIME, &at)]),
        (body, vec![(SIGNATURE, &long), (TIME, &at)]),
        (body, vec![(SIGNATURE, &upper), (TIME, &at)]),
        (body, vec![(SIGNATURE, &flipped), (TIME, &at)]),
        (body, vec![(SIGNATURE, &plus), (TIME, &at)]),
        (body, vec![(SIGNATURE, "not hex at all"), (TIME, &at)]),
        (body, vec![(SIGNATURE, &signature), (SIGNATURE, &signature), (TIME, &at)]),
        (body, vec![(SIGNATURE, &signature), (TIME, &at), (TIME, &at)]),
        (body, vec![(SIGNATURE, &signature), (TIME, "soon")]),
        (body, vec![(SIGNATURE, &signature), (TIME, "-1")]),
        (body, vec![(SIGNATURE, &signature), (TIME, "99999999999999999999999")]),
        (body, vec![(SIGNATURE, &signature), (TIME, "")]),
    ];
    for (body, headers) in wrong {
        assert_eq!(status(to, body, &headers).await, 401, "{headers:?}");
    }
    for (seconds, expected) in [(-299, 200), (299, 200), (-301, 401), (301, 401), (-3_600, 401)] {
        let [(_, signature), (_, at)] = stage.fake.signed(body, now + seconds);
        assert_eq!(status(to, body, &[(SIGNATURE, &signature), (TIME, &at)]).await, expected, "{seconds} s");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_read_is_kept_and_answered() {
    let stage = Stage::set().await;
    let ana = Person::in_our_guild(501, HOT_LEADS);
    let new = ana.does_something_new(stage.fake.id());
    assert_eq!(stage.fake.post(&stage.endpoint, &new, stage.now()).await.0, 200);
    let mut strange = ana.presses(stage.fake.id(), "v9:whatever", &json!({}));
    strange.as_object_mut().unwrap().remove("message");
    assert_eq!(stage.fake.post(&stage.endpoint, &strange, stage.now()).await.0, 200);
    let kept = "SELECT count(*) FROM inbound WHERE state = 'ignored' AND kind = 'unknown'";
    assert_eq!(stage.shoulder().await.number(kept).await, 2);
    let body = b"no json";
    let [(name, signature), (time, at)] = stage.fake.signed(body, stage.now());
    assert_eq!(status(&stage.endpoint, body, &[(name, &signature), (time, &at)]).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_asks_for_it_is_connected_to_again_and_hears_what_follows() {
    let mut stage = Stage::set().await;
    let ana = stage.linked("ana", 501).await;
    stage.listen().await;
    stage.fake.reconnect();
    stage.fake.until_sessions(1, 1).await;
    assert_eq!(stage.fake.sessions(), (1, 1), "resumed, not begun anew");
    let command = ana.commands(stage.fake.id(), ["rekindle", "whoami"], &[]);
    stage.tell(Way::Gateway, &command).await;
    assert!(stage.fake.words(&command).await.contains("Ana"));
}

#[tokio::test(flavor = "multi_thread")]
async fn listening_ends_when_it_is_told_to_also_while_nobody_is_there() {
    let stage = Stage::set().await;
    let (discord, cancel) = (stage.discord.clone(), CancellationToken::new());
    let until = cancel.clone();
    let listening = tokio::task::JoinSet::from_iter([async move { discord.listen(until).await }]);
    stage.fake.until_sessions(1, 0).await;
    // The server hangs up and goes away: from here on it is only tried to connect again.
    stage.fake.reconnect();
    drop(stage);
    cancel.cancel();
    let ended = timeout(Duration::from_secs(10), listening.join_all()).await.expect("it ends");
    assert_eq!(ended, [Ok(())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_the_gateway_does_not_know_is_not_tried_again() {
    let stage = Stage::set().await;
    let refused = serde_json::json!({"message": "401: Unauthorized", "code": 0});
    stage.fake.fail("GET /gateway", rekindle_tests::discord::Failure::Refused(401, refused), 1);
    let ended = timeout(Duration::from_secs(10), stage.discord.listen(CancellationToken::new())).await;
    assert!(ended.expect("it ends").is_err());
    assert_eq!(stage.fake.sessions(), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_is_the_one_that_was_named_also_when_it_cannot_be_asked_for_again() {
    let mut stage = Stage::set().await;
    let away = serde_json::json!({"message": "500: Internal Server Error", "code": 0});
    stage.fake.fail_after(1, "GET /gateway", rekindle_tests::discord::Failure::Refused(500, away), 10);
    // Elsewhere nobody would identify here.
    stage.listen().await;
    assert_eq!(stage.fake.sessions(), (1, 0));
}
