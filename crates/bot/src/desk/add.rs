//! A lead that a rep has met somewhere: added by hand, through the same way in as every other.

use super::{Desk, Done};
use crate::{reply::Reply, wording::clean};
use rekindle_core::{
    activity::{Activity, Kind, Trust, names},
    arrival::{Arrival, Received, Who},
    email::EmailAddress,
    ids::LeadId,
    refusal::Refusal,
    team::Member,
};
use rekindle_storage::{Result, StoreError};
use serde_json::{Map, json};

/// What the activity says it came from.
const SOURCE: &str = "team";

impl Desk {
    /// The lead that a member is themselves, for mails that they send to themselves: added where there is none. Nothing is assumed
    /// of their consent.
    pub(super) async fn lead_of(&self, member: &Member, email: &EmailAddress) -> Result<LeadId> {
        match self.store.leads().named(email.as_str()).await {
            Ok(known) => return Ok(known.id),
            Err(StoreError::Refused(Refusal::Unknown { .. })) => {}
            Err(error) => return Err(error),
        }
        self.add_lead(email.as_str(), Some(&member.name)).await?;
        Ok(self.store.leads().named(email.as_str()).await?.id)
    }

    /// Adds a lead. Nothing is assumed of consent: whoever is added by hand is written to only once they agree.
    pub(super) async fn add_lead(&self, address: &str, name: Option<&str>) -> Result<Done> {
        let email = super::forms::address(address)?;
        match self.store.leads().named(email.as_str()).await {
            Ok(known) => {
                let text = format!(
                    "{} is here already; `/lead show {email}` tells more.",
                    clean(known.called(), 80)
                );
                let reply = Reply { ok: false, code: Some("known_lead"), ..Reply::done(text) };
                return Ok(Done { reply, lead: Some(known.id), audited: false });
            }
            Err(StoreError::Refused(Refusal::Unknown { .. })) => {}
            Err(error) => return Err(error),
        }
        let mut properties = Map::from_iter([("email".to_owned(), json!(email.as_str()))]);
        if let Some(name) = name.map(|name| clean(name, 120)).filter(|name| !name.is_empty()) {
            properties.insert("name".to_owned(), json!(name));
        }
        let arrival = Arrival {
            source: SOURCE.to_owned(),
            message_id: format!("add:{}", email.canonical()),
            // Two who add the same address at once mean the same lead, whatever they call it.
            fingerprint: 0,
            who: Who { email: Some(email.clone()), ..Who::default() },
            kind: Kind::Import,
            name: names::IMPORTED.to_owned(),
            path: None,
            at: self.store.clock().calendar(),
            properties,
            human: Activity::is_human(Kind::Import, names::IMPORTED),
            trust: Trust::Server,
            basis: None,
        };
        let playbooks = self.store.load_playbooks().await?;
        let received = self.store.leads().observe(&[arrival], &playbooks).await?;
        if let Some(Received::Refused(why)) = received.first() {
            let text = format!("This lead could not be added: {why}.");
            return Err(Refusal::Not { code: "cannot_add", text }.into());
        }
        let lead = self.store.leads().named(email.as_str()).await?;
        let text = format!(
            "{} is added. Nobody writes to them until they agree; `/lead claim {email}` makes them yours.",
            clean(lead.called(), 80)
        );
        Ok(Done { reply: Reply::done(text), lead: Some(lead.id), audited: false })
    }
}
