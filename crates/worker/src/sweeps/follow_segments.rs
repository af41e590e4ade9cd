//! Who has come to match the segment that a campaign follows begins it, too.

use super::Round;
use rekindle_core::enrollment::HELD_OUT;
use rekindle_storage::{
    Result,
    campaigns::{ASKED_AT_ONCE, Asked},
};

pub(super) async fn sweep(at: &Round<'_>) -> Result<usize> {
    let campaigns = at.store.campaigns();
    let mut joined = 0;
    for campaign in campaigns.following().await? {
        let playbook = at.playbooks.current();
        let Some(plan) = at.playbooks.of(campaign.version).sequence(&campaign.sequence) else { continue };
        let question = match playbook.question(&campaign.segment) {
            Ok((_, question)) => question,
            Err(why) => {
                tracing::warn!(campaign = %campaign.id, code = why.code(), "nobody joins: its segment cannot be asked any more");
                continue;
            }
        };
        let newcomers = at.store.segments().newcomers(campaign.id, &question, playbook, at.now()).await?;
        for some in newcomers.chunks(ASKED_AT_ONCE) {
            if at.stop.is_cancelled() {
                break;
            }
            let asked = campaigns.ask(plan, at.playbooks, some).await?;
            // Who is out may be in another time. Who is held out is counted in the reports.
            let is_new = |one: &Asked| one.why_out.as_deref().is_none_or(|why| why == HELD_OUT);
            let joining = asked.into_iter().filter(is_new).map(|one| (one.lead.id, one.why_out));
            let joining: Vec<_> = joining.collect();
            if !joining.is_empty() {
                joined += usize::try_from(campaigns.join(campaign.id, &joining).await?).unwrap_or(usize::MAX);
            }
        }
    }
    Ok(joined)
}
