//! The cron table: which of its jobs are due on the calendar.
//!
//! The last time that a job fired is kept in the database, so that a worker that slept through it catches up, once, and
//! of several workers one fires. A job that was never seen before counts from now. A job keeps its name when its pattern
//! is edited: the new pattern counts from the last time that it fired.

use chrono::TimeDelta;
use chrono_tz::Tz;
use rekindle_core::{schedule::Schedule, time::Moment};
use rekindle_storage::{Result, Store};

/// A last time this far ahead means that the calendar was moved back (a demo was started again), not that two clocks differ.
const MOVED_BACK: TimeDelta = TimeDelta::days(1);

/// When each job runs, by the clocks of one zone.
#[derive(Debug, Clone)]
pub struct Table {
    zone: Tz,
    jobs: Vec<(&'static str, Schedule)>,
}

/// A job that fires now. Nobody else fires it, unless it is taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fired {
    /// Which job.
    pub job: &'static str,
    before: Moment,
    at: Moment,
}

impl Table {
    /// A table of jobs by their names.
    pub fn new(zone: Tz, jobs: impl IntoIterator<Item = (&'static str, Schedule)>) -> Self {
        Self { zone, jobs: jobs.into_iter().collect() }
    }

    /// When a job is next due, if it last fired at `last`.
    pub fn next(&self, job: &str, last: Moment) -> Option<Moment> {
        let (_, pattern) = self.jobs.iter().find(|(name, _)| *name == job)?;
        pattern.next_after(last, self.zone)
    }

    /// Fires one job if it is due. However many of its times have passed, it fires once.
    ///
    /// # Errors
    /// As the database says.
    pub async fn fire(&self, store: &Store, job: &str, now: Moment) -> Result<Option<Fired>> {
        let Some((job, _)) = self.jobs.iter().find(|(name, _)| *name == job) else { return Ok(None) };
        let last = store.fired(job).await?;
        let before = match last {
            Some(last) if last <= now + MOVED_BACK => last,
            _ => {
                store.set_fired(job, last, now).await?;
                return Ok(None);
            }
        };
        if self.next(job, before).is_none_or(|due| due > now) {
            return Ok(None);
        }
        let ours = store.set_fired(job, Some(before), now).await?;
        Ok(ours.then_some(Fired { job, before, at: now }))
    }

    /// The job could not do its work: it is due again.
    ///
    /// # Errors
    /// As the database says.
    pub async fn take_back(&self, store: &Store, fired: &Fired) -> Result<()> {
        store.set_fired(fired.job, Some(fired.at), fired.before).await.map(drop)
    }

    /// When the next job is due.
    ///
    /// # Errors
    /// As the database says.
    pub async fn next_due(&self, store: &Store) -> Result<Option<Moment>> {
        let mut next: Option<Moment> = None;
        for (job, _) in &self.jobs {
            if let Some(last) = store.fired(job).await? {
                next = [next, self.next(job, last)].into_iter().flatten().min();
            }
        }
        Ok(next)
    }
}
