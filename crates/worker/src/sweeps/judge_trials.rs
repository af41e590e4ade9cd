//! Subjects and ways that are tried: the better one is declared as soon as that can be said, and told in chat.

use super::Round;
use rekindle_core::{
    sequence::Sequence,
    trial::{Stand, Trial, said, stand},
};
use rekindle_storage::Result;
use std::collections::BTreeMap;

pub(super) async fn sweep(at: &Round<'_>) -> Result<usize> {
    let decided = at.store.trials().decided().await?;
    let sequences = at.playbooks.all().flat_map(|playbook| playbook.sequences.values());
    let typed = at.store.campaigns().trying().await?;
    let typed = typed.iter().filter_map(|campaign| {
        let plan = at.playbooks.of(campaign.version).sequence(&campaign.sequence)?;
        campaign.trial(plan)
    });
    let trials: BTreeMap<String, Trial> =
        sequences.flat_map(Sequence::trials).chain(typed).map(|trial| (trial.key.clone(), trial)).collect();
    let mut count = 0;
    for trial in trials.values() {
        let Some(winner) = trial.winner.filter(|_| !decided.0.contains_key(&trial.key)) else { continue };
        let tried = at.store.trials().tried(trial, winner.by, winner.after.delta(), at.now()).await?;
        if let Stand::Won(won) = stand(&tried, &winner) {
            let words = said(trial, &tried, Stand::Won(won));
            count += usize::from(at.store.trials().decide(trial, won, &words).await?);
        }
    }
    Ok(count)
}
