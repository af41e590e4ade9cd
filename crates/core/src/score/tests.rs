//! What clicks in mails are worth (mail-rules M3): little, and never the whole.

mod limits;
mod random;
mod told;

use super::*;
use crate::{
    activity::{Trust, names},
    email::EmailAddress,
    ids::LeadId,
};
use crate::{segment::Conditions, span::Span};
use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::{Map, json};
use uuid::Uuid;

fn scoring() -> Scoring {
    let rules = r#"
        [thresholds]
        hot = 100
        cools_below = 80
        [grades]
        fit = [10, 5]
        engagement = [60, 25]
        [[engagement]]
        activity = ["Mail Clicked"]
        points = 20
        [[engagement]]
        activity = ["Pricing Viewed"]
        points = 80
    "#;
    toml::from_str(rules).unwrap()
}

fn lead() -> Lead {
    let mut lead = Lead::anonymous(LeadId(Uuid::from_u128(1)), Moment::UNIX_EPOCH);
    lead.email = Some(EmailAddress::parse("kim@acme.test").unwrap());
    lead.verified = true;
    lead
}

fn did(kind: Kind, name: &str, number: u128) -> Activity {
    Activity {
        id: ActivityId(Uuid::from_u128(number)),
        source: "test".to_owned(),
        message_id: number.to_string(),
        kind,
        name: name.to_owned(),
        path: None,
        at: Moment::UNIX_EPOCH + TimeDelta::minutes(number as i64),
        properties: Map::new(),
        human: true,
        trust: Trust::Server,
    }
}

fn clicks(count: u128) -> Vec<Activity> {
    (0..count).map(|number| did(Kind::Mail, names::CLICKED, number)).collect()
}

fn score(history: &[Activity]) -> i64 {
    let explained = scoring().explain(&lead(), history, Moment::UNIX_EPOCH + TimeDelta::days(1));
    let sum: f64 = explained.lines.iter().map(|line| line.now).sum();
    assert_eq!(sum.round() as i64, explained.score, "the lines add up");
    explained.score
}

#[test]
fn m3_clicks_are_worth_a_quarter_of_hot_at_most() {
    assert_eq!(score(&clicks(1)), 20);
    assert_eq!(score(&clicks(2)), 25);
    assert_eq!(score(&clicks(500)), 25);
    let mut history = clicks(500);
    history.push(did(Kind::Track, "Pricing Viewed", 900));
    assert_eq!(score(&history), 105, "with what they did themselves they count");
}

#[test]
fn m3_nobody_is_hot_by_links_of_mails_alone() {
    let mut lead = lead();
    lead.title = Some("Director".to_owned());
    let mut rules = scoring();
    rules.fit.push(FitRule { label: None, when: "title matches director".parse().unwrap(), points: 500 });
    let now = Moment::UNIX_EPOCH + TimeDelta::days(1);
    let explained = rules.explain(&lead, &clicks(9), now);
    assert_eq!(explained.score, 99);
    assert!(
        explained.lines.iter().any(|line| line.what == "not hot by links of mails alone"),
        "{explained:?}"
    );
    let mut history = clicks(9);
    history.push(did(Kind::Track, "Pricing Viewed", 900));
    assert_eq!(rules.explain(&lead, &history, now).score, 605);
    history[9].human = false;
    assert_eq!(rules.explain(&lead, &history, now).score, 99, "what a machine sent is not them");
}

proptest! {
    #[test]
    fn m3_no_number_of_clicks_makes_hot(count in 0u128..400) {
        prop_assert!(score(&clicks(count)) <= 25);
    }
}

/// What is kept of a lead says its points at any later moment, as all that it did says them.
#[test]
fn kept_sums_fade_as_the_history_does() {
    let rules = r#"
        thresholds = { hot = 100, cools_below = 80 }
        grades = { fit = [10, 5], engagement = [60, 25] }
        engagement = [
            { activity = ["Mail Clicked"], points = 20, half_life = "20d" },
            { activity = ["Pricing Viewed"], points = 51, half_life = "30d", max_per = { times = 3, every = "30d" } },
            { activity = ["Complained"], points = -31, half_life = "10d" },
            { activity = ["Webinar Attended"], points = 7 },
        ]
        fit = [{ when = "title matches director", points = 5 }]
    "#;
    let rules: Scoring = toml::from_str(rules).unwrap();
    assert_eq!(rules.fadings().len(), 6, "of 10, 20, 30 days, of clicks in 20, of answers in 90, and never");
    let names = ["Pricing Viewed", "Complained", "Webinar Attended", names::CLICKED];
    let mut history: Vec<Activity> = Vec::new();
    for number in 0..24_u128 {
        let name = names[number as usize % 4];
        let kind = if name == names::CLICKED { Kind::Mail } else { Kind::Track };
        let mut activity = did(kind, name, number);
        activity.at = Moment::UNIX_EPOCH + TimeDelta::days(number as i64 * 5);
        history.push(activity);
    }
    let mut lead = lead();
    lead.title = Some("Director".to_owned());
    let counted_at = Moment::UNIX_EPOCH + TimeDelta::days(115);
    let counted = rules.explain(&lead, &history, counted_at);
    (lead.points, lead.worth) = (counted.points, counted.worth.clone());
    let mut grades = std::collections::BTreeSet::new();
    for hours in (0..24 * 400).step_by(6) {
        let now = counted_at + TimeDelta::hours(hours);
        let (kept, explained) = (rules.standing(&lead, now), rules.explain(&lead, &history, now));
        let kept = (kept.score, kept.fit, kept.engagement, kept.grade.to_owned());
        assert_eq!(
            kept,
            (explained.score, explained.fit, explained.engagement, explained.grade),
            "{hours} h"
        );
        grades.insert(kept.3);
    }
    assert!(grades.len() > 1, "{grades:?}");
    let json = serde_json::to_value(&lead.worth).unwrap();
    assert_eq!(serde_json::from_value::<Worth>(json).unwrap(), lead.worth);
}

#[test]
fn half_a_point_counts_up_however_it_was_added() {
    for (points, shown) in
        [(59.5, 60), (59.499_999_999_99, 60), (59.4999, 59), (-2.5, -2), (-2.51, -3), (0.0, 0)]
    {
        assert_eq!(whole(points), shown, "{points}");
    }
}
