//! Leads that were counted by rules of before are counted by those in force: after a new playbook, and after an upgrade of
//! the program that keeps more of them.

use super::Round;
use rekindle_core::rescore::recount;
use rekindle_storage::Result;

const PAGE: u64 = 500;

pub(super) async fn sweep(at: &Round<'_>) -> Result<usize> {
    let page = || async { at.store.segments().outdated(at.playbooks.current(), PAGE).await };
    at.decide_pages(page, |scene, now| Some(recount(scene, at.playbooks, now))).await
}
