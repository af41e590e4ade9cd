//! Who has come to match the segment that a campaign follows begins it, too.

use super::Round;
use rekindle_storage::{Result, campaigns::Asking};

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
        let asking = Asking { question: &question, plan, playbooks: at.playbooks };
        let mut after = None;
        while !at.stop.is_cancelled()
            && let Some((asked, last)) = campaigns.ask(asking, after).await?
        {
            after = Some(last);
            let ids: Vec<_> = asked.iter().map(|one| one.lead.id).collect();
            let known = campaigns.those_in(campaign.id, &ids).await?;
            // Who is out may be in another time; only who is in is new.
            let newcomers = asked
                .into_iter()
                .filter(|one| one.why_out.is_none() && !known.contains(&one.lead.id))
                .map(|one| (one.lead.id, None));
            let newcomers: Vec<_> = newcomers.collect();
            if !newcomers.is_empty() {
                joined +=
                    usize::try_from(campaigns.join(campaign.id, &newcomers).await?).unwrap_or(usize::MAX);
            }
        }
    }
    Ok(joined)
}
