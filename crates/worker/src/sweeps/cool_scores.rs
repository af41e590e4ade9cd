//! Leads whose score time alone has taken over a line are counted again: most of them are hot ones that have cooled.

use super::Round;
use rekindle_core::rescore::cool_down;
use rekindle_storage::Result;

const PAGE: u64 = 500;

pub(super) async fn sweep(at: &Round<'_>) -> Result<usize> {
    let page = || async { at.store.leads().due_to_cross(at.now(), PAGE).await };
    at.decide_pages(page, |scene, now| {
        let due = scene.lead.crosses_at.is_some_and(|at| at <= now);
        due.then(|| cool_down(scene, at.playbooks, now))
    })
    .await
}
