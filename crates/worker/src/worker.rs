//! The daemon: sweeps, and mail that leaves and comes beside them.
//!
//! It wakes when something changes and when something is due, and looks once a second besides. [`Worker::tick`] is the
//! same work without the waiting: all that is due at the present time, for tests and the terminal.

use crate::{
    listening::Listening,
    schedule::{Fired, Table},
    sending::Sending,
    settings::Settings,
    sweeps::{Round, Sweep, When},
};
use rekindle_core::{playbook::Playbooks, time::Moment};
use rekindle_mail::templates::Templates;
use rekindle_storage::{Result, Store, StoreError};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::task::JoinHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Between two rounds at the least: whoever writes all the time must not keep us from the rest.
const BREATH: Duration = Duration::from_millis(5);
/// Between two rounds at the most: a signal may be missed.
const LOOK: Duration = Duration::from_secs(1);
/// Before what is due, and was not changed by the last round, is looked at again.
const STUCK: Duration = Duration::from_millis(100);
/// A plan whose steps take no time could go on for ever; this many rounds are more than any has steps.
const ROUNDS: usize = 10_000;

/// What a tick has done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tick {
    /// Deliveries that were taken out of the outbox; what became of each is in its row.
    pub mails: usize,
    /// How much each sweep has changed, by its name; sweeps that found nothing are left out.
    pub swept: BTreeMap<&'static str, usize>,
}

/// The worker. Several may work on one database.
#[derive(Debug)]
pub struct Worker {
    store: Store,
    settings: Arc<Settings>,
    table: Table,
    /// Until the first mail is looked for.
    templates: Option<Arc<Templates>>,
    sending: Option<Arc<Sending>>,
    /// When each sweep that goes by the stopwatch last looked.
    looked: BTreeMap<Sweep, Duration>,
    /// What each sweep last complained about, so that it says it once.
    complaints: BTreeMap<Sweep, String>,
    /// Where jobs that take long are done while rounds go on; without, as in a tick, within the round.
    beside: Option<TaskTracker>,
    /// Those that are being done there: none is begun twice.
    under_way: BTreeMap<Sweep, JoinHandle<Result<usize>>>,
}

impl Worker {
    /// A worker that has not begun yet.
    pub fn new(store: Store, settings: Settings, templates: impl Into<Arc<Templates>>) -> Self {
        let jobs = [
            (Sweep::CoolLeads.name(), Some(settings.cool_leads.clone())),
            (Sweep::TrainModel.name(), settings.train_model.clone()),
            (Sweep::PredictLeads.name(), settings.predict_leads.clone()),
        ];
        let jobs = jobs.into_iter().filter_map(|(job, when)| Some((job, when?)));
        let table = Table::new(settings.zone, jobs);
        Self {
            store,
            settings: Arc::new(settings),
            table,
            templates: Some(templates.into()),
            sending: None,
            looked: BTreeMap::new(),
            complaints: BTreeMap::new(),
            beside: None,
            under_way: BTreeMap::new(),
        }
    }

    /// Does everything that is due at the present time, mail included, until nothing more is. Waits for as long as
    /// the database does not take what became of a mail.
    ///
    /// # Errors
    /// The first that a sweep or the outbox meets.
    pub async fn tick(&mut self) -> Result<Tick> {
        let sending = self.sending().await?;
        let mut tick = Tick::default();
        let never = CancellationToken::new();
        self.looked.clear();
        for _ in 0..ROUNDS {
            let playbooks = self.store.load_playbooks().await?;
            let mut changed = 0;
            for sweep in Sweep::ALL {
                let count = self.sweep(sweep, &sending, &playbooks, &never).await?;
                if count > 0 {
                    *tick.swept.entry(sweep.name()).or_default() += count;
                }
                changed += count;
            }
            let mails = sending.send_due().await?;
            tick.mails += mails;
            if changed + mails == 0 {
                return Ok(tick);
            }
        }
        tracing::warn!("a tick did not come to its end; the rest waits for the next");
        Ok(tick)
    }

