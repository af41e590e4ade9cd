//! The points on the row are what the activities make, in whatever order and grouping they came.

use std::collections::HashMap;

use chrono::TimeDelta;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rekindle_core::{
    activity::{Kind, names::CLICKED},
    arrival::Arrival,
    ids::DeliveryId,
    machine::Sign,
    segment::Predicate,
    time::Moment,
};
use rekindle_storage::fetches::Exposed;
use rekindle_tests::{on_both, stores::Home};
use serde_json::json;

use crate::house::{House, playbook};
use crate::told::{Telling, identify, track};

on_both!(points_are_what_the_activities_make);

/// The rules of these stories, as a marketer writes them.
const SCORING: &str = r#"
thresholds = { hot = 100, cools_below = 80 }
grades = { fit = [10, 5], engagement = [60, 25] }
groups = { content = { max = 40 } }
engagement = [
  { activity = ["Demo Requested"], points = 50, half_life = "30d" },
  { page = ["/pricing*"], points = 20, max_per = { times = 2, every = "7d" }, half_life = "30d" },
  { activity = ["Webinar Attended"], points = 15, max_per = { times = 1, every = "1d" }, half_life = "5d", group = "content" },
  { activity = ["E-book Downloaded"], where = "pages > 10", points = 12, cooldown = "6h", half_life = "20d", group = "content" },
  { page = ["/docs*"], points = 8, hits = 3, within = "2d", half_life = "10d", group = "content" },
  { page = ["/home"], points = 5, returns = "12h", half_life = "15d" },
  { activity = ["Mail Clicked"], points = 9, half_life = "20d" },
  { activity = ["Complained"], points = -30, half_life = "10d" },
  { page = ["/jobs*"], points = -10 },
]
fit = [{ when = "title matches director", points = 10 }]
"#;

/// The same, written down a second time: what is told, and what it is worth.
#[derive(Debug, Clone, Copy)]
struct Rule {
    name: &'static str,
    path: Option<&'static str>,
    points: f64,
    half_life: Option<f64>,
    limit: Limit,
    of_content: bool,
}

/// In hours.
#[derive(Debug, Clone, Copy)]
enum Limit {
    None,
    MaxPer(usize, i64),
    Cooldown(i64),
    Hits(usize, i64),
    Returns(i64),
}

const fn rule(
    name: &'static str,
    path: Option<&'static str>,
    points: f64,
    half_life: Option<f64>,
    limit: Limit,
) -> Rule {
    let of_content = matches!(limit, Limit::MaxPer(1, _) | Limit::Cooldown(_) | Limit::Hits(..));
    Rule { name, path, points, half_life, limit, of_content }
}

const RULES: [Rule; 10] = [
    rule("Demo Requested", None, 50.0, Some(30.0), Limit::None),
    rule("Page Viewed", Some("/pricing/x"), 20.0, Some(30.0), Limit::MaxPer(2, 7 * 24)),
    rule("Webinar Attended", None, 15.0, Some(5.0), Limit::MaxPer(1, 24)),
    rule("E-book Downloaded", None, 12.0, Some(20.0), Limit::Cooldown(6)),
    rule("Page Viewed", Some("/docs/x"), 8.0, Some(10.0), Limit::Hits(3, 48)),
    rule("Page Viewed", Some("/home"), 5.0, Some(15.0), Limit::Returns(12)),
    rule(CLICKED, None, 9.0, Some(20.0), Limit::None),
    rule("Complained", None, -30.0, Some(10.0), Limit::None),
    rule("Page Viewed", Some("/jobs"), -10.0, None, Limit::None),
    rule("Nothing Known", None, 0.0, None, Limit::None),
];

/// The house, with these rules.
async fn house(home: Home) -> House {
    let mut house = House::of(home).await;
    let mut files = playbook();
    files.insert("scoring.toml".to_owned(), SCORING.to_owned());
    house.store.apply_playbook(&files).await.unwrap();
    house.playbooks = house.store.load_playbooks().await.unwrap();
    house
}

/// One thing that happened: which rule counts it, and how many minutes ago.
#[derive(Debug, Clone)]
struct Happened {
    rule: usize,
    minutes_ago: i64,
    /// Whether it is found out, after it was told, that a machine did it, if it is a click.
    machine: bool,
}

#[derive(Debug, Clone)]
struct Case {
    happened: Vec<Happened>,
    /// In which order they are told.
    order: Vec<prop::sample::Index>,
    /// How many are told at once.
    groups: Vec<usize>,
    /// How many minutes later it is asked.
    later: i64,
}

fn cases() -> impl Strategy<Value = Case> {
    // Some lie close together, so that limits matter.
    let ago = prop_oneof![0_i64..20_000, 0_i64..90_000];
    let happened = (0..RULES.len(), ago, any::<bool>()).prop_map(|(rule, minutes_ago, machine)| Happened {
        rule,
        minutes_ago,
        machine,
    });
    (
        prop::collection::vec(happened, 1..24),
        prop::collection::vec(any::<prop::sample::Index>(), 24),
        prop::collection::vec(1_usize..7, 24),
        0_i64..60_000,
    )
        .prop_map(|(happened, order, groups, later)| Case { happened, order, groups, later })
}

async fn points_are_what_the_activities_make(home: Home) {
    let house = house(home).await;
    let runtime = tokio::runtime::Handle::current();
    let config = Config { cases: 40, failure_persistence: None, ..Config::default() };
    let outcome = tokio::task::block_in_place(|| {
        TestRunner::new(config).run(&cases(), |case| runtime.block_on(told(&house, case)))
    });
    outcome.unwrap_or_else(|why| panic!("{why}"));
}

