//! Leads that were counted by rules of before are counted by those in force: after a new playbook, and after an upgrade of
//! the program that keeps more of them.

use super::Round;
use rekindle_core::rescore::recount;
use rekindle_storage::Result;

const PAGE: u64 = 500;

/// How many pages are counted before the others have their turn: a million leads take their time, and nobody waits for it.
const A_TURN: usize = 8;

pub(super) async fn sweep(at: &Round<'_>) -> Result<usize> {
    let mut counted = 0;
    for _ in 0..A_TURN {
        let leads = at.store.segments().outdated(at.playbooks.current(), PAGE).await?;
        match at.decide(&leads, &|scene: &_, now| Some(recount(scene, at.playbooks, now))).await? {
            0 => break,
            count => counted += count,
        }
        if at.stop.is_cancelled() {
            break;
        }
    }
    Ok(counted)
}
