//! Clicks that were held long enough count, if no machine made them; one that had counted, and turns out to be a machine's, is
//! taken back.
//!
//! The click is let go only after it was observed: one that is observed twice is known by its id.

use super::Round;
use rekindle_storage::Result;

const PAGE: u64 = 500;

pub(super) async fn sweep(at: &Round<'_>) -> Result<usize> {
    let fetches = at.store.fetches();
    let mut released = 0;
    while !at.stop.is_cancelled() {
        let due = fetches.due(at.now(), PAGE).await?;
        if due.is_empty() {
            break;
        }
        for found in &due.machines {
            tracing::debug!(delivery = %found.delivery, sign = found.sign.word(), "a click is a machine's");
        }
        at.store.leads().disown(&due.machines, at.playbooks).await?;
        if !due.people.is_empty() {
            at.store.leads().observe(&due.people, at.playbooks).await?;
        }
        fetches.release(&due).await?;
        released += due.len();
    }
    Ok(released)
}
