//! What scripts see of the commands, row by row of the contract: the keys of the JSON, the streams, the exit codes.

use crate::stage::{On, SOON, Sender, Stage, on_both_databases};
use rekindle_tests::{program::within, smtp::RecordingServer};
use serde_json::{Value, json};
use std::collections::BTreeSet;

on_both_databases!(
    a_lead_is_shown_with_every_key_of_the_contract,
    a_claim_in_chat_is_answered_in_the_words_of_the_contract,
    the_outbox_is_told_with_state_age_and_the_relays_answer,
    an_import_counts_and_keeps_what_it_could_not_take,
);

/// The keys of the contract; a list has those of its items.
fn keys_of_the_contract() -> Value {
    json!({
        "id": 0, "email": 0, "score": 0, "fit": 0, "engagement": 0, "grade": 0, "hot": 0, "journey": 0, "lifecycle": 0,
        "nurture": 0, "consent": {"state": 0, "basis": 0}, "owner": 0, "traits": 0,
        "activities": [{"name": 0, "at": 0, "source": 0, "message_id": 0, "points": 0}],
        "enrollments": [{"id": 0, "sequence": 0, "state": 0, "step": 0, "due_at": 0, "reason": 0}],
        "deliveries": [{"id": 0, "kind": 0, "step": 0, "state": 0, "reason": 0, "at": 0, "message_id": 0}],
        "alerts": [{"id": 0, "reason": 0, "state": 0, "by": 0, "at": 0}],
    })
}

/// Keys that are there beside those of the contract. Whoever adds one adds it here: a key is a promise.
const MORE_KEYS: [&str; 30] = [
    "company",
    "country",
    "last_human_at",
    "name",
    "nurture_why",
    "tags",
    "title",
    "zone",
    "consent.at",
    "activities.human",
    "activities.path",
    "consent.until",
    "consents",
    "consents.assessment",
    "consents.confirmed",
    "consents.expires_at",
    "consents.form",
    "consents.ip",
    "consents.message_id",
    "consents.obtained_at",
    "consents.says",
    "consents.source",
    "consents.user_agent",
    "consents.withdrawn_at",
    "consents.wording",
    "consents.words",
    "preferences",
    "preferences.fewer",
    "preferences.only_topic",
    "preferences.paused_until",
];

