//! The future: the same worker on a copy of the data, with a clock that leaps from one due moment to the next.
//!
//! Nothing is invented: leads do nothing, so this is what happens if nobody answers. Mails are written whole and taken by a place in
//! memory; what the relay would say is not known, and so all are taken.

use crate::{Settings, Worker};
use chrono::TimeDelta;
use rekindle_core::{
    happening::Happening,
    time::{Clock, Moment},
};
use rekindle_mail::{memory::Memory, templates::Templates, transport::Transport};
use rekindle_storage::{Result, Store};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// A clock that stands still until it leaps.
#[derive(Debug)]
pub struct Leaps {
    begun: Moment,
    now: Mutex<Moment>,
}

impl Leaps {
    /// One that stands at a moment.
    pub fn at(now: Moment) -> Arc<Self> {
        Arc::new(Self { begun: now, now: Mutex::new(now) })
    }

    fn to(&self, at: Moment) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }
}

impl Clock for Leaps {
    fn calendar(&self) -> Moment {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wall(&self) -> Moment {
        self.calendar()
    }

    fn stopwatch(&self) -> Duration {
        (self.calendar() - self.begun).to_std().unwrap_or_default()
    }
}

/// What will have happened.
#[derive(Debug, Clone, Default)]
pub struct Future {
    /// Everything that is done, in order.
    pub happened: Vec<Happening>,
    /// How many mails had to wait, by the reason.
    pub waited: BTreeMap<String, usize>,
}

/// What is due and does not move is looked at again so much later.
const STUCK: TimeDelta = TimeDelta::minutes(1);

/// Lives on a copy until a moment. `told` hears each moment that something is done at.
///
/// # Errors
/// As the database says.
pub async fn live(
    copy: &Store,
    clock: &Leaps,
    settings: Settings,
    templates: Templates,
    until: Moment,
    told: impl Fn(Moment),
) -> Result<Future> {
    let begun = clock.calendar();
    // Nothing leaves, nothing comes in, and nobody checks a signature.
    let settings = Settings {
        transport: Transport::Memory(Memory::default()),
        inbox: None,
        journal: None,
        signers: Arc::default(),
        ..settings
    };
    let mut worker = Worker::new(copy.clone(), settings, templates);
    let mut waits = BTreeMap::new();
    loop {
        let tick = worker.tick().await?;
        let now = clock.calendar();
        told(now);
        for (mail, why) in copy.outbox().waiting().await? {
            waits.insert(mail, why);
        }
        let still = tick == crate::Tick::default();
        let next = match worker.next_due_after(now).await? {
            Some(next) if next > now => next,
            // It is due, and did not move.
            Some(_) if still => now + STUCK,
            Some(_) => continue,
            None => break,
        };
        if next > until {
            break;
        }
        clock.to(next);
    }
    worker.leave().await;
    let mut waited: BTreeMap<String, usize> = BTreeMap::new();
    for why in waits.into_values() {
        *waited.entry(why).or_default() += 1;
    }
    Ok(Future { happened: copy.happened(begun, until).await?, waited })
}
