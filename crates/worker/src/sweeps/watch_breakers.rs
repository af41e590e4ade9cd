//! What the mails of late did to our name is looked at, and mail held or let go on (mail-rules S4).

use super::Round;
use rekindle_storage::Result;

pub(super) async fn sweep(at: &Round<'_>) -> Result<usize> {
    at.store.watch_breakers().await
}
