//! Random rules, random histories told in any order, machines found out late, and a clock: what is kept of a lead says its
//! points at any later moment as a count from scratch does, the lines add up, and no crossing of a line is missed.

use super::*;
use proptest::{collection::vec, option, sample::select};

const NAMES: [&str; 4] = ["Pricing Viewed", "Complained", "E-book Downloaded", names::CLICKED];

fn span(units: &'static [&'static str]) -> impl Strategy<Value = Option<Span>> {
    option::of(select(units).prop_map(|text| Span::parse(text).unwrap()))
}

fn rule() -> impl Strategy<Value = EngagementRule> {
    let about = (vec(select(&NAMES[..]), 0..3), any::<bool>());
    let asked = (option::of(select(&["plan = pro", "seats > 10 and plan != pro"][..])), span(&["30s", "2m"]));
    let limits = (
        option::of((1_usize..4, span(&["1d", "7d"]))),
        span(&["12h", "2d"]),
        span(&["1h", "1d"]),
        option::of((1_usize..4, select(&["1d", "30d"][..]))),
    );
    let group = option::of(select(&["content", "against"][..]));
    let worth = (select(&[-40, -15, -3, 5, 20, 33, 60][..]), span(&["1d", "10d", "30d", "365d"]), group);
    (about, asked, limits, worth).prop_map(
        |((activity, page), (having, dwell), (hits, returns, cooldown, max), (points, half_life, group))| {
            EngagementRule {
                activity: activity.into_iter().map(str::to_owned).collect(),
                page: if page { vec!["/pricing*".to_owned()] } else { Vec::new() },
                having: having.map(|text| Conditions::parse(text).unwrap()),
                dwell,
                points,
                hits: hits.map(|(hits, _)| hits),
                within: hits.and_then(|(_, within)| within),
                returns,
                cooldown,
                max_per: max.map(|(times, every)| MaxPer { times, every: Span::parse(every).unwrap() }),
                group: group.map(str::to_owned),
                half_life,
                stage: None,
                topic: None,
            }
        },
    )
}

fn rules() -> impl Strategy<Value = Scoring> {
    let lines = select(&[(100, 80), (100, 100), (30, 25), (61, 3)][..]);
    let groups = (option::of(0_i64..50), option::of(-50_i64..=0));
    (lines, vec(rule(), 1..6), groups).prop_map(|((hot, cools_below), engagement, (max, min))| {
        let mut rules = scoring();
        (rules.thresholds.hot, rules.thresholds.cools_below, rules.thresholds.max) = (hot, cools_below, 150);
        rules.groups.insert("content".to_owned(), Group { max, min: None });
        rules.groups.insert("against".to_owned(), Group { max: Some(20), min });
        rules.engagement = engagement;
        rules.fit = vec![FitRule { label: None, when: "title matches director".parse().unwrap(), points: 7 }];
        rules
    })
}

/// Something that happened in the first sixty days, when it was told, and whether it was a machine's, as was found out when.
#[derive(Debug, Clone)]
struct Happened {
    activity: Activity,
    told: Moment,
    found_out: Option<Moment>,
}

fn day(minutes: i64) -> Moment {
    Moment::UNIX_EPOCH + TimeDelta::minutes(minutes)
}

