//! Rules are held against what happened, and nothing that happened later speaks for them.

use super::*;
use crate::{activity::did, email::EmailAddress, ids::LeadId, score::Surge, span::Span};
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
            {{ activity = ["Complained"], points = -30, half_life = "3d" }},
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
    assert_eq!((whole.was_hot, whole.hot_at, whole.asked), (false, Some(day(2)), 2), "it cooled between");
    assert_eq!(whole.best, 140, "50, 47, 43 after two days");
    assert_eq!(lived(90, 0, 59).asked, 1, "what comes later is not known");
    assert_eq!(lived(90, 0, 2).hot_at, Some(day(2)), "the end counts in");
    let again = lived(90, 3, 90);
    assert_eq!(
        (again.was_hot, again.hot_at, again.asked),
        (true, Some(day(61)), 1),
        "who is hot at the beginning turns hot no more"
    );
    // 140 points three days before, 114 now: below the line, and above where it cools.
    let hot_still = lived(120, 6, 50);
    assert_eq!((hot_still.was_hot, hot_still.hot_at), (true, None), "hot since before");
    assert_eq!(lived(200, 0, 90).hot_at, None);
}

#[test]
fn the_team_is_asked_as_it_would_have_been() {
    let lived = |rules: &Scoring, days: &[i64]| past(rules, &lead(), &demos(days), day(0), day(90));
    // It cools after four days, and is hot again on the fifth.
    let mut rules = rules(90);
    rules.engagement[0].half_life = Some(Span::days(2));
    assert_eq!(lived(&rules, &[1, 1, 6, 6]).asked, 1, "not twice within again_after");
    rules.thresholds.again_after = Span::days(5);
    assert_eq!(lived(&rules, &[1, 1, 6, 6]).asked, 2);
    // One demo a day is a surge, and two are hot; what it goes on to within the days is on the same card.
    rules.thresholds.surge = Some(Surge { points: 50, within: Span::days(1) });
    let surged = lived(&rules, &[1, 20, 21]);
    assert_eq!((surged.hot_at, surged.asked), (None, 2), "on the first and on the twentieth day");
    let went_on = lived(&rules, &[20, 20]);
    assert_eq!((went_on.hot_at, went_on.asked), (Some(day(20)), 1));
    // What speaks against it fades sooner: time alone makes it hot.
    let mut rules = self::rules(90);
    rules.engagement[0].half_life = None;
    rules.engagement[1].points = -40;
    let mut history = demos(&[1, 2]);
    history.push(did("Pricing Viewed", day(3)));
    let lived = past(&rules, &lead(), &history, day(2), day(90));
    assert!(lived.was_hot && lived.asked == 1, "{lived:?}");
    let faded = (lived.hot_at.unwrap() - day(3)).as_seconds_f64() / 86_400.0;
    // 100 less 40 that halve in ten days are 89.5, which is shown as 90, when 10.5 of them are left.
    assert!((faded - 10.0 * (40.0_f64 / 10.5).log2()).abs() < 0.01, "{faded}");
}

#[test]
fn what_is_counted_adds_up() {
    let mut tally = Tally::default();
    let hot = |at| Past { was_hot: false, hot_at: Some(day(at)), asked: 1, best: 120 };
    let cold = Past { best: 10, ..Past::default() };
    let hot_before = Past { was_hot: true, best: 110, ..cold };
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
    let mut seen = tally.clone();
    seen.add(hot_before, won(3));
    let judged = seen.judge();
    assert_eq!((judged.hot, judged.precision), (4, Some(2.0 / 3.0)), "it turned hot before this time");
    assert_eq!(judged.recall, Some(3.0 / 4.0), "and was seen coming all the same");
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
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Past and present tell the same story: whoever looked every hour would have seen the same lead turn hot at the same hours, also
    /// when what spoke against it had faded.
    #[test]
    fn it_is_what_whoever_looked_every_hour_would_have_seen(
        hours in prop::collection::vec((0i64..1500, 0..3usize), 0..20),
        hot in 30i64..160,
        begins in -1i64..1500,
    ) {
        let mut hours = hours;
        hours.sort_unstable();
        let names = ["Demo Requested", "Pricing Viewed", "Complained"];
        let hour = |hour: i64| day(0) + TimeDelta::hours(hour);
        let history: Vec<Activity> = hours.iter().map(|(at, name)| did(names[*name], hour(*at))).collect();
        let (rules, lead) = (rules(hot), lead());
        let lived = past(&rules, &lead, &history, hour(begins), hour(1500));
        let again_after = rules.thresholds.again_after.delta();
        let mut seen = Past::default();
        let (mut is_hot, mut rung, mut most) = (false, None, 0);
        for now in (-1..=1500).map(hour) {
            // Fading is looked at before what this hour brings.
            let before: Vec<Activity> = history.iter().filter(|one| one.at < now).cloned().collect();
            let known = history.iter().filter(|one| one.at <= now).count();
            let mut looked = vec![rules.explain(&lead, &before, now).score];
            looked.extend((before.len() + 1..=known).map(|so_far| rules.explain(&lead, &history[..so_far], now).score));
            let something_happened = looked.len() > 1;
            for score in looked {
                most = most.max(score);
                if something_happened {
                    seen.best = seen.best.max(score);
                }
                if is_hot && score < rules.thresholds.cools_under() {
                    is_hot = false;
                } else if !is_hot && score >= hot {
                    is_hot = true;
                    seen.hot_at.get_or_insert(now);
                    if rung.is_none_or(|at| now - at >= again_after) {
                        rung = Some(now);
                        seen.asked += 1;
                    }
                }
            }
            if now == hour(begins) {
                let best = rules.explain(&lead, &history[..known], now).score;
                seen = Past { was_hot: is_hot, best, ..Past::default() };
                most = best;
            }
        }
        // Time is looked at to the minute.
        let at_the_hour = |at: Moment| {
            let past = (at - day(0) - TimeDelta::minutes(1)).as_seconds_f64() / 3600.0;
            hour(past.ceil() as i64)
        };
        prop_assert_eq!((lived.was_hot, lived.hot_at.map(at_the_hour)), (seen.was_hot, seen.hot_at));
        prop_assert_eq!(lived.asked, seen.asked);
        // Where points come back by time alone, the hour between two things may be the best.
        prop_assert!(seen.best <= lived.best && lived.best <= most, "{} {} {}", seen.best, lived.best, most);
    }
}
