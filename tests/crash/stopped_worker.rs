//! F7: of two workers on one database one stands still, for longer than any fence, and goes on: nothing is sent twice.

use std::time::Duration;

use chrono::{SecondsFormat, TimeDelta, TimeZone, Utc};
use rekindle_tests::{on_both, stores::Home};
use tokio::time::sleep;

use crate::dice::Dice;
use crate::house::House;
use crate::victim::first_mail;

/// How long the worker stands still, in milliseconds; the fence before the dot is 5 s.
const STOPS: [u64; 8] = [300, 900, 50, 6_500, 1_500, 200, 700, 2_500];

on_both!(a_worker_that_stood_still_goes_on_and_sends_nothing_twice);

async fn a_worker_that_stood_still_goes_on_and_sends_nothing_twice(home: Home) {
    let mut dice = Dice::seeded(7);
    let mut house = House::on(home).await;
    house.launch_at(2_000).await;
    house.relay.set_delay_before_250(Duration::from_millis(30));
    let mut one = house.worker();
    let mut other = house.worker();
    first_mail(&mut one, &house.relay).await;
    first_mail(&mut other, &house.relay).await;
    let mut on_their_way = 0;
    for stop in STOPS {
        if house.left() < 500 {
            house.launch_at(1_000).await;
        }
        sleep(dice.millis(150..=300)).await;
        one.signal("STOP").await;
        let before = house.relay.count();
        sleep(Duration::from_millis(stop / 2)).await;
        on_their_way += house.count("committing").await;
        sleep(Duration::from_millis(stop / 2)).await;
        println!("stood still for {stop} ms, while {} were accepted", house.relay.count() - before);
        one.signal("CONT").await;
    }
    assert!(on_their_way > 0, "it stood still with a mail on its way");
    assert!(one.runs() && other.runs(), "{}\n{}", one.stderr(), other.stderr());
    assert_eq!(one.terminate().await, Some(0));
    assert_eq!(other.terminate().await, Some(0));

    // What the fence held back is tried again after a quarter of an hour, which is now.
    house.relay.set_delay_before_250(Duration::ZERO);
    let look = house.look().await;
    let due = look
        .number("SELECT coalesce(max(not_before), 0) FROM delivery WHERE state = 'pending' OR state = 'sent'")
        .await;
    look.away().await;
    let later = Utc.timestamp_micros(due).single().expect("a moment") + TimeDelta::seconds(1);
    let later = later.to_rfc3339_opts(SecondsFormat::Micros, true);
    house.finish_with(&house.program.clone().env("REKINDLE__CLOCK__START", later)).await;
    let report = house.verdict(0).await;
    println!("{} times stood still: {report}", STOPS.len());
    report.must_hold();
}
