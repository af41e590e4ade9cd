//! What was told is stored once, and finds its lead.

use chrono::TimeDelta;
use rekindle_core::{
    alert::Reason,
    arrival::{Arrival, Received},
    consent::ConsentState,
};
use rekindle_tests::{on_both, stores::Home};
use serde_json::json;
use tokio::task::JoinSet;

use crate::house::House;
use crate::told::{Telling, alias, identify, track, unsubscribe};

on_both!(
    a_thing_told_twice_is_stored_once,
    a_thing_told_by_eight_at_once_is_stored_once,
    a_visitor_who_says_who_they_are_keeps_their_history,
    a_server_joins_and_a_browser_does_not,
    an_alias_joins,
    two_addresses_never_become_one_lead,
    the_basis_of_one_key_is_not_lent_to_another,
    a_visitor_is_joined_while_another_tells_of_them,
    a_visitor_whom_a_rep_has_taken_is_joined_with_the_claim,
    two_leads_of_one_mailbox_say_no_at_once,
    a_big_group_finds_all_its_leads,
    a_poisoned_arrival_does_not_hold_up_its_neighbours,
);

async fn a_thing_told_twice_is_stored_once(home: Home) {
    let house = House::of(home).await;
    let demo = track("m1", "Demo Requested", house.now()).user("42");
    let lead = house.tell(demo.clone()).await;
    assert_eq!(house.tell_all(std::slice::from_ref(&demo)).await, [Received::Duplicate]);
    // The same id for something else: the first wins.
    let other = track("m1", "Webinar Attended", house.now()).user("43").fingerprint(2);
    assert_eq!(house.tell_all(std::slice::from_ref(&other)).await, [Received::Conflict]);
    // The same id of another source is another thing; twice in one group is once.
    let mut elsewhere = demo.clone();
    elsewhere.source = "crm".to_owned();
    let received = house.tell_all(&[elsewhere.clone(), demo, elsewhere, other]).await;
    assert_eq!(
        received,
        [Received::Stored(lead), Received::Duplicate, Received::Duplicate, Received::Conflict]
    );
    let activities = house.store.leads().dossier(lead).await.unwrap().activities;
    assert_eq!(activities.len(), 2);
    assert!(activities.iter().all(|activity| activity.name == "Demo Requested"));
    assert_eq!(house.store.leads().count().await.unwrap(), 1);
}

async fn a_thing_told_by_eight_at_once_is_stored_once(home: Home) {
    let house = House::of(home).await;
    let stores = [house.store.clone(), house.home.open().await];
    for round in 0..12 {
        let mut telling = JoinSet::new();
        for teller in 0..8 {
            let (store, playbooks) = (stores[teller % 2].clone(), house.playbooks.clone());
            let arrival = track(&format!("m{round}"), "Demo Requested", house.now())
                .email(&format!("kim{round}@acme.test"));
            telling.spawn(async move { store.leads().observe(&[arrival], &playbooks).await.unwrap() });
        }
        let received: Vec<Received> = telling.join_all().await.into_iter().flatten().collect();
        let stored = received.iter().filter(|one| matches!(one, Received::Stored(_))).count();
        let duplicates = received.iter().filter(|one| **one == Received::Duplicate).count();
        assert_eq!((stored, duplicates), (1, 7), "round {round}: {received:?}");
    }
    let shoulder = house.shoulder().await;
    assert_eq!(shoulder.number("SELECT count(*) FROM activity").await, 12);
    assert_eq!(house.store.leads().count().await.unwrap(), 12);
}

async fn a_visitor_who_says_who_they_are_keeps_their_history(home: Home) {
    let house = House::of(home).await;
    let earlier = house.now() - TimeDelta::days(1);
    let visitor = house.tell(track("m1", "Demo Requested", earlier).device("d1")).await;
    house.tell(track("m2", "Webinar Attended", house.now()).device("d1")).await;
    let traits = json!({"email": "kim@acme.test", "name": "Kim", "title": "Director"});
    let named = house.tell(identify("m3", traits, house.now()).user("42").device("d1")).await;
    assert_eq!(named, visitor, "the visitor has a name now");
    let dossier = house.store.leads().dossier(named).await.unwrap();
    assert_eq!(dossier.activities.len(), 3);
    assert_eq!(dossier.lead.name.as_deref(), Some("Kim"));
    let engagement = 50.0 * (-1.0_f64 / 30.0).exp2() + 15.0;
    assert!((dossier.lead.points.engagement - engagement).abs() < 1e-6, "{:?}", dossier.lead.points);
    assert!((dossier.lead.points.fit - 10.0).abs() < 1e-9);
    for way in ["kim@acme.test", "KIM@acme.test", &named.to_string()] {
        assert_eq!(house.store.leads().named(way).await.unwrap().id, named);
    }
    assert_eq!(house.tell(track("m4", "Demo Requested", house.now()).user("42")).await, named);
}

