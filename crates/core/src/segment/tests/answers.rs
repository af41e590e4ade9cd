//! What one lead answers.

use crate::{
    activity::{Activity, Kind, Trust},
    ids::ActivityId,
    segment::{Facts, Predicate},
    time::Moment,
};
use chrono::TimeDelta;
use serde_json::{Map, Value, json};

fn map(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

fn now() -> Moment {
    Moment::UNIX_EPOCH + TimeDelta::days(20_000)
}

/// An activity of so many hours ago.
fn activity(kind: Kind, name: &str, path: Option<&str>, hours_ago: i64) -> Activity {
    Activity {
        id: ActivityId(uuid::Uuid::nil()),
        source: "site".to_owned(),
        message_id: format!("{name} {hours_ago}"),
        kind,
        name: name.to_owned(),
        path: path.map(str::to_owned),
        at: now() - TimeDelta::hours(hours_ago),
        properties: Map::new(),
        human: Activity::is_human(kind, name),
        trust: Trust::Browser,
    }
}

fn history() -> Vec<Activity> {
    let mut offer = activity(Kind::Mail, "Mail Clicked", None, 5);
    offer.properties = map(json!({
        "link": "Offer", "mail": "breakup", "seats": 12, "plan": " Pro", "code": "0042", "paid": true, "ids": [1], "gone": null,
    }));
    let mut scanned = activity(Kind::Mail, "Mail Clicked", None, 4);
    scanned.properties = map(json!({"link": "survey", "mail": "survey"}));
    scanned.human = false;
    vec![
        activity(Kind::Page, "Page Viewed", Some("/pricing/enterprise"), 24),
        activity(Kind::Page, "Page Viewed", Some("/pricing"), 14 * 24),
        activity(Kind::Track, "Demo Requested", None, 48),
        activity(Kind::Track, "Demo Requested", None, 72),
        activity(Kind::Track, "Email Opened", Some("/pixel"), 1),
        activity(Kind::Track, "Webinar Attended", None, -2),
        offer,
        scanned,
    ]
}

fn ask(text: &str, change: impl FnOnce(&mut Facts<'_>)) -> bool {
    let predicate = Predicate::parse(text).unwrap_or_else(|error| panic!("{text}\n{error}"));
    answer(&predicate, change)
}

/// What our one lead answers, after a change to it.
pub(super) fn answer(predicate: &Predicate, change: impl FnOnce(&mut Facts<'_>)) -> bool {
    let traits = map(json!({
        "plan": "Pro", "employees": 200, "paid": true, "topics": ["crm"], "gone": null, "blank": " ",
    }));
    let activities = history();
    let mut facts = Facts {
        score: 60,
        fit: 10,
        engagement: 50,
        name: Some("Kim Lee"),
        email: Some("kim@acme.test"),
        domain: Some("acme.test"),
        title: Some("Managing Director, APAC"),
        company: Some(""),
        country: None,
        zone: Some("Asia/Bangkok"),
        traits: &traits,
        tags: vec!["VIP"],
        lifecycle: "mql",
        journey: "decision",
        nurture: "cold",
        grade: "A1",
        consent: "subscribed",
        owner: Some("ana"),
        hot: true,
        created_at: now() - TimeDelta::days(90),
        last_human_at: Some(now() - TimeDelta::days(30)),
        activities: &activities,
    };
    change(&mut facts);
    predicate.holds(&facts, now())
}

#[test]
fn a_lead_answers_by_what_is_known_of_it() {
    for (text, answer) in [
        ("everyone", true),
        ("score >= 60", true),
        ("score > 60", false),
        ("score <= 60 and score = 60", true),
        ("score < 60 or score != 60", false),
        ("fit = 10 and engagement = 50", true),
        ("title matches director", true),
        ("title matches direct", false),
        ("title contains DIRECT", true),
        ("title matches vp, \"managing director\"", true),
        ("title = \"managing director, apac\"", true),
        ("name in (x, \"kim lee\")", true),
        ("email contains @acme.", true),
        ("domain = ACME.test", true),
        ("company exists", false),
        ("company = \"\\\"\"", false),
        ("country = TH", false),
        ("country != TH", true),
        ("country not in (TH, SG)", true),
        ("country exists", false),
        ("trait.plan = pro", true),
        ("trait.Plan exists", false),
        ("trait.employees = 200", true),
        ("trait.employees = 200.0 and trait.employees in (1, 200)", true),
        ("trait.employees >= 200 and trait.employees < 201", true),
        ("trait.employees > 200 or trait.plan > 0 or trait.never < 5", false),
        ("zone = asia/bangkok and zone matches bangkok", true),
        ("trait.paid = true", true),
        ("trait.topics exists", true),
        ("trait.topics contains crm", false),
        ("trait.gone exists or trait.blank exists or trait.never exists", false),
        ("lifecycle = mql and journey in (awareness, decision)", true),
        ("nurture != cold", false),
        ("grade in (a1, b1)", true),
        ("consent = subscribed", true),
        ("consent = unsubscribed", false),
        ("owner = ANA", true),
        ("owner != none", true),
        ("owner in (ben, cy)", false),
        ("tag vip", true),
        ("tag vi", false),
        ("hot and not not hot", true),
        ("segment whatever", false),
        ("hot or fit = 0 and fit = 0", true),
        ("(hot or fit = 0) and fit = 0", false),
    ] {
        assert_eq!(ask(text, |_| ()), answer, "{text}");
    }
}

#[test]
fn deeds_count_in_their_time_and_number() {
    for (text, answer) in [
        ("did \"Demo Requested\"", true),
        ("did \"demo requested\"", false),
        ("did \"Demo Requested\" at least 2 times", true),
        ("did \"Demo Requested\" at least 3 times", false),
        ("did \"Demo Requested\" in last 49 hours", true),
        ("did \"Demo Requested\" in last 48 hours", false),
        ("did \"Demo Requested\" in last 3 days at least 2 times", false),
        ("did \"Demo Requested\" in last 4 days at least 2 times", true),
        ("did \"Email Opened\"", true),
        ("did \"Webinar Attended\"", false), // it lies in the future
        ("viewed \"/pricing*\" at least 2 times", true),
        ("viewed \"/pricing*\" in last 14 days at least 2 times", false),
        ("viewed \"/pricing\"", true),
        ("viewed \"*/Enterprise\"", true),
        ("viewed \"/pixel\"", false), // no person was there
        ("viewed \"/docs*\"", false),
        ("clicked offer", true),
        ("clicked breakup", true),
        ("clicked survey", false), // a scanner did
        ("clicked offer in last 5 hours", false),
        ("clicked offer with plan = PRO, seats > 11, paid = true", true),
        ("clicked offer with plan = PRO, seats > 12", false),
        ("clicked offer with code >= 42, code <= 42, code = 0042", true),
        ("clicked offer with code = 42", false), // texts are the same or not
        ("clicked offer with seats = 12.0, seats in (1, 12)", true),
        ("clicked offer with plan contains r, ids exists, gone not exists, ids != 1", true),
        ("clicked offer with seats contains 2", false),
        ("clicked offer with plan = free", false),
        ("clicked survey with plan != free", false), // a scanner did
        ("clicked breakup with coupon != x, coupon not exists", true),
        ("did \"Demo Requested\" at most 2 times", true),
        ("did \"Demo Requested\" at most 1 time", false),
        ("did Nothing at most 1 time", true),
        ("did \"Demo Requested\" exactly 2 times", true),
        ("did \"Demo Requested\" exactly 1 time", false),
        ("did \"Demo Requested\" in last 3 days exactly 1 time", true),
        ("did \"Demo Requested\" more than 3 days ago", true),
        ("did \"Demo Requested\" more than 3 days ago at least 2 times", false),
        ("did \"Demo Requested\" more than 73 hours ago", false),
        ("first did \"Demo Requested\" more than 3 days ago", true),
        ("first did \"Demo Requested\" in last 3 days", false),
        ("first did \"Demo Requested\" in last 73 hours", true),
        ("last did \"Demo Requested\" in last 49 hours", true),
        ("last did \"Demo Requested\" more than 2 days ago", true),
        ("last did \"Demo Requested\" in last 2 days", false),
        ("last did Nothing more than 1 day ago or first did Nothing in last 1 day", false),
    ] {
        assert_eq!(ask(text, |_| ()), answer, "{text}");
    }
}

#[test]
fn quiet_counts_from_the_last_human_sign_or_else_from_the_beginning() {
    assert!(ask("quiet for 30 days", |_| ()));
    assert!(!ask("quiet for 31 days", |_| ()));
    assert!(ask("quiet for 90 days", |facts| facts.last_human_at = None));
    assert!(!ask("quiet for 91 days", |facts| facts.last_human_at = None));
}

#[test]
fn a_lead_without_an_owner_is_unowned() {
    assert!(ask("owner = none and owner != ana", |facts| facts.owner = None));
    assert!(!ask("owner = none", |_| ()));
    assert!(ask("owner = \"none\"", |facts| facts.owner = Some("none")));
}
