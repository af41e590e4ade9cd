//! Slack's traps: a handler that takes long, a form that comes too late or is closed, a socket that drops in the middle, and
//! what nobody knows.

use std::time::Duration;

use chrono::TimeDelta;
use rekindle_tests::{
    on_both,
    program::within,
    slack::{Fault, Message, payloads},
    stores::Home,
};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::stage::{By, HOT, Stage, eventually};

const A_SECOND: Duration = Duration::from_secs(1);

on_both!(
    a_form_that_comes_too_late_is_said_so_and_nothing_is_lost,
    a_form_that_is_closed_is_no_error_and_no_effect,
    a_socket_that_drops_before_the_acknowledgement_makes_one_effect,
    what_nobody_knows_is_kept_and_acknowledged_through_the_socket,
);

impl Stage {
    /// Somebody does something; how long Slack waited for the acknowledgement.
    async fn acknowledged(&self, by: By, payload: Value) -> Duration {
        match by {
            By::Socket => self.slack.deliver("interactive", payload).await.after,
            By::Http => {
                let sent = Instant::now();
                assert_eq!(self.send("interactions", &payload).await.status(), 200);
                sent.elapsed()
            }
        }
    }

    fn press(&self, user: &str, card: &Message, intent: &str) -> Value {
        payloads::press(&self.slack, user, card, intent, None)
    }
}

