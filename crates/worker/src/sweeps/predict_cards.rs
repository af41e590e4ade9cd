//! Leads whose card the team sees are predicted as soon as they did something.

use super::Round;
use crate::learning::Predicting;
use rekindle_storage::Result;
use std::collections::HashSet;

const PAGE: u64 = 200;

pub(super) async fn sweep(at: &Round<'_>) -> Result<usize> {
    let Some(model) = at.store.models().in_force().await? else { return Ok(0) };
    let mut looked_at = HashSet::new();
    let mut predicting = None;
    let mut count = 0;
    while !at.stop.is_cancelled() {
        let mut due = at.store.predictions().due_on_cards(model.version, PAGE).await?;
        due.retain(|lead| looked_at.insert(*lead));
        if due.is_empty() {
            break;
        }
        if predicting.is_none() {
            predicting = Predicting::with(at.store, model.version).await?;
        }
        let Some(predicting) = &predicting else { break };
        count += predicting.page(at.store, &due).await?;
    }
    Ok(count)
}