async fn a_server_joins_and_a_browser_does_not(home: Home) {
    let house = House::of(home).await;
    let kim = house.lead_at("kim@acme.test").await;
    house
        .tell(identify("k2", json!({"email": "kim@acme.test", "name": "Kim"}), house.now()).user("42"))
        .await;
    let visitor = house.tell(track("v1", "Demo Requested", house.now()).device("d1")).await;
    assert_ne!(visitor, kim);
    // Anybody may say in a browser that they are Kim: it changes nothing that is known of her.
    let lie = json!({"email": "kim@acme.test", "name": "Evil", "consent": false});
    house.tell(identify("b1", lie, house.now()).device("d1").browser()).await;
    let lead = house.row(kim).await;
    assert_eq!(lead.name.as_deref(), Some("Kim"));
    assert_eq!(lead.consent.state, ConsentState::Subscribed);
    let lie = json!({"email": "evil@x.test"});
    house.tell(identify("b2", lie, house.now()).user("42").browser()).await;
    assert_eq!(house.row(kim).await.email.unwrap().as_str(), "kim@acme.test");
    assert_eq!(house.row(visitor).await.email, None, "the visitor is still nobody");
    assert_eq!(house.tell(track("v2", "Demo Requested", house.now()).device("d1")).await, visitor);
    // The server knows: device and lead are one, and the visitor's history goes over.
    let knows = identify("s1", json!({"email": "kim@acme.test"}), house.now()).user("42").device("d1");
    assert_eq!(house.tell(knows).await, kim);
    assert!(house.store.leads().by_id(visitor).await.is_err(), "the visitor's row is gone");
    let dossier = house.store.leads().dossier(kim).await.unwrap();
    assert_eq!(dossier.activities.iter().filter(|a| a.name == "Demo Requested").count(), 2);
    assert_eq!(dossier.lead.points.engagement.round() as i64, 100);
    assert_eq!(house.tell(track("v3", "Webinar Attended", house.now()).device("d1")).await, kim);
    // A known user without an address turns out to be one with: joined too.
    let nameless = house.tell(track("u1", "Webinar Attended", house.now()).user("77")).await;
    let told = identify("u2", json!({"email": "kim@acme.test"}), house.now()).user("77");
    assert_eq!(house.tell(told).await, kim);
    assert!(house.store.leads().by_id(nameless).await.is_err());
}

async fn an_alias_joins(home: Home) {
    let house = House::of(home).await;
    let visitor = house.tell(track("m1", "Demo Requested", house.now()).device("d1")).await;
    let kim =
        house.tell(identify("m2", json!({"email": "kim@acme.test"}), house.now()).user("42").browser()).await;
    assert_ne!(visitor, kim);
    // A browser cannot give a stranger's device to a named lead.
    assert_eq!(house.tell(alias("m3", "d1", house.now()).user("42").browser()).await, kim);
    assert!(house.store.leads().by_id(visitor).await.is_ok());
    assert_eq!(house.tell(alias("m4", "d1", house.now()).user("42")).await, kim);
    assert!(house.store.leads().by_id(visitor).await.is_err());
    assert_eq!(house.tell(track("m5", "Demo Requested", house.now()).device("d1")).await, kim);
    // All in one group, from nothing.
    let received = house
        .tell_all(&[
            track("n1", "Demo Requested", house.now()).device("d2"),
            track("n2", "Demo Requested", house.now()).device("d3"),
            alias("n3", "d2", house.now()).user("99"),
            alias("n4", "d3", house.now()).user("99"),
            identify("n5", json!({"email": "lee@acme.test"}), house.now()).user("99"),
        ])
        .await;
    let lee = house.store.leads().named("lee@acme.test").await.unwrap();
    assert_eq!(received, vec![Received::Stored(lee.id); 5]);
    assert_eq!(lee.points.engagement.round() as i64, 100);
    assert_eq!(house.store.leads().count().await.unwrap(), 2);
}

