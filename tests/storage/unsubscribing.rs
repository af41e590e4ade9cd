//! Nothing leaves once an unsubscribe was acknowledged, however close the gate was.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rekindle_core::{consent::ConsentState, delivery::DeliveryState};
use rekindle_storage::outbox::Passage;
use rekindle_tests::{on_both, stores::Home};
use tokio::task::JoinSet;

use crate::house::House;
use crate::told::unsubscribe;

on_both!(nothing_leaves_after_an_acknowledged_unsubscribe);

async fn nothing_leaves_after_an_acknowledged_unsubscribe(home: Home) {
    let rounds: u64 = if std::env::var_os("REKINDLE_LONG").is_some() { 1000 } else { 80 };
    let house = Arc::new(House::of(home).await);
    let web = house.home.open().await;
    let sender = Arc::new(house.sender().await);
    let (mut gone, mut stopped) = (0, 0);
    for round in 0..rounds {
        let kim = house.lead().await;
        let mail = house.mail(kim, "plain").await;
        let ticket = house.ticket(&sender).await;
        let acknowledged = Arc::new(AtomicBool::new(false));
        let mut racing = JoinSet::new();
        let no = unsubscribe(&format!("no-{round}"), kim, house.now());
        let (web, playbooks, heard) = (web.clone(), house.playbooks.clone(), acknowledged.clone());
        racing.spawn(async move {
            // Now before, now after, now between two looks of the gate.
            tokio::time::sleep(Duration::from_micros(300 * (round % 20))).await;
            web.leads().observe(&[no], &playbooks).await.unwrap();
            heard.store(true, Ordering::SeqCst);
            None
        });
        let (house, sender) = (house.clone(), sender.clone());
        let outbox_of = house.clone();
        racing.spawn(async move {
            let mut looks = 0;
            loop {
                let was_acknowledged = acknowledged.load(Ordering::SeqCst);
                // A few looks, and then for good.
                let commit = looks == round % 5;
                let outbox = outbox_of.store.outbox();
                let passed = match commit {
                    true => outbox.pass(&sender, &[ticket], &[], outbox_of.rules()).await.unwrap(),
                    false => outbox.look(&sender, &[ticket], outbox_of.rules()).await.unwrap(),
                };
                let went = matches!(passed[0], Passage::Go | Passage::Clear);
                assert!(!(was_acknowledged && went), "round {round}: {passed:?} after the acknowledgement");
                looks += 1;
                if passed[0] != Passage::Clear {
                    return Some(passed[0]);
                }
            }
        });
        let last = racing.join_all().await.into_iter().flatten().next().unwrap();
        let state = house.state(mail).await;
        match last {
            Passage::Go => {
                gone += 1;
                assert_eq!(state, DeliveryState::Committing);
            }
            _ => {
                stopped += 1;
                assert_eq!(state, DeliveryState::Suppressed);
            }
        }
        assert_eq!(house.row(kim).await.consent.state, ConsentState::Unsubscribed);
    }
    assert_eq!(gone + stopped, rounds);
    assert!(gone > 0 && stopped > 0, "no race: {gone} went, {stopped} were stopped");
}
