//! What was said about writing to a lead is kept as records, and the gate asks what they come to at its own moment.

use chrono::TimeDelta;
use rekindle_core::{
    consent::{Basis, ConsentState, Proof, Record, Says, standing},
    delivery::DeliveryState,
    ids::LeadId,
    lead::Lead,
    time::Moment,
};
use rekindle_storage::outbox::Passage;
use rekindle_tests::{on_both, stores::Home};
use serde_json::json;

use crate::house::House;
use crate::told::{Telling, identify, track, unsubscribe};

on_both!(
    every_way_in_writes_a_record,
    l2_the_gate_refuses_at_the_instant_consent_expires,
    l3_no_record_no_mail,
    a_no_takes_back_what_allowed_mail,
    what_stood_before_there_were_records_gets_its_own,
    records_go_with_a_lead_that_became_another,
);

async fn records(house: &House, lead: LeadId) -> Vec<Record> {
    let mut records = house.store.leads().dossier(lead).await.unwrap().consents;
    records.reverse();
    records
}

/// The lead, whose row says what its records come to.
async fn lead(house: &House, id: LeadId) -> Lead {
    let lead = house.row(id).await;
    assert_eq!(lead.consent, standing(&records(house, id).await), "the row follows from the records");
    lead
}

async fn every_way_in_writes_a_record(home: Home) {
    let house = House::of(home).await;
    let now = house.now();
    let traits = json!({"email": "kim@acme.test", "consent": {
        "state": "subscribed", "basis": "webinar form 2026", "form": "webinar", "wording": "v3",
        "ip": "203.0.113.7", "userAgent": "Firefox", "at": "2026-01-02T03:04:05Z",
    }});
    let kim = house.tell(identify("m1", traits, now)).await;
    let said = records(&house, kim).await;
    let wanted = Record {
        says: Says::Yes { basis: Basis::Express, assessment: None, expires_at: None },
        words: "webinar form 2026".to_owned(),
        obtained_at: "2026-01-02T03:04:05Z".parse::<Moment>().unwrap(),
        proof: Proof {
            source: "shop".to_owned(),
            message_id: Some("m1".to_owned()),
            form: Some("webinar".to_owned()),
            wording: Some("v3".to_owned()),
            ip: Some("203.0.113.7".to_owned()),
            user_agent: Some("Firefox".to_owned()),
            confirmed: false,
        },
        withdrawn_at: None,
    };
    assert_eq!(said, [wanted]);
    assert_eq!(lead(&house, kim).await.consent.state, ConsentState::Subscribed);

    let by_key = identify("m2", json!({"email": "lee@acme.test"}), now).basis("interest LIA-7: customers");
    let lee = house.tell(by_key).await;
    let basis = Says::Yes { basis: Basis::Interest, assessment: Some("LIA-7".to_owned()), expires_at: None };
    assert_eq!(records(&house, lee).await[0].says, basis);
    for n in 0..3 {
        let again = identify(&format!("again{n}"), json!({"email": "lee@acme.test"}), now);
        house.tell(again.basis("interest LIA-7: customers")).await;
    }
    assert_eq!(records(&house, lee).await.len(), 1, "said again is not said anew");

    let ola =
        house.tell(identify("m3", json!({"email": "ola@acme.test", "consent": true}), now).browser()).await;
    house.tell(track("m4", "Demo Requested", now).email("ola@acme.test").basis("a key")).await;
    assert_eq!(records(&house, ola).await, [], "a browser says nothing of consent, a track neither");
    assert_eq!(lead(&house, ola).await.consent.state, ConsentState::Unknown);
}

async fn l2_the_gate_refuses_at_the_instant_consent_expires(home: Home) {
    let house = House::of(home).await;
    let sender = house.sender().await;
    // To the second before, it goes; from the instant on it does not, whatever it was when it was enqueued.
    for (seconds, passage) in [(-1, Passage::Go), (0, Passage::Stopped), (1, Passage::Stopped)] {
        let now = house.now();
        let email = format!("{}@acme.test", house.name());
        let told = identify(&house.name(), json!({"email": email}), now).email(&email);
        let kim = house.tell(told.basis("enquiry: asked for a quote")).await;
        let until = lead(&house, kim).await.consent.until.expect("an end");
        house.clock().forward(until - now - TimeDelta::hours(1));
        let mail = house.mail(kim, "plain").await;
        let ticket = house.ticket(&sender).await;
        house.clock().forward(TimeDelta::hours(1) + TimeDelta::seconds(seconds));
        assert_eq!(house.pass(&sender, &[ticket]).await, [passage], "{seconds} s");
        if passage == Passage::Stopped {
            let row = house.delivery(mail).await;
            assert_eq!(row.state, DeliveryState::Suppressed);
            let why = row.reason.unwrap();
            assert!(why.starts_with("consent expired on "), "{why}");
            // And nothing begins any more, until there is new consent.
            let again = house
                .decide(kim, |scene, now| rekindle_core::desk::enroll(scene, "other", &house.playbooks, now));
            let refused = again.await.unwrap_err();
            assert_eq!(refused.refusal().map(rekindle_core::refusal::Refusal::code), Some("cannot_enroll"));
            let anew = identify(&house.name(), json!({"email": email}), house.now()).email(&email);
            house.tell(anew.basis("business: bought")).await;
            assert!(lead(&house, kim).await.may_be_mailed(house.now()).is_ok());
        }
    }
}