async fn two_addresses_never_become_one_lead(home: Home) {
    let house = House::of(home).await;
    let kim = house.tell(identify("m1", json!({"email": "kim@acme.test"}), house.now()).user("1")).await;
    let lee = house.tell(identify("m2", json!({"email": "lee@acme.test"}), house.now()).user("2")).await;
    house.tell(identify("m3", json!({"email": "lee@acme.test"}), house.now()).user("1")).await;
    house.tell(alias("m4", "2", house.now()).user("1")).await;
    house.tell(identify("m5", json!({"email": "new@acme.test"}), house.now()).user("1")).await;
    assert_eq!(house.row(kim).await.email.unwrap().as_str(), "kim@acme.test");
    assert_eq!(house.row(lee).await.email.unwrap().as_str(), "lee@acme.test");
    let shoulder = house.shoulder().await;
    let twice = "SELECT count(*) FROM (SELECT email FROM lead WHERE email IS NOT NULL GROUP BY email HAVING count(*) > 1) t";
    assert_eq!(shoulder.number(twice).await, 0);
    let astray = "SELECT count(*) FROM identity i LEFT JOIN lead l ON l.id = i.lead_id WHERE l.id IS NULL OR (i.key LIKE 'e:%' AND i.key <> 'e:' || l.email)";
    assert_eq!(shoulder.number(astray).await, 0);
}

async fn the_basis_of_one_key_is_not_lent_to_another(home: Home) {
    let house = House::of(home).await;
    house
        .tell_all(&[
            identify("m1", json!({"email": "kim@acme.test"}), house.now()).user("1"),
            track("m2", "Demo Requested", house.now()).user("1").basis("the webinar's form"),
        ])
        .await;
    let kim = house.store.leads().named("kim@acme.test").await.unwrap();
    assert_eq!(kim.consent.state, ConsentState::Unknown, "{:?}", kim.consent);
    let told = identify("m3", json!({"email": "kim@acme.test"}), house.now()).basis("the shop's form");
    house.tell(told).await;
    assert_eq!(house.row(kim.id).await.consent.basis.as_deref(), Some("the shop's form"));
}

async fn a_visitor_is_joined_while_another_tells_of_them(home: Home) {
    let house = House::of(home).await;
    let other = house.home.open().await;
    let kim = house.tell(identify("kim", json!({"email": "kim@acme.test"}), house.now()).user("42")).await;
    for round in 0..40 {
        let device = format!("d{round}");
        house.tell(track(&format!("first{round}"), "Webinar Attended", house.now()).device(&device)).await;
        let mut telling = JoinSet::new();
        for (number, store) in [house.store.clone(), other.clone()].into_iter().enumerate() {
            let playbooks = house.playbooks.clone();
            let joins = identify(&format!("join{round}"), json!({}), house.now()).user("42").device(&device);
            let tells = track(&format!("more{round}"), "Webinar Attended", house.now()).device(&device);
            let arrival = if number == round % 2 { joins } else { tells };
            telling.spawn(async move { store.leads().observe(&[arrival], &playbooks).await.unwrap() });
        }
        telling.join_all().await;
    }
    let shoulder = house.shoulder().await;
    let orphans = "SELECT count(*) FROM activity a LEFT JOIN lead l ON l.id = a.lead_id WHERE l.id IS NULL";
    assert_eq!(shoulder.number(orphans).await, 0, "activities of nobody");
    let orphans = "SELECT count(*) FROM identity i LEFT JOIN lead l ON l.id = i.lead_id WHERE l.id IS NULL";
    assert_eq!(shoulder.number(orphans).await, 0, "names of nobody");
    assert_eq!(house.store.leads().dossier(kim).await.unwrap().activities.len(), 1 + 40 * 3);
    assert_eq!(house.store.leads().count().await.unwrap(), 1);
}

async fn a_visitor_whom_a_rep_has_taken_is_joined_with_the_claim(home: Home) {
    let house = House::of(home).await;
    for hot in [false, true] {
        let (name, device) = (house.name(), house.name());
        let kim = house.lead_at(&format!("{name}@acme.test")).await;
        if hot {
            for demo in 0..2 {
                let demo = track(&format!("{name}-{demo}"), "Demo Requested", house.now());
                house.tell(demo.email(&format!("{name}@acme.test"))).await;
            }
        }
        let visitor =
            house.tell(track(&format!("{name}-v"), "Webinar Attended", house.now()).device(&device)).await;
        house.claim(visitor, "ana").await;
        let joins = identify(&format!("{name}-j"), json!({}), house.now());
        assert_eq!(house.tell(joins.email(&format!("{name}@acme.test")).device(&device)).await, kim);
        assert!(house.store.leads().by_id(visitor).await.is_err());
        let dossier = house.store.leads().dossier(kim).await.unwrap();
        assert_eq!(dossier.lead.owner, Some(crate::house::member("ana").handle), "hot: {hot}");
        assert_eq!(dossier.alerts.len(), 1, "hot: {hot}");
        let reason = if hot { Reason::Hot } else { Reason::Hand };
        assert_eq!(dossier.alerts[0].reason, reason, "the card that the team knows of stays");
        assert_eq!(dossier.alerts[0].holder(), dossier.lead.owner.as_ref(), "hot: {hot}");
    }
    let shoulder = house.shoulder().await;
    let asked = "SELECT count(*) FROM asked s LEFT JOIN alert a ON a.id = s.alert_id WHERE a.id IS NULL";
    assert_eq!(shoulder.number(asked).await, 0);
    let astray = "SELECT count(*) FROM alert a LEFT JOIN lead l ON l.id = a.lead_id WHERE l.id IS NULL";
    assert_eq!(shoulder.number(astray).await, 0);
}

