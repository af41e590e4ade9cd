//! Leads that come back from the cold are counted, with what was won; how often somebody was written to is known; and the team's touch is kept.

use chrono::TimeDelta;
use rekindle_core::{alert::Outcome, desk, lead::Nurture};
use rekindle_storage::figures::Revived;
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
            let archive = |scene: &rekindle_core::scene::Scene, now| {
                let mut change = scene.unchanged();
                change.lead.move_nurture(Nurture::Archived, "silent to the end", now);
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
    let with_kim = Revived { leads: 2, won: 1, revenue: vec![("EUR".to_owned(), 12_000.0)] };
    assert_eq!(revived().await, with_kim);
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
