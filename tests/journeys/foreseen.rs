//! A marketer looks ahead before anything leaves: dates by each lead's own clock, what has to wait and why, and what another playbook
//! would change.

use crate::stage::{On, Stage, on_both_databases};
use serde_json::{Value, json};
use std::path::Path;

on_both_databases!(what_a_preview_foresees_is_lived_ahead_on_a_copy);

/// A Monday, nine in the morning in New York, nine in the evening in Bangkok.
const START: &str = "2026-11-23T14:00:00Z";

async fn what_a_preview_foresees_is_lived_ahead_on_a_copy(on: On) {
    let stage = Stage::new(on).plain().calendar(START, 1.0);
    stage.member("Mia", "marketing").await;
    let list = stage.place("leads.csv");
    std::fs::write(&list, LEADS).unwrap();
    stage.program.json(&["import", list.to_str().unwrap(), "--basis", "fair 2026", "--json"]).await;

    let preview = stage.program.chat("mia", "/campaign preview re-engagement everyone").await;
    let (text, data) = (preview["text"].as_str().unwrap(), &preview["data"]);
    assert_eq!((&data["in"], &data["mail"]), (&json!(3), &json!("breakup")), "{preview:#}");
    assert!(
        data["first_at"].as_str().unwrap().starts_with("2026-11-23T14:00"),
        "New York opens now: {data:#}"
    );
    assert_eq!(data["last_at"], "2026-11-24T02:00:00Z", "Bangkok tomorrow at nine");
    assert!(text.contains("It leaves: now to Tue 24 Nov, 02:00, each by the lead's own clock."), "{text}");
    let days: Vec<String> = data["forecast"]["days"].as_array().unwrap().iter().map(day).collect();
    assert_eq!(
        days,
        [
            // Berlin has the afternoon.
            "breakup 2026-11-23 2",
            "breakup 2026-11-24 1",
            "offer 2026-11-27 2",
            // Four days later is a Saturday in Bangkok.
            "offer 2026-11-30 1",
            "survey 2026-12-02 2",
            "survey 2026-12-07 1",
        ],
        "{data:#}"
    );
    let card = preview["card"]["lines"].to_string();
    assert!(card.contains("Dates are from living ahead with all of them, if nobody answers"), "{card}");

    // The same, event for event, and nothing has been touched.
    let id = preview["confirm"].as_str().unwrap();
    let ahead = stage.program.json(&["simulate", "--campaign", id, "--json"]).await;
    let mails: Vec<&Value> = of(&ahead["present"], "mailed");
    assert_eq!(mails.len(), 9, "{ahead:#}");
    assert_eq!(of(&ahead["present"], "archived").len(), 3, "who answers none of them is let go");
    assert_eq!(ahead["other"], Value::Null);
    let campaign = stage.program.chat("mia", "/campaign list").await;
    assert!(campaign["text"].as_str().unwrap().contains("No campaign was launched yet"), "{campaign}");
    assert_eq!(stage.lead("bo@leads.test").await["deliveries"], json!([]));

    // Another playbook asks nothing, and says goodbye after the offer.
    let folder = stage.place("other");
    copied(&stage.program.folder().join("playbook"), &folder.join("playbook"));
    let plan = folder.join("playbook/sequences/re-engagement.toml");
    let text = std::fs::read_to_string(&plan).unwrap();
    let (head, tail) = text.split_once("[[step]]\nmail = \"survey\"").unwrap();
    let (_, archive) = tail.rsplit_once("[[step]]").unwrap();
    std::fs::write(&plan, format!("{head}[[step]]{archive}")).unwrap();
    let other = folder.to_str().unwrap();
    let both = stage.program.json(&["simulate", "--campaign", id, "--json", "--playbook", other]).await;
    assert_eq!(of(&both["present"], "mailed").len(), 9, "{both:#}");
    assert_eq!(of(&both["other"], "mailed").len(), 6, "{both:#}");
    assert_eq!(of(&both["other"], "archived").len(), 3);
    let words = stage.program.data(&["simulate", "--campaign", id, "--playbook", other]).await;
    let changed =
        words.split_once("With the other playbook:").map(|(_, changed)| changed).unwrap_or_default();
    assert!(changed.contains("re-engagement, survey") && changed.contains("-3"), "{words}");
    let words = stage.program.data(&["simulate", "--lead", "bo@leads.test", "--days", "40"]).await;
    assert!(words.contains("The 40 days from Mon 23 Nov 2026") && words.contains("bo@leads.test"), "{words}");
}

const LEADS: &str = "email,name,timezone\nbo@leads.test,Bo,America/New_York\nkim@leads.test,Kim,Asia/Bangkok\nmax@leads.test,Max,Europe/Berlin\n";

fn day(day: &Value) -> String {
    format!("{} {} {}", day["mail"].as_str().unwrap(), day["on"].as_str().unwrap(), day["leads"])
}

fn of<'a>(future: &'a Value, what: &str) -> Vec<&'a Value> {
    future["happened"].as_array().unwrap().iter().filter(|it| it["what"] == what).collect()
}

/// Copies a folder of files.
fn copied(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let there = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copied(&entry.path(), &there),
            false => _ = std::fs::copy(entry.path(), there).unwrap(),
        }
    }
}
