//! Who watches the console misses nothing, however many speak at once.

use std::collections::HashSet;
use std::time::Duration;

use rekindle_core::team::Handle;
use rekindle_tests::{on_both, stores::Home};
use serde_json::json;
use tokio::task::JoinSet;

on_both!(who_pages_by_seq_misses_nothing, an_edit_comes_again);

async fn who_pages_by_seq_misses_nothing(home: Home) {
    let stores = [home.open().await, home.open().await];
    let mut speaking = JoinSet::new();
    for speaker in 0..6 {
        let store = stores[speaker % 2].clone();
        speaking.spawn(async move {
            for n in 0..20 {
                store.console().post("ops", "rekindle", &format!("{speaker}-{n}"), None).await.unwrap();
            }
        });
    }
    let (mut seen, mut last) = (Vec::new(), 0);
    for _ in 0..3000 {
        for message in stores[0].console().since(last, 7).await.unwrap() {
            assert!(message.seq > last);
            last = message.seq;
            seen.push(message.text);
        }
        if seen.len() == 120 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    speaking.join_all().await;
    assert_eq!(seen.len(), 120, "somebody was missed");
    assert_eq!(seen.iter().collect::<HashSet<_>>().len(), 120);
    assert_eq!(last, 120, "without gaps");
    let ana = Handle::of("ana").unwrap();
    assert_eq!(stores[1].console().latest(&ana, 500).await.unwrap().len(), 120);
}

async fn an_edit_comes_again(home: Home) {
    let store = home.open().await;
    let console = store.console();
    let ana = Handle::of("ana").unwrap();
    let card = (uuid::Uuid::from_u128(1), json!({"title": "Kim\u{1f600}"}));
    let first = console.post("ops", "rekindle", "with\0 a card", Some(card)).await.unwrap();
    let second = console.post("ops", "ana", "hello", None).await.unwrap();
    assert!(second > first);
    console.edit(first, json!({"title": "Kim, claimed"})).await.unwrap();
    let news = console.since(2, 10).await.unwrap();
    assert_eq!(news.len(), 1);
    assert_eq!((news[0].id, news[0].seq, news[0].text.as_str()), (first, 3, "with a card"));
    assert_eq!(news[0].card, Some(json!({"title": "Kim, claimed"})));
    let latest: Vec<i64> = console.latest(&ana, 10).await.unwrap().iter().map(|message| message.id).collect();
    assert_eq!(latest, [first, second], "an edit does not move a message");
}
