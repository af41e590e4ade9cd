//! The recorded requests of two official clients, and strings that break things.
//!
//! Both are read from the corpora beside the project, and are not part of it.

use super::*;
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue};

fn corpora() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora")
}

/// The recordings: each file is what one run of a client sent, its repetitions included.
fn recordings() -> Vec<(String, Vec<Value>)> {
    let folder = corpora().join("segment");
    let mut files: Vec<PathBuf> = [folder.clone(), folder.join("codes")]
        .iter()
        .filter_map(|folder| fs::read_dir(folder).ok())
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "jsonl"))
        .collect();
    files.sort();
    let lines = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        text.lines().filter(|l| !l.trim().is_empty()).map(|l| serde_json::from_str(l).unwrap()).collect()
    };
    files.iter().map(|path| (path.display().to_string(), lines(path))).collect()
}

#[test]
fn the_two_official_clients_are_understood_and_their_repetitions_known() {
    let recordings = recordings();
    if recordings.is_empty() {
        println!("skipped, 37 cases");
        return;
    }
    assert_eq!(recordings.len(), 37);
    for (file, requests) in recordings {
        let mut seen: BTreeMap<String, i64> = BTreeMap::new();
        for request in &requests {
            let headers: HeaderMap = request["headers"]
                .as_array()
                .unwrap()
                .iter()
                .map(|pair| {
                    let (name, value) = (pair[0].as_str().unwrap(), pair[1].as_str().unwrap());
                    (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap())
                })
                .collect();
            let word = request["path"].as_str().unwrap().strip_prefix("/v1/").unwrap();
            let body = request["body"].to_string();
            let envelope = Envelope::read(Endpoint::from_word(word).unwrap(), body.as_bytes()).unwrap();
            for headers in [&headers, &HeaderMap::new()] {
                assert_eq!(
                    write_key(headers, envelope.write_key()).as_deref(),
                    Some("wk_public_test_key"),
                    "{file}"
                );
            }
            let received = skew::moment(&request["body"]["sentAt"]).unwrap();
            let parsed = items(&envelope, &key(Trust::Server), received, received);
            assert_eq!((parsed.good.len(), &parsed.bad), (7, &vec![]), "{file}");
            for (index, arrival) in parsed.good {
                let item = &request["body"]["batch"][index];
                assert_eq!(arrival.kind.word(), item["type"]);
                assert_eq!(arrival.message_id, item["messageId"].as_str().unwrap());
                let first = *seen.entry(arrival.message_id.clone()).or_insert(arrival.fingerprint);
                assert_eq!(first, arrival.fingerprint, "{file}: a repetition is the same thing");
                assert_eq!(
                    Some(arrival.at),
                    skew::moment(&item["timestamp"]).map(|at| at.min(received)),
                    "{file}"
                );
                match (arrival.kind, arrival.name.as_str()) {
                    (Kind::Identify, _) => assert_eq!(arrival.who.email.unwrap().as_str(), "ada@example.com"),
                    (Kind::Track, "Pricing Page Viewed") => {
                        assert_eq!(arrival.path.as_deref(), Some("/pricing"));
                    }
                    (Kind::Page, _) => assert_eq!(arrival.path.as_deref(), Some("/docs")),
                    (Kind::Alias, _) => assert_eq!(arrival.who.previous_id.as_deref(), Some("anon-1")),
                    _ => {}
                }
            }
        }
        assert_eq!(seen.len(), 7, "{file}: however often it was sent, these are seven things");
        let prints: BTreeSet<_> = seen.values().collect();
        assert_eq!(prints.len(), 7);
    }
}

#[test]
fn naughty_strings_are_stored_as_they_are_or_refused_in_words() {
    let Ok(text) = fs::read_to_string(corpora().join("naughty/blns/blns.json")) else {
        println!("skipped, 515 cases");
        return;
    };
    let strings: Vec<String> = serde_json::from_str(&text).unwrap();
    assert!(strings.len() > 500);
    for naughty in strings {
        let plain = STANDARD.encode(&naughty);
        let items = json!([
            {"type": "track", "userId": "1", "event": "x", "properties": {"note": naughty, naughty.clone(): 1}},
            {"type": "track", "userId": naughty, "event": naughty, "messageId": naughty, "timestamp": naughty},
            {"type": "page", "anonymousId": "1", "name": naughty, "properties": {"url": naughty}},
            {"type": "identify", "userId": "1", "traits": {"email": naughty, "name": naughty, "company": naughty}},
            {"type": naughty, "userId": "1"},
        ]);
        let parsed = batch(&items);
        check(&parsed, Some(5));
        let good: Vec<usize> =
            parsed.good.iter().map(|(index, _)| *index).filter(|index| *index != 1).collect();
        assert_eq!(good, [0, 2, 3], "{plain}");
        assert_eq!(parsed.good[0].1.properties["note"], naughty, "{plain}");
        if let Some((_, own)) = parsed.good.iter().find(|(index, _)| *index == 1) {
            assert_eq!(own.name, naughty.trim(), "{plain}");
        }
    }
}
