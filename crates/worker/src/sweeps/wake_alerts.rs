//! Alerts that were put off until now, on the wall, ask again.

use super::Round;
use rekindle_core::desk;
use rekindle_storage::Result;

pub(super) async fn sweep(at: &Round<'_>) -> Result<usize> {
    let wall = at.store.clock().wall();
    let page = || async {
        let alerts = at.store.alerts().due_to_wake(wall).await?;
        Ok(alerts.iter().map(|alert| alert.lead).collect())
    };
    at.decide_pages(page, |scene, _| desk::wake(scene, wall)).await
}
