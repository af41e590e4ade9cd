//! What a dead sender left behind: what it had only claimed goes back, what it was sending is unknown.

use chrono::TimeDelta;
use rekindle_core::{
    delivery::{DeliveryState, Event},
    enrollment::RunState,
    ids::{DeliveryId, LeadId},
};
use rekindle_storage::outbox::{Passage, Recovered, Sender, Ticket};
use rekindle_tests::{on_both, stores::Home};

use crate::house::House;

on_both!(
    a_dead_sender_leaves_nothing_hanging,
    a_sender_taken_for_dead_may_still_say_what_it_knows,
    unknown_for_long_is_taken_as_sent,
    an_operator_decides,
);

/// A sender that has claimed two mails of two leads and is sending the first.
async fn in_the_act(house: &House) -> (Sender, [Ticket; 2], [LeadId; 2]) {
    let leads = [house.lead().await, house.lead().await];
    let mails = [house.mail(leads[0], "plain").await, house.mail(leads[1], "plain").await];
    let sender = house.sender().await;
    let claimed = house.claimed(&sender).await;
    let tickets = mails.map(|mail| claimed.iter().find(|one| one.ticket.id == mail).unwrap().ticket);
    assert_eq!(house.pass(&sender, &tickets[..1]).await, [Passage::Go]);
    (sender, tickets, leads)
}

/// Takes the lock of all other senders away, as if their machine had lost it.
async fn lose_the_locks(house: &House) {
    if let Some(folder) = house.home.folder() {
        for file in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if file.file_name().to_string_lossy().contains(".alive-") {
                std::fs::remove_file(file.path()).unwrap();
            }
        }
        return;
    }
    let shoulder = house.shoulder().await;
    let end = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(shoulder.column::<bool>(end).await, [true]);
}

