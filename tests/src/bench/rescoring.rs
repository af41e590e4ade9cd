//! New rules: every lead is counted anew, while the intake goes on, on PostgreSQL.

use std::time::Duration;

use rekindle_core::time::SharedClock;
use rekindle_mail::memory::Memory;
use rekindle_mail::templates::Templates;
use rekindle_mail::transport::Transport;
use rekindle_storage::Store;
use rekindle_worker::{Sweep, Worker};
use tokio_util::sync::CancellationToken;

use crate::bases::{Base, Engine, Place};
use crate::callers::Heard;
use crate::intake::{GROUP, Intake, playbook};
use crate::mails;
use crate::outbox::settings;
use crate::segments::fill;
use crate::{Measured, Orders};

/// Leads that the calls are about: many, so that none of them has done more at the end than people do.
const CALLED: usize = 20_000;

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
    let intake = Intake::open(&base.store, clock, GROUP, CALLED).await?;
    // What was written until now does not burden what is measured.
    base.run("CHECKPOINT").await?;
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
    let last = 3 + heard.len() as u64;
    said("intake while counting", &Heard::of_all(heard));
    said("intake alone again", &intake.calls(time, last).await?);
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

/// By the worker's own sweep; how many.
async fn counted_anew(store: &Store) -> Measured<usize> {
    let templates = Templates::load(&mails::templates()).map_err(|errors| format!("{errors:?}"))?;
    let settings = settings(Transport::Memory(Memory::default()))?;
    let mut worker = Worker::new(store.clone(), settings, templates);
    let mut counted = 0;
    loop {
        match worker.alone(Sweep::Recount).await? {
            0 => break,
            count => counted += count,
        }
    }
    worker.leave().await;
    Ok(counted)
}
