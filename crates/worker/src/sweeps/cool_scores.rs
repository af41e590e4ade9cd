//! Hot leads whose points have decayed below the line are counted again.

use super::Round;
use rekindle_core::observe::cool_down;
use rekindle_storage::Result;

const PAGE: u64 = 500;

pub(super) async fn sweep(at: &Round<'_>) -> Result<usize> {
    let mut cooled = 0;
    loop {
        let leads = at.store.leads().due_to_cool_down(at.now(), PAGE).await?;
        let due = |at: Option<rekindle_core::time::Moment>, now| at.is_some_and(|at| at <= now);
        let count = at.decide(&leads, |scene, now| {
            due(scene.lead.cools_at, now).then(|| cool_down(scene, at.playbooks, now))
        });
        match count.await? {
            0 => return Ok(cooled),
            count => cooled += count,
        }
    }
}