async fn a_handler_that_takes_ten_seconds_holds_up_nobody(by: By) {
    // Only PostgreSQL lets somebody hold one lead alone.
    let stage = Stage::on(Home::postgres(), by).await;
    let kim = stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage.turn_hot("lee@acme.test", "Lee Wong").await;
    stage.look().await;
    let cards = stage.slack.messages(HOT);
    let shoulder = stage.home.shoulder().await;
    shoulder.hold(kim).await;
    let slow = stage.acknowledged(by, stage.press("U0ANA", &cards[0], "claim")).await;
    let quick = stage.acknowledged(by, stage.press("U0BEN", &cards[1], "claim")).await;
    assert!(slow < A_SECOND && quick < A_SECOND, "{slow:?} {quick:?}");
    let told = stage.whispered(1).await;
    assert!(told["text"].as_str().unwrap().starts_with("Lee Wong is yours."), "{told}");
    stage.advance(TimeDelta::seconds(10));
    assert_eq!((stage.slack.whispers().len(), stage.owner(kim).await), (1, None), "Ana's is at work still");
    shoulder.let_go().await;
    let late = stage.whispered(2).await;
    assert!(late["text"].as_str().unwrap().starts_with("Kim Park is yours."), "{late}");
    assert_eq!(late["response_type"], "ephemeral", "at the address that came with the press");
    stage.look_for(3).await;
    assert!(stage.slack.messages(HOT)[0].body["text"].as_str().unwrap().contains("Claimed by Ana"));
    stage.slack.no_offences();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_takes_ten_seconds_holds_up_nobody_on_the_socket() {
    a_handler_that_takes_ten_seconds_holds_up_nobody(By::Socket).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_takes_ten_seconds_holds_up_nobody_over_http() {
    a_handler_that_takes_ten_seconds_holds_up_nobody(By::Http).await;
}

async fn a_form_that_comes_too_late_is_said_so_and_nothing_is_lost(home: Home) {
    let stage = Stage::on(home, By::Http).await;
    let kim = stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage.look().await;
    stage.slack.fault("views.open", Fault::Error("expired_trigger_id"));
    let card = stage.card();
    stage.acknowledged(By::Http, stage.press("U0ANA", &card, "not_a_fit")).await;
    let told = stage.whispered(1).await;
    assert!(told["text"].as_str().unwrap().contains("press the button again"), "{told}");
    assert!(stage.slack.views().is_empty() && stage.store.audited(None, 9).await.unwrap().is_empty());
    // She does so, and the form is there.
    stage.acknowledged(By::Http, stage.press("U0ANA", &card, "not_a_fit")).await;
    let view = eventually(|| stage.slack.views().first().cloned()).await;
    stage.send("interactions", &payloads::submission("U0ANA", &view, Some("a student"))).await;
    stage.whispered(2).await;
    let alert = stage.store.leads().dossier(kim).await.unwrap().alerts.remove(0);
    assert_eq!(alert.state.word(), "closed");
}

async fn a_form_that_is_closed_is_no_error_and_no_effect(home: Home) {
    let stage = Stage::on(home, By::Http).await;
    stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage.look().await;
    let card = stage.card();
    stage.acknowledged(By::Http, stage.press("U0ANA", &card, "not_a_fit")).await;
    let mut view = eventually(|| stage.slack.views().first().cloned()).await;
    view["id"] = "V1".into();
    let closed = json!({"type": "view_closed", "team": {"id": "T0ACME", "domain": "acme"}, "api_app_id": "A0APP",
        "user": {"id": "U0ANA", "name": "ana", "team_id": "T0ACME"}, "view": view, "is_cleared": false});
    assert_eq!(stage.send("interactions", &closed).await.status(), 200);
    // What comes behind it is done, so it had its time.
    stage.send("commands", &payloads::command(&stage.slack, "U0ANA", "/rekindle", "whoami")).await;
    stage.whispered(1).await;
    let shoulder = stage.home.shoulder().await;
    assert_eq!(shoulder.number("SELECT count(*) FROM inbound WHERE state = 'ignored'").await, 0);
    assert_eq!(shoulder.number("SELECT count(*) FROM audit WHERE deed LIKE '[%'").await, 0);
    assert_eq!(stage.slack.whispers().len(), 1, "nobody is told of it");
}

async fn a_socket_that_drops_before_the_acknowledgement_makes_one_effect(home: Home) {
    let stage = Stage::on(home, By::Socket).await;
    let kim = stage.turn_hot("kim@acme.test", "Kim Park").await;
    stage.look().await;
    let press = stage.press("U0ANA", &stage.card(), "claim");
    stage.slack.cut_off("interactive", press.clone());
    stage.slack.heard().await;
    // Slack, which heard no acknowledgement, delivers it again.
    for _ in 0..2 {
        let again = stage.slack.deliver("interactive", press.clone()).await;
        assert!(again.payload.is_none() && again.after < A_SECOND, "{again:?}");
    }
    let told = stage.whispered(1).await;
    assert!(told["text"].as_str().unwrap().starts_with("Kim Park is yours."), "{told}");
    assert_eq!(stage.owner(kim).await.as_deref(), Some("ana"));
    assert_eq!(stage.store.audited(None, 9).await.unwrap().len(), 1);
    assert_eq!(stage.slack.whispers().len(), 1);
}

async fn what_nobody_knows_is_kept_and_acknowledged_through_the_socket(home: Home) {
    let stage = Stage::on(home, By::Socket).await;
    let invented = json!({"type": "invented_next_year", "team": {"id": "T0ACME", "domain": "acme"},
        "user": {"id": "U0ANA", "team_id": "T0ACME"}, "trigger_id": "1.2.3"});
    let event = json!({"type": "event_callback", "token": "x", "team_id": "T0ACME", "api_app_id": "A0APP",
        "event_id": "Ev1", "event_time": 1, "event": {"type": "invented_next_year", "x": [1]}});
    for (kind, payload) in [("interactive", invented), ("events_api", event)] {
        for _ in 0..2 {
            let acked = stage.slack.deliver(kind, payload.clone()).await;
            assert!(acked.payload.is_none() && acked.after < A_SECOND, "{kind}: {acked:?}");
        }
    }
    let shoulder = stage.home.shoulder().await;
    let kept = within(Duration::from_secs(20), "both are kept", async || {
        let kinds = "SELECT kind FROM inbound WHERE state = 'ignored' ORDER BY kind";
        let kept: Vec<String> = shoulder.column(kinds).await;
        println!("{kept:?}");
        (kept.len() >= 2).then_some(kept)
    })
    .await;
    assert_eq!(kept, ["invented_next_year", "invented_next_year"], "once each");
    assert!(stage.slack.whispers().is_empty());
}
