//! A campaign to many leads on PostgreSQL: its preview, everybody's beginning, and the first step of those who are due.
//!
//! Growth is measured by a hundredth, a tenth and all of them. Beside the beginning stands one bare statement that writes the same rows
//! into a table without indexes; beside the steps, the same steps one lead at a time.

use std::time::Duration;

use rekindle_core::advance::{Plans, advance};
use rekindle_core::campaign::{Campaign, Caution};
use rekindle_core::ids::LeadId;
use rekindle_core::segment::Predicate;
use rekindle_core::time::SharedClock;
use rekindle_core::trial::Decided;
use rekindle_storage::Store;
use rekindle_storage::campaigns::ASKED_AT_ONCE;

use crate::bases::{Base, Engine, Place};
use crate::outbox::previewed;
use crate::segments::fill;
use crate::{Measured, Orders, mails};

/// How many due steps are taken at the most.
const STEPS: usize = 100_000;
/// How many of them one lead at a time.
const ALONE: usize = 1_000;
/// As the sweep takes them.
const PAGE: u64 = 500;

const DUE: &str = "SELECT count(*) FROM enrollment WHERE state = 'due'";

/// Measures and prints.
pub(crate) async fn measure(orders: &Orders, clock: &SharedClock) -> Measured<()> {
    let leads = orders.number("leads")?;
    println!("\nCampaign: to everybody who may get it, PostgreSQL on the real disk");
    println!(
        "{:>9}  {:>14}  {:>9}  {:>14}  {:>5}  {:>8}  {:>14}  {:>9}",
        "leads", "preview", "begin", "beginning", "bare", "steps", "batches", "one by one"
    );
    for leads in [leads / 100, leads / 10, leads] {
        let base = Base::fresh(orders, Engine::Postgres, Place::Disk, clock, &mails::playbook()).await?;
        let playbooks = base.store.playbooks().await?;
        for statement in fill(leads, clock.calendar().timestamp_micros(), playbooks.current().rules) {
            base.run(&statement).await?;
        }
        let began = clock.stopwatch();
        let campaign = preview(&base.store).await?;
        let previewed = clock.stopwatch() - began;

        let began = clock.stopwatch();
        base.store.campaigns().launch(campaign.id, &campaign.made_by, &Caution::NONE).await?;
        while base.store.campaigns().begin_rest(campaign.id).await? {}
        let beginning = clock.stopwatch() - began;
        let begun = usize::try_from(base.number(DUE).await?)?;
        let began = clock.stopwatch();
        base.run("CREATE TABLE bare AS SELECT * FROM enrollment").await?;
        let bare = clock.stopwatch() - began;
        base.run("VACUUM ANALYZE enrollment").await?;

        let (alone, took_alone) = steps(&base.store, clock, ALONE.min(begun / 2), 1).await?;
        let (steps, took) = steps(&base.store, clock, STEPS.min(begun - alone), PAGE).await?;
        println!(
            "{leads:>9}  {:>14}  {begun:>9}  {:>14}  {:>4.1}x  {steps:>8}  {:>14}  {:>8.1}x",
            each(previewed, leads),
            each(beginning, begun),
            beginning.as_secs_f64() / bare.as_secs_f64(),
            each(took, steps),
            (took_alone.as_secs_f64() / alone as f64) / (took.as_secs_f64() / steps as f64),
        );
        base.remove().await?;
    }
    Ok(())
}

/// `12.3 s, 45 us`: all of it, and for each.
fn each(took: Duration, of: usize) -> String {
    format!("{:.1} s, {:.0} us", took.as_secs_f64(), took.as_secs_f64() * 1e6 / of as f64)
}

/// What `/campaign preview` writes.
async fn preview(store: &Store) -> Measured<Campaign> {
    let playbooks = store.playbooks().await?;
    let (playbook, now) = (playbooks.current(), store.clock().calendar());
    let plan = playbook.sequence(mails::SEQUENCE).ok_or("no plan")?;
    let campaigns = store.campaigns();
    let mut preview = campaigns.begin_preview();
    for some in store.segments().all(&Predicate::Everyone, playbook, now).await?.chunks(ASKED_AT_ONCE) {
        let asked = campaigns.ask(plan, &playbooks, some).await?;
        preview.add(asked.into_iter().map(|one| (one.lead.id, one.why_out)).collect()).await?;
    }
    Ok(preview.keep(previewed(playbooks.version())?).await?)
}

/// Takes so many due steps, so many leads at a time; how many, and how long that took.
async fn steps(store: &Store, clock: &SharedClock, most: usize, page: u64) -> Measured<(usize, Duration)> {
    let playbooks = store.playbooks().await?;
    let decided = Decided::default();
    let plans = Plans { playbooks: &playbooks, decided: &decided, zone: chrono_tz::Tz::UTC };
    let mut taken = 0;
    let began = clock.stopwatch();
    while taken < most {
        let due: Vec<LeadId> = store.runs().due(store.clock().calendar(), page).await?;
        let changed =
            store.leads().decide_all(&due, &playbooks, |scene, now| advance(scene, plans, now)).await?;
        if changed == 0 {
            return Err(format!("{taken} of {most} steps were due").into());
        }
        taken += changed;
    }
    Ok((taken, clock.stopwatch() - began))
}
