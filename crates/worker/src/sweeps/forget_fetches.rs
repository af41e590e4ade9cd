//! What was fetched of our mails is forgotten once it speaks for and against nobody any more.

use super::Round;
use rekindle_storage::Result;

pub(super) async fn sweep(at: &Round<'_>) -> Result<usize> {
    let gone = at.store.fetches().forget(at.now()).await?;
    Ok(usize::try_from(gone).unwrap_or(usize::MAX))
}
