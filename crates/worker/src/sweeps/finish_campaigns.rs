//! Campaigns whose runs are all over are done.

use super::Round;
use rekindle_storage::Result;

pub(super) async fn sweep(at: &Round<'_>) -> Result<usize> {
    let campaigns = at.store.campaigns();
    let finished = campaigns.finished().await?;
    for id in &finished {
        campaigns.moved(*id, |campaign| Ok(campaign.done())).await?;
    }
    Ok(finished.len())
}
