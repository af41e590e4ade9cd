//! A newcomer types `rekindle demo`: a hot lead to claim within seconds, mails to read, and nothing left behind.

use crate::stage::{SOON, Seat};
use rekindle_tests::program::{Program, within};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::time::Instant;

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_claims_a_hot_lead_within_seconds_and_reads_the_mails() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::unnamed(folder.path());
    let demo = program.start(&["demo", "--no-open"]).await;
    let ready = Instant::now();
    let link = within(SOON, "the link is told", async || link_in(&demo.stderr())).await;
    assert!(link.starts_with(&demo.url), "{link}");
    let ana = Seat::sign_in(&demo, &link).await;
    let state = ana.state().await;
    assert_eq!((&state["me"]["name"], &state["me"]["role"]), (&json!("Ana"), &json!("admin")));
    assert_eq!(state["clock"]["speed"], json!(43200.0));

    let card =
        within(Duration::from_secs(20), "Kim is hot", async || card_of(&ana, "kim@acme.test").await).await;
    let took = ready.elapsed();
    assert!(took < Duration::from_secs(10), "Kim's card came {took:?} after readiness");
    assert_eq!(ana.press(card["id"].as_str().unwrap(), "claim", None).await["ok"], true);

    let mails =
        within(SOON, "mails are written", async || Some(mails_under(folder.path())).filter(|m| m.len() >= 3))
            .await;
    let text = fs::read_to_string(&mails[0]).unwrap();
    assert!(text.contains("List-Unsubscribe:") && text.contains(&demo.url), "{text}");
    let (status, page) = ana.page("/mail").await;
    assert!(status == 200 && page.contains("Should I close your file"), "{status} {page}");
    for path in ["/", "/leads"] {
        assert_eq!(ana.page(path).await.0, 200, "{path}");
    }
    let back = "somebody is back from the cold";
    within(SOON, back, async || cards(&ana).await.into_iter().find(|card| card["accent"] == "back")).await;

    let words = demo.stderr();
    assert!(!words.contains("ERROR") && !words.contains("panicked"), "{words}");
    assert_eq!(demo.terminate().await, Some(0));
    let left: Vec<PathBuf> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left, Vec::<PathBuf>::new(), "nothing stays behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_finds_another_port_when_its_own_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::unnamed(folder.path());
    let first = program.start(&["demo", "--no-open"]).await;
    let second = program.spawn(&["demo", "--no-open"]);
    let link = within(SOON, "the link is told", async || link_in(&second.stderr())).await;
    assert!(!link.starts_with(&first.url), "{link} and {}", first.url);
    let page = first.http().get(&link).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert_eq!(second.terminate().await, Some(0));
    assert_eq!(first.terminate().await, Some(0));
}

fn link_in(words: &str) -> Option<String> {
    words.split_whitespace().find(|word| word.starts_with("http") && word.contains("/in/")).map(str::to_owned)
}

async fn cards(seat: &Seat) -> Vec<Value> {
    let state = seat.state().await;
    let messages = state["messages"].as_array().cloned().unwrap_or_default();
    messages.into_iter().map(|message| message["card"].clone()).filter(Value::is_object).collect()
}

async fn card_of(seat: &Seat, email: &str) -> Option<Value> {
    cards(seat).await.into_iter().find(|card| card["email"] == email)
}

fn mails_under(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries
        .flatten()
        .flat_map(|entry| match entry.path() {
            path if path.is_dir() => mails_under(&path),
            path if path.extension().is_some_and(|extension| extension == "eml") => vec![path],
            _ => Vec::new(),
        })
        .collect()
}
