//! The worker as a daemon: woken by changes, stopped in peace.

use crate::{
    house::{House, settings, templates},
    slow_relay::SlowRelay,
};
use rekindle_core::delivery::DeliveryState as S;
use rekindle_mail::transport::Transport;
use rekindle_worker::Worker;
use std::time::Duration;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Waits until something holds, on the machine's clock.
async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    for _ in 0..2_000 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("never: {what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_daemon_sends_what_is_enrolled_while_it_runs_and_leaves_nothing_behind() {
    let house = House::new().await;
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let worker =
        Worker::new(house.store.clone(), settings(Transport::Memory(house.memory.clone())), templates());
    let running = tasks.spawn(worker.run(stop.clone()));
    for number in 0..30 {
        let lead = house.subscriber(&format!("lead{number}@lead.test")).await;
        house.enroll(lead).await;
    }
    until("all are sent", || async { house.memory.len() == 30 }).await;
    stop.cancel();
    running.await.unwrap().unwrap();
    assert!(house.deliveries().await.iter().all(|d| d.state == S::Sent));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_waits_for_the_answers_and_puts_back_the_rest() {
    let house = House::new().await;
    for number in 0..12 {
        let lead = house.subscriber(&format!("lead{number}@lead.test")).await;
        house.enroll(lead).await;
    }
    let relay = SlowRelay::new(SlowRelay::FREE, 0, usize::MAX).await;
    let mut settings = settings(relay.transport());
    settings.sessions = 2;
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let running = tasks.spawn(Worker::new(house.store.clone(), settings, templates()).run(stop.clone()));
    // Both sessions have sent a dot that nobody has answered yet; ten mails are claimed behind them.
    relay.heard.acquire_many(2).await.unwrap().forget();
    let count = |states: &'static [S]| async { house.store.outbox().list(states, 99).await.unwrap().len() };
    assert_eq!((count(&[S::Committing]).await, count(&[S::Claimed]).await), (2, 10));
    stop.cancel();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!running.is_finished(), "it waits for the answers");
    relay.dots.add_permits(2);
    running.await.unwrap().unwrap();
    assert_eq!((count(&[S::Sent]).await, count(&[S::Pending]).await), (2, 10));
    assert_eq!(relay.heard.available_permits(), 0, "no other dot was sent");
}
