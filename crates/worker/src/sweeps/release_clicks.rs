//! Clicks that were held long enough count, if no machine made them.
//!
//! The click is let go only after it was observed: one that is observed twice is known by its id.

use super::Round;
use rekindle_storage::Result;

const PAGE: u64 = 500;

pub(super) async fn sweep(at: &Round<'_>) -> Result<usize> {
    let clicks = at.store.clicks();
    let mut released = 0;
    while !at.stop.is_cancelled() {
        let (arrivals, looked_at) = clicks.due(at.now(), PAGE).await?;
        if looked_at.is_empty() {
            break;
        }
        if !arrivals.is_empty() {
            at.store.leads().observe(&arrivals, at.playbooks).await?;
        }
        clicks.release(&looked_at).await?;
        released += looked_at.len();
    }
    Ok(released)
}