    /// One sweep alone, once: for those who measure what it takes, and what it leaves to others.
    ///
    /// # Errors
    /// What it meets.
    pub async fn alone(&mut self, sweep: Sweep) -> Result<usize> {
        let sending = self.sending().await?;
        let playbooks = self.store.load_playbooks().await?;
        self.sweep(sweep, &sending, &playbooks, &CancellationToken::new()).await
    }

    /// Works until the stop, then waits for the outcomes of what is under way and puts back the rest.
    ///
    /// # Errors
    /// When the database cannot be used at all. One that is away is waited for.
    pub async fn run(mut self, stop: CancellationToken) -> Result<()> {
        let sending = loop {
            match self.sending().await {
                Err(error @ (StoreError::Away(_) | StoreError::Busy(_))) => {
                    tracing::error!(%error, "the worker cannot begin; trying again");
                }
                begun => break begun?,
            }
            if stop.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_none() {
                return Ok(());
            }
        };
        let beside = TaskTracker::new();
        beside.spawn({
            let (sending, stop) = (sending.clone(), stop.clone());
            async move { sending.run(stop).await }
        });
        if let Some(inbox) = self.settings.inbox.clone() {
            let listening = Listening::new(self.store.clone(), self.settings.clone(), inbox);
            let stop = stop.clone();
            beside.spawn(async move { listening.run(stop).await });
        }
        beside.close();
        self.beside = Some(beside.clone());
        let mut changes = self.store.changes();
        while !stop.is_cancelled() {
            let changed = self.round(&sending, &stop).await;
            let wait = self.until_next(changed > 0).await;
            let next = async {
                tokio::time::sleep(BREATH).await;
                changes.wait(wait).await;
            };
            let _ = stop.run_until_cancelled(next).await;
        }
        beside.wait().await;
        drop(sending);
        self.leave().await;
        Ok(())
    }

    /// Stops in peace after ticks: waits for what is under way, and leaves nothing claimed.
    pub async fn leave(mut self) {
        if let Some(sending) = self.sending.take().and_then(Arc::into_inner) {
            sending.leave().await;
        }
    }

    async fn sending(&mut self) -> Result<Arc<Sending>> {
        if let Some(sending) = &self.sending {
            return Ok(sending.clone());
        }
        Sending::replay(&self.store, &self.settings).await?;
        let sender = self.store.outbox().enlist().await?;
        let templates = self.templates.take().expect("templates are there until sending has begun");
        let sending = Sending::start(self.store.clone(), self.settings.clone(), templates, sender);
        let sending = Arc::new(sending);
        self.sending = Some(sending.clone());
        Ok(sending)
    }

    /// Every sweep once, and how much they have changed. One that fails does not keep the others from their work.
    async fn round(&mut self, sending: &Arc<Sending>, stop: &CancellationToken) -> usize {
        let playbooks = match self.store.load_playbooks().await {
            Ok(playbooks) => playbooks,
            Err(error) => {
                tracing::error!(%error, "no sweep can look; trying again");
                let _ = stop.run_until_cancelled(tokio::time::sleep(LOOK)).await;
                return 0;
            }
        };
        let mut changed = 0;
        for sweep in Sweep::ALL {
            if stop.is_cancelled() {
                break;
            }
            match self.sweep(sweep, sending, &playbooks, stop).await {
                Ok(count) => {
                    changed += count;
                    self.complaints.remove(&sweep);
                }
                Err(error) => {
                    let complaint = error.to_string();
                    if self.complaints.get(&sweep) != Some(&complaint) {
                        tracing::error!(%error, sweep = sweep.name(), "a sweep failed; trying again");
                        self.complaints.insert(sweep, complaint);
                    }
                }
            }
        }
        changed
    }

