//! Leads that have shown nothing of their stage of the journey for so long are where they looked last.

use super::Round;
use rekindle_core::{rescore::look_again, scene::Scene};
use rekindle_storage::Result;

const PAGE: u64 = 500;

/// How many pages are looked at before the other sweeps have their turn.
const A_TURN: usize = 10;

pub(super) async fn sweep(at: &Round<'_>) -> Result<usize> {
    let looks_back = at.playbooks.current().stages.looks_back.delta();
    let mut changed = 0;
    for _ in 0..A_TURN {
        let leads = at.store.leads().due_to_look_again(at.now() - looks_back, PAGE).await?;
        let look = |scene: &Scene, now| {
            let due = scene.lead.journey_at <= now - looks_back;
            due.then(|| look_again(scene, at.playbooks, now))
        };
        match at.decide(&leads, &look).await? {
            0 => break,
            count => changed += count,
        }
        if at.stop.is_cancelled() {
            break;
        }
    }
    Ok(changed)
}