async fn told(house: &House, case: Case) -> Result<(), TestCaseError> {
    let name = house.name();
    let begin = house.now();
    let traits = json!({"email": format!("{name}@acme.test"), "title": "Director of Sales"});
    let lead = house.tell(identify(&format!("{name}-who"), traits, begin).user(&name)).await;
    let mut waiting: Vec<Arrival> = case
        .happened
        .iter()
        .enumerate()
        .map(|(number, one)| {
            let Rule { name: what, path, .. } = RULES[one.rule];
            let at = begin - TimeDelta::minutes(one.minutes_ago);
            let mut arrival = track(&format!("{name}-{number:03}"), what, at).user(&name);
            arrival.properties.insert("pages".to_owned(), json!(11));
            if what == CLICKED {
                (arrival.kind, arrival.source) = (Kind::Mail, "mail".to_owned());
                arrival.human = !one.machine;
            }
            path.map_or(arrival.clone(), |path| arrival.path(path))
        })
        .collect();
    let mut picks = case.order.iter();
    let mut told: Vec<Arrival> = Vec::new();
    for size in case.groups {
        let mut group = Vec::new();
        while group.len() < size && !waiting.is_empty() {
            group.push(waiting.remove(picks.next().expect("enough").index(waiting.len())));
        }
        if group.is_empty() {
            break;
        }
        // What a machine did looks like a person's when it comes in.
        let as_told = |arrival: &Arrival| Arrival { human: true, ..arrival.clone() };
        house.tell_all(&group.iter().map(as_told).collect::<Vec<_>>()).await;
        let machines = group.iter().filter(|arrival| !arrival.human);
        let exposed = machines.map(|arrival| Exposed {
            delivery: DeliveryId(uuid::Uuid::nil()),
            sign: Sign::Bait,
            message_id: arrival.message_id.clone(),
        });
        let exposed: Vec<Exposed> = exposed.collect();
        let taken_back = house.store.leads().disown(&exposed, &house.playbooks).await.expect("taken back");
        prop_assert_eq!(taken_back, exposed.len());
        told.extend(group);
        let row = house.row(lead).await;
        prop_assert_eq!(row.points.at, house.now());
        let wanted = engagement(&told, row.points.at);
        prop_assert!((row.points.engagement - wanted).abs() < 1e-6, "{:?}, not {}", row.points, wanted);
        prop_assert!((row.points.fit - 10.0).abs() < 1e-9);
        let score = (wanted + 10.0).clamp(0.0, 1000.0).round();
        prop_assert!(score < 100.0 || row.hot, "{score} and not hot");
        prop_assert!(score >= 80.0 || !row.hot, "{score} and still hot");
        let history = house.store.leads().history(lead, &house.playbooks).await.expect("a history");
        let explained = house.playbooks.current().scoring.explain(&row, &history, row.points.at);
        prop_assert_eq!(explained.points, row.points);
        // And it is what memory and database say of what is kept, at any later moment.
        let later = row.points.at + TimeDelta::minutes(case.later);
        let playbook = house.playbooks.current();
        let explained = playbook.scoring.explain(&row, &history, later);
        let stands = playbook.scoring.standing(&row, later);
        prop_assert_eq!((stands.score, stands.engagement), (explained.score, explained.engagement));
        let question = format!(
            "score = {} and engagement = {} and grade = {}",
            stands.score, stands.engagement, explained.grade
        );
        let question = Predicate::parse(&question).expect("a question");
        let asked = house.store.segments().all(&question, playbook, later).await.expect("an answer");
        prop_assert!(asked.contains(&lead), "the database does not say “{question}”");
        house.clock().forward(TimeDelta::minutes(37));
    }
    Ok(())
}

/// The points of activities, by a rule of thumb of its own: one after the other, oldest first.
fn engagement(told: &[Arrival], now: Moment) -> f64 {
    let mut sorted: Vec<&Arrival> = told.iter().collect();
    sorted.sort_by_key(|arrival| (arrival.at, arrival.message_id.clone()));
    let (mut met, mut counted) = (HashMap::<usize, Vec<Moment>>::new(), HashMap::<usize, Vec<Moment>>::new());
    let (mut sum, mut content, mut clicks) = (0.0, 0.0, 0.0);
    for arrival in sorted.into_iter().filter(|arrival| arrival.human) {
        let of = |rule: &Rule| rule.name == arrival.name && rule.path == arrival.path.as_deref();
        let number = RULES.iter().position(of).expect("a rule");
        let rule = RULES[number];
        let (met, counted) = (met.entry(number).or_default(), counted.entry(number).or_default());
        let near = |moments: &[Moment], hours: i64| {
            moments.iter().filter(|at| arrival.at - **at < TimeDelta::hours(hours)).count()
        };
        let counts = match rule.limit {
            Limit::None => true,
            Limit::MaxPer(times, hours) => near(counted, hours) < times,
            Limit::Cooldown(hours) => near(counted, hours) == 0,
            Limit::Hits(hits, hours) => near(met, hours) + 1 >= hits,
            Limit::Returns(hours) => !met.is_empty() && near(met, hours) == 0,
        };
        met.push(arrival.at);
        if !counts {
            continue;
        }
        counted.push(arrival.at);
        let days = (now - arrival.at).as_seconds_f64() / 86_400.0;
        let worth = rule.points * rule.half_life.map_or(1.0, |half| (-days / half).exp2());
        let group = if rule.name == CLICKED {
            &mut clicks
        } else if rule.of_content {
            &mut content
        } else {
            &mut sum
        };
        *group += worth;
    }
    sum + f64::min(content, 40.0) + f64::min(clicks, 25.0)
}
