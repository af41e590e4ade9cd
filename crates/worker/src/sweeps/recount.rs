//! Leads that were counted by rules of before are counted by those in force: after a new playbook, and after an upgrade of
//! the program that keeps more of them.
//!
//! Nobody waits for it, and a million leads take minutes. So it rests as long as it worked: the machine is for those who come.

use super::Round;
use rekindle_core::rescore::recount;
use rekindle_storage::Result;

const PAGE: u64 = 500;

/// How many pages are counted before the other sweeps have their turn.
const A_TURN: usize = 4;

pub(super) async fn sweep(at: &Round<'_>) -> Result<usize> {
    let clock = at.store.clock();
    let mut counted = 0;
    for _ in 0..A_TURN {
        let began = clock.stopwatch();
        let leads = at.store.segments().outdated(at.playbooks.current(), PAGE).await?;
        match at.decide(&leads, &|scene: &_, now| Some(recount(scene, at.playbooks, now))).await? {
            0 => break,
            count => counted += count,
        }
        let rest = tokio::time::sleep(clock.stopwatch().saturating_sub(began));
        if at.stop.run_until_cancelled(rest).await.is_none() {
            break;
        }
    }
    Ok(counted)
}
