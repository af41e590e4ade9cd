//! What became of a mail is written down once, by who holds the claim, and final states stay.

use std::collections::HashMap;

use chrono::TimeDelta;
use rekindle_core::{
    delivery::{DeliveryState, Event, MailKind, backoff},
    enrollment::RunState,
};
use rekindle_storage::outbox::{Fate, Frozen};
use rekindle_tests::{on_both, stores::Home};

use crate::house::House;

on_both!(
    each_event_in_each_state,
    the_run_goes_on_when_the_fate_is_known,
    a_fate_of_another_claim_changes_nothing,
    a_retry_has_the_same_bytes,
    states_add_up,
);

const FATES: [Event; 5] = [Event::Accepted, Event::Refused, Event::NotTaken, Event::Lost, Event::Back];

async fn each_event_in_each_state(home: Home) {
    let house = House::of(home).await;
    let shoulder = house.shoulder().await;
    let sender = house.sender().await;
    let mail = house.mail(house.lead().await, "plain").await;
    let ticket = house.ticket(&sender).await;
    for from in DeliveryState::ALL {
        for event in FATES {
            shoulder.run(&format!("UPDATE delivery SET state = '{}', answer = NULL", from.word())).await;
            // Even where a row of a final state still names its sender, nothing moves it.
            let owned = shoulder.number("SELECT count(*) FROM delivery WHERE owner IS NOT NULL").await;
            assert_eq!(owned, 1);
            let before = house.delivery(mail).await;
            house.fate(&sender, ticket, event).await;
            let after = house.delivery(mail).await;
            let wanted = from.after(event).unwrap_or(*from);
            assert_eq!(after.state, wanted, "{from:?} on {event:?}");
            assert_eq!(after.generation, before.generation);
            if wanted == *from {
                assert_eq!(after, before, "{from:?} on {event:?}");
            } else {
                assert_eq!(after.answer.as_deref(), Some("250 2.0.0 queued"));
                if wanted == DeliveryState::Pending {
                    assert_eq!(after.not_before, house.now() + backoff(1));
                }
            }
            // Ownership as it was, for the next case.
            if wanted != *from && wanted != DeliveryState::Unknown {
                let unowned = shoulder.number("SELECT count(*) FROM delivery WHERE owner IS NULL").await;
                assert_eq!(unowned, 1, "{from:?} on {event:?}");
                shoulder.run("UPDATE delivery SET owner = (SELECT id FROM sender)").await;
            }
        }
    }
    let attempts = shoulder.number("SELECT count(*) FROM attempt").await;
    assert_eq!(attempts, i64::try_from(DeliveryState::ALL.len() * FATES.len()).unwrap());
}

async fn the_run_goes_on_when_the_fate_is_known(home: Home) {
    let house = House::of(home).await;
    let sender = house.sender().await;
    for event in FATES {
        let lead = house.lead().await;
        let mail = house.mail(lead, "plain").await;
        let ticket = house.ticket(&sender).await;
        if event != Event::Back {
            house.pass(&sender, &[ticket]).await;
        }
        house.fate(&sender, ticket, event).await;
        let run = house.run(lead, "plain").await;
        let state = house.state(mail).await;
        if state.starts_next_wait() {
            // The wait of the plan begins with the fate, and then its second mail is due.
            let at = house.now() + TimeDelta::days(2);
            assert_eq!((run.step, run.state), (2, RunState::Due { at }), "{event:?}");
            assert_eq!(run.reason.as_deref(), Some(state.word()));
            assert!(house.store.runs().due(house.now(), 10).await.unwrap().is_empty());
        } else {
            assert_eq!(run.awaited(), Some(mail), "{event:?}");
        }
    }
    house.clock().forward(TimeDelta::days(2));
    let due = house.store.runs().due(house.now(), 10).await.unwrap();
    assert_eq!(due.len(), 3, "accepted, refused and lost go on");
    house.step(due[0]).await;
    let second = house.delivery(house.awaited(due[0], "plain").await).await;
    assert_eq!((second.step, second.mail.as_str(), second.kind), (2, "second", MailKind::Campaign));
}

