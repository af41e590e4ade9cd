//! New rules: every lead is counted anew, while the intake goes on, on PostgreSQL.

use std::time::Duration;

use rekindle_core::rescore::recount;
use rekindle_core::time::SharedClock;
use rekindle_storage::Store;
use tokio_util::sync::CancellationToken;

use crate::bases::{Base, Engine, Place};
use crate::callers::Heard;
use crate::intake::{GROUP, Intake, playbook};
use crate::segments::fill;
use crate::{Measured, Orders};

/// As the sweep takes them.
const PAGE: u64 = 500;

/// Measures and prints.
pub(crate) async fn measure(orders: &Orders, clock: &SharedClock) -> Measured<()> {
    let leads = orders.number("leads")?;
    let time = Duration::from_secs(orders.number("seconds")? as u64);
    let base = Base::fresh(orders, Engine::Postgres, Place::Disk, clock, &playbook()).await?;
    let playbooks = base.store.playbooks().await?;
    for statement in fill(leads, clock.calendar().timestamp_micros(), playbooks.current().rules) {
        base.run(&statement).await?;
    }
    println!("\nRescoring: {leads} leads by new rules, with the intake open, PostgreSQL on the real disk");
    let intake = Intake::open(&base.store, clock, GROUP).await?;
    intake.calls(time / 5, 1).await?;
    said("intake alone", &intake.calls(time, 2).await?);

    let mut bolder = playbook();
    let rules = bolder.get_mut("scoring.toml").ok_or("no rules")?;
    *rules = rules.replacen("points = 15", "points = 18", 1);
    base.store.apply_playbook(&bolder).await?;
    let began = clock.stopwatch();
    let done = CancellationToken::new();
    let count = async {
        let counted = counted_anew(&base.store).await;
        done.cancel();
        counted
    };
    let call = async {
        let mut heard: Vec<Heard> = Vec::new();
        while !done.is_cancelled() {
            heard.push(intake.calls(time, 3 + heard.len() as u64).await?);
        }
        Measured::Ok(heard)
    };
    let (counted, heard) = tokio::join!(count, call);
    let (counted, heard) = (counted?, heard?);
    let took = clock.stopwatch() - began;
    if let Some(heard) = heard.first() {
        said("intake while counting", heard);
    }
    let each = took.as_secs_f64() * 1e6 / counted as f64;
    println!("{counted} leads counted anew in {:.0} s, {each:.0} us each", took.as_secs_f64());
    intake.close().await;
    base.remove().await
}

fn said(what: &str, heard: &Heard) {
    let speed = heard.waits.len() as f64 / heard.took.as_secs_f64();
    let (half, most) = (heard.wait(0.5).as_secs_f64() * 1e3, heard.wait(0.99).as_secs_f64() * 1e3);
    println!(
        "{what:22}  {speed:>6.0} calls/s, half within {half:.0} ms, p99 {most:.0} ms, {} refused",
        heard.refused
    );
}

/// As the worker's sweep does it; how many.
async fn counted_anew(store: &Store) -> Measured<usize> {
    let playbooks = store.playbooks().await?;
    let mut counted = 0;
    loop {
        let some = store.segments().outdated(playbooks.current(), PAGE).await?;
        match store
            .leads()
            .decide_all(&some, &playbooks, |scene, now| Some(recount(scene, &playbooks, now)))
            .await?
        {
            0 => return Ok(counted),
            count => counted += count,
        }
    }
}
