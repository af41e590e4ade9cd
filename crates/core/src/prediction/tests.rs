//! What is known of a lead is what was known then, and is said in words.

use super::*;
use crate::{activity::Kind, lead::Lead};
use chrono::TimeDelta;

fn asked_at() -> Moment {
    Moment::from_timestamp(1_790_000_000, 0).unwrap()
}

fn days(days: i64) -> TimeDelta {
    TimeDelta::days(days)
}

fn deed(name: &str, ago: i64) -> Deed {
    let at = asked_at() - days(ago);
    Deed {
        source: "site".into(),
        kind: Kind::Track,
        name: name.into(),
        path: None,
        at,
        known_at: at,
        human: true,
    }
}

fn stood() -> Stood {
    Stood {
        title: Some("Sales Director".to_owned()),
        country: Some("DE".to_owned()),
        domain: Some("acme.test".to_owned()),
        traits: Features::from([("industry".to_owned(), Value::Word("software".to_owned()))]),
        created_at: asked_at() - days(12),
    }
}

fn of(stood: &Stood, deeds: &[Deed]) -> Features {
    features(Some(stood), Some(3), deeds, asked_at())
}

#[test]
fn a_lead_is_seen_as_it_stood() {
    let page =
        Deed { kind: Kind::Page, name: "Page Viewed".into(), path: Some("/Pricing/x".into()), ..deed("", 3) };
    let seen = of(&stood(), &[deed("Webinar Attended", 9), deed("Webinar Attended", 2), page]);
    for (column, value) in [
        ("title", Value::Word("director".to_owned())),
        ("address", Value::Word("company".to_owned())),
        ("colleagues", Value::Number(3.0)),
        ("known", Value::Number(12.0)),
        ("trait industry", Value::Word("software".to_owned())),
        ("did Webinar Attended", Value::Number(2.0)),
        ("last did Webinar Attended", Value::Number(2.0)),
        ("page /pricing", Value::Number(1.0)),
        ("days", Value::Number(3.0)),
        ("week", Value::Number(2.0)),
        ("came", Value::Word("site".to_owned())),
    ] {
        assert_eq!(seen.get(column), Some(&value), "{column}");
    }
    let free = Stood { domain: Some("gmail.com".to_owned()), ..stood() };
    let seen = of(&free, &[]);
    assert_eq!((&seen["address"], seen.get("colleagues")), (&Value::Word("free".to_owned()), None));
    assert_eq!(absent("did Webinar Attended"), Value::Number(0.0));
    assert_eq!(absent("last did Webinar Attended"), Value::Unknown);
}

#[test]
fn traits_say_what_a_lead_is_like_and_not_who() {
    let mut lead = Lead::anonymous(LeadId(uuid::Uuid::nil()), asked_at());
    let told = serde_json::json!({"email": "kim@acme.test", "phone": "+49 1", "city": "Ulm", "industry": " Software ", "seats": "50",
        "trial": true, "tags": ["a"], "lastName": "Park", "essay": "x".repeat(99)});
    lead.learn(told.as_object().unwrap(), false);
    let stood = Stood::of(&lead);
    let traits: Vec<(&str, &Value)> =
        stood.traits.iter().map(|(name, value)| (name.as_str(), value)).collect();
    let word = |word: &str| Value::Word(word.to_owned());
    assert_eq!(
        traits,
        [("industry", &word("software")), ("seats", &Value::Number(50.0)), ("trial", &word("yes"))]
    );
    assert_eq!(stood.domain.as_deref(), Some("acme.test"));
}

#[test]
fn what_came_after_the_question_is_not_seen() {
    let before = of(&stood(), &[deed("Demo Requested", 1)]);
    let contract = deed("Contract Signed", -3);
    let late = Deed { known_at: asked_at() + days(5), ..deed("Invoice Paid", 2) };
    let plan = Deed { kind: Kind::Plan, ..deed("Points Given", 2) };
    let machine = Deed { human: false, ..deed("Mail Opened", 2) };
    let after = of(&stood(), &[deed("Demo Requested", 1), contract, late, plan, machine]);
    assert_eq!(before, after);
    assert!(!features(None, None, &[], asked_at()).contains_key("title"), "what was not kept is not known");
}

