//! An address is asked back once a day and three times in its life, whoever asks at once, and never where it would hurt.

use chrono::TimeDelta;
use rekindle_core::{
    consent::{ConsentState, Proof, Record},
    form::Form,
    sequence::Purpose,
};
use rekindle_storage::{confirmations::Whence, outbox::Passage};
use rekindle_tests::{on_both, stores::Home};
use tokio::task::JoinSet;

use crate::house::House;
use crate::told::unsubscribe;

on_both!(of_all_who_ask_at_once_one_mail_comes, who_said_no_may_be_asked_and_who_reported_us_may_not);

fn form() -> Form {
    Form {
        name: "newsletter".to_owned(),
        title: "our newsletter".to_owned(),
        purpose: Purpose::Marketing,
        wording: "Write to me.".to_owned(),
        version: "1".to_owned(),
        fields: Vec::new(),
        thanks: None,
        origins: Vec::new(),
    }
}

async fn of_all_who_ask_at_once_one_mail_comes(home: Home) {
    let house = House::of(home).await;
    // Two leads, one mailbox.
    let leads = [house.lead_at("kim.park@gmail.com").await, house.lead_at("kimpark+news@gmail.com").await];
    for (day, wanted) in [(0, 1), (0, 0), (1, 1), (1, 0), (2, 1), (3, 0), (400, 0)] {
        let start = house.home.now();
        let mut asking = JoinSet::new();
        for number in 0..6 {
            let (store, lead) = (house.home.open().await, leads[number % 2]);
            asking.spawn(async move {
                store.confirmations().ask(lead, &form(), &Whence::default()).await.unwrap()
            });
        }
        let asked = asking.join_all().await.into_iter().filter(|asked| *asked).count();
        assert_eq!(asked, wanted, "day {day}");
        assert_eq!(house.home.now(), start);
        if wanted == 0 {
            house.clock().forward(TimeDelta::hours(24));
        }
    }
}

async fn who_said_no_may_be_asked_and_who_reported_us_may_not(home: Home) {
    let house = House::of(home).await;
    let sender = house.sender().await;
    let (kim, lee) = (house.lead().await, house.lead().await);
    house.tell(unsubscribe("no", kim, house.now())).await;
    let complained = |scene: &rekindle_core::scene::Scene, now| {
        let mut change = scene.unchanged();
        change.hear(scene, Record::no(ConsentState::Complained, "a report", now, Proof::default()));
        Ok(change)
    };
    assert!(house.store.confirmations().ask(kim, &form(), &Whence::default()).await.unwrap());
    assert!(house.store.confirmations().ask(lee, &form(), &Whence::default()).await.unwrap());
    // Between the form and the gate: the report counts, the unsubscribe does not.
    house.decide(lee, complained).await.unwrap();
    let claimed = house.claimed(&sender).await;
    assert_eq!(claimed.len(), 2);
    for one in claimed {
        assert_eq!(one.form.as_deref(), Some("our newsletter"));
        let passage = if one.ticket.lead == kim { Passage::Go } else { Passage::Stopped };
        assert_eq!(house.pass(&sender, &[one.ticket]).await, [passage]);
    }
    house.clock().forward(TimeDelta::days(2));
    assert!(!house.store.confirmations().ask(lee, &form(), &Whence::default()).await.unwrap());
}
