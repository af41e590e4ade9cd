//! Discord's traps: a handler that takes long, a form that is closed, a gateway that drops before the answer.

use crate::stage::{Stage, Way};
use rekindle_core::ids::LeadId;
use rekindle_tests::{discord::button, on_both, stores::Home};
use serde_json::Value;
use std::time::Duration;
use tokio::time::{Instant, timeout};

const A_SECOND: Duration = Duration::from_secs(1);

on_both!(
    a_form_that_is_closed_is_no_error_and_no_effect,
    a_gateway_that_drops_before_the_answer_makes_one_effect,
);

async fn a_handler_that_takes_ten_seconds_holds_up_nobody(way: Way) {
    // Only PostgreSQL lets somebody hold one lead alone.
    let mut stage = Stage::on(Home::postgres()).await;
    let (ana, ben) = (stage.linked("ana", 501).await, stage.linked("ben", 502).await);
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage.turn_hot("lee@acme.test", "Lee Wong").await;
    stage.listen().await;
    let kim: LeadId = stage.store.leads().named("kim@acme.test").await.unwrap().id;
    let shoulder = stage.shoulder().await;
    shoulder.hold(kim).await;
    let claim = |who: rekindle_tests::discord::Person, lead: &str| {
        who.commands(stage.fake.id(), ["lead", "claim"], &[("lead", lead)])
    };
    let (slow, quick) = (claim(ana, "kim@acme.test"), claim(ben, "lee@acme.test"));
    for command in [&slow, &quick] {
        let told = Instant::now();
        stage.tell(way, command).await;
        let answer = timeout(A_SECOND, stage.fake.answer(command)).await.expect("acknowledged in a second");
        assert_eq!(answer["type"], 5);
        assert!(told.elapsed() < A_SECOND, "{:?}", told.elapsed());
    }
    let words = stage.fake.words(&quick).await;
    assert!(words.starts_with("Lee Wong is yours."), "{words}");
    stage.after(Duration::from_secs(10)).await;
    assert_eq!(stage.fake.answer(&slow).await["data"]["content"], Value::Null, "it is at work still");
    shoulder.let_go().await;
    let words = stage.fake.words(&slow).await;
    assert!(words.starts_with("Kim Park is yours."), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_takes_ten_seconds_holds_up_nobody_on_the_gateway() {
    a_handler_that_takes_ten_seconds_holds_up_nobody(Way::Gateway).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_takes_ten_seconds_holds_up_nobody_over_http() {
    a_handler_that_takes_ten_seconds_holds_up_nobody(Way::Http).await;
}

async fn a_form_that_is_closed_is_no_error_and_no_effect(home: Home) {
    let stage = Stage::on(home).await;
    let ana = stage.linked("ana", 501).await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    let card = stage.card().await;
    let press = ana.presses(stage.fake.id(), &button(&card, "Not a fit"), &card);
    stage.tell(Way::Http, &press).await;
    assert_eq!(stage.fake.answer(&press).await["type"], 9, "a form");
    // Discord says nothing of its end. What comes behind it is done, so it had its time.
    let whoami = ana.commands(stage.fake.id(), ["rekindle", "whoami"], &[]);
    stage.tell(Way::Http, &whoami).await;
    stage.fake.words(&whoami).await;
    let shoulder = stage.shoulder().await;
    assert_eq!(shoulder.number("SELECT count(*) FROM inbound WHERE state <> 'done'").await, 0);
    assert_eq!(shoulder.number("SELECT count(*) FROM audit WHERE deed LIKE '[%'").await, 0);
    assert!(stage.fake.beside(&press).is_empty());
}

async fn a_gateway_that_drops_before_the_answer_makes_one_effect(home: Home) {
    let mut stage = Stage::on(home).await;
    let ana = stage.linked("ana", 501).await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage.listen().await;
    let note = [("lead", "kim@acme.test"), ("text", "called, will come back")];
    let command = ana.commands(stage.fake.id(), ["lead", "note"], &note);
    stage.fake.cut_off(&command);
    // It resumes, and is told again what it may have missed.
    stage.fake.until_sessions(1, 1).await;
    let words = stage.fake.words(&command).await;
    assert!(words.contains("Noted on Kim Park"), "{words}");
    let whoami = ana.commands(stage.fake.id(), ["rekindle", "whoami"], &[]);
    stage.tell(Way::Gateway, &whoami).await;
    stage.fake.words(&whoami).await;
    let notes = "SELECT count(*) FROM audit WHERE deed LIKE '/lead note%'";
    assert_eq!(stage.shoulder().await.number(notes).await, 1);
    assert_eq!(stage.fake.sessions(), (1, 1), "resumed, not begun anew");
}
