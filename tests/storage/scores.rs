//! The points on the row are what the activities make, in whatever order and grouping they came.

use std::collections::HashMap;

use chrono::TimeDelta;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rekindle_core::{arrival::Arrival, time::Moment};
use rekindle_tests::{on_both, stores::Home};
use serde_json::json;

use crate::house::House;
use crate::told::{Telling, identify, track};

on_both!(points_are_what_the_activities_make);

/// What is told: name, path, points, half-life in days, how often in how many days. The rules of the
/// stories' playbook, written down a second time.
type Rule = (&'static str, Option<&'static str>, f64, Option<f64>, Option<(usize, i64)>);
const RULES: [Rule; 6] = [
    ("Demo Requested", None, 50.0, Some(30.0), None),
    ("Page Viewed", Some("/pricing/x"), 20.0, Some(30.0), Some((2, 7))),
    ("Webinar Attended", None, 15.0, Some(5.0), Some((1, 1))),
    ("Complained", None, -30.0, Some(10.0), None),
    ("Page Viewed", Some("/jobs"), -10.0, None, None),
    ("Nothing Known", None, 0.0, None, None),
];

/// One thing that happened: which rule counts it, and how many minutes ago.
#[derive(Debug, Clone)]
struct Happened {
    rule: usize,
    minutes_ago: i64,
}

#[derive(Debug, Clone)]
struct Case {
    happened: Vec<Happened>,
    /// In which order they are told.
    order: Vec<prop::sample::Index>,
    /// How many are told at once.
    groups: Vec<usize>,
}

fn cases() -> impl Strategy<Value = Case> {
    // Some lie close together, so that limits matter; some lie ahead of the clock.
    let ago = prop_oneof![-600_i64..20_000, 0_i64..90_000];
    let happened = (0..RULES.len(), ago).prop_map(|(rule, minutes_ago)| Happened { rule, minutes_ago });
    (
        prop::collection::vec(happened, 1..24),
        prop::collection::vec(any::<prop::sample::Index>(), 24),
        prop::collection::vec(1_usize..7, 24),
    )
        .prop_map(|(happened, order, groups)| Case { happened, order, groups })
}

async fn points_are_what_the_activities_make(home: Home) {
    let house = House::of(home).await;
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
            let (what, path, ..) = RULES[one.rule];
            let at = begin - TimeDelta::minutes(one.minutes_ago);
            let arrival = track(&format!("{name}-{number:03}"), what, at).user(&name);
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
        house.tell_all(&group).await;
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
        house.clock().forward(TimeDelta::minutes(37));
    }
    Ok(())
}

/// The points of activities, by a rule of thumb of its own: one after the other, oldest first.
fn engagement(told: &[Arrival], now: Moment) -> f64 {
    let mut sorted: Vec<&Arrival> = told.iter().collect();
    sorted.sort_by_key(|arrival| (arrival.at, arrival.message_id.clone()));
    let mut counted: HashMap<usize, Vec<Moment>> = HashMap::new();
    let mut sum = 0.0;
    for arrival in sorted {
        let of = |rule: &Rule| rule.0 == arrival.name && rule.1 == arrival.path.as_deref();
        let number = RULES.iter().position(of).expect("a rule");
        let (_, _, points, half_life, limit) = RULES[number];
        let before = counted.entry(number).or_default();
        if let Some((times, days)) = limit {
            let near = before.iter().filter(|at| arrival.at - **at < TimeDelta::days(days)).count();
            if near >= times {
                continue;
            }
        }
        before.push(arrival.at);
        let days = (now - arrival.at).as_seconds_f64().max(0.0) / 86_400.0;
        sum += points * half_life.map_or(1.0, |half| (-days / half).exp2());
    }
    sum
}
