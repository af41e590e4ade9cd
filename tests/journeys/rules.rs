//! A marketer changes the rules with confidence: a draft is held against what happened, published with its reason, and taken back.

use crate::stage::{On, SOON, Sender, Stage, on_both_databases};
use chrono::{DateTime, TimeDelta};
use rekindle_tests::program::within;
use serde_json::{Value, json};

on_both_databases!(a_draft_is_held_against_what_happened_and_published);

/// By the calendar of the house.
const START: &str = "2026-11-23T14:00:00Z";

async fn a_draft_is_held_against_what_happened_and_published(on: On) {
    let stage = Stage::new(on).plain().calendar(START, 1.0);
    stage.member("Ana", "sales").await;
    let up = stage.program.start(&["up"]).await;
    let sender = Sender::new(&up, &stage.key("shop", Some("customers")).await);
    // Nine leads: three asked for a demo twice and bought; three only read, of whom one bought all the same; three looked at a webinar.
    let began = DateTime::parse_from_rfc3339(START).unwrap() - TimeDelta::days(20);
    for number in 0..9 {
        let id = format!("lead{number}");
        let email = format!("{id}@leads.test");
        let at = |day: i64| (began + TimeDelta::days(day)).to_rfc3339();
        let known = json!({"timestamp": at(0)});
        sender.identify(&id, json!({"email": email, "name": format!("Lead {number}")}), known).await;
        let deeds: &[(&str, i64)] = match number {
            0..3 => &[("Demo Requested", 1), ("Demo Requested", 1)],
            3..6 => &[("E-book Downloaded", 1)],
            _ => &[("Webinar Attended", 3), ("Webinar Attended", 4)],
        };
        for (times, (event, day)) in deeds.iter().enumerate() {
            let message = format!("{id}-{times}");
            let body = json!({"userId": id, "event": event, "timestamp": at(*day), "messageId": message});
            sender.sent("track", body).await;
        }
        if number < 4 {
            assert_eq!(stage.program.chat("ana", &format!("/lead claim {email}")).await["ok"], true);
            let won = stage.program.chat("ana", &format!("/lead outcome {email} won 5000 EUR")).await;
            assert_eq!(won["ok"], true, "{won}");
        }
    }

    // The draft is the file of the folder: hot by webinars, too.
    let rules = stage.program.folder().join("playbook/scoring.toml");
    let shipped = std::fs::read_to_string(&rules).unwrap();
    let same = stage.program.json(&["score", "backtest", "--json"]).await;
    assert_eq!((&same["changes"], &same["present"]), (&json!([]), &same["draft"]));
    assert_eq!((&same["leads"], &same["won"], &same["lost"]), (&json!(9), &json!(4), &json!(0)));
    assert_eq!((&same["present"]["hot"], &same["present"]["hot_won"]), (&json!(3), &json!(3)));
    assert_eq!(same["present"]["recall"], json!(0.75), "who only read and bought was never hot");
    let bolder = shipped.replacen(
        "activity = [\"Webinar Attended\"]\npoints = 15",
        "activity = [\"Webinar Attended\"]\npoints = 55",
        1,
    );
    assert_ne!(bolder, shipped);
    std::fs::write(&rules, &bolder).unwrap();
    let held = stage.program.json(&["score", "backtest", "--json", "--days", "60"]).await;
    assert_eq!(held["changes"], json!(["Webinar Attended: points 15 → 55"]));
    assert_eq!((&held["present"]["hot"], &held["draft"]["hot"]), (&json!(3), &json!(6)));
    assert_eq!(held["draft"]["hot_won"], json!(3), "more alerts, and no more deals");
    let recent = stage.program.json(&["score", "backtest", "--json", "--days", "1"]).await;
    assert_eq!(recent["draft"]["hot"], json!(0), "nobody turned hot today");
    let words = stage.program.data(&["score", "backtest"]).await;
    for said in
        ["Webinar Attended: points 15 → 55", "Hot by the draft alone, among others: lead6@leads.test", "+3"]
    {
        assert!(words.contains(said), "{words}");
    }

    // What is wrong is said at its place; what is in force stays so.
    std::fs::write(
        &rules,
        bolder.replacen("[\"Webinar Attended\"]", "[\"Webinar Attended\"]\npionts = 3", 1),
    )
    .unwrap();
    let refused = stage.program.run(&["score", "publish"]).await;
    assert_eq!(refused.code, Some(2));
    let why = &refused.stderr;
    assert!(why.contains("scoring.toml") && why.contains("pionts"), "{why}");
    std::fs::write(&rules, &bolder).unwrap();

    // Published, it counts everybody anew, and nobody turns hot by it alone.
    stage.program.data(&["score", "publish", "--note", "webinars sell"]).await;
    let caught_up = async || {
        let history = stage.program.json(&["score", "history", "--json"]).await;
        (history["counted_by_older_rules"] == 0).then_some(history)
    };
    let history = within(SOON, "every lead is counted by the new rules", caught_up).await;
    let newest = &history["versions"][0];
    assert_eq!((&newest["note"], &newest["version"]), (&json!("webinars sell"), &json!(2)));
    assert_eq!(history["versions"].as_array().unwrap().len(), 2);
    let lead = stage.lead("lead7@leads.test").await;
    assert!(lead["score"].as_i64().unwrap() > 60 && lead["hot"] == false, "{lead:#}");

    // And back: the folder has the rules that are in force.
    stage.program.data(&["score", "publish", "--again", "1", "--note", "they did not"]).await;
    assert_eq!(std::fs::read_to_string(&rules).unwrap(), shipped);
    let history = stage.program.json(&["score", "history", "--json"]).await;
    let said = |at: usize| history["versions"][at]["changes"][0].as_str().unwrap_or_default().to_owned();
    assert_eq!([said(0), said(1)], ["Webinar Attended: points 55 → 15", "Webinar Attended: points 15 → 55"]);
    let nothing = stage.program.run(&["score", "publish"]).await;
    assert!(nothing.stderr.contains("Nothing has changed"), "{nothing:?}");
    let unknown = stage.program.run(&["score", "publish", "--again", "9"]).await;
    assert!(unknown.stderr.contains("the newest is 3"), "{unknown:?}");
    assert_eq!(history["versions"][2]["changes"], Value::from(Vec::<String>::new()));

    // A draft is one until somebody publishes it: no start of the house does, and a broken one stops nobody.
    let in_force =
        async || stage.program.json(&["score", "history", "--json"]).await["versions"][0]["version"].clone();
    assert_eq!(up.terminate().await, Some(0));
    let broken = bolder.replacen("\npoints =", "\npionts =", 1);
    for (draft, says) in [(&bolder, "differs in scoring.toml"), (&broken, "pionts")] {
        std::fs::write(&rules, draft).unwrap();
        let mut up = stage.program.start(&["up"]).await;
        assert!(up.runs(), "{}", up.stderr());
        assert!(up.stderr().contains(says) && up.stderr().contains("ersion 3"), "{}", up.stderr());
        assert_eq!(in_force().await, 3);
        assert_eq!(up.terminate().await, Some(0));
    }
    // Rules that come from elsewhere take its place in the folder; it is kept beside them.
    let others = stage.place("others.toml");
    std::fs::write(&others, shipped.replacen("points = 15", "points = 25", 1)).unwrap();
    let published = stage.program.run(&["score", "publish", others.to_str().unwrap()]).await;
    assert!(published.stderr.contains("scoring.toml.1~"), "{published:?}");
    assert_eq!(std::fs::read_to_string(rules.with_file_name("scoring.toml.1~")).unwrap(), broken);
    assert_eq!(in_force().await, 4);
    let checked = stage.program.run(&["playbook", "check"]).await;
    assert_eq!(checked.code, Some(0), "what is kept is no part of the playbook: {checked:?}");
}
