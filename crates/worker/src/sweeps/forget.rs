//! What is too old to be kept is forgotten: addresses of the network, and leads that were archived long ago.

use super::Round;
use rekindle_storage::Result;

/// How many at once.
const PAGE: u64 = 200;

pub(super) async fn sweep(at: &Round<'_>) -> Result<usize> {
    let papers = at.store.papers();
    let mut changed = 0;
    while !at.stop.is_cancelled() {
        match papers.truncate_ips(PAGE).await? {
            0 => break,
            count => changed += count,
        }
    }
    let Some(after) = at.forget_after else { return Ok(changed) };
    for lead in papers.due_to_forget(at.now() - after, PAGE).await? {
        // Nobody asked for it: should they come again, they are new, and may be written to if they agree.
        papers.erase(lead, "retention", false).await?;
        changed += 1;
    }
    Ok(changed)
}
