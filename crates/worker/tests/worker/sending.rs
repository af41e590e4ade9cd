//! What becomes of mails on their way out.

use crate::house::{House, at, days, hours, monday, subject};
use rekindle_core::{
    activity::Kind,
    activity::{Trust, names},
    arrival::{Arrival, Who},
    delivery::DeliveryState as S,
    enrollment::{Ended, RunState},
    time::Clock,
};
use rekindle_mail::{
    memory::AtDot,
    outcome::{DotOutcome, Refusal},
    transport::Transport,
};
use rekindle_storage::outbox::Rules;
use std::{collections::HashSet, time::Duration};

async fn one_enrolled() -> (House, rekindle_core::ids::LeadId) {
    let house = House::new().await;
    let kim = house.subscriber("kim@lead.test").await;
    house.enroll(kim).await;
    (house, kim)
}

#[tokio::test]
async fn who_unsubscribes_between_enqueue_and_gate_gets_nothing() {
    let mut house = House::new().await;
    house.clock.set(at("2026-11-03T06:00:00Z"));
    let kim = house.subscriber("kim@lead.test").await;
    house.enroll(kim).await;
    house.tick().await;
    assert_eq!(house.deliveries().await[0].state, S::Pending, "its window is closed");
    let stop = Arrival {
        source: "mail".to_owned(),
        message_id: "unsubscribe:1".to_owned(),
        fingerprint: 0,
        who: Who { lead: Some(kim), ..Who::default() },
        kind: Kind::Mail,
        name: names::UNSUBSCRIBED.to_owned(),
        path: None,
        at: house.clock.calendar(),
        properties: Default::default(),
        human: true,
        trust: Trust::Server,
        basis: None,
    };
    let playbooks = house.store.playbooks().await.unwrap();
    house.store.leads().observe(&[stop], &playbooks).await.unwrap();
    house.live(at("2026-11-10T12:00:00Z")).await;
    assert!(house.memory.is_empty());
    assert_eq!(house.deliveries().await[0].state, S::Suppressed);
    assert!(matches!(house.runs(kim).await[0].state, RunState::Ended { how: Ended::Stopped, .. }));
}

#[tokio::test]
async fn two_workers_on_one_database_send_each_mail_once() {
    let mut house = House::new().await;
    let mut second = house.second().await;
    let mut leads = HashSet::new();
    for number in 0..450 {
        let lead = house.subscriber(&format!("lead{number}@lead.test")).await;
        house.enroll(lead).await;
        leads.insert(lead);
    }
    let (one, two) = tokio::join!(house.worker.tick(), second.tick());
    let (one, two) = (one.unwrap(), two.unwrap());
    house.tick().await;
    assert!(one.mails > 0 && two.mails > 0, "both had a part: {one:?} {two:?}");
    let kept = house.memory.kept();
    let to: HashSet<&str> = kept.iter().map(|kept| kept.rcpt.as_str()).collect();
    assert_eq!((kept.len(), to.len()), (450, 450));
    let deliveries = house.deliveries().await;
    assert_eq!(deliveries.len(), 450);
    assert!(deliveries.iter().all(|d| d.state == S::Sent && leads.contains(&d.lead)));
}

#[tokio::test]
async fn a_mail_whose_fate_is_unknown_is_not_sent_again_its_run_goes_on_and_it_is_assumed_sent() {
    let (mut house, kim) = one_enrolled().await;
    house.memory.at_next_dot(AtDot::KeepSilently);
    house.tick().await;
    assert_eq!(house.deliveries().await[0].state, S::Unknown);
    assert_eq!(house.runs(kim).await[0].step, 2, "it waits for the offer already");
    house.live(monday() + hours(23)).await;
    assert_eq!(house.deliveries().await[0].state, S::Unknown);
    house.live(monday() + hours(24)).await;
    assert_eq!(house.deliveries().await[0].state, S::SentAssumed);
    house.live(monday() + days(4)).await;
    assert_eq!(house.memory.len(), 2, "the breakup once, then the offer");
}

