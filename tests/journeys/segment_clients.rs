//! The official analytics clients, as they were recorded, against the running program: what they send is stored once.
//!
//! The recordings lie beside the project, and are not part of it.

use crate::stage::{On, Sender, Stage, on_both_databases};
use futures_util::future::join_all;
use rekindle_tests::program::Running;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

/// How many recordings there are: of two clients, one run for each way a server can answer.
const RECORDINGS: usize = 37;

on_both_databases!(what_the_two_official_clients_send_is_stored_once_however_often_they_send_it);

async fn what_the_two_official_clients_send_is_stored_once_however_often_they_send_it(on: On) {
    let recordings = recordings();
    if recordings.is_empty() {
        println!("skipped, {RECORDINGS} cases");
        return;
    }
    assert_eq!(recordings.len(), RECORDINGS);
    let stage = Stage::new(on);
    let up = stage.program.start(&["up"]).await;
    // A key, and so a source, for each recording: what one client sent is not what another did.
    let mut keys = Vec::new();
    for (name, _) in &recordings {
        keys.push(stage.key(name, None).await);
    }
    // One after the other, then again, and all at once.
    for (key, (name, requests)) in keys.iter().zip(&recordings) {
        for request in requests {
            assert_eq!(replay(&up, key, request).await, 200, "{name}");
        }
    }
    for _ in 0..2 {
        let all = keys.iter().zip(&recordings).flat_map(|(key, (name, requests))| {
            requests.iter().map(|request| async { (name.as_str(), replay(&up, key, request).await) })
        });
        for (name, status) in join_all(all).await {
            assert_eq!(status, 200, "{name}");
        }
    }

    // A visitor who never said who they are turns out to be Ada, and keeps their history.
    let merge = stage.key("merge", None).await;
    Sender::new(&up, &merge).sent("alias", json!({"previousId": "anon-2", "userId": "lead-1"})).await;
    let lead = stage.lead("ada@example.com").await;
    let mut stored: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for activity in lead["activities"].as_array().unwrap() {
        let source = stored.entry(activity["source"].as_str().unwrap()).or_default();
        *source.entry(activity["message_id"].as_str().unwrap()).or_default() += 1;
    }
    for (name, requests) in &recordings {
        let sent: BTreeSet<&str> = requests
            .iter()
            .flat_map(|request| request["body"]["batch"].as_array().unwrap())
            .map(|item| item["messageId"].as_str().unwrap())
            .collect();
        let kept = &stored[name.as_str()];
        assert!(kept.values().all(|times| *times == 1), "{name}: {kept:?}");
        let kept: BTreeSet<&str> = kept.keys().copied().collect();
        assert_eq!(kept, sent, "{name}");
    }
}

/// Sends a recorded request, with our key in place of theirs; the status.
async fn replay(up: &Running, key: &str, request: &Value) -> u16 {
    let path = request["path"].as_str().unwrap();
    let mut sent = up.http().post(up.at(path)).body(request["body"].to_string());
    for header in request["headers"].as_array().unwrap() {
        let (name, value) = (header[0].as_str().unwrap(), header[1].as_str().unwrap());
        let of_the_transport =
            ["host", "connection", "content-length", "authorization", "accept-encoding", "content-encoding"];
        if !of_the_transport.contains(&name.to_ascii_lowercase().as_str()) {
            sent = sent.header(name, value);
        }
    }
    sent.basic_auth(key, Some("")).send().await.expect("intake answers").status().as_u16()
}

fn recordings() -> Vec<(String, Vec<Value>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora/segment");
    let mut files: Vec<PathBuf> = [folder.clone(), folder.join("codes")]
        .iter()
        .filter_map(|folder| fs::read_dir(folder).ok())
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .collect();
    files.sort();
    let lines = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        text.lines().filter(|l| !l.trim().is_empty()).map(|l| serde_json::from_str(l).unwrap()).collect()
    };
    files.iter().map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), lines(path))).collect()
}
