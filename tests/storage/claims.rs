//! Exactly one member claims a lead, however many press the button at once, in two processes.

use rekindle_core::{desk, ids::LeadId, refusal::Refusal, team::Handle};
use rekindle_storage::{Store, StoreError};
use rekindle_tests::{on_both, stores::Home};
use tokio::task::JoinSet;

use crate::house::{House, alert_id, member};
use crate::told::track;

on_both!(one_of_eight_claims_a_lead);

async fn one_of_eight_claims_a_lead(home: Home) {
    let rounds = if std::env::var_os("REKINDLE_LONG").is_some() { 1000 } else { 100 };
    let house = House::of(home).await;
    let stores = [house.store.clone(), house.home.open().await];
    for round in 0..rounds {
        let kim = house.lead().await;
        // Half of them have an alert; a rep may also take a lead that is not hot.
        if round % 2 == 0 {
            let hot = ["one", "two"].map(|n| {
                let mut demo = track(&format!("{round}-{n}"), "Demo Requested", house.now());
                demo.who.lead = Some(kim);
                demo
            });
            house.tell_all(&hot).await;
        }
        let mut pressing = JoinSet::new();
        for rep in 0..8_u128 {
            let store = stores[usize::from(rep % 2 == 0)].clone();
            let playbooks = house.playbooks.clone();
            let (wall, alert) = (house.now(), alert_id(1000 + round * 8 + rep));
            pressing.spawn(async move {
                let rep = member(&format!("rep{rep}"));
                let claim = |scene: &_, _| desk::claim(scene, &rep, alert, wall);
                (rep.handle.clone(), store.leads().decide(kim, &playbooks, claim).await)
            });
        }
        let (won, lost): (Vec<_>, Vec<_>) =
            pressing.join_all().await.into_iter().partition(|(_, claimed)| claimed.is_ok());
        assert_eq!(won.len(), 1, "round {round}: {lost:?}");
        let winner = &won[0].0;
        for (loser, refused) in &lost {
            match refused {
                Err(StoreError::Refused(Refusal::AlreadyClaimed { by, .. })) => assert_eq!(by, winner),
                other => panic!("round {round}: {loser} hears {other:?}"),
            }
        }
        is_claimed(&stores[1], kim, winner).await;
    }
    let shoulder = house.shoulder().await;
    let alerts = shoulder.number("SELECT count(*) FROM alert WHERE state = 'claimed'").await;
    assert_eq!(alerts, i64::try_from(rounds).unwrap());
    assert_eq!(shoulder.number("SELECT count(*) FROM alert").await, alerts);
}

async fn is_claimed(store: &Store, lead: LeadId, by: &Handle) {
    assert_eq!(store.leads().by_id(lead).await.unwrap().owner.as_ref(), Some(by));
    let alert = store.alerts().live_on(lead).await.unwrap().unwrap();
    assert_eq!(alert.holder(), Some(by));
}
