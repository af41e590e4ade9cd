//! Rules are held against what happened, and nothing that happened later speaks for them.

use super::*;
use crate::{activity::did, email::EmailAddress, ids::LeadId};
use proptest::prelude::*;
use uuid::Uuid;

fn day(day: i64) -> Moment {
    Moment::UNIX_EPOCH + TimeDelta::days(1000 + day)
}

fn rules(hot: i64) -> Scoring {
    let rules = format!(
        r#"
        thresholds = {{ hot = {hot}, cools_below = {} }}
        grades = {{ fit = [10, 5], engagement = [60, 25] }}
        engagement = [
            {{ activity = ["Demo Requested"], points = 50, half_life = "10d" }},
            {{ activity = ["Pricing Viewed"], points = 20, half_life = "10d" }},
        ]
    "#,
        hot * 4 / 5
    );
    toml::from_str(&rules).unwrap()
}

fn lead() -> Lead {
    let mut lead = Lead::anonymous(LeadId(Uuid::from_u128(1)), day(-500));
    lead.email = Some(EmailAddress::parse("kim@acme.test").unwrap());
    lead.verified = true;
    lead
}

fn demos(days: &[i64]) -> Vec<Activity> {
    days.iter().map(|at| did("Demo Requested", day(*at))).collect()
}

#[test]
fn a_lead_turns_hot_when_the_rules_say_so_and_again_when_it_had_cooled() {
    let history = demos(&[1, 2, 3, 60, 61]);
    let lived = |hot, from, until| past(&rules(hot), &lead(), &history, day(from), day(until));
    let whole = lived(90, 0, 90);
    assert_eq!((whole.hot_at, whole.times), (Some(day(2)), 2), "it cooled between");
    assert_eq!(whole.best, 140, "50, 47, 43 after two days");
    assert_eq!(lived(90, 0, 59).times, 1, "what comes later is not known");
    assert_eq!(lived(90, 0, 2).hot_at, Some(day(2)), "the end counts in");
    let again = lived(90, 3, 90);
    assert_eq!(
        (again.hot_at, again.times),
        (Some(day(61)), 1),
        "who is hot at the beginning turns hot no more"
    );
    assert_eq!(lived(200, 0, 90).hot_at, None);
}

#[test]
fn what_is_counted_adds_up() {
    let mut tally = Tally::default();
    let hot = |at| Past { hot_at: Some(day(at)), times: 1, best: 120 };
    let cold = Past { hot_at: None, times: 0, best: 10 };
    let won = |at| Some(Ended { won: true, at: day(at) });
    let lost = Some(Ended { won: false, at: day(30) });
    for (past, ended) in
        [(hot(1), won(9)), (hot(2), won(5)), (hot(3), lost), (hot(4), None), (cold, won(40)), (cold, lost)]
    {
        tally.add(past, ended);
    }
    for _ in 0..14 {
        tally.add(cold, None);
    }
    assert_eq!(tally.counts(), (20, 3, 2));
    let judged = tally.judge();
    assert_eq!((judged.hot, judged.alerts, judged.hot_won, judged.hot_lost), (4, 4, 2, 1));
    assert_eq!((judged.precision, judged.recall), (Some(2.0 / 3.0), Some(2.0 / 3.0)));
    assert_eq!(judged.days_before, Some(8.0), "of three and eight days");
    // Two leads a tenth; four are hot, two of them won; the third is among sixteen that have the same points.
    let won: Vec<f64> = judged.deciles.iter().map(|part| part.won).collect();
    let expected = [1.0, 1.0, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125];
    assert!(won.iter().zip(expected).all(|(is, wanted)| (is - wanted).abs() < 1e-9), "{won:?}");
    assert!((judged.deciles[0].lift.unwrap() - 10.0 / 3.0).abs() < 1e-9);
    let nothing = Tally::default().judge();
    assert_eq!((nothing.precision, nothing.recall, nothing.deciles.len()), (None, None, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Past and present tell the same story: whoever looked every hour would have seen the same lead turn hot at the same moments.
    #[test]
    fn it_is_what_whoever_looked_every_hour_would_have_seen(
        hours in prop::collection::vec((0i64..1500, any::<bool>()), 0..20),
        hot in 30i64..160,
    ) {
        let mut hours = hours;
        hours.sort_unstable();
        let name = |demo: bool| if demo { "Demo Requested" } else { "Pricing Viewed" };
        let history: Vec<Activity> =
            hours.iter().map(|(hour, demo)| did(name(*demo), day(0) + TimeDelta::hours(*hour))).collect();
        let (rules, lead) = (rules(hot), lead());
        let lived = past(&rules, &lead, &history, day(0) - TimeDelta::hours(1), day(0) + TimeDelta::hours(1500));
        let (mut is_hot, mut times, mut first, mut best) = (false, 0, None, 0);
        for hour in 0..=1500 {
            let now = day(0) + TimeDelta::hours(hour);
            let known: Vec<Activity> = history.iter().filter(|one| one.at <= now).cloned().collect();
            // Fading is looked at before what this hour brings.
            let before: Vec<Activity> = history.iter().filter(|one| one.at < now).cloned().collect();
            is_hot = is_hot && rules.explain(&lead, &before, now).score >= rules.thresholds.cools_under();
            let score = rules.explain(&lead, &known, now).score;
            best = best.max(score);
            if !is_hot && score >= hot {
                is_hot = true;
                times += 1;
                first = first.or(Some(now));
            }
        }
        prop_assert_eq!((lived.hot_at, lived.times, lived.best), (first, times, best));
    }
}
