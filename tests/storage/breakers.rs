//! Mail that harms our name is held, tries again with a few, and goes on; the team is told why (mail-rules S4).

use chrono::TimeDelta;
use rekindle_core::{
    breaker::{COOLS, PROBES, State},
    delivery::{DeliveryState, Event},
    ids::LeadId,
    time::Moment,
};
use rekindle_storage::outbox::{Passage, Sender, Ticket};
use rekindle_tests::{
    on_both,
    stores::{Home, Shoulder},
};

use crate::house::House;

on_both!(
    s4_simulated_feeds_move_at_the_rate,
    s4_what_is_held_waits_tries_and_goes_on,
    s4_a_domain_that_blocks_is_held_alone
);

/// What is told of mails that were sent, made up row by row: as many as that are hard to send one by one.
async fn feed(shoulder: &Shoulder, table: &str, count: i64, kind: &str, at: Moment) {
    let (uuid, series) = match shoulder.is_postgres() {
        true => ("gen_random_uuid()", format!("generate_series(1, {count}) AS n(n)")),
        false => (
            "randomblob(16)",
            format!(
                "(WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {count}) SELECT n FROM n) n"
            ),
        ),
    };
    let at = at.timestamp_micros();
    if count == 0 {
        return;
    }
    let text = match table {
        "attempt" => format!(
            "INSERT INTO attempt (delivery_id, generation, state, answer, at) SELECT {uuid}, 1, '{kind}', '250 ok', {at} FROM {series}"
        ),
        _ => format!(
            "INSERT INTO heard (delivery_id, key, kind, lead_id, at) SELECT {uuid}, '{kind}', '{kind}', {uuid}, {at} FROM {series}"
        ),
    };
    shoulder.run(&text).await;
}

async fn news(house: &House) -> Vec<String> {
    let behind = house.store.cards().news_behind("wall", Moment::UNIX_EPOCH, 100).await.unwrap();
    behind.into_iter().map(|one| one.subject.text).collect()
}

async fn state(house: &House) -> State {
    house.store.breakers().await.unwrap().get("all").map_or(State::Closed, |breaker| breaker.state)
}

async fn s4_simulated_feeds_move_at_the_rate(home: Home) {
    let house = House::of(home).await;
    let shoulder = house.shoulder().await;
    feed(&shoulder, "attempt", 10_000, "sent", house.now()).await;
    let mut complaints = 0;
    for (until, wanted) in
        [(9, State::Closed), (10, State::Poor), (24, State::Poor), (25, State::Open), (30, State::Open)]
    {
        feed(&shoulder, "heard", until - complaints, "complaint", house.now()).await;
        complaints = until;
        house.store.watch_breakers().await.unwrap();
        assert_eq!(state(&house).await, wanted, "at 0.{until:02} %");
    }
    let told = news(&house).await;
    assert_eq!(told.len(), 2, "each is told once: {told:?}");
    assert!(told[0].starts_with("Campaign mail harms our name: 10 of 10000 mails (0.10 %)"), "{}", told[0]);
    assert!(told[1].starts_with("Campaign mail is held: 25 of 10000 mails (0.25 %)"), "{}", told[1]);
    // A week later it is over: the window slides.
    house.store.close_breakers("Ada").await.unwrap();
    house.store.watch_breakers().await.unwrap();
    assert_eq!(state(&house).await, State::Closed, "what was before it closed is over");
}

/// A lead with a mail at the gate.
async fn at_the_gate(house: &House, sender: &Sender, email: &str) -> (LeadId, Ticket) {
    let lead = house.lead_at(email).await;
    house.mail(lead, "plain").await;
    (lead, house.ticket(sender).await)
}

async fn s4_what_is_held_waits_tries_and_goes_on(home: Home) {
    let house = House::of(home).await;
    let (shoulder, sender) = (house.shoulder().await, house.sender().await);
    feed(&shoulder, "attempt", 1_000, "sent", house.now()).await;
    feed(&shoulder, "heard", 50, "hard", house.now()).await;
    house.store.watch_breakers().await.unwrap();
    let (_, held) = at_the_gate(&house, &sender, "kim@acme.test").await;
    assert_eq!(house.pass(&sender, &[held]).await, [Passage::Stopped]);
    let before = house.delivery(held.id).await;
    assert_eq!(before.state, DeliveryState::Pending);
    assert!(
        before.reason.as_deref().unwrap().starts_with("mail is held: 50 of 1000 mails (5.00 %)"),
        "{before:?}"
    );
    house.clock().forward(COOLS);
    house.store.watch_breakers().await.unwrap();
    assert_eq!(state(&house).await, State::Probing);
    // It is one of the few that try; the others wait.
    let mut tickets = vec![house.ticket(&sender).await];
    for number in 0..PROBES + 4 {
        tickets.push(at_the_gate(&house, &sender, &format!("l{number}@b{number}.test")).await.1);
    }
    let mut gone = 0;
    for pair in tickets.chunks(3) {
        let passed = house.pass(&sender, pair).await;
        for (ticket, passage) in pair.iter().zip(&passed) {
            if *passage == Passage::Go {
                gone += 1;
                house.fate(&sender, *ticket, Event::Accepted).await;
            }
        }
    }
    assert_eq!(gone, PROBES);
    house.clock().forward(TimeDelta::hours(1));
    house.store.watch_breakers().await.unwrap();
    assert_eq!(state(&house).await, State::Closed);
    let left = house.claimed(&sender).await;
    let left: Vec<Ticket> = left.iter().map(|claimed| claimed.ticket).collect();
    assert_eq!(left.len(), 5, "they look again at once");
    assert!(house.pass(&sender, &left).await.iter().all(|passage| *passage == Passage::Go));
    let told = news(&house).await;
    assert_eq!(told.len(), 3, "{told:?}");
    assert_eq!(told[2], "Campaign mail goes out as usual again.");
}

async fn s4_a_domain_that_blocks_is_held_alone(home: Home) {
    let house = House::of(home).await;
    let sender = house.sender().await;
    for number in 0..10 {
        assert!(house.store.breakers().await.unwrap().is_empty(), "{number}");
        let (_, ticket) = at_the_gate(&house, &sender, &format!("p{number}@strict.test")).await;
        assert_eq!(house.pass(&sender, &[ticket]).await, [Passage::Go]);
        let fate = rekindle_storage::outbox::Fate {
            ticket,
            event: Event::Refused,
            answer: "550 5.7.1 not wanted here".to_owned(),
        };
        house.store.outbox().pass(&sender, &[], &[fate], house.rules()).await.unwrap();
        house.store.watch_breakers().await.unwrap();
    }
    let open = house.store.breakers().await.unwrap();
    assert_eq!(open.keys().collect::<Vec<_>>(), ["strict.test"]);
    let (_, held) = at_the_gate(&house, &sender, "kim@strict.test").await;
    let (_, other) = at_the_gate(&house, &sender, "kim@kind.test").await;
    assert_eq!(house.pass(&sender, &[held, other]).await, [Passage::Stopped, Passage::Go]);
    assert_eq!(house.store.close_breakers("Ada").await.unwrap(), 1);
    let again = house.ticket(&sender).await;
    assert_eq!(house.pass(&sender, &[again]).await, [Passage::Go]);
    let told = news(&house).await;
    assert!(
        told[0].starts_with("Mail to strict.test is held: 10 mails were blocked there by policy"),
        "{told:?}"
    );
    assert_eq!(told.last().unwrap(), "Ada let held mail go on.");
}
