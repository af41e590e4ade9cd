//! What has come of campaigns is counted, so that their cards and reports say it.

use super::Round;
use rekindle_storage::Result;

pub(super) async fn sweep(at: &Round<'_>) -> Result<usize> {
    let campaigns = at.store.campaigns();
    let mut changed = 0;
    for id in campaigns.to_tally().await? {
        if at.stop.is_cancelled() {
            break;
        }
        changed += usize::from(campaigns.tally(id).await?);
    }
    Ok(changed)
}
