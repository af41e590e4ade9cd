//! Leads that have shown nothing of their stage of the journey for so long are where they looked last.

use super::Round;
use rekindle_core::rescore::look_again;
use rekindle_storage::Result;

const PAGE: u64 = 500;

pub(super) async fn sweep(at: &Round<'_>) -> Result<usize> {
    let looks_back = at.playbooks.current().stages.looks_back.delta();
    let page = || async { at.store.leads().due_to_look_again(at.now() - looks_back, PAGE).await };
    at.decide_pages(page, |scene, now| {
        let due = scene.lead.journey_at <= now - looks_back;
        due.then(|| look_again(scene, at.playbooks, now))
    })
    .await
}
