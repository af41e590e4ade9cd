//! Takes over from senders that died: what they had claimed goes back, what they were sending is unknown. And does with
//! the unknown, in time, what its kind has it.

use super::Round;
use rekindle_storage::Result;

pub(super) async fn sweep(at: &Round<'_>) -> Result<usize> {
    let found = at.sending.recover().await?;
    if found.unknown > 0 {
        tracing::warn!(
            count = found.unknown,
            "a sender died while it was sending: nobody knows whether these mails were taken; `rekindle outbox unknown` lists them"
        );
    }
    Ok(found.put_back + found.unknown + found.settled)
}
