//! What breaks around a mail in flight: the relay hangs up, the lead says no, the database does not write.

use crate::{
    house::{House, settings, templates},
    slow_relay::SlowRelay,
};
use rekindle_core::{delivery::DeliveryState as S, desk};
use rekindle_mail::transport::Transport;
use rekindle_storage::Store;
use rekindle_worker::{Settings, Worker};
use sqlx::{Connection, Executor, SqliteConnection};
use std::time::Duration;
use tokio_util::task::TaskTracker;

async fn enrolled(count: usize) -> House {
    let house = House::new().await;
    for number in 0..count {
        let lead = house.subscriber(&format!("lead{number}@lead.test")).await;
        house.enroll(lead).await;
    }
    house
}

/// From now on the database refuses to write a state; `DROP TRIGGER refuse` ends it.
async fn refuse(house: &House, state: &str) -> SqliteConnection {
    let mut database = SqliteConnection::connect(&house.url).await.unwrap();
    let trigger = format!(
        "CREATE TRIGGER refuse BEFORE UPDATE ON delivery WHEN NEW.state = '{state}' BEGIN SELECT RAISE(ABORT, 'refused'); END"
    );
    database.execute(sqlx::AssertSqlSafe(trigger)).await.unwrap();
    database
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_hangs_up_after_each_mail_costs_no_mail_an_attempt() {
    let house = enrolled(12).await;
    let relay = SlowRelay::new(SlowRelay::FREE, SlowRelay::FREE, 1).await;
    let mut worker = Worker::new(house.store.clone(), settings(relay.transport()), templates());
    worker.tick().await.unwrap();
    worker.leave().await;
    assert_eq!(relay.heard.available_permits(), 12);
    assert!(house.deliveries().await.iter().all(|d| d.state == S::Sent && d.attempt == 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_says_no_while_the_server_makes_up_its_mind_gets_nothing() {
    let house = enrolled(1).await;
    let relay = SlowRelay::new(0, SlowRelay::FREE, usize::MAX).await;
    let mut worker = Worker::new(house.store.clone(), settings(relay.transport()), templates());
    let ticking = TaskTracker::new().spawn(async move { worker.tick().await.map(|_| worker) });
    relay.asked.acquire().await.unwrap().forget();
    // The first gate was passed; the server has not said 354 yet.
    let lead = house.deliveries().await[0].lead;
    let ana = crate::house::member("ana").handle;
    house.decide(lead, move |scene, now| Ok(desk::stop(scene, &ana, true, now))).await;
    relay.datas.add_permits(SlowRelay::FREE);
    ticking.await.unwrap().unwrap().leave().await;
    assert_eq!(relay.heard.available_permits(), 0, "no dot came");
    assert_eq!(house.deliveries().await[0].state, S::Suppressed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fate_that_cannot_be_written_is_kept_until_it_can_and_nothing_new_is_claimed() {
    let house = enrolled(1).await;
    let mut database = refuse(&house, "sent").await;
    let mut worker = house.second().await;
    let ticking = TaskTracker::new().spawn(async move { worker.tick().await.map(|_| worker) });
    while house.memory.is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!ticking.is_finished());
    assert_eq!(house.deliveries().await[0].state, S::Committing);
    database.execute("DROP TRIGGER refuse").await.unwrap();
    ticking.await.unwrap().unwrap();
    assert_eq!(house.deliveries().await[0].state, S::Sent);
    assert_eq!(house.memory.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_intent_that_cannot_be_written_sends_nothing_and_the_mail_waits() {
    let mut house = enrolled(3).await;
    let mut database = refuse(&house, "committing").await;
    house.tick().await;
    assert!(house.memory.is_empty());
    assert!(house.deliveries().await.iter().all(|d| d.state == S::Pending));
    database.execute("DROP TRIGGER refuse").await.unwrap();
    house.clock.advance(chrono::TimeDelta::minutes(15));
    house.tick().await;
    assert_eq!(house.memory.len(), 3);
}

#[test]
fn a_fate_that_cannot_be_written_outlives_its_process() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("outbox.journal");
    let runtime =
        || tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let keeping = |house: &House| Settings {
        journal: Some(journal.clone()),
        ..settings(Transport::Memory(house.memory.clone()))
    };
    // A process hears that the relay took the mail, and dies before the database takes that.
    let dying = runtime();
    let (house, database) = dying.block_on(async {
        let house = enrolled(1).await;
        let database = refuse(&house, "sent").await;
        let mut worker = Worker::new(house.store.clone(), keeping(&house), templates());
        TaskTracker::new().spawn(async move { worker.tick().await.map(drop) });
        while !journal.exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        (house, database)
    });
    assert_eq!(house.memory.len(), 1);
    dying.shutdown_background();

    runtime().block_on(async {
        let mut free = SqliteConnection::connect(&house.url).await.unwrap();
        free.execute("DROP TRIGGER refuse").await.unwrap();
        let store = Store::open(&house.url, house.clock.clone()).await.unwrap();
        let mut worker = Worker::new(store.clone(), keeping(&house), templates());
        worker.tick().await.unwrap();
        let state = store.outbox().list(&[], 10).await.unwrap()[0].delivery.state;
        assert_eq!(state, S::Sent, "not unknown: the answer was heard");
        assert_eq!(house.memory.len(), 1, "and nothing leaves twice");
        assert!(!journal.exists(), "it is told");
        worker.leave().await;
        drop((house, database));
    });
}
