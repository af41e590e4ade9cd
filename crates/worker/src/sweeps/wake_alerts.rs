//! Alerts that were put off until now, on the wall, ask again.

use super::Round;
use rekindle_core::{desk, ids::LeadId};
use rekindle_storage::Result;

pub(super) async fn sweep(at: &Round<'_>) -> Result<usize> {
    let wall = at.store.clock().wall();
    let mut woken = 0;
    loop {
        let alerts = at.store.alerts().due_to_wake(wall).await?;
        let leads: Vec<LeadId> = alerts.iter().map(|alert| alert.lead).collect();
        match at.decide(&leads, |scene, _| desk::wake(scene, wall)).await? {
            0 => return Ok(woken),
            count => woken += count,
        }
    }
}