/// Which name, when, told how much later, found out when, on a page, and its properties.
type Drawn = (usize, i64, i64, Option<i64>, bool, (Option<&'static str>, Option<i64>, Option<i32>));

fn happened() -> impl Strategy<Value = Vec<Happened>> {
    // Close together, so that limits matter, or far apart.
    let at = prop_oneof![0_i64..600, 0_i64..86_400];
    let late = prop_oneof![Just(0_i64), 0_i64..20_000];
    let told = (
        option::of(select(&["pro", "team"][..])),
        option::of(5_i64..20),
        option::of(select(&[10, 30, 200][..])),
    );
    let one = (0..NAMES.len(), at, late, option::weighted(0.2, 0_i64..30_000), any::<bool>(), told);
    vec(one, 1..30).prop_map(|all| {
        let made = |(number, drawn): (usize, Drawn)| {
            let (name, at, late, machine, page, (plan, seats, dwell)) = drawn;
            let is_click = NAMES[name] == names::CLICKED;
            let kind = if is_click {
                Kind::Mail
            } else if page {
                Kind::Page
            } else {
                Kind::Track
            };
            let mut activity = did(kind, NAMES[name], number as u128);
            activity.at = day(at);
            activity.path = (page && !is_click).then(|| "/pricing/x".to_owned());
            let told = [("plan", json!(plan)), ("seats", json!(seats)), ("dwell", json!(dwell))];
            activity.properties.extend(told.map(|(name, value)| (name.to_owned(), value)));
            let (told, found_out) = (day(at + late), machine.map(|after| day(at + late + after)));
            Happened { activity, told, found_out }
        };
        all.into_iter().enumerate().map(made).collect()
    })
}

/// What is known of it all at a moment.
fn known(happened: &[Happened], now: Moment) -> Vec<Activity> {
    let told = happened.iter().filter(|one| one.told <= now);
    let as_known =
        |one: &Happened| Activity { human: one.found_out.is_none_or(|at| at > now), ..one.activity.clone() };
    told.map(as_known).collect()
}

/// The lead as it is kept, counted at that moment from what is known.
fn kept(rules: &Scoring, history: &[Activity], now: Moment) -> Lead {
    let mut lead = lead();
    lead.title = Some("Director".to_owned());
    let explained = rules.explain(&lead, history, now);
    (lead.points, lead.worth) = (explained.points, explained.worth);
    lead.hot = explained.score >= rules.thresholds.hot;
    lead
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn kept_points_are_those_of_a_count_from_scratch(
        rules in rules(),
        happened in happened(),
        mut moments in vec(0_i64..200_000, 1..12),
    ) {
        // What is told, found out and asked, in the order of time: kept anew when something is, faded when it is asked.
        moments.extend(happened.iter().flat_map(|one| [Some(one.told), one.found_out]).flatten().map(|at| (at - day(0)).num_minutes()));
        moments.sort_unstable();
        let mut lead = kept(&rules, &[], day(0));
        let mut was = Vec::new();
        for now in moments.into_iter().map(day) {
            let history = known(&happened, now);
            let explained = rules.explain(&lead, &history, now);
            let sum: f64 = explained.lines.iter().map(|line| line.now).sum();
            prop_assert_eq!(whole(sum), explained.score, "the lines add up");
            if history != was {
                lead = kept(&rules, &history, now);
                was = history;
            }
            let stands = rules.standing(&lead, now);
            let stands = (stands.score, stands.fit, stands.engagement, stands.grade.to_owned());
            prop_assert_eq!(stands, (explained.score, explained.fit, explained.engagement, explained.grade));
        }
    }
}

/// Rules under which points fade in every way, alone and in a group.
fn fading() -> Scoring {
    let mut rules = scoring();
    (rules.thresholds.hot, rules.thresholds.cools_below) = (60, 50);
    rules.groups.insert("content".to_owned(), Group { max: Some(40), min: Some(-20) });
    let half_lives = [Some("1d"), Some("10d"), Some("30d"), None];
    let rule = |(number, half_life): (usize, Option<&str>)| EngagementRule {
        group: (number % 2 == 1).then(|| "content".to_owned()),
        half_life: half_life.map(|text| Span::parse(text).unwrap()),
        ..rules.engagement[1].clone()
    };
    let all = half_lives.into_iter().flat_map(|half_life| [half_life, half_life]);
    rules.engagement = all.enumerate().map(rule).collect();
    rules
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn no_crossing_of_a_line_is_missed(
        fit in 0..60_i32,
        sums in vec(-120..120_i32, 8),
        hot in any::<bool>(),
        age in 0_i64..5_000,
    ) {
        let rules = fading();
        let (mut lead, now) = (lead(), day(10_000));
        (lead.points.fit, lead.points.at, lead.hot) = (f64::from(fit), day(10_000 - age), hot);
        lead.worth.may_be_hot = true;
        let fadings = rules.engagement.iter().map(|rule| rule.fading(false));
        lead.worth.sums = fadings.zip(sums.iter().map(|sum| f64::from(*sum))).collect();
        let has_crossed = |moment: Moment| {
            let score = rules.standing(&lead, moment).score;
            if hot { score < rules.thresholds.cools_under() } else { score >= rules.thresholds.hot }
        };
        let crosses = rules.crosses_at(&lead, now);
        if let Some(at) = crosses {
            prop_assert!(has_crossed(at), "{at}: it has not");
        } else if !hot && has_crossed(now) {
            return Ok(());
        }
        // Every twenty minutes of ten days, then every two hours of a year.
        let fine = (0..720).map(|n| TimeDelta::minutes(n * 20));
        let coarse = (120..4_380).map(|n| TimeDelta::hours(n * 2));
        for moment in fine.chain(coarse).map(|after| now + after) {
            if crosses.is_some_and(|at| at <= moment + TimeDelta::minutes(1)) {
                break;
            }
            prop_assert!(!has_crossed(moment), "{moment}: it has, and {crosses:?} is said");
        }
    }
}

/// A complaint fades sooner than what speaks for a lead: the score falls, rises over the line, and falls again.
#[test]
fn what_spoke_against_a_lead_fades_and_it_is_hot() {
    let rules = r#"
        thresholds = { hot = 100, cools_below = 80 }
        grades = { fit = [10, 5], engagement = [60, 25] }
        engagement = [
            { activity = ["Pricing Viewed"], points = 120, half_life = "90d" },
            { activity = ["Complained"], points = -60, half_life = "5d" },
        ]
    "#;
    let rules: Scoring = toml::from_str(rules).unwrap();
    let history = [did(Kind::Track, "Pricing Viewed", 1), did(Kind::Track, "Complained", 2)];
    let mut lead = kept(&rules, &history, day(2));
    lead.title = None;
    assert!(!lead.hot);
    let rises = rules.crosses_at(&lead, day(2)).unwrap();
    assert_eq!((rises - day(2)).num_days(), 15, "{rises}");
    lead.hot = true;
    let cools = rules.crosses_at(&lead, rises).unwrap();
    assert_eq!((cools - day(2)).num_days(), 53, "{cools}");
}
