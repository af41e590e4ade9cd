//! Nobody is faster than they may be, nobody waits longer than they must, and a day of warm-up is one on which mail left.

use super::*;
use proptest::prelude::*;

fn wish(to: &str) -> Wish {
    Wish { from: "acme.test".to_owned(), to: to.to_owned() }
}

fn at(seconds: f64) -> Moment {
    Moment::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::milliseconds((seconds * 1_000.0) as i64)
}

/// What a house keeps between two looks.
#[derive(Default)]
struct House {
    limits: Limits,
    buckets: BTreeMap<Key, Bucket>,
    warmth: BTreeMap<String, Warmth>,
}

impl House {
    fn admit(&mut self, wishes: &[Wish], now: Moment) -> Vec<Leave> {
        admit(wishes, &self.limits, &mut self.buckets, &mut self.warmth, now)
    }
}

fn left(leaves: &[Leave]) -> usize {
    leaves.iter().filter(|leave| **leave == Leave::Now).count()
}

#[test]
fn without_limits_all_leave() {
    let mut house = House::default();
    assert!(!house.limits.is_any());
    assert_eq!(left(&house.admit(&vec![wish("a.test"); 1_000], at(0.0))), 1_000);
}

#[test]
fn s5_each_domain_has_its_pace_and_the_others_go_on() {
    let domains = BTreeMap::from([("slow.test".to_owned(), 6)]);
    let limits = Limits { per_minute_to_domain: Some(60), domains, ..Limits::default() };
    let mut house = House { limits, ..House::default() };
    let wishes: Vec<Wish> = (0..30).map(|n| wish(["fast.test", "slow.test", "other.test"][n % 3])).collect();
    let leaves = house.admit(&wishes, at(0.0));
    let of = |domain: &str| -> Vec<&Leave> {
        wishes.iter().zip(&leaves).filter(|(wish, _)| wish.to == domain).map(|(_, leave)| leave).collect()
    };
    assert!(of("fast.test").into_iter().all(|leave| *leave == Leave::Now), "ten at once after a pause");
    let slow = of("slow.test");
    assert_eq!(*slow[0], Leave::Now);
    for (n, leave) in slow.iter().enumerate().skip(1) {
        let until = at(10.0 * n as f64);
        let why = "pace: 6 mails a minute to slow.test".to_owned();
        assert_eq!(**leave, Leave::Later { until, why }, "one each ten seconds");
    }
}

#[test]
fn all_and_each_sender_have_a_pace() {
    let limits = Limits { per_minute: Some(60), per_minute_of_sender: Some(30), ..Limits::default() };
    let mut house = House { limits, ..House::default() };
    let of = |from: &str| Wish { from: from.to_owned(), ..wish("a.test") };
    let leaves = house.admit(&vec![of("one.test"); 6], at(0.0));
    assert_eq!(left(&leaves), 5);
    assert!(
        matches!(&leaves[5], Leave::Later { why, .. } if why == "pace: 30 mails a minute from one.test"),
        "{leaves:?}"
    );
    let leaves = house.admit(&vec![of("two.test"); 6], at(0.0));
    assert_eq!(left(&leaves), 5, "another sender has its own");
    let leaves = house.admit(&vec![of("three.test"); 6], at(0.0));
    assert!(
        matches!(&leaves[0], Leave::Later { why, .. } if why == "pace: 60 mails a minute in all"),
        "{leaves:?}"
    );
}

#[test]
fn a_day_of_warm_up_is_one_on_which_mail_left() {
    let limits = Limits { warm_up: vec![2, 4], ..Limits::default() };
    let mut house = House { limits, ..House::default() };
    let leaves = house.admit(&vec![wish("a.test"); 3], at(3_600.0));
    let tomorrow = Moment::UNIX_EPOCH + TimeDelta::days(20_001);
    assert_eq!(left(&leaves), 2);
    assert_eq!(leaves[2], Leave::Later { until: tomorrow, why: "warm-up: 2 mails on day 1".to_owned() });
    let warmth = |days, today| BTreeMap::from([("acme.test".to_owned(), Warmth { days, today })]);
    house.warmth = warmth(1, 3);
    assert_eq!(left(&house.admit(&vec![wish("a.test"); 3], at(90_000.0))), 1, "three went already");
    house.warmth = warmth(2, 50);
    assert_eq!(left(&house.admit(&vec![wish("a.test"); 99], at(180_000.0))), 99, "warm");
}

proptest! {
    #[test]
    fn nobody_is_faster_than_the_pace_and_what_waits_leaves_when_it_was_told(
        per_minute in 1u32..600,
        batches in prop::collection::vec((1usize..40, 0u32..60), 1..20),
    ) {
        let mut house =
            House { limits: Limits { per_minute_to_domain: Some(per_minute), ..Limits::default() }, ..House::default() };
        let (mut now, mut gone) = (0.0, 0);
        let start = at(0.0);
        for (count, pause) in batches {
            now += f64::from(pause);
            let leaves = house.admit(&vec![wish("a.test"); count], at(now));
            gone += left(&leaves);
            let allowed = pace_of(per_minute).burst + now * f64::from(per_minute) / 60.0;
            prop_assert!(gone as f64 <= allowed + 1e-3, "{gone} in {now} s at {per_minute} a minute");
            if let Some(Leave::Later { until, .. }) = leaves.iter().find(|leave| **leave != Leave::Now) {
                // The first that waits may leave when it was told, and not before.
                let mut again = House { buckets: house.buckets.clone(), limits: house.limits.clone(), ..House::default() };
                prop_assert_eq!(left(&again.admit(&[wish("a.test")], *until)), 1);
                let early = start.max(*until - TimeDelta::milliseconds(5));
                let mut again = House { buckets: house.buckets.clone(), limits: house.limits.clone(), ..House::default() };
                prop_assert_eq!(left(&again.admit(&[wish("a.test")], early)), 0);
            }
        }
    }
}
