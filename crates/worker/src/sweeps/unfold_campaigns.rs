//! Campaigns unfold: their first ones are looked at, then the rest begins, a batch at a time.

use super::Round;
use rekindle_core::campaign::Wave;
use rekindle_storage::Result;

pub(super) async fn sweep(at: &Round<'_>) -> Result<usize> {
    let campaigns = at.store.campaigns();
    let mut moved = 0;
    for campaign in campaigns.unfolding().await? {
        if campaign.wave == Wave::First {
            let now = at.now();
            let (first, left) = campaigns.first_ones(campaign.id, now).await?;
            if campaign.clone().look(first, left, now).is_none() {
                continue;
            }
            // As it stands behind its lock: somebody may have held it meanwhile.
            let look = |stands: rekindle_core::campaign::Campaign| {
                Ok(stands.clone().look(first, left, now).unwrap_or(stands))
            };
            campaigns.moved(campaign.id, look).await?;
            moved += 1;
        }
        while !at.stop.is_cancelled() && campaigns.begin_rest(campaign.id).await? {
            moved += 1;
        }
    }
    Ok(moved)
}