#[test]
fn a_lead_who_went_quiet_is_seen_as_they_were_last() {
    let opened = Deed { human: false, ..deed("Mail Opened", 1) };
    let ahead = deed("Demo Requested", -1);
    assert_eq!(seen_at(&[deed("Webinar Attended", 9), opened, ahead], asked_at()), asked_at() - days(9));
    assert_eq!(seen_at(&[], asked_at()), asked_at());
}

#[test]
fn reasons_are_said_in_words_the_strongest_first() {
    let free = Stood { domain: Some("gmail.com".to_owned()), ..stood() };
    let seen = of(&free, &[deed("Webinar Attended", 2)]);
    let shares = [
        ("did Webinar Attended", 0.5),
        ("last did Webinar Attended", 0.7),
        ("title", 0.9),
        ("country", 0.05),
        ("address", -0.2),
        ("colleagues", -0.3),
        ("did Demo Requested", -0.4),
    ];
    let reasons = spoken(shares, &seen);
    assert_eq!(reasons.pro, ["webinar attended", "director"]);
    assert_eq!(reasons.contra, ["free mail", "no demo requested"]);
    let said =
        Prediction { lead: LeadId(uuid::Uuid::nil()), chance: 0.8234, reasons, version: 1, at: asked_at() };
    assert_eq!(said.said(), "82 % likely (webinar attended, director; but free mail, no demo requested)");
    assert_eq!(Prediction { chance: 0.9999, reasons: Spoken::default(), ..said }.said(), "99 % likely");
    let seen = of(&stood(), &[]);
    let shares = [("colleagues", 1.0), ("week", 1.5), ("trait industry", 0.9)];
    let pro = ["3 people from the company", "industry software", "0 activities in a week"];
    assert_eq!(spoken(shares, &seen).pro, pro, "sums come last");
}

#[test]
fn what_is_missing_is_said() {
    let needed = Needed::USUAL;
    assert_eq!(needed.lacks(5, 7).unwrap(), "12 outcomes are known, 200 are needed");
    assert_eq!(needed.lacks(1, 0).unwrap(), "1 outcome is known, 200 are needed");
    assert_eq!(needed.lacks(49, 300).unwrap(), "of 349 outcomes 49 are won, 50 are needed");
    assert_eq!(needed.lacks(50, 150), None);
    let mut judged = Judgement { outcomes: 200, won: 50, auc: 0.64, brier: 0.2, bands: Vec::new() };
    assert!(needed.refuses(&judged).unwrap().starts_with("its AUC is 0.64, 0.65 is needed"));
    judged.auc = 0.65;
    assert_eq!(needed.refuses(&judged), None);
}

#[test]
fn what_says_who_somebody_is_is_not_learnt_from_however_it_is_written() {
    let told = |name: &str| {
        let mut lead = Lead::anonymous(LeadId(Default::default()), asked_at());
        lead.traits.insert(name.to_owned(), "x".into());
        !Stood::of(&lead).traits.is_empty()
    };
    for name in [
        "mobilePhone",
        "Mobile Phone Number",
        "phone_number",
        "recordId",
        "Record ID",
        "id",
        "Contact owner",
        "contactOwner",
        "Company name",
        "jobTitle",
        "job_title",
        "LinkedIn URL",
        "customer_id",
        "city",
        "E-Mail",
    ] {
        assert!(!told(name), "{name}");
    }
    for name in ["industry", "plan", "numberOfEmployees", "Annual Revenue", "mobileApps", "video", "seats"] {
        assert!(told(name), "{name}");
    }
}

#[test]
fn people_of_one_company_go_together_whatever_was_kept_of_them() {
    let example = |lead: u128, domain: Option<&str>, stood: Option<Stood>| Example {
        lead: LeadId(uuid::Uuid::from_u128(lead)),
        won: true,
        asked_at: asked_at(),
        stood,
        colleagues: None,
        domain: domain.map(str::to_owned),
    };
    let group = |one: Example| group_of(&one);
    assert_eq!(
        group(example(1, Some("acme.test"), None)),
        group(example(2, Some("acme.test"), Some(stood())))
    );
    assert_ne!(group(example(1, Some("gmail.com"), None)), group(example(2, Some("gmail.com"), None)));
    assert_eq!(group(example(1, None, None)), group(example(1, None, Some(stood()))));
}
