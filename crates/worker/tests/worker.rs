//! The worker at work, on a real database, with a clock moved by hand and mail kept in memory.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "worker/cold_lead.rs"]
mod cold_lead;
#[path = "worker/cron.rs"]
mod cron;
#[path = "worker/daemon.rs"]
mod daemon;
#[path = "worker/house.rs"]
mod house;
#[path = "worker/keeping.rs"]
mod keeping;
#[path = "worker/letters.rs"]
mod letters;
#[path = "worker/listening.rs"]
mod listening;
#[path = "worker/outages.rs"]
mod outages;
#[path = "worker/sending.rs"]
mod sending;
#[path = "worker/slow_relay.rs"]
mod slow_relay;
#[path = "worker/small_sweeps.rs"]
mod small_sweeps;
