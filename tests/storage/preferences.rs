//! How a lead wants to be written to is asked again at the gate.

use chrono::TimeDelta;
use rekindle_core::{
    delivery::{DeliveryState, Event},
    enrollment::RunState,
    ids::LeadId,
    preferences::Choice,
};
use rekindle_storage::outbox::Passage;
use rekindle_tests::{on_both, stores::Home};

use crate::house::House;

on_both!(
    u9_a_pause_holds_the_mail_and_does_not_age_it,
    u9_who_wants_fewer_gets_one_in_thirty_days,
    u9_who_wants_one_topic_gets_no_other,
);

async fn choose(house: &House, lead: LeadId, choice: Choice, topic: &str) {
    let chosen = |scene: &rekindle_core::scene::Scene, now| {
        let mut change = scene.unchanged();
        change.lead.preferences.choose(choice, Some(topic), now);
        Ok(change)
    };
    house.decide(lead, chosen).await.unwrap();
}

async fn u9_a_pause_holds_the_mail_and_does_not_age_it(home: Home) {
    let house = House::of(home).await;
    let sender = house.sender().await;
    let kim = house.lead().await;
    let mail = house.mail(kim, "plain").await;
    let ticket = house.ticket(&sender).await;
    choose(&house, kim, Choice::Pause30, "").await;
    assert_eq!(house.pass(&sender, &[ticket]).await, [Passage::Stopped]);
    let row = house.delivery(mail).await;
    let until = house.now() + TimeDelta::days(30);
    assert_eq!((row.state, row.not_before), (DeliveryState::Pending, until));
    assert!(row.reason.unwrap().starts_with("the lead wants nothing before "));
    house.clock().forward(TimeDelta::days(30));
    let ticket = house.ticket(&sender).await;
    assert_eq!(house.pass(&sender, &[ticket]).await, [Passage::Go], "a pause is no reason to drop it");
}

async fn u9_who_wants_fewer_gets_one_in_thirty_days(home: Home) {
    let house = House::of(home).await;
    let sender = house.sender().await;
    let kim = house.lead().await;
    choose(&house, kim, Choice::Monthly, "").await;
    house.mail(kim, "plain").await;
    let ticket = house.ticket(&sender).await;
    assert_eq!(house.pass(&sender, &[ticket]).await, [Passage::Go]);
    house.fate(&sender, ticket, Event::Accepted).await;
    // The second of the plan comes two days later: too early, and too late by the time it were due.
    house.clock().forward(TimeDelta::days(2));
    house.step(kim).await;
    let second = house.awaited(kim, "plain").await;
    let ticket = house.ticket(&sender).await;
    assert_eq!(house.pass(&sender, &[ticket]).await, [Passage::Stopped]);
    let row = house.delivery(second).await;
    assert_eq!(row.state, DeliveryState::Expired);
    assert_eq!(row.reason.as_deref(), Some("the lead wants at most one mail in 30 days"));
    assert!(
        matches!(house.run(kim, "plain").await.state, RunState::Due { .. }),
        "the plan goes on without it"
    );
    // To the second: another plan's mail after thirty days.
    for (ahead, passage) in [(-1, Passage::Stopped), (0, Passage::Go)] {
        let lee = house.lead().await;
        choose(&house, lee, Choice::Monthly, "").await;
        house.mail(lee, "plain").await;
        let claimed = house.claimed(&sender).await;
        let ticket = claimed.iter().find(|one| one.ticket.lead == lee).unwrap().ticket;
        assert_eq!(house.pass(&sender, &[ticket]).await, [Passage::Go]);
        house.fate(&sender, ticket, Event::Accepted).await;
        house.clock().forward(TimeDelta::days(30) + TimeDelta::seconds(ahead));
        house.mail(lee, "other").await;
        let claimed = house.claimed(&sender).await;
        let ticket = claimed.iter().find(|one| one.ticket.lead == lee).unwrap().ticket;
        assert_eq!(house.pass(&sender, &[ticket]).await, [passage], "{ahead} s");
    }
}

async fn u9_who_wants_one_topic_gets_no_other(home: Home) {
    let house = House::of(home).await;
    let sender = house.sender().await;
    let kim = house.lead().await;
    let plain = house.mail(kim, "plain").await;
    let ticket = house.ticket(&sender).await;
    choose(&house, kim, Choice::Topic, "other").await;
    assert_eq!(house.pass(&sender, &[ticket]).await, [Passage::Stopped]);
    let row = house.delivery(plain).await;
    assert_eq!(row.state, DeliveryState::Canceled);
    assert_eq!(row.reason.as_deref(), Some("the lead wants mail about other only"));
    let again =
        house.decide(kim, |scene, now| rekindle_core::desk::enroll(scene, "daytime", &house.playbooks, now));
    assert!(again.await.unwrap_err().refusal().is_some(), "nor does one begin");
    house.mail(kim, "other").await;
    let ticket = house.ticket(&sender).await;
    assert_eq!(house.pass(&sender, &[ticket]).await, [Passage::Go]);
    // What serves a customer asks none of it.
    choose(&house, kim, Choice::Pause90, "").await;
    house.fate(&sender, ticket, Event::Accepted).await;
    house.mail(kim, "service").await;
    let ticket = house.ticket(&sender).await;
    assert_eq!(house.pass(&sender, &[ticket]).await, [Passage::Go]);
}