fn paths(value: &Value, path: &str, into: &mut BTreeSet<String>) {
    match value {
        // What a lead tells of themselves has keys of its own.
        Value::Object(map) if path != "traits" => {
            for (key, value) in map {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                into.insert(path.clone());
                paths(value, &path, into);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| paths(item, path, into)),
        _ => {}
    }
}

async fn a_lead_is_shown_with_every_key_of_the_contract(on: On) {
    let relay = RecordingServer::start().await;
    // The only mail is the one that the rep asks for: a welcome on its way would hold it back for a day.
    let stage = Stage::new(on).plain().calendar("2026-11-03T10:00:00Z", 1.0);
    let stage = stage.env("REKINDLE__MAIL__URL", relay.url());
    let up = stage.program.start(&["up"]).await;
    stage.member("Ana", "sales").await;
    let kim = Sender::new(&up, &stage.key("crm", Some("webinar form 2026")).await);
    kim.warm_kim().await;
    kim.sent("track", json!({"userId": "kim", "event": "Demo Requested", "messageId": "m-demo"})).await;
    assert_eq!(stage.program.chat("ana", "/lead enroll kim@acme.test re-engagement").await["ok"], true);
    assert!(relay.wait_for(1, SOON).await, "the first mail goes out");
    let lead = within(SOON, "the mail is sent", async || {
        let lead = stage.lead("kim@acme.test").await;
        (lead["deliveries"][0]["state"] == "sent").then_some(lead)
    })
    .await;

    let (mut wanted, mut found) = (BTreeSet::new(), BTreeSet::new());
    paths(&keys_of_the_contract(), "", &mut wanted);
    wanted.extend(MORE_KEYS.map(str::to_owned));
    paths(&lead, "", &mut found);
    // A detail of how a step is told, not of the contract.
    found.remove("enrollments.does");
    assert_eq!(found, wanted, "{lead:#}");

    let starts = |value: &Value, with: &str| assert!(value.as_str().unwrap().starts_with(with), "{value}");
    starts(&lead["id"], "lead_");
    starts(&lead["alerts"][0]["id"], "alert_");
    let facts = json!({
        "email": "kim@acme.test", "score": 105, "fit": 10, "engagement": 95, "grade": "A1", "hot": true,
        "journey": "decision", "lifecycle": "mql", "nurture": "active", "owner": null,
    });
    for (key, value) in facts.as_object().unwrap() {
        assert_eq!(&lead[key], value, "{key} of {lead:#}");
    }
    assert_eq!(
        (&lead["consent"]["state"], &lead["consent"]["basis"]),
        (&json!("subscribed"), &json!("webinar form 2026"))
    );
    let demo = lead["activities"].as_array().unwrap().iter().find(|a| a["name"] == "Demo Requested").unwrap();
    assert_eq!(
        (&demo["message_id"], &demo["source"], &demo["points"]),
        (&json!("m-demo"), &json!("crm"), &json!(50))
    );
    assert_eq!(lead["enrollments"][0]["sequence"], "re-engagement");
    assert_eq!((&lead["alerts"][0]["reason"], &lead["alerts"][0]["state"]), (&json!("hot"), &json!("open")));
    assert_eq!(lead["alerts"][0]["by"], Value::Null);
    assert_eq!(lead["deliveries"][0]["kind"], "breakup");
    let id = lead["deliveries"][0]["message_id"].as_str().unwrap().trim_matches(['<', '>']);
    assert_eq!(id, relay.accepted()[0].message_id);
    let times = [&demo["at"], &lead["deliveries"][0]["at"], &lead["alerts"][0]["at"]];
    for at in times {
        let text = at.as_str().unwrap();
        assert!(text.ends_with('Z') && chrono::DateTime::parse_from_rfc3339(text).is_ok(), "{text}");
    }

    let explained = stage.program.json(&["score", "explain", "kim@acme.test", "--json"]).await;
    let lines = explained["lines"].as_array().unwrap();
    let sum: f64 = lines.iter().map(|line| line["now"].as_f64().unwrap()).sum();
    assert_eq!((sum.round(), &explained["score"]), (105.0, &json!(105)), "{explained:#}");
    assert_eq!(lines.len(), 5, "a fit rule and four activities: {explained:#}");
    let words = stage.program.data(&["score", "explain", "kim@acme.test"]).await;
    assert!(words.contains("105") && words.contains("Demo Requested"), "{words}");
}

async fn a_claim_in_chat_is_answered_in_the_words_of_the_contract(on: On) {
    let stage = Stage::new(on);
    for (name, role) in [("Ana", "sales"), ("Ben", "sales"), ("Vic", "viewer")] {
        stage.member(name, role).await;
    }
    let key = stage.key("crm", None).await;
    let up = stage.program.start(&["up"]).await;
    Sender::new(&up, &key).warm_kim().await;
    Sender::new(&up, &key).track("kim", "Demo Requested").await;
    let program = &stage.program;

    let done = program.chat("ana", "/lead claim kim@acme.test").await;
    assert_eq!(done["ok"], true);
    assert!(!done["text"].as_str().unwrap().is_empty(), "{done}");
    assert_eq!(
        (&done["card"]["state"], &done["card"]["email"]),
        (&json!("claimed"), &json!("kim@acme.test"))
    );

    let refused = program.chat("ben", "/lead claim kim@acme.test").await;
    assert_eq!((&refused["ok"], &refused["code"]), (&json!(false), &json!("already_claimed")), "{refused}");
    assert_eq!(refused["by"], "ana");
    let at = chrono::DateTime::parse_from_rfc3339(refused["at"].as_str().unwrap()).unwrap();
    assert_eq!(refused["text"], format!("Ana has had this lead since {}.", at.format("%H:%M")));

    for (who, line, code) in [
        ("ana", "/lead claim nobody@acme.test", "unknown_lead"),
        ("ana", "/lead clam kim@acme.test", "usage"),
        ("ben", "/lead release kim@acme.test", "not_yours"),
        ("vic", "/lead claim kim@acme.test", "not_allowed"),
        ("ana", "/campaign launch re-engagement everyone", "not_allowed"),
        ("zoe", "/lead claim kim@acme.test", "unknown_member"),
    ] {
        let answer = program.chat(who, line).await;
        assert_eq!((&answer["ok"], &answer["code"]), (&json!(false), &json!(code)), "{who} {line}: {answer}");
        assert!(!answer["text"].as_str().unwrap().is_empty(), "{who} {line}: {answer}");
    }
    // Without --json, what was refused is said in words and is no data.
    let words = program.run(&["chat", "--as", "ben", "/lead claim kim@acme.test"]).await;
    assert_eq!((words.code, words.stdout.as_str()), (Some(2), ""), "{words:?}");
    assert!(words.stderr.contains("Ana has had this lead since"), "{words:?}");
    // `/rekindle lead …` means `/lead …`.
    let mine = program.chat("ana", "/rekindle lead mine").await;
    assert!(mine["ok"] == true && mine.to_string().contains("Kim"), "{mine}");
}

async fn the_outbox_is_told_with_state_age_and_the_relays_answer(on: On) {
    let relay = RecordingServer::start().await;
    let stage = Stage::new(on).calendar("2026-11-03T10:00:00Z", 1.0).env("REKINDLE__MAIL__URL", relay.url());
    let up = stage.program.start(&["up"]).await;
    stage.member("Ana", "sales").await;
    let sender = Sender::new(&up, &stage.key("crm", Some("form")).await);
    assert_eq!(stage.program.json(&["outbox", "--json"]).await, json!([]));
    // The relay does as an address says: see `rekindle_tests::smtp`.
    let leads = ["temp450+busy@acme.test", "drop-before-250+lost@acme.test", "perm550+gone@acme.test"];
    for (n, email) in leads.iter().enumerate() {
        sender.identify(&n.to_string(), json!({"email": email}), json!({})).await;
        assert_eq!(
            stage.program.chat("ana", &format!("/lead enroll {email} re-engagement")).await["ok"],
            true
        );
    }
    let of = |outbox: &Value, email: &str| {
        outbox.as_array().unwrap().iter().find(|d| d["email"] == email).cloned().unwrap_or_default()
    };
    let outbox = within(SOON, "the relay has answered", async || {
        let outbox = stage.program.json(&["outbox", "--json"]).await;
        let told = of(&outbox, leads[0])["answer"].is_string() && of(&outbox, leads[1])["state"] == "unknown";
        let failed = stage.program.json(&["outbox", "failed", "--json"]).await;
        (told && failed != json!([]) && of(&outbox, leads[2]).is_null()).then_some(outbox)
    })
    .await;
    let busy = of(&outbox, leads[0]);
    assert_eq!(busy["state"], "pending", "{busy}");
    assert!(busy["answer"].as_str().unwrap().contains("450"), "{busy}");
    assert!(busy["age_seconds"].is_i64() && busy["attempt"].as_i64().unwrap() >= 1, "{busy}");

    let unknown = stage.program.json(&["outbox", "unknown", "--json"]).await;
    assert_eq!(unknown.as_array().unwrap().len(), 1, "{unknown}");
    assert_eq!(unknown[0]["email"], leads[1]);
    let words = stage.program.data(&["outbox", "unknown"]).await;
    assert!(words.contains("drop-before-250+lost@acme.test") && words.contains("unknown"), "{words}");
    let failed = stage.program.json(&["outbox", "failed", "--json"]).await;
    assert!(
        failed[0]["email"] == leads[2] && failed[0]["answer"].as_str().unwrap().contains("550"),
        "{failed}"
    );
    assert_eq!(relay.count(), 1, "the lost one was accepted, once: {:?}", relay.accepted());
}

async fn an_import_counts_and_keeps_what_it_could_not_take(on: On) {
    let stage = Stage::new(on);
    let file = stage.place("contacts.csv");
    std::fs::write(
        &file,
        "Email,First Name,Last Name,Job Title,Unsubscribed from all email,Shoe size\n\
         kim@acme.test,Kim,Park,VP Operations,,38\n\
         no address,Bad,Row,,,\n\
         omar@atlas.test,Omar,Haddad,Consultant,true,44\n",
    )
    .unwrap();
    let path = file.to_str().unwrap();
    let dry =
        stage.program.json(&["import", path, "--basis", "trade fair 2026", "--dry-run", "--json"]).await;
    let none = stage.program.run(&["lead", "show", "kim@acme.test", "--json"]).await;
    assert_eq!((none.code, none.stdout.as_str()), (Some(2), ""), "a dry run changes nothing");
    let counts = stage.program.json(&["import", path, "--basis", "trade fair 2026", "--json"]).await;
    let count = |counts: &Value, key: &str| {
        counts[key].as_i64().unwrap_or_else(|| panic!("“{key}” is a count in {counts}"))
    };
    for (key, number) in [("rows", 3), ("rejected", 1)] {
        assert_eq!((count(&counts, key), count(&dry, key)), (number, number), "{key} of {counts} and {dry}");
    }
    let leads = |counts: &Value| ["new_leads", "known_leads", "basis_kept"].map(|key| counts[key].clone());
    assert_eq!(
        (leads(&counts), leads(&dry)),
        ([json!(2), json!(0), json!(0)], [json!(null), json!(null), json!(null)])
    );
    let errors = std::fs::read_to_string(stage.place("contacts.errors.csv")).unwrap();
    assert!(errors.contains("no address") && errors.lines().count() == 2, "{errors}");

    let kim = stage.lead("kim@acme.test").await;
    assert_eq!((&kim["title"], &kim["fit"]), (&json!("VP Operations"), &json!(10)));
    assert_eq!(
        (&kim["consent"]["state"], &kim["consent"]["basis"]),
        (&json!("subscribed"), &json!("trade fair 2026"))
    );
    assert!(kim["traits"].to_string().contains("38"), "what is not known is kept: {kim}");
    let omar = stage.lead("omar@atlas.test").await;
    assert_eq!(omar["consent"]["state"], "unsubscribed", "a no in the file is honoured, basis or not");
    assert_eq!(omar["consent"]["basis"], "import", "who said no is told, not what was allowed");

    let again = stage.program.json(&["import", path, "--basis", "trade fair 2026", "--json"]).await;
    assert_eq!(count(&again, "rows"), 3);
    assert_eq!(stage.lead("kim@acme.test").await, kim, "the second time changes nothing");

    let other = stage.program.json(&["import", path, "--basis", "customers", "--json"]).await;
    assert_eq!((count(&other, "imported"), leads(&other)), (2, [json!(0), json!(2), json!(1)]), "{other}");
    assert_eq!(stage.lead("kim@acme.test").await["consent"], kim["consent"]);

    std::fs::write(stage.place("quiet.csv"), "email;name\nzoe@atelier.test;Zoë Martin\n").unwrap();
    stage.program.data(&["import", stage.place("quiet.csv").to_str().unwrap(), "--json"]).await;
    let zoe = stage.lead("zoe@atelier.test").await;
    assert_eq!((&zoe["consent"]["state"], &zoe["name"]), (&json!("unknown"), &json!("Zoë Martin")));
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_is_two_and_failed_is_one_and_both_say_why_on_stderr() {
    let stage = Stage::new(On::Sqlite);
    for line in [
        &["lead", "show", "nobody@acme.test"][..],
        &["lead", "show", "nobody@acme.test", "--json"],
        &["score", "explain", "nobody@acme.test", "--json"],
        &["link", "nobody"],
        &["team", "add", "Ana", "--role", "boss"],
        &["key", "new", "site", "--public"],
        &["import", "/dev/null"],
        &["fly"],
    ] {
        let said = stage.program.run(line).await;
        assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""), "{line:?}: {said:?}");
        assert!(said.stderr.trim().len() > 10, "{line:?}: {said:?}");
    }

    let missing = stage.program.run(&["import", "/nowhere/leads.csv"]).await;
    assert_eq!(missing.code, Some(1), "{missing:?}");
    let away = stage.env("REKINDLE__DATABASE__URL", "postgres://nobody@127.0.0.1:9/none");
    let failed = away.program.run(&["lead", "show", "kim@acme.test"]).await;
    assert_eq!((failed.code, failed.stdout.as_str()), (Some(1), ""), "{failed:?}");
    assert!(failed.stderr.contains("could not"), "{failed:?}");
}