async fn a_fate_of_another_claim_changes_nothing(home: Home) {
    let house = House::of(home).await;
    let (ana, ben) = (house.sender().await, house.sender().await);
    let lead = house.lead().await;
    let mail = house.mail(lead, "plain").await;
    let ticket = house.ticket(&ana).await;
    house.pass(&ana, &[ticket]).await;
    let mut older = ticket;
    older.generation += 1;
    house.fate(&ana, older, Event::Accepted).await;
    house.fate(&ben, ticket, Event::Accepted).await;
    assert_eq!(house.state(mail).await, DeliveryState::Committing);
    assert_eq!(house.run(lead, "plain").await.awaited(), Some(mail));
    house.fate(&ana, ticket, Event::Accepted).await;
    assert_eq!(house.state(mail).await, DeliveryState::Sent);
    house.fate(&ana, ticket, Event::Refused).await;
    assert_eq!(house.state(mail).await, DeliveryState::Sent, "the first word stands");
}

async fn a_retry_has_the_same_bytes(home: Home) {
    let house = House::of(home).await;
    let sender = house.sender().await;
    let mail = house.mail(house.lead().await, "plain").await;
    let ticket = house.ticket(&sender).await;
    let frozen = Frozen { recipient: "kim@acme.test".to_owned(), bytes: (0..=255).collect() };
    house.store.outbox().freeze(&[(mail, frozen.clone())], &[]).await.unwrap();
    house.pass(&sender, &[ticket]).await;
    house.fate(&sender, ticket, Event::NotTaken).await;
    assert_eq!(house.claimed(&sender).await.len(), 0, "not before its time");
    house.clock().forward(backoff(1));
    let again = house.claimed(&sender).await.remove(0);
    assert_eq!(again.frozen, Some(frozen));
    assert_eq!((again.ticket.generation, again.ticket.attempt), (2, 2));
    assert_eq!(house.delivery(mail).await.answer.as_deref(), Some("250 2.0.0 queued"));
}

async fn states_add_up(home: Home) {
    let house = House::of(home).await;
    let sender = house.sender().await;
    for _ in 0..40 {
        house.mail(house.lead().await, "plain").await;
    }
    let claimed = house.store.outbox().claim(&sender, 30).await.unwrap();
    let tickets: Vec<_> = claimed.iter().map(|c| c.ticket).collect();
    house.pass(&sender, &tickets[..20]).await;
    // Many fates of all sorts, and new tickets, in one transaction.
    let events = [Event::Accepted, Event::Refused, Event::NotTaken, Event::Lost];
    let fates: Vec<Fate> = tickets[..16]
        .iter()
        .zip(events.iter().cycle())
        .map(|(ticket, event)| Fate { ticket: *ticket, event: *event, answer: "why\0 not".to_owned() })
        .collect();
    let passed = house.store.outbox().pass(&sender, &tickets[20..25], &fates, house.rules()).await.unwrap();
    assert_eq!(passed.len(), 5);
    let states: HashMap<String, i64> =
        house.store.figures().deliveries_by_state().await.unwrap().into_iter().collect();
    let wanted =
        [("pending", 14), ("claimed", 5), ("committing", 9), ("sent", 4), ("failed", 4), ("unknown", 4)];
    let wanted: HashMap<String, i64> =
        wanted.into_iter().map(|(state, count)| (state.to_owned(), count)).collect();
    assert_eq!(states, wanted);
    let unknown = house.store.outbox().list(&[DeliveryState::Unknown], 100).await.unwrap();
    assert_eq!(unknown.len(), 4);
    assert!(
        unknown.iter().all(|one| one.email.is_some() && one.delivery.answer.as_deref() == Some("why not"))
    );
    assert_eq!(house.store.outbox().list(&[], 100).await.unwrap().len(), 40);
}
