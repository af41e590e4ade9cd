//! All leads that may be written to are predicted anew where they did something, page by page.

use super::Round;
use crate::learning::Predicting;
use rekindle_storage::Result;

const PAGE: u64 = 500;

pub(super) async fn sweep(at: &Round<'_>) -> Result<usize> {
    let Some(model) = at.store.models().in_force().await? else { return Ok(0) };
    let Some(predicting) = Predicting::with(at.store, model.version).await? else { return Ok(0) };
    let mut after = None;
    let mut count = 0;
    while !at.stop.is_cancelled() {
        let page = at.store.predictions().due(predicting.version, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(*last);
        count += predicting.page(at.store, &page).await?;
    }
    Ok(count)
}
