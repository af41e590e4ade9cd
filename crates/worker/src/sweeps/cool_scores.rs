//! Hot leads whose points have decayed below the line are counted again.

use super::Round;
use rekindle_core::observe::cool_down;
use rekindle_storage::Result;

const PAGE: u64 = 500;

pub(super) async fn sweep(at: &Round<'_>) -> Result<usize> {
    let page = || async { at.store.leads().due_to_cool_down(at.now(), PAGE).await };
    at.decide_pages(page, |scene, now| {
        let due = scene.lead.cools_at.is_some_and(|at| at <= now);
        due.then(|| cool_down(scene, at.playbooks, now))
    })
    .await
}
