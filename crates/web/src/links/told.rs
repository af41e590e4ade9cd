//! What a lead does on these pages is told to the house; and who they are is not said aloud.

use super::Trouble;
use rekindle_core::{arrival::Arrival, email::EmailAddress, lead::Lead};
use rekindle_storage::Store;

/// Stores it and decides what it changes; durable when this returns.
pub(super) async fn keep(store: &Store, group: &[Arrival]) -> Result<(), Trouble> {
    let playbooks = store.playbooks().await?;
    store.leads().observe(group, &playbooks).await?;
    Ok(())
}

/// The address of a lead, so that its owner knows it and nobody else learns it; of one that is not known (any more), words.
pub(super) fn masked_email(lead: Option<&Lead>) -> String {
    lead.and_then(|lead| lead.email.as_ref()).map_or_else(|| "your address".to_owned(), masked)
}

fn masked(email: &EmailAddress) -> String {
    let first = email.as_str().chars().next().unwrap_or('•');
    format!("{first}•••@{}", email.domain())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_known_to_its_owner_only() {
        let masked = |text: &str| masked(&EmailAddress::parse(text).unwrap());
        assert_eq!(masked("kim.lee@acme.test"), "k•••@acme.test");
        assert_eq!(masked("k@acme.test"), "k•••@acme.test");
    }
}
