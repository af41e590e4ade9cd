//! The console over HTTP: state, stream, words, presses, and who is let in.

use crate::stage::Stage;
use axum::{
    Extension, Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use futures_util::StreamExt;
use rekindle_bot::console::router;
use serde_json::{Value, json};
use std::time::Duration;
use tower::ServiceExt;

/// The routes as a signed-in member reaches them.
async fn door(stage: &Stage, who: &str) -> Router {
    router(stage.store.clone(), stage.desk.clone()).layer(Extension(stage.member(who).await))
}

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

fn post(path: &str, body: Value) -> Request<Body> {
    let request = Request::post(path).header("content-type", "application/json");
    request.header("x-requested-with", "console").body(Body::from(body.to_string())).unwrap()
}

async fn json_of(door: &Router, request: Request<Body>) -> (StatusCode, Value) {
    let answer = door.clone().oneshot(request).await.unwrap();
    let status = answer.status();
    let bytes = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

#[tokio::test]
async fn nobody_is_let_in_without_a_session_and_no_foreign_page_acts() {
    let stage = Stage::set().await;
    let shut = router(stage.store.clone(), stage.desk.clone());
    for request in [
        get("/console/state"),
        get("/console/events"),
        get("/console/complete?text=/"),
        post("/console/say", json!({"channel": "ops", "text": "/rekindle pause"})),
        post("/console/press", json!({"card": "alert_1", "intent": "claim"})),
    ] {
        let (status, said) = json_of(&shut, request).await;
        assert_eq!((status, &said["code"]), (StatusCode::FORBIDDEN, &json!("signed_out")));
    }
    let page = shut.clone().oneshot(get("/console")).await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("script-src 'self'"));

    let door = door(&stage, "mia").await;
    let mut foreign = post("/console/say", json!({"channel": "ops", "text": "/rekindle pause"}));
    foreign.headers_mut().remove("x-requested-with");
    let (status, said) = json_of(&door, foreign).await;
    assert_eq!((status, &said["code"]), (StatusCode::FORBIDDEN, &json!("foreign")));
    assert!(stage.store.pause().await.unwrap().is_none());
}

#[tokio::test]
async fn the_state_tells_who_when_where_and_what() {
    let stage = Stage::set().await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage.announcer.catch_up().await.unwrap();
    let (_, state) = json_of(&door(&stage, "ana").await, get("/console/state")).await;
    assert_eq!(state["me"], json!({"handle": "ana", "name": "Ana", "role": "sales"}));
    assert_eq!(state["clock"], json!({"calendar": "2026-11-23T09:00:00Z", "zone": "UTC", "speed": 1.0}));
    assert_eq!(state["channels"][0], json!({"name": "hot-leads", "title": "Hot leads"}));
    assert_eq!(state["messages"][0]["card"]["title"], "Kim Park");
    assert_eq!(state["messages"][0]["from"], "rekindle");
    assert_eq!(state["last"], 1);
}

#[tokio::test]
async fn what_is_said_and_pressed_reaches_who_watches() {
    let stage = Stage::set().await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage.announcer.catch_up().await.unwrap();
    let ana = door(&stage, "ana").await;
    let ben = door(&stage, "ben").await;
    let stream = ben.clone().oneshot(get("/console/events?after=0")).await.unwrap();
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let mut stream = stream.into_body().into_data_stream();
    let mut heard = String::new();
    let mut hear = async |wanted: &str| {
        while !heard.contains(wanted) {
            let chunk = tokio::time::timeout(Duration::from_secs(10), stream.next()).await;
            let chunk = chunk.unwrap_or_else(|_| panic!("no {wanted} in {heard}"));
            heard.push_str(std::str::from_utf8(&chunk.unwrap().unwrap()).unwrap());
        }
        std::mem::take(&mut heard)
    };
    let first = hear("event: ping").await;
    assert!(
        first.contains("event: message") && first.contains("Kim Park") && first.contains("id: 1\n"),
        "{first}"
    );

    let said = json!({"channel": "hot-leads", "text": "I know <b>Kim</b>"});
    let (_, told) = json_of(&ana, post("/console/say", said)).await;
    assert_eq!((&told["ok"], &told["text"], &told["mono"]), (&json!(true), &json!(""), &json!(false)));
    let (status, told) = json_of(&ana, post("/console/say", json!({"text": "to whom?"}))).await;
    assert_eq!((status.as_u16(), &told["code"]), (422, &json!("usage")), "{told}");
    let heard_words = hear("event: message").await;
    assert!(heard_words.contains("\"from\":\"ana\"") && heard_words.contains("<b>Kim</b>"), "{heard_words}");

    let card = stage.card().await["id"].clone();
    let press = json!({"card": card, "intent": "claim", "value": null});
    let (_, pressed) = json_of(&ana, post("/console/press", press.clone())).await;
    assert_eq!((&pressed["ok"], &pressed["card"]["state"]), (&json!(true), &json!("claimed")));
    stage.announcer.catch_up().await.unwrap();
    let edited = hear("event: card").await;
    assert!(edited.contains("Claimed by Ana") && edited.contains("id: 3\n"), "{edited}");
    let (_, late) = json_of(&ben, post("/console/press", press)).await;
    assert_eq!((&late["code"], &late["card"]["state"]), (&json!("already_claimed"), &json!("claimed")));

    // Who comes again after a loss is told what they missed, and not what they know.
    let mut again = get("/console/events?after=0");
    again.headers_mut().insert("last-event-id", "1".parse().unwrap());
    let mut stream = ben.oneshot(again).await.unwrap().into_body().into_data_stream();
    let mut missed = String::new();
    while !missed.contains("event: ping") {
        missed.push_str(std::str::from_utf8(&stream.next().await.unwrap().unwrap()).unwrap());
    }
    assert!(missed.contains("I know") && missed.contains("Claimed by Ana"), "{missed}");
}

#[tokio::test]
async fn words_that_nobody_can_hear_are_refused_and_completions_offered() {
    let stage = Stage::set().await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    let ana = door(&stage, "ana").await;
    let (_, lost) = json_of(&ana, post("/console/say", json!({"channel": "nowhere", "text": "hello"}))).await;
    assert_eq!(lost["code"], "unknown_channel");
    let (_, offered) = json_of(&ana, get("/console/complete?text=%2Flead%20claim%20")).await;
    assert_eq!(
        offered,
        json!({"suggestions": [{"insert": "/lead claim kim@acme.test ", "label": "kim@acme.test", "help": "Kim Park"}]})
    );
}

#[tokio::test]
async fn what_a_command_lacks_is_asked_in_a_form_and_its_faults_are_said_at_its_fields() {
    let stage = Stage::set().await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    let ana = door(&stage, "ana").await;
    let say = |text: &str| post("/console/say", json!({"channel": "hot-leads", "text": text}));
    let (_, asked) = json_of(&ana, say("/lead pass kim@acme.test")).await;
    let names: Vec<&Value> =
        asked["form"]["fields"].as_array().unwrap().iter().map(|field| &field["name"]).collect();
    assert_eq!(names, ["lead", "member", "note"]);
    assert_eq!(asked["form"]["fields"][0]["value"], "kim@acme.test");
    let fill = |filled: Value| post("/console/fill", json!({"of": asked["form"]["of"], "filled": filled}));
    let (_, wrong) = json_of(&ana, fill(json!({"lead": "kim@acm.test", "member": ""}))).await;
    assert_eq!((&wrong["ok"], &wrong["code"]), (&json!(false), &json!("usage")));
    let faults = json!({
        "lead": "There is no lead “kim@acm.test”; did you mean kim@acme.test?",
        "member": "This cannot be left empty.",
    });
    assert_eq!(wrong["faults"], faults);
    let (_, done) = json_of(&ana, fill(json!({"lead": "kim@acme.test", "member": "ben", "note": ""}))).await;
    assert_eq!(done["text"], "Kim Park is with Ben now, who is told.");

    // The same from the card, where the lead need not be named.
    let card = stage.card().await["id"].clone();
    let (_, asked) = json_of(&ana, post("/console/form", json!({"card": card, "intent": "pass"}))).await;
    assert_eq!(asked["form"]["fields"].as_array().unwrap().len(), 2);
    let vic = door(&stage, "vic").await;
    for request in [say("/lead add"), post("/console/form", json!({"card": card, "intent": "pass"}))] {
        let (_, refused) = json_of(&vic, request).await;
        assert_eq!((&refused["code"], &refused["form"]), (&json!("not_allowed"), &json!(null)));
    }
    let (_, help) = json_of(&ana, say("/lead add help")).await;
    assert!(help["form"].is_null() && help["text"].as_str().unwrap().contains("Add a lead"), "{help}");
}