#[tokio::test]
async fn what_the_relay_answers_is_what_the_row_says() {
    for (at_dot, refusal, state, sent_later) in [
        (Some(DotOutcome::Permanent { code: 550, text: "no".into() }), None, S::Failed, 0),
        (Some(DotOutcome::Temporary { code: 451, text: "later".into() }), None, S::Pending, 1),
        (Some(DotOutcome::NotBegun("the line broke".into())), None, S::Pending, 1),
        (Some(DotOutcome::Unknown("silence".into())), None, S::Unknown, 0),
        (None, Some(Refusal::Permanent { code: 550, text: "5.1.1".into() }), S::Failed, 0),
        (None, Some(Refusal::Temporary { code: 450, text: "grey".into() }), S::Pending, 1),
        (None, Some(Refusal::Broken("reset".into())), S::Pending, 1),
    ] {
        let (mut house, kim) = one_enrolled().await;
        let told = format!("{at_dot:?} {refusal:?}");
        if let Some(outcome) = at_dot {
            house.memory.at_next_dot(AtDot::Answer(outcome));
        }
        if let Some(refusal) = refusal {
            house.memory.refuse_next(refusal);
        }
        house.tick().await;
        let delivery = house.deliveries().await.remove(0);
        assert_eq!(delivery.state, state, "{told}");
        assert!(delivery.answer.is_some(), "{told}");
        assert_eq!(house.runs(kim).await[0].step, if state == S::Pending { 0 } else { 2 }, "{told}");
        house.clock.advance(chrono::TimeDelta::minutes(14));
        house.tick().await;
        assert_eq!(house.memory.len(), 0, "{told}: greylisting wants a quarter of an hour");
        house.clock.advance(chrono::TimeDelta::minutes(1));
        house.tick().await;
        assert_eq!(house.memory.len(), sent_later, "{told}");
    }
}

#[tokio::test]
async fn a_retry_has_the_same_bytes_even_if_the_lead_has_changed() {
    let (mut house, _) = one_enrolled().await;
    house.memory.at_next_dot(AtDot::Answer(DotOutcome::Temporary { code: 451, text: "later".into() }));
    house.tick().await;
    let frozen = |house: &House| {
        let store = house.store.clone();
        async move {
            let sender = store.outbox().enlist().await.unwrap();
            let claimed = store.outbox().claim(&sender, 10).await.unwrap();
            let bytes = claimed[0].frozen.clone().unwrap().bytes;
            store.outbox().unclaim(&sender, None).await.unwrap();
            bytes
        }
    };
    house.clock.advance(chrono::TimeDelta::minutes(20));
    let first = frozen(&house).await;
    let traits = serde_json::json!({"email": "kim@lead.test", "firstName": "Kimberley"});
    house.tell("2", Kind::Identify, "identify", "kim@lead.test", traits).await;
    house.tick().await;
    assert_eq!(house.memory.kept()[0].message, first);
    assert_eq!(subject(&first), "Should I close your file, kim?");
}

#[tokio::test]
async fn after_five_seconds_the_gates_word_is_too_old_and_no_dot_is_sent() {
    let (mut house, _) = one_enrolled().await;
    house.clock.stumble(Duration::from_secs(6));
    house.tick().await;
    assert!(house.memory.is_empty());
    let held = house.deliveries().await.remove(0);
    assert_eq!((held.state, held.answer.as_deref()), (S::Pending, Some("the fence closed before the dot")));
    house.clock.stumble(Duration::ZERO);
    house.clock.advance(chrono::TimeDelta::minutes(15));
    house.tick().await;
    assert_eq!(house.memory.len(), 1);
}

