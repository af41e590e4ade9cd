//! F3: the intake is killed under load; every activity that was acknowledged is stored, exactly once.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use rekindle_tests::program::{Program, client, within};
use rekindle_tests::{on_both, stores::Home};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::dice::Dice;
use crate::look::Look;

const KILLS: usize = 30;
const CLIENTS: usize = 4;

on_both!(killed_30_times_it_keeps_every_activity_it_acknowledged_once);

async fn killed_30_times_it_keeps_every_activity_it_acknowledged_once(home: Home) {
    let mut dice = Dice::seeded(3);
    let folder = tempfile::tempdir().expect("a folder for the test");
    let program = Program::new(folder.path())
        .env("REKINDLE__DATABASE__URL", home.url())
        .env("REKINDLE__LOG__LEVEL", "warn");
    let key = program.data(&["key", "new", "site"]).await;
    let over = Arc::new(AtomicBool::new(false));
    let again = Arc::new(AtomicUsize::new(0));
    let through = Arc::new(AtomicUsize::new(0));
    let mut callers = JoinSet::new();
    for number in 0..CLIENTS {
        let (url, key) = (format!("{}/v1/track", program.url()), key.clone());
        callers.spawn(call_on(number, url, key, over.clone(), again.clone(), through.clone()));
    }
    for _ in 0..KILLS {
        let before = through.load(Ordering::SeqCst);
        let web = program.start(&["web"]).await;
        let some = || (through.load(Ordering::SeqCst) > before).then_some(());
        within(Duration::from_secs(30), "a call comes through", async || some()).await;
        sleep(dice.millis(20..=250)).await;
        web.kill9().await;
    }
    let web = program.start(&["web"]).await;
    over.store(true, Ordering::SeqCst);
    let acknowledged: Vec<String> = callers.join_all().await.concat();
    assert_eq!(web.terminate().await, Some(0));

    let look = Look::at(home.url()).await;
    let mut stored: HashMap<String, usize> = HashMap::new();
    for id in look.words("SELECT message_id FROM activity WHERE source = 'site'").await {
        *stored.entry(id).or_default() += 1;
    }
    let orphans = look
        .number(
            "SELECT count(*) FROM activity a WHERE NOT EXISTS (SELECT 1 FROM lead l WHERE l.id = a.lead_id)",
        )
        .await;
    let quarantined = look.number("SELECT count(*) FROM quarantine").await;
    look.away().await;
    let again = again.load(Ordering::SeqCst);
    println!(
        "{KILLS} kills: {} acknowledged, {again} calls made again, {} stored",
        acknowledged.len(),
        stored.len()
    );
    let lost: Vec<&String> = acknowledged.iter().filter(|id| !stored.contains_key(*id)).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    let twice: Vec<_> = stored.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "stored more than once: {twice:?}");
    assert_eq!((orphans, quarantined), (0, 0));
    assert!(again >= KILLS, "hardly a call was cut off: {again}");
}

/// Calls until it is over, each call again with the same id until it is acknowledged; the acknowledged ids.
async fn call_on(
    number: usize,
    url: String,
    key: String,
    over: Arc<AtomicBool>,
    again: Arc<AtomicUsize>,
    through: Arc<AtomicUsize>,
) -> Vec<String> {
    let http = client();
    let mut acknowledged = Vec::new();
    for call in 0.. {
        if over.load(Ordering::SeqCst) {
            break;
        }
        let id = format!("call-{number}-{call}");
        let body = json!({ "userId": format!("lead-{number}-{}", call % 50), "event": "Demo Requested", "messageId": id });
        loop {
            let answer = http.post(&url).basic_auth(&key, Some("")).json(&body).send().await;
            match answer {
                Ok(answer) if answer.status() == 200 => break,
                Ok(answer) if answer.status() == 503 => {}
                Ok(answer) => panic!("{id}: {answer:?}"),
                Err(_) => {}
            }
            again.fetch_add(1, Ordering::SeqCst);
            sleep(Duration::from_millis(5)).await;
        }
        through.fetch_add(1, Ordering::SeqCst);
        acknowledged.push(id);
    }
    acknowledged
}
