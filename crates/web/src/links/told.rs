//! What a lead does on these pages, as something told to the house; and who they are, not said aloud.

use super::Trouble;
use rekindle_core::{
    activity::{Kind, Trust, names},
    arrival::{Arrival, Who},
    delivery::Delivery,
    email::EmailAddress,
    time::Moment,
};
use rekindle_storage::Store;
use serde_json::{Map, Value, json};

/// Something that a lead did behind a link of a mail. `id` makes it one thing, however often it is done.
pub(super) fn told(
    delivery: &Delivery,
    name: &str,
    id: String,
    more: impl IntoIterator<Item = (&'static str, Value)>,
    at: Moment,
) -> Arrival {
    let mut properties = Map::from_iter([
        ("mail".to_owned(), json!(delivery.mail)),
        ("delivery".to_owned(), json!(delivery.id.to_string())),
    ]);
    properties.extend(more.into_iter().map(|(key, value)| (key.to_owned(), value)));
    Arrival {
        source: "mail".to_owned(),
        message_id: id,
        // Nothing but the id says what was done, so a repetition is never another thing.
        fingerprint: 0,
        who: Who { lead: Some(delivery.lead), ..Who::default() },
        kind: Kind::Mail,
        name: name.to_owned(),
        path: None,
        at,
        properties,
        human: true,
        trust: Trust::Server,
        basis: None,
    }
}

/// The wish to get no more mail.
pub(super) fn unsubscribed(delivery: &Delivery, at: Moment) -> Arrival {
    told(delivery, names::UNSUBSCRIBED, format!("unsubscribe:{}", delivery.id), [], at)
}

/// Stores it and decides what it changes; durable when this returns.
pub(super) async fn keep(store: &Store, group: &[Arrival]) -> Result<(), Trouble> {
    let playbooks = store.playbooks().await?;
    store.leads().observe(group, &playbooks).await?;
    Ok(())
}

/// The address of whom a delivery went to, so that its owner knows it and nobody else learns it.
pub(super) async fn masked_email(store: &Store, delivery: &Delivery) -> Result<String, Trouble> {
    let leads = store.leads().by_ids(&[delivery.lead]).await?;
    let email = leads.into_iter().next().and_then(|lead| lead.email);
    Ok(email.as_ref().map_or_else(nobody, masked))
}

/// How an address is called that is not known any more.
pub(super) fn nobody() -> String {
    "your address".to_owned()
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