#[tokio::test]
async fn what_a_dead_sender_left_is_put_back_or_unknown() {
    let (mut house, kim) = one_enrolled().await;
    let lee = house.subscriber("lee@lead.test").await;
    house.enroll(lee).await;
    // The runs take their first step, while no mail may leave.
    house.clock.set(at("2026-11-02T20:00:00Z"));
    house.tick().await;
    house.clock.set(at("2026-11-03T09:00:00Z"));
    let store = house.store.clone();
    let dead = store.outbox().enlist().await.unwrap();
    let claimed = store.outbox().claim(&dead, 10).await.unwrap();
    assert_eq!(claimed.len(), 2);
    let playbooks = store.playbooks().await.unwrap();
    let rules = Rules { playbooks: &playbooks, zone: chrono_tz::Tz::UTC, warming: None };
    let of_kim: Vec<_> = claimed.iter().filter(|c| c.ticket.lead == kim).map(|c| c.ticket).collect();
    store.outbox().pass(&dead, &of_kim, &[], rules).await.unwrap();
    assert_eq!(house.worker.tick().await.unwrap().mails, 0, "it is alive");
    drop(dead);
    house.tick().await;
    let of =
        |all: &[rekindle_core::delivery::Delivery], lead| all.iter().find(|d| d.lead == lead).unwrap().state;
    let all = house.deliveries().await;
    assert_eq!((of(&all, kim), of(&all, lee)), (S::Unknown, S::Sent));
    assert_eq!(house.memory.len(), 1);
}

#[tokio::test]
async fn while_the_relay_is_away_nothing_is_claimed_and_then_all_leaves() {
    let (mut house, _) = one_enrolled().await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let relay = format!("smtp://{}", listener.local_addr().unwrap());
    drop(listener);
    let away = Transport::Smtp(rekindle_mail::smtp::Relay::parse(&relay).unwrap());
    let mut elsewhere = rekindle_worker::Worker::new(
        house.store.clone(),
        crate::house::settings(away),
        crate::house::templates(),
    );
    assert_eq!(elsewhere.tick().await.unwrap().mails, 1);
    let waits = house.deliveries().await.remove(0);
    assert_eq!((waits.state, waits.attempt), (S::Pending, 0), "it costs no attempt");
    assert_eq!(elsewhere.tick().await.unwrap().mails, 0, "the relay is left alone for a second");
    house.clock.advance(chrono::TimeDelta::seconds(1));
    assert_eq!(elsewhere.tick().await.unwrap().mails, 1);
    elsewhere.leave().await;
    house.tick().await;
    assert_eq!(house.memory.len(), 1);
}

#[tokio::test]
async fn a_mail_that_cannot_be_written_ends_its_run_with_the_reason() {
    let mut house = House::with(|playbook| {
        let plan = playbook.get_mut("sequences/re-engagement.toml").unwrap();
        *plan = plan.replace("key = \"price\"", "key = \"cost\"").replacen(
            "mail = \"breakup\"",
            "mail = \"survey\"",
            1,
        );
    })
    .await;
    let kim = house.subscriber("kim@lead.test").await;
    house.enroll(kim).await;
    house.tick().await;
    let given_up = house.deliveries().await.remove(0);
    assert_eq!(given_up.state, S::Canceled);
    assert!(given_up.reason.unwrap().contains("links to the answer “later”"));
    let run = house.runs(kim).await.remove(0);
    assert!(matches!(run.state, RunState::Ended { how: Ended::Stopped, .. }));
    assert!(run.reason.unwrap().contains("links to the answer"));
}

#[tokio::test]
async fn a_lead_gets_one_mail_a_day_and_paused_mail_waits() {
    let mut house = House::with(|playbook| {
        let text =
            playbook["sequences/re-engagement.toml"].replace("name = \"re-engagement\"", "name = \"again\"");
        playbook.insert("sequences/again.toml".to_owned(), text);
    })
    .await;
    let kim = house.subscriber("kim@lead.test").await;
    house.enroll(kim).await;
    let playbooks = house.store.playbooks().await.unwrap();
    house.decide(kim, move |scene, now| rekindle_core::desk::enroll(scene, "again", &playbooks, now)).await;
    let ana = crate::house::member("ana").handle;
    let pause = rekindle_storage::settings::Pause { by: ana, at: house.clock.wall() };
    house.store.set_pause(Some(pause), "news").await.unwrap();
    house.tick().await;
    assert!(house.memory.is_empty());
    house.store.set_pause(None, "news").await.unwrap();
    house.tick().await;
    assert_eq!(house.memory.len(), 1, "two runs, one mail");
    house.live(monday() + hours(23)).await;
    assert_eq!(house.memory.len(), 1);
    house.live(monday() + hours(24)).await;
    assert_eq!(house.memory.len(), 2);
}
