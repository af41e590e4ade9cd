//! Mail leaves as fast as the operator lets it, of all processes together, and a new sender warms up on the days on which it sends.

use chrono::{NaiveTime, TimeDelta};
use rekindle_core::outflow::Limits;
use rekindle_mail::outcome::Refusal;
use rekindle_tests::{indoors::Indoors, on_both, stores::Home};
use std::collections::{BTreeMap, HashSet};

on_both!(
    s5_each_domain_gets_its_mails_in_its_pace_also_from_two_workers,
    s5_a_warm_up_day_is_one_on_which_mail_left,
    s5_who_is_told_to_wait_waits_a_quarter_of_an_hour_and_not_for_ever,
);

/// A house that mails at any hour, by these limits, to so many quiet leads of two domains.
async fn mailing(home: Home, limits: Limits, leads: usize) -> Indoors {
    let at_any_hour = |playbook: &mut BTreeMap<String, String>| {
        let plan = playbook.get_mut("sequences/re-engagement.toml").unwrap();
        let window = plan.lines().find(|line| line.starts_with("send_window")).unwrap().to_owned();
        *plan = plan.replace(&window, "");
    };
    let mut house = Indoors::with(home, at_any_hour, |settings| settings.pace = limits).await;
    for number in 0..leads {
        house.subscriber(&format!("p{number}@{}.test", ["slow", "fast"][number % 2])).await;
    }
    // To the midnight before the morning on which they are found quiet.
    let midnight = (house.home.now() + TimeDelta::days(31)).date_naive().and_time(NaiveTime::MIN).and_utc();
    house.live(midnight - house.home.now()).await;
    assert_eq!(house.relay.len(), 0);
    house
}

fn domains(house: &Indoors) -> (usize, usize) {
    let kept = house.relay.kept();
    let rcpt: HashSet<&str> = kept.iter().map(|kept| kept.rcpt.as_str()).collect();
    assert_eq!(rcpt.len(), kept.len(), "nobody gets two");
    let of = |domain: &str| kept.iter().filter(|kept| kept.rcpt.ends_with(domain)).count();
    (of("slow.test"), of("fast.test"))
}

async fn s5_each_domain_gets_its_mails_in_its_pace_also_from_two_workers(home: Home) {
    let domains_with_a_pace = BTreeMap::from([("slow.test".to_owned(), 60)]);
    let limits = Limits { domains: domains_with_a_pace, ..Limits::default() };
    let mut house = mailing(home, limits, 80).await;
    let mut other = house.another_worker().await;
    house.live(TimeDelta::hours(6)).await;
    let (slow, fast) = domains(&house);
    assert_eq!((slow, fast), (10, 40), "ten at once after a pause, and all of the others");
    let waiting = house.store.outbox().list(&[], 100).await.unwrap();
    let reasons: HashSet<String> =
        waiting.into_iter().filter_map(|waiting| waiting.delivery.reason).collect();
    assert!(reasons.contains("pace: 60 mails a minute to slow.test"), "{reasons:?}");
    for second in 1..=30 {
        house.home.clock().forward(TimeDelta::seconds(1));
        house.worker.tick().await.unwrap();
        other.tick().await.unwrap();
        assert!(domains(&house).0 <= 10 + second, "second {second}");
    }
    assert_eq!(domains(&house), (40, 40), "and nobody waits longer than they must");
    other.leave().await;
}

async fn s5_a_warm_up_day_is_one_on_which_mail_left(home: Home) {
    let limits = Limits { warm_up: vec![2, 5], ..Limits::default() };
    let mut house = mailing(home, limits, 20).await;
    // It takes nothing for a whole day: that is no day of warm-up.
    for _ in 0..400 {
        house.relay.refuse_next(Refusal::Temporary { code: 451, text: "come later".to_owned() });
    }
    house.live(TimeDelta::days(1)).await;
    assert_eq!(house.relay.len(), 0);
    house.relay.behave();
    let mut days = Vec::new();
    for _ in 0..3 {
        let before = house.relay.len();
        house.live(TimeDelta::days(1) - TimeDelta::seconds(2)).await;
        days.push(house.relay.len() - before);
        house.home.clock().forward(TimeDelta::seconds(2));
    }
    assert_eq!(days, [2, 5, 13], "the first day, the second, and then as many as there are");
}

async fn s5_who_is_told_to_wait_waits_a_quarter_of_an_hour_and_not_for_ever(home: Home) {
    for code in [421, 450, 451, 452] {
        let limits = Limits::default();
        let mut house = mailing(Home::sqlite(), limits, 1).await;
        house.relay.refuse_next(Refusal::Temporary { code, text: "greylisted".to_owned() });
        house.live(TimeDelta::days(1)).await;
        let sent = house.store.outbox().list(&[], 10).await.unwrap().remove(0).delivery;
        assert_eq!((house.relay.len(), sent.attempt), (1, 2), "{code}: the second try");
        let waited = sent.moved_at - sent.created_at;
        assert!(waited >= TimeDelta::minutes(15), "{code}: {waited}");
    }
    // Whoever never takes it: it is given up after three days, and was tried less and less often.
    let mut house = mailing(home, Limits::default(), 1).await;
    for _ in 0..400 {
        house.relay.refuse_next(Refusal::Temporary { code: 451, text: "greylisted".to_owned() });
    }
    house.live(TimeDelta::days(5)).await;
    let given_up =
        house.store.outbox().list(&[], 10).await.unwrap().into_iter().map(|waiting| waiting.delivery);
    let given_up = given_up.min_by_key(|delivery| delivery.id).unwrap();
    assert_eq!(given_up.state.word(), "expired");
    // Its time is looked at when it is tried again, four hours later at the latest.
    assert!(given_up.moved_at - given_up.created_at <= TimeDelta::hours(76), "{given_up:?}");
    assert!((5..40).contains(&given_up.attempt), "{} tries", given_up.attempt);
}