async fn two_leads_of_one_mailbox_say_no_at_once(home: Home) {
    let house = House::of(home).await;
    let twins = [house.lead_at("k.im@gmail.com").await, house.lead_at("kim@gmail.com").await];
    assert_ne!(twins[0], twins[1]);
    let group = twins.map(|twin| unsubscribe(&house.name(), twin, house.now()));
    house.tell_all(&group).await;
    let rows = [house.row(twins[0]).await, house.row(twins[1]).await];
    assert!(rows.iter().all(|lead| lead.consent.state == ConsentState::Unsubscribed));
    assert_eq!(house.store.leads().suppressed(&rows).await.unwrap().len(), 2);
    let ana = crate::house::member("ana").handle;
    let stop = |scene: &_, now| Some(rekindle_core::desk::stop(scene, &ana, true, now));
    assert_eq!(house.store.leads().decide_all(&twins, &house.playbooks, stop).await.unwrap(), 2);
    assert_eq!(house.shoulder().await.number("SELECT count(*) FROM suppression").await, 1);
}

async fn a_big_group_finds_all_its_leads(home: Home) {
    let house = House::of(home).await;
    let mut group: Vec<Arrival> = Vec::new();
    for n in 0..100 {
        let (device, user, email) = (format!("d{n}"), format!("u{n}"), format!("lead{n}@acme.test"));
        group.push(track(&format!("a{n}"), "Demo Requested", house.now()).device(&device).browser());
        group.push(track(&format!("b{n}"), "Page Viewed", house.now()).device(&device).path("/pricing/x"));
        group.push(
            identify(&format!("c{n}"), json!({"email": email}), house.now()).user(&user).device(&device),
        );
        group.push(track(&format!("d{n}"), "Demo Requested", house.now()).email(&email));
        group.push(track(&format!("e{n}"), "Nothing Known", house.now()).user(&user));
    }
    let received = house.tell_all(&group).await;
    assert_eq!(received.len(), 500);
    for five in received.chunks(5) {
        assert!(matches!(five[0], Received::Stored(_)) && five.iter().all(|one| *one == five[0]), "{five:?}");
    }
    assert_eq!(house.store.leads().count().await.unwrap(), 100);
    let leads = house.store.leads().page(None, 1000).await.unwrap();
    assert!(leads.iter().all(|lead| lead.hot && lead.points.engagement.round() as i64 == 120));
    assert_eq!(house.store.alerts().queue(1000).await.unwrap().len(), 100);
    assert_eq!(house.tell_all(&group).await, vec![Received::Duplicate; 500]);
}

async fn a_poisoned_arrival_does_not_hold_up_its_neighbours(home: Home) {
    let house = House::of(home).await;
    let mut poisoned = track("poison", "Demo Requested", house.now()).user("2");
    poisoned.properties.insert("note".to_owned(), json!("a\0b"));
    let named = track("poison\0", "Demo\0", house.now()).user("2\0");
    let group = [
        track("m1", "Demo Requested", house.now()).user("1"),
        poisoned,
        named,
        track("m3", "Demo Requested", house.now()).user("3"),
    ];
    let received = house.tell_all(&group).await;
    assert_eq!(received.len(), 4);
    assert!(matches!(received[0], Received::Stored(_)), "{received:?}");
    assert!(matches!(received[3], Received::Stored(_)), "{received:?}");
    // What was not stored is kept with the reason; what was stored is there.
    let shoulder = house.shoulder().await;
    let stored = received.iter().filter(|one| matches!(one, Received::Stored(_))).count();
    let refused = received.iter().filter(|one| matches!(one, Received::Refused(_))).count();
    assert_eq!(stored + refused, 4, "{received:?}");
    assert_eq!(shoulder.number("SELECT count(*) FROM activity").await, i64::try_from(stored).unwrap());
    assert_eq!(shoulder.number("SELECT count(*) FROM quarantine").await, i64::try_from(refused).unwrap());
    if house.store.is_embedded() {
        return;
    }
    assert_eq!(refused, 2, "PostgreSQL keeps no NUL: {received:?}");
    let whole = house.tell_all(&[track("m4", "Demo Requested", house.now()).user("1")]).await;
    assert_eq!(whole, [received[0].clone()]);
}
