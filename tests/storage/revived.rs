//! Leads that come back from the cold are counted, with what was won; how often somebody was written to is known; and the team's touch is kept.

use chrono::TimeDelta;
use rekindle_core::{alert::Outcome, desk, enrollment::Ended, lead::Nurture, scene::Effect, team::Handle};
use rekindle_storage::figures::{Deals, Revived};
use rekindle_tests::{on_both, stores::Home};

use crate::{
    house::{House, member},
    told::{Telling, track},
};

on_both!(who_comes_back_is_counted_with_what_was_won, mails_of_late_and_touches_are_known);

async fn who_comes_back_is_counted_with_what_was_won(home: Home) {
    let house = House::of(home).await;
    let revived = async || house.store.figures().revived(house.now() - TimeDelta::days(90)).await.unwrap();
    assert_eq!(revived().await, Revived::default());
    for email in ["kim@acme.test", "lee@acme.test", "max@acme.test"] {
        let lead = house.lead_at(email).await;
        if email != "max@acme.test" {
            house.mail(lead, "plain").await;
            let archive = |scene: &rekindle_core::scene::Scene, now| {
                let mut change = scene.unchanged();
                change.lead.move_nurture(Nurture::Archived, "silent to the end", now);
                let run = scene.runs[0].clone().end(Ended::Archived, "silent to the end", now);
                change.effects.push(Effect::Run(run));
                Ok(change)
            };
            house.decide(lead, archive).await.unwrap();
        }
        house.clock().forward(TimeDelta::days(1));
        house.tell(track(email, "Demo Requested", house.now()).email(email)).await;
        assert_eq!(house.row(lead).await.nurture, Nurture::Active);
    }
    assert_eq!(revived().await, Revived { leads: 2, ..Revived::default() }, "Max was never away");
    let kim = house.store.leads().named("kim@acme.test").await.unwrap().id;
    house.claim(kim, "ana").await;
    let won = |scene: &rekindle_core::scene::Scene, now| {
        desk::outcome(scene, &member("ana"), Outcome::Won, Some("12,000 EUR".to_owned()), now, now)
    };
    house.decide(kim, won).await.unwrap();
    let deals = Deals { won: 1, revenue: vec![("EUR".to_owned(), 12_000.0)] };
    assert_eq!(revived().await, Revived { leads: 2, deals: deals.clone() });
    // Each once, the last first, with the same figures; a page at a time.
    let listed = async |offset| {
        house.store.figures().returned(house.now() - TimeDelta::days(90), offset, 1).await.unwrap()
    };
    let [lee] = listed(0).await.try_into().unwrap();
    let [back] = listed(1).await.try_into().unwrap();
    assert_eq!((lee.called.as_str(), &lee.deals), ("lee@acme.test", &Deals::default()));
    assert_eq!((back.lead, &back.deals), (kim, &deals));
    assert_eq!((back.was, back.owner, back.before), (Some(Nurture::Archived), None, Handle::of("ana")));
    let archived = house.now() - TimeDelta::days(3);
    assert_eq!((back.since, back.back), (Some(archived), archived + TimeDelta::days(1)));
    assert!(listed(2).await.is_empty());
    house.clock().forward(TimeDelta::days(100));
    assert_eq!(revived().await, Revived::default(), "long ago");
}

async fn mails_of_late_and_touches_are_known(home: Home) {
    let house = House::of(home).await;
    let (one, none) = (house.lead().await, house.lead().await);
    house.mail(one, "plain").await;
    let shoulder = house.shoulder().await;
    let now = house.now();
    shoulder
        .run(&format!("UPDATE delivery SET state = 'sent', committed_at = {}", now.timestamp_micros()))
        .await;
    let since = async |days| {
        house.store.leads().mails_since(&[one, none], now - TimeDelta::days(days)).await.unwrap()
    };
    assert_eq!(since(1).await, [(one, 1)].into());
    assert_eq!(since(0).await, [].into(), "only behind that moment");
    assert_eq!(house.row(one).await.touched_at, None);
    house.decide(one, |scene, now| Ok(desk::noted(scene).touched(now))).await.unwrap();
    assert_eq!(house.row(one).await.touched_at, Some(house.now()));
}
