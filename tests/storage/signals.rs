//! What one process changes, another hears of within a second.

use std::time::Duration;

use rekindle_tests::{on_both, stores::Home};
use tokio::{task::JoinSet, time::Instant};

on_both!(a_change_is_heard_in_another_process);

async fn a_change_is_heard_in_another_process(home: Home) {
    let (here, there) = (home.open().await, home.open().await);
    let mut changes = there.changes();
    // Nobody listens yet: nothing is heard over there, while here it is heard at once.
    let mut own = here.changes();
    here.console().post("ops", "rekindle", "first", None).await.unwrap();
    assert!(waited(&mut own, 5000).await < Duration::from_millis(100));
    assert!(waited(&mut changes, 400).await >= Duration::from_millis(400), "heard without listening");

    let mut listening = JoinSet::new();
    let listener = there.clone();
    listening.spawn(async move { listener.listen().await });
    // Until it listens; a signal may come when it begins to.
    while waited(&mut changes, 500).await < Duration::from_millis(500) {}
    for round in 0..3 {
        let begin = Instant::now();
        here.console().post("ops", "rekindle", "again", None).await.unwrap();
        changes.wait(Duration::from_secs(5)).await;
        assert!(begin.elapsed() < Duration::from_secs(1), "round {round}: {:?}", begin.elapsed());
        while waited(&mut changes, 300).await < Duration::from_millis(300) {}
    }
}

/// How long it took until something was heard, or the time was over.
async fn waited(changes: &mut rekindle_storage::Changes, most: u64) -> Duration {
    let begin = Instant::now();
    changes.wait(Duration::from_millis(most)).await;
    begin.elapsed()
}