async fn l3_no_record_no_mail(home: Home) {
    let house = House::of(home).await;
    let sender = house.sender().await;
    let kim = house
        .tell(identify("m1", json!({"email": "kim@acme.test"}), house.now()).email("kim@acme.test"))
        .await;
    assert_eq!(records(&house, kim).await, []);
    let enroll = |name: &'static str| {
        let playbooks = house.playbooks.clone();
        move |scene: &rekindle_core::scene::Scene, now| {
            rekindle_core::desk::enroll(scene, name, &playbooks, now)
        }
    };
    assert!(house.decide(kim, enroll("plain")).await.is_err(), "no marketing");
    let mail = house.mail(kim, "service").await;
    let ticket = house.ticket(&sender).await;
    assert_eq!(house.pass(&sender, &[ticket]).await, [Passage::Go], "what serves a customer needs none");
    assert_eq!(house.state(mail).await, DeliveryState::Committing);
}

async fn a_no_takes_back_what_allowed_mail(home: Home) {
    let house = House::of(home).await;
    let kim = house.lead_at("kim@acme.test").await;
    house.clock().forward(TimeDelta::hours(1));
    let when = house.now();
    house.tell(unsubscribe("no", kim, when)).await;
    let said = records(&house, kim).await;
    assert_eq!(said.len(), 2);
    assert_eq!(said[0].withdrawn_at, Some(when));
    assert_eq!((&said[1].says, said[1].withdrawn_at), (&Says::No(ConsentState::Unsubscribed), None));
    assert_eq!(lead(&house, kim).await.consent.state, ConsentState::Unsubscribed);
    house.lead_at("kim@acme.test").await;
    assert_eq!(records(&house, kim).await.len(), 2, "a form does not undo it");
    // The mailbox's own yes does, and it may be written to again.
    let confirm = |scene: &rekindle_core::scene::Scene, now| {
        let mut change = scene.unchanged();
        let proof = Proof { source: "form".to_owned(), confirmed: true, ..Proof::default() };
        assert!(change.hear(scene, Record::yes("newsletter", now, proof).unwrap()));
        Ok(change)
    };
    house.decide(kim, confirm).await.unwrap();
    let row = lead(&house, kim).await;
    assert_eq!(row.consent.state, ConsentState::Subscribed);
    assert!(house.store.leads().suppressed(&[row]).await.unwrap().is_empty());
    assert!(records(&house, kim).await[1].withdrawn_at.is_some());
}

async fn what_stood_before_there_were_records_gets_its_own(home: Home) {
    let house = House::of(home).await;
    let (yes, no) = (house.lead().await, house.lead().await);
    house.tell(unsubscribe("no", no, house.now())).await;
    let nobody = house.tell(identify("m1", json!({"email": "ola@acme.test"}), house.now())).await;
    let before = [house.row(yes).await, house.row(no).await, house.row(nobody).await];
    let shoulder = house.shoulder().await;
    shoulder.run("DROP TABLE consent").await;
    shoulder.run("ALTER TABLE lead DROP COLUMN consent_until").await;
    shoulder.run("DELETE FROM seaql_migrations WHERE version = 'm0017_consents'").await;
    house.store.close().await.unwrap();
    let house = House::of(house.home).await;
    for (lead_before, count) in before.iter().zip([1, 1, 0]) {
        assert_eq!(&lead(&house, lead_before.id).await, lead_before);
        assert_eq!(records(&house, lead_before.id).await.len(), count);
    }
}

async fn records_go_with_a_lead_that_became_another(home: Home) {
    let house = House::of(home).await;
    let now = house.now();
    let visitor = house.tell(identify("m1", json!({"consent": false}), now).user("42")).await;
    let kim = house.lead_at("kim@acme.test").await;
    assert_eq!(lead(&house, kim).await.consent.state, ConsentState::Subscribed);
    let joins = identify("m2", json!({"email": "kim@acme.test"}), now).user("42").email("kim@acme.test");
    let joined = house.tell(joins).await;
    assert_eq!(joined, kim);
    assert!(house.store.leads().by_id(visitor).await.is_err());
    assert_eq!(lead(&house, kim).await.consent.state, ConsentState::Unsubscribed, "their no is heard");
    assert_eq!(records(&house, kim).await.len(), 2);
}