/// Recovers, a little later if need be: PostgreSQL takes a moment to see that a connection is gone.
async fn recovered(house: &House, by: &Sender) -> Recovered {
    for _ in 0..100 {
        let found = house.store.outbox().recover(by).await.unwrap();
        if found != Recovered::default() {
            return found;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("nothing was recovered");
}

async fn a_dead_sender_leaves_nothing_hanging(home: Home) {
    let house = House::of(home).await;
    let (dead, tickets, leads) = in_the_act(&house).await;
    let other = house.home.open().await;
    let alive = other.outbox().enlist().await.unwrap();
    // While it lives nothing is taken from it.
    assert_eq!(other.outbox().recover(&alive).await.unwrap(), Recovered::default());
    drop(dead);
    assert_eq!(recovered(&house, &alive).await, Recovered { put_back: 1, unknown: 1, settled: 0 });
    let (sending, waiting) = (house.delivery(tickets[0].id).await, house.delivery(tickets[1].id).await);
    assert_eq!(sending.state, DeliveryState::Unknown);
    assert_eq!(sending.reason.as_deref(), Some("the sender died while it was being sent"));
    assert_eq!((waiting.state, waiting.attempt, waiting.generation), (DeliveryState::Pending, 0, 1));
    let run = house.run(leads[0], "plain").await;
    assert_eq!(
        (run.step, run.state),
        (2, RunState::Due { at: house.now() + TimeDelta::days(2) }),
        "the run goes on"
    );
    assert_eq!(house.run(leads[1], "plain").await.awaited(), Some(tickets[1].id));
    // The next claim is of another generation; the unknown one is nobody's to claim.
    let again = house.ticket(&alive).await;
    assert_eq!((again.id, again.generation), (tickets[1].id, 2));
    assert_eq!(house.pass(&alive, &[again]).await, [Passage::Go]);
    assert_eq!(other.outbox().recover(&alive).await.unwrap(), Recovered::default());
    let shoulder = house.shoulder().await;
    assert_eq!(shoulder.number("SELECT count(*) FROM sender").await, 1, "the dead are buried");
}

async fn a_sender_taken_for_dead_may_still_say_what_it_knows(home: Home) {
    let house = House::of(home).await;
    for (event, state) in [(Event::Accepted, DeliveryState::Sent), (Event::Refused, DeliveryState::Failed)] {
        let (ghost, tickets, leads) = in_the_act(&house).await;
        lose_the_locks(&house).await;
        let alive = house.sender().await;
        recovered(&house, &alive).await;
        assert_eq!(house.state(tickets[0].id).await, DeliveryState::Unknown);
        // What it had only claimed it may no longer send; what it has sent it may tell.
        assert_eq!(house.pass(&ghost, &tickets).await, [Passage::Lost, Passage::Lost]);
        house.fate(&ghost, tickets[1], Event::Accepted).await;
        assert_eq!(house.state(tickets[1].id).await, DeliveryState::Pending);
        house.fate(&ghost, tickets[0], event).await;
        assert_eq!(house.state(tickets[0].id).await, state);
        let run = house.run(leads[0], "plain").await;
        assert_eq!(
            (run.step, run.state),
            (2, RunState::Due { at: house.now() + TimeDelta::days(2) }),
            "on once, not twice"
        );
        // Leaves nothing for the next case.
        let ticket = house.ticket(&alive).await;
        house.pass(&alive, &[ticket]).await;
        house.fate(&alive, ticket, Event::Accepted).await;
        drop(alive);
        drop(ghost);
        let shoulder = house.shoulder().await;
        shoulder.run("DELETE FROM sender").await;
    }
}

/// One whose fate nobody knows.
async fn unknown(house: &House, sender: &Sender) -> (LeadId, DeliveryId) {
    let lead = house.lead().await;
    let mail = house.mail(lead, "plain").await;
    let ticket = house.ticket(sender).await;
    house.pass(sender, &[ticket]).await;
    house.fate(sender, ticket, Event::Lost).await;
    assert_eq!(house.state(mail).await, DeliveryState::Unknown);
    (lead, mail)
}

async fn unknown_for_long_is_taken_as_sent(home: Home) {
    let house = House::of(home).await;
    let sender = house.sender().await;
    let (_, mail) = unknown(&house, &sender).await;
    let (_, test) = unknown(&house, &sender).await;
    let shoulder = house.shoulder().await;
    let message = house.delivery(test).await.message_id;
    let as_test =
        format!("UPDATE delivery SET kind = 'test', enrollment_id = NULL WHERE message_id = '{message}'");
    assert_eq!(shoulder.run(&as_test).await, 1);
    let outbox = house.store.outbox();
    house.clock().forward(TimeDelta::minutes(10));
    assert_eq!(outbox.recover(&sender).await.unwrap().settled, 0);
    house.clock().forward(TimeDelta::minutes(1));
    assert_eq!(outbox.recover(&sender).await.unwrap().settled, 1, "a test mail may come twice");
    assert_eq!(house.state(test).await, DeliveryState::Pending);
    let ticket = house.ticket(&sender).await;
    assert_eq!(house.pass(&sender, &[ticket]).await, [Passage::Go]);
    house.fate(&sender, ticket, Event::Accepted).await;
    house.clock().forward(TimeDelta::hours(24) - TimeDelta::minutes(12));
    assert_eq!(outbox.recover(&sender).await.unwrap().settled, 0);
    house.clock().forward(TimeDelta::minutes(1));
    assert_eq!(outbox.recover(&sender).await.unwrap().settled, 1);
    assert_eq!(house.state(mail).await, DeliveryState::SentAssumed);
    assert_eq!(house.claimed(&sender).await.len(), 0, "never sent again by itself");
}

async fn an_operator_decides(home: Home) {
    let house = House::of(home).await;
    let sender = house.sender().await;
    let outbox = house.store.outbox();
    for (event, state) in [
        (Event::AssumedSent, DeliveryState::SentAssumed),
        (Event::Drop, DeliveryState::Canceled),
        (Event::SendAgain, DeliveryState::Pending),
    ] {
        let (lead, mail) = unknown(&house, &sender).await;
        assert_eq!(outbox.decide(mail, event).await.unwrap(), state);
        assert_eq!(house.state(mail).await, state);
        let refused = outbox.decide(mail, event).await.unwrap_err();
        assert_eq!(refused.refusal().unwrap().code(), "not_unknown", "decided once");
        let run = house.run(lead, "plain").await;
        assert_eq!((run.step, run.state), (2, RunState::Due { at: house.now() + TimeDelta::days(2) }));
        if state != DeliveryState::Pending {
            continue;
        }
        // Sent again: the same mail, though its run has gone on meanwhile.
        let before = house.delivery(mail).await;
        let ticket = house.ticket(&sender).await;
        assert_eq!((ticket.id, ticket.generation), (mail, 2));
        assert_eq!(house.pass(&sender, &[ticket]).await, [Passage::Go], "{:?}", house.delivery(mail).await);
        house.fate(&sender, ticket, Event::Accepted).await;
        let after = house.delivery(mail).await;
        assert_eq!((after.state, after.message_id), (DeliveryState::Sent, before.message_id));
        assert_eq!(house.run(lead, "plain").await.step, 2, "the run does not go on twice");
    }
    // Sent again, but the lead's run was stopped meanwhile: it does not leave.
    let (lead, mail) = unknown(&house, &sender).await;
    outbox.decide(mail, Event::SendAgain).await.unwrap();
    let ana = crate::house::member("ana").handle;
    let stop = |scene: &_, now| Ok(rekindle_core::desk::stop(scene, &ana, false, now));
    house.decide(lead, stop).await.unwrap();
    let ticket = house.ticket(&sender).await;
    assert_eq!(house.pass(&sender, &[ticket]).await, [Passage::Stopped]);
    assert_eq!(house.state(mail).await, DeliveryState::Canceled);
    let nobody = outbox.decide(DeliveryId(uuid::Uuid::nil()), Event::Drop).await.unwrap_err();
    assert_eq!(nobody.refusal().unwrap().code(), "unknown");
}
