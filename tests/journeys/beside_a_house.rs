//! What is done beside a house that runs: commands tell its time and lead to where it is, and nobody does its work twice.

use crate::stage::{On, SOON, Seat, Sender, Stage};
use rekindle_tests::program::{Program, free_port, within};
use sea_orm::{ConnectOptions, ConnectionTrait, Database};
use serde_json::{Value, json};
use std::{net::TcpListener, time::Duration};
use tokio::time::{Instant, sleep};

#[tokio::test(flavor = "multi_thread")]
async fn a_command_tells_the_time_of_the_house() {
    // A day passes in a second, and half of Kim's engagement in thirty of them.
    let stage = Stage::new(On::Sqlite);
    let house = Program::new(stage.program.folder())
        .env("REKINDLE__CLOCK__START", "2026-01-05T08:00:00Z")
        .env("REKINDLE__CLOCK__SPEED", "86400");
    let up = house.start(&["up"]).await;
    let kim = Sender::new(&up, &stage.key("crm", None).await);
    kim.warm_kim().await;
    kim.track("kim", "Demo Requested").await;
    sleep(Duration::from_secs(6)).await;
    let lead = stage.lead("kim@acme.test").await;
    assert!(lead["score"].as_i64().unwrap() < 98, "{} after a week", lead["score"]);
    assert!(lead["activities"][0]["at"].as_str().unwrap().starts_with("2026-01-"), "{lead}");
    let explained = stage.program.json(&["score", "explain", "kim@acme.test", "--json"]).await;
    assert!(explained["score"].as_i64() <= lead["score"].as_i64(), "{explained}");
    assert_eq!(up.terminate().await, Some(0));

    // A house by the machine's own time takes the other's away.
    let up = stage.program.start(&["up"]).await;
    let lead = stage.lead("kim@acme.test").await;
    let kim = Sender::new(&up, &stage.key("shop", None).await);
    kim.track("kim", "Webinar Attended").await;
    let now = stage.lead("kim@acme.test").await;
    assert!(now["last_human_at"].as_str() >= lead["last_human_at"].as_str(), "{now}");
    assert!(now["score"].as_i64() > lead["score"].as_i64(), "{} {}", now["score"], lead["score"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_door_opens_on_the_folder_of_a_house_that_runs() {
    let stage = Stage::new(On::Sqlite);
    let up = stage.program.start(&["up"]).await;
    for door in ["worker", "web", "bot"] {
        let said = Program::new(stage.program.folder()).run(&[door]).await;
        assert_eq!(said.code, Some(2), "{door}: {said:?}");
        assert!(said.stderr.contains("already") && said.stderr.contains("PostgreSQL"), "{door}: {said:?}");
    }
    assert_eq!(up.terminate().await, Some(0));
    let worker = stage.program.start(&["worker"]).await;
    let said = Program::new(stage.program.folder()).run(&["up"]).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert_eq!(worker.terminate().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn links_from_the_terminal_lead_to_where_the_house_listens() {
    let stage = Stage::new(On::Sqlite);
    let address = format!("127.0.0.1:{}", free_port());
    let up = stage.program.start(&["up", "--listen", &address]).await;
    stage.member("Ana", "admin").await;
    let link = |said: &Value| said["text"].as_str().unwrap().split_whitespace().last().unwrap().to_owned();
    for text in ["/rekindle dashboard", "/rekindle team add Zoe --role sales"] {
        let link = link(&stage.program.chat("ana", text).await);
        assert!(link.starts_with(&format!("http://{address}/in/")), "{text}: {link}");
        Seat::sign_in(&up, &link).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_playbook_that_is_being_written_stops_nobody_who_works_leads() {
    let stage = Stage::new(On::Sqlite);
    stage.member("Ana", "sales").await;
    let stage = stage.file("playbook/scoring.toml", "[thresholds]\nhto = 100\n");
    let said = stage.program.run(&["chat", "--as", "ana", "--json", "/lead hot"]).await;
    let answer: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!((said.code, &answer["ok"]), (Some(0), &json!(true)), "{said:?}");
    assert!(said.stderr.contains("scoring.toml:2:1") && said.stderr.contains("not in force"), "{said:?}");
    let keys: Vec<&String> = answer.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["at", "by", "card", "code", "confirm", "data", "ok", "text"]);
    // Nothing is in force yet on an empty database: that is said as JSON too.
    let other = Stage::new(On::Sqlite).file("playbook/scoring.toml", "[thresholds]\nhto = 100\n");
    for (name, text) in
        [("playbook/scoring.toml", "[thresholds]\nhto = 100\n"), ("rekindle.toml", "[mial]\n")]
    {
        std::fs::write(other.program.folder().join(name), text).unwrap();
        let said = other.program.run(&["chat", "--as", "ana", "--json", "/lead hot"]).await;
        let answer: Value = serde_json::from_str(&said.stdout).unwrap();
        assert_eq!(
            (said.code, &answer["ok"], &answer["code"]),
            (Some(2), &json!(false), &json!("wrong_files"))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_address_is_taken_no_secret_is_made() {
    let stage = Stage::new(On::Sqlite);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = stage.program.run(&["up", "--listen", &address]).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.stderr.contains(&address) && !said.stderr.contains("/in/"), "{said:?}");
    let up = stage.program.start(&["up"]).await;
    within(SOON, "the first start tells its secrets", async || up.stderr().contains("/in/").then_some(()))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_something_holds_the_database_senders_are_told_to_come_again() {
    let stage = Stage::new(On::Sqlite);
    let up = stage.program.start(&["up"]).await;
    let kim = Sender::new(&up, &stage.key("crm", None).await);
    kim.track("kim", "Pricing Viewed").await;
    let url = format!("sqlite://{}/rekindle.db", stage.program.folder().display());
    let mut options = ConnectOptions::new(url);
    options.max_connections(1);
    let other = Database::connect(options).await.unwrap();
    other.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();

    let call = json!({"userId": "kim", "event": "Demo Requested", "messageId": "m1"});
    let began = Instant::now();
    let (answered, ready) = tokio::join!(kim.call("track", &call), up.http().get(up.at("/readyz")).send());
    let (status, headers, _) = answered;
    assert_eq!((status, headers["retry-after"].to_str().unwrap()), (503, "5"));
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert_eq!(ready.unwrap().status(), 503);
    assert_eq!(up.stderr().matches("the senders come again").count(), 1, "{}", up.stderr());
    assert_eq!(up.stderr().matches("not ready").count(), 1, "{}", up.stderr());

    other.execute_unprepared("ROLLBACK").await.unwrap();
    within(SOON, "it is ready again", async || {
        let asked = up.http().get(up.at("/readyz")).send().await.unwrap();
        asked.status().is_success().then_some(())
    })
    .await;
    // It comes again with the same id, and was stored once.
    kim.sent("track", call).await;
    let who = json!({"userId": "kim", "traits": {"email": "kim@acme.test"}});
    kim.sent("identify", who).await;
    let lead = stage.lead("kim@acme.test").await;
    let named =
        |name: &str| lead["activities"].as_array().unwrap().iter().filter(|a| a["name"] == name).count();
    assert_eq!((named("Demo Requested"), named("Pricing Viewed")), (1, 1), "{lead}");
}