    /// One sweep, if it is its time.
    async fn sweep(
        &mut self,
        sweep: Sweep,
        sending: &Arc<Sending>,
        playbooks: &Arc<Playbooks>,
        stop: &CancellationToken,
    ) -> Result<usize> {
        let round = Round::of(&self.store, &self.settings, sending, playbooks, stop);
        match sweep.when() {
            When::Always => sweep.run(&round).await,
            When::Every(time) => {
                let now = self.store.clock().stopwatch();
                if self.looked.get(&sweep).is_some_and(|last| now.saturating_sub(*last) < time) {
                    return Ok(0);
                }
                let count = sweep.run(&round).await?;
                self.looked.insert(sweep, now);
                Ok(count)
            }
            When::Cron => {
                if let Some(job) = self.under_way.get_mut(&sweep) {
                    if !job.is_finished() {
                        return Ok(0);
                    }
                    let done = job.await;
                    self.under_way.remove(&sweep);
                    return done.unwrap_or_else(|broke| Err(StoreError::Unusable(broke.to_string())));
                }
                let Some(fired) = self.table.fire(&self.store, sweep.name(), round.now()).await? else {
                    return Ok(0);
                };
                let Some(beside) = self.beside.as_ref().filter(|_| sweep.takes_long()) else {
                    return job(sweep, &round, &self.table, &fired).await;
                };
                let (store, settings, table) =
                    (self.store.clone(), self.settings.clone(), self.table.clone());
                let (sending, playbooks, stop) = (sending.clone(), playbooks.clone(), stop.clone());
                let doing = beside.spawn(async move {
                    let round = Round::of(&store, &settings, &sending, &playbooks, &stop);
                    job(sweep, &round, &table, &fired).await
                });
                self.under_way.insert(sweep, doing);
                Ok(0)
            }
        }
    }

    /// How long nothing is due: a second at the most.
    async fn until_next(&self, changed: bool) -> Duration {
        match self.next_due().await {
            Ok((calendar, wall)) => {
                let clock = self.store.clock();
                let by_calendar = calendar.map_or(LOOK, |at| clock.until(at));
                let by_wall = wall.map_or(LOOK, |at| (at - clock.wall()).to_std().unwrap_or_default());
                let wait = by_calendar.min(by_wall).min(LOOK);
                if wait.is_zero() && !changed { STUCK } else { wait }
            }
            Err(_) => LOOK,
        }
    }

    /// When something is next due that was not due at `now`, mail and cooling included; `now` itself where something still is.
    ///
    /// # Errors
    /// As the database says.
    pub async fn next_due_after(&self, now: Moment) -> Result<Option<Moment>> {
        let (calendar, wall) = self.next_due().await?;
        let all = [
            calendar,
            wall,
            self.store.outbox().next_due().await?,
            self.store.leads().next_crossing().await?,
        ];
        Ok(all.into_iter().flatten().min().map(|next| next.max(now)))
    }

    /// When something is next due, on the calendar and on the wall.
    async fn next_due(&self) -> Result<(Option<Moment>, Option<Moment>)> {
        let calendar = [
            self.store.runs().next_due().await?,
            self.store.fetches().next_due().await?,
            self.table.next_due(&self.store).await?,
        ];
        Ok((calendar.into_iter().flatten().min(), self.store.alerts().next_wake().await?))
    }
}

/// A job of the cron table. What does not come to its end is due again: the rest is not for tomorrow.
async fn job(sweep: Sweep, round: &Round<'_>, table: &Table, fired: &Fired) -> Result<usize> {
    match sweep.run(round).await {
        Ok(count) if round.stop.is_cancelled() => {
            table.take_back(round.store, fired).await?;
            Ok(count)
        }
        Ok(count) => {
            tracing::info!(sweep = sweep.name(), count, "the cron table's job is done");
            Ok(count)
        }
        Err(error) => {
            table.take_back(round.store, fired).await?;
            Err(error)
        }
    }
}
