//! An arrival: one thing told to the house, before it is known whose it is.
//!
//! Every door that lets activities in (calls, imports, links of mails) makes these, and
//! `storage` finds or makes the lead, drops what it has already, and calls [`crate::observe`].

use crate::{
    activity::{Kind, Trust, names},
    consent::ConsentState,
    delivery::Delivery,
    email::EmailAddress,
    ids::LeadId,
    lead::Lead,
    time::Moment,
};
use serde_json::{Map, Value, json};

/// Who a thing is about: what the sender calls the lead.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Who {
    /// The lead itself, where the house knows already (links of its own mails).
    pub lead: Option<LeadId>,
    /// The sender's id of a known person.
    pub user_id: Option<String>,
    /// The id of a browser or device.
    pub anonymous_id: Option<String>,
    /// The address, where the sender told it (traits of an `identify`, an import).
    pub email: Option<EmailAddress>,
    /// An id that is the same person: `previousId` of an `alias`.
    pub previous_id: Option<String>,
}

impl Who {
    /// Whether anything is told at all.
    pub fn is_nobody(&self) -> bool {
        self.lead.is_none() && self.user_id.is_none() && self.anonymous_id.is_none() && self.email.is_none()
    }
}

/// One thing told to the house.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrival {
    /// The write key's name, `mail` or `import`.
    pub source: String,
    /// The sender's id of it, unique within the source.
    pub message_id: String,
    /// Fingerprint of the payload: the same id with another payload is not the same thing.
    pub fingerprint: i64,
    /// About whom.
    pub who: Who,
    /// The kind of call.
    pub kind: Kind,
    /// The event's name, or one of [`crate::activity::names`].
    pub name: String,
    /// The page's path, for pages and for tracks that name one.
    pub path: Option<String>,
    /// When it happened (calendar), corrected for the sender's clock.
    pub at: Moment,
    /// Properties of a track, page or screen; traits of an identify or group.
    pub properties: Map<String, Value>,
    /// Whether a person surely did it.
    pub human: bool,
    /// Whether anybody could have sent it. A server's word may join two leads into one, a browser's
    /// may only give a name to a visitor.
    pub trust: Trust,
    /// The basis of consent that the sender's key stands for.
    pub basis: Option<String>,
}

/// Something that a lead did behind a link of a mail. `id` makes it one thing, however often it is done.
pub fn in_mail(
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

/// The wish to get no more mail: one thing for each yes that it takes back, so that who agreed again can stop again
/// with the same mail.
pub fn unsubscribed(delivery: &Delivery, lead: &Lead, at: Moment) -> Arrival {
    let mut id = format!("unsubscribe:{}", delivery.id);
    if let (ConsentState::Subscribed, Some(since)) = (lead.consent.state, lead.consent.at) {
        id.push_str(&format!(":{}", since.timestamp_micros()));
    }
    in_mail(delivery, names::UNSUBSCRIBED, id, [], at)
}

/// What became of an arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// It is stored, and this is whose it is.
    Stored(LeadId),
    /// It was stored before.
    Duplicate,
    /// Its id was used before for something else; the first wins, this one is kept in quarantine.
    Conflict,
    /// The database cannot keep it, for this reason; it is in quarantine already.
    Refused(String),
}

/// An item that was refused, kept with the reason.
#[derive(Debug, Clone, PartialEq)]
pub struct Quarantined {
    /// The write key's name.
    pub source: String,
    /// The sender's id, where there was one.
    pub message_id: Option<String>,
    /// For scripts: "no_id", "no_event", "too_large", "bad_type", "nul", "conflict", …
    pub code: String,
    /// In words.
    pub reason: String,
    /// What came, as far as it can be kept.
    pub payload: String,
    /// When (wall).
    pub at: Moment,
}
