//! Leads that have been quiet for as long as the sunset policy says go cold, and begin its sequence; cold ones that no
//! run tries to win back any more are archived.

use super::Round;
use rekindle_core::sunset::Cadence;
use rekindle_storage::Result;

const PAGE: u64 = 500;

pub(super) async fn sweep(at: &Round<'_>) -> Result<usize> {
    let playbook = at.playbooks.current();
    let (sunset, version) = (&playbook.sunset, at.playbooks.version());
    let Some(plan) = playbook.sequence(&sunset.enroll) else { return Ok(0) };
    let quiet_before = sunset.quiet_before(at.now());
    let mut cooled = 0;
    let mut after = None;
    while !at.stop.is_cancelled() {
        let page = at.store.leads().due_to_cool(quiet_before, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(*last);
        let leads: Vec<_> = page.iter().map(|(_, id)| *id).collect();
        let mails = at.store.leads().mails_since(&leads, at.now() - Cadence::LOOKS_BACK).await?;
        // A run may have begun since the page was read.
        let count = at.decide(&leads, |scene, now| match scene.runs.is_empty() {
            true => {
                let cadence = Cadence::of(mails.get(&scene.lead.id).copied().unwrap_or_default());
                scene.lead.cool(sunset, plan, version, scene.suppressed, cadence, now)
            }
            false => None,
        });
        cooled += count.await?;
    }
    let over = || async { at.store.leads().cold_without_run(PAGE).await };
    let archived =
        at.decide_pages(over, |scene, now| scene.lead.stay_cold_no_longer(!scene.runs.is_empty(), now));
    Ok(cooled + archived.await?)
}
