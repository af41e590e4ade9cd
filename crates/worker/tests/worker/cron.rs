//! The cron table: on time across clock changes, once for many workers, and moved by an edit.

use crate::house::{House, at, days, hours};
use chrono_tz::Tz;
use rekindle_core::time::{Clock, Moment};
use rekindle_worker::schedule::Table;

fn table(pattern: &str, zone: Tz) -> Table {
    Table::new(zone, [("job", pattern.parse().unwrap())])
}

/// When a job fires, looked at every quarter of an hour.
async fn firings(house: &House, table: &Table, until: Moment) -> Vec<String> {
    let mut fired = Vec::new();
    while house.clock.calendar() <= until {
        let now = house.clock.calendar();
        if table.fire(&house.store, "job", now).await.unwrap().is_some() {
            fired.push(now.format("%d %H:%M").to_string());
        }
        house.clock.advance(chrono::TimeDelta::minutes(15));
    }
    fired
}

#[tokio::test]
async fn a_job_keeps_its_hour_when_the_clocks_change() {
    let house = House::new().await;
    let berlin = Tz::Europe__Berlin;
    house.clock.set(at("2027-03-26T12:00:00Z"));
    // On Sunday, 28 March 2027, the clocks leap from 2:00 to 3:00, which is 1:00 UTC.
    let fired = firings(&house, &table("30 2 * * *", berlin), at("2027-03-29T12:00:00Z")).await;
    assert_eq!(fired, ["27 01:30", "28 01:00", "29 00:30"]);
    house.clock.set(at("2027-10-29T12:00:00Z"));
    // On Sunday, 31 October, 2:30 comes twice; the job runs the first time.
    let fired = firings(&house, &table("30 2 * * *", berlin), at("2027-11-01T12:00:00Z")).await;
    assert_eq!(fired[1..], ["30 00:30", "31 00:30", "01 01:30"], "the first is what was slept through");
}

#[tokio::test]
async fn a_worker_that_was_asleep_catches_up_once() {
    let house = House::new().await;
    let daily = table("0 6 * * *", Tz::UTC);
    assert_eq!(daily.fire(&house.store, "job", house.clock.calendar()).await.unwrap(), None, "first seen");
    house.clock.advance(days(9));
    assert!(daily.fire(&house.store, "job", house.clock.calendar()).await.unwrap().is_some());
    assert_eq!(daily.fire(&house.store, "job", house.clock.calendar()).await.unwrap(), None);
    assert_eq!(daily.next_due(&house.store).await.unwrap(), Some(at("2026-11-12T06:00:00Z")));
}

#[tokio::test]
async fn an_edited_pattern_moves_the_job() {
    let house = House::new().await;
    let morning = table("0 6 * * *", Tz::UTC);
    let evening = table("0 18 * * *", Tz::UTC);
    morning.fire(&house.store, "job", house.clock.calendar()).await.unwrap();
    assert_eq!(morning.next_due(&house.store).await.unwrap(), Some(at("2026-11-03T06:00:00Z")));
    assert_eq!(evening.next_due(&house.store).await.unwrap(), Some(at("2026-11-02T18:00:00Z")));
    house.clock.advance(hours(8));
    assert_eq!(evening.fire(&house.store, "job", house.clock.calendar()).await.unwrap(), None);
    house.clock.advance(hours(1));
    assert!(evening.fire(&house.store, "job", house.clock.calendar()).await.unwrap().is_some());
}

#[tokio::test]
async fn of_many_workers_one_fires_and_a_job_that_failed_is_due_again() {
    let house = House::new().await;
    let daily = table("0 6 * * *", Tz::UTC);
    let now = house.clock.calendar();
    let all = || async {
        let now = house.clock.calendar();
        let asked = (0..16).map(|_| daily.fire(&house.store, "job", now));
        let answers = join_all(asked.collect()).await;
        answers.into_iter().filter_map(Result::unwrap).collect::<Vec<_>>()
    };
    assert_eq!(all().await, []);
    house.clock.advance(days(1));
    let fired = all().await;
    assert_eq!(fired.len(), 1);
    assert_eq!(house.store.fired("job").await.unwrap(), Some(now + days(1)));
    daily.take_back(&house.store, &fired[0]).await.unwrap();
    assert_eq!(all().await.len(), 1);
}

#[tokio::test]
async fn a_calendar_that_was_moved_back_begins_anew() {
    let house = House::new().await;
    let daily = table("0 6 * * *", Tz::UTC);
    let ahead = house.clock.calendar() + days(40);
    daily.fire(&house.store, "job", ahead).await.unwrap();
    assert_eq!(daily.fire(&house.store, "job", house.clock.calendar()).await.unwrap(), None);
    assert_eq!(daily.next_due(&house.store).await.unwrap(), Some(at("2026-11-03T06:00:00Z")));
}

/// Polls all of them at once.
async fn join_all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|cx| {
        for (future, done) in futures.iter_mut().zip(done.iter_mut()).filter(|(_, done)| done.is_none()) {
            if let std::task::Poll::Ready(output) = future.as_mut().poll(cx) {
                *done = Some(output);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}
