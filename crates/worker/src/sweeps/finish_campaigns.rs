//! Campaigns whose runs are all over are done; those that were stopped lose the runs that a stop left over; previews that
//! nobody confirmed are forgotten.

use super::Round;
use rekindle_storage::Result;

pub(super) async fn sweep(at: &Round<'_>) -> Result<usize> {
    let campaigns = at.store.campaigns();
    let finished = campaigns.finished().await?;
    for id in &finished {
        campaigns.moved(*id, |campaign| Ok(campaign.done())).await?;
        // Its last word has the last figures.
        campaigns.tally(*id).await?;
    }
    for id in campaigns.to_end().await? {
        while !at.stop.is_cancelled() && campaigns.end_runs(id).await? > 0 {}
    }
    while !at.stop.is_cancelled() && campaigns.forget_drafts().await? > 0 {}
    Ok(finished.len())
}
