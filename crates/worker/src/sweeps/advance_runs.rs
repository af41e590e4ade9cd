//! Runs whose time has come take their next steps: a mail is put into the outbox, a wait begins, the run ends.

use super::Round;
use rekindle_core::advance::{Plans, advance};
use rekindle_storage::Result;

const PAGE: u64 = 500;

pub(super) async fn sweep(at: &Round<'_>) -> Result<usize> {
    let decided = at.store.trials().decided().await?;
    let plans = Plans { playbooks: at.playbooks, decided: &decided, zone: at.zone };
    let page = || async { at.store.runs().due(at.now(), PAGE).await };
    at.decide_pages(page, |scene, now| advance(scene, plans, now)).await
}
