//! A marketer imports four thousand leads and launches a campaign at some of them: each gets one mail, whatever is done twice.
//!
//! The leads are UCI's bank marketing data, which lie beside the project and are not part of it.

use crate::stage::{On, Stage, on_both_databases};
use rekindle_tests::{program::within, smtp::RecordingServer};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

const ROWS: usize = 4_119;
/// For hundreds of mails on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(120);

on_both_databases!(each_of_an_imported_segment_gets_its_campaign_exactly_once);

async fn each_of_an_imported_segment_gets_its_campaign_exactly_once(on: On) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/corpora/leads/uci-bank-marketing/bank-additional.csv");
    if !file.is_file() {
        println!("skipped, {ROWS} cases");
        return;
    }
    let technicians = rows_with_job(&file, "technician");
    assert!(technicians.len() > 500, "{}", technicians.len());
    let relay = RecordingServer::start().await;
    // A Tuesday morning, when mails may leave.
    let stage =
        Stage::new(on).plain().calendar("2026-11-03T10:00:00Z", 1.0).env("REKINDLE__MAIL__URL", relay.url());
    // One person, and all at once: who decides, and the first ones, are another story.
    let stage =
        stage.env("REKINDLE__CAMPAIGN__SECOND_PERSON_ABOVE", "0").env("REKINDLE__CAMPAIGN__FIRST", "0");
    stage.member("Mia", "marketing").await;
    let import = [
        "import",
        file.to_str().unwrap(),
        "--email-from",
        "row{n}@leads.test",
        "--basis",
        "bank customers 2026",
        "--map",
        "job=title",
        "--map",
        "y=-",
        "--json",
    ];
    let counts = stage.program.json(&import).await;
    assert_eq!((&counts["rows"], &counts["rejected"]), (&json!(ROWS), &json!(0)), "{counts}");
    let up = stage.program.start(&["up"]).await;
    let chat = async |text: &str| {
        let answer = stage.program.chat("mia", text).await;
        assert_eq!(answer["ok"], true, "{text}: {answer}");
        answer
    };

    let launch = "/campaign launch re-engagement title = technician";
    let preview = chat(launch).await;
    let confirm = preview["confirm"].as_str().expect("a preview is confirmed by its id").to_owned();
    let number = technicians.len().to_string();
    assert!(preview.to_string().contains(&number), "{number} in {preview:#}");
    assert_eq!(relay.count(), 0, "a preview sends nothing");

    chat(&format!("/campaign launch --confirm {confirm}")).await;
    let arrived = relay.wait_for(technicians.len(), PATIENCE).await;
    assert!(arrived, "{} of {number} mails have arrived", relay.count());

    // Everything is done once more: the confirmation, the import, the launch.
    let twice = stage.program.chat("mia", &format!("/campaign launch --confirm {confirm}")).await;
    assert_eq!(twice["ok"], false, "{twice}");
    let before = stage.lead("row1@leads.test").await;
    let again = stage.program.json(&import).await;
    assert_eq!(again["rows"], json!(ROWS), "{again}");
    assert_eq!(stage.lead("row1@leads.test").await, before, "the second import changes nothing");
    let preview = chat(launch).await;
    let told = preview["card"]["lines"].to_string();
    assert!(told.contains("0 leads in"), "they have had it: {told}");
    chat(&format!("/campaign launch --confirm {}", preview["confirm"].as_str().unwrap())).await;
    // Whatever might still be on its way has the time to arrive.
    within(PATIENCE, "the outbox is empty", async || {
        let outbox = stage.program.json(&["outbox", "--json"]).await;
        (outbox == json!([])).then_some(())
    })
    .await;
    tokio::time::sleep(Duration::from_secs(2)).await;

    let got: Vec<String> = relay.accepted().into_iter().map(|accepted| accepted.rcpt).collect();
    assert_eq!(got.len(), technicians.len(), "each once");
    assert_eq!(got.into_iter().collect::<BTreeSet<_>>(), technicians);
    assert_eq!(relay.doubled(), Vec::<String>::new());
    let one = stage.lead(technicians.first().unwrap()).await;
    assert_eq!(one["deliveries"].as_array().map(Vec::len), Some(1), "{one:#}");
    let other = stage.lead("row1@leads.test").await;
    assert_eq!((&other["title"], &other["deliveries"]), (&json!("blue-collar"), &Value::Array(vec![])));
    assert_eq!(up.terminate().await, Some(0));
}

/// The addresses that the import makes for the rows of a job.
fn rows_with_job(file: &Path, job: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(file).unwrap();
    let rows: Vec<&str> = text.lines().skip(1).collect();
    assert_eq!(rows.len(), ROWS);
    let has_job = |row: &str| row.split(';').nth(1) == Some(&format!("\"{job}\""));
    (1..).zip(rows).filter(|(_, row)| has_job(row)).map(|(n, _)| format!("row{n}@leads.test")).collect()
}
