//! What came back of mails: each thing counts once, whoever tells it, and how often.
//!
//! Promise: a report and all that it changes are one transaction. Whoever reports may do so again, and must, until it was taken.

use crate::{
    Result, Store, mint,
    rows::{activity, add, delivery, micros, moment, put, small},
    transaction::again,
};
use chrono::TimeDelta;
use rekindle_core::{
    delivery::Event,
    heard::{Hearing, Report, SoftBounce, hear},
    ids::{ActivityId, DeliveryId, LeadId},
    playbook::Playbooks,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};

/// How far a mailbox was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    /// The count in which `next` is meant (UIDVALIDITY): in another, nothing was read yet.
    pub validity: u32,
    /// The number of the first message that was not looked at.
    pub next: u32,
}

impl Store {
    /// How far a mailbox was read; `None` before it was opened first.
    ///
    /// # Errors
    /// As the database says.
    pub async fn read_to(&self, mailbox: &str) -> Result<Option<Read>> {
        let row = small::setting::Entity::find_by_id(format!("read:{mailbox}")).one(&self.db).await?;
        Ok(row.and_then(|row| serde_json::from_value(row.value).ok()))
    }

    /// Says how far a mailbox was read.
    ///
    /// # Errors
    /// As the database says.
    pub async fn set_read_to(&self, mailbox: &str, read: Read) -> Result<()> {
        let value = serde_json::to_value(read).unwrap_or_default();
        let row = || small::setting::Model { name: format!("read:{mailbox}"), value: value.clone() };
        again!(async {
            let tx = self.begin().await?;
            put::<small::setting::Entity, _>(&*tx, vec![row()]).await?;
            self.commit(tx, false).await
        })
    }

    /// Takes in what came back of a mail, and decides what it changes; a run for which a machine answered waits so much
    /// longer (`put_off`). True when it changed something: not when it was heard before, says nothing that counts, or when
    /// mail or lead are gone.
    ///
    /// # Errors
    /// As the database says: then nothing was taken, and it must be reported again.
    pub async fn hear(&self, report: &Report, playbooks: &Playbooks, put_off: TimeDelta) -> Result<bool> {
        again!(self.hear_once(report, playbooks, put_off))
    }

    async fn hear_once(&self, report: &Report, playbooks: &Playbooks, put_off: TimeDelta) -> Result<bool> {
        let now = self.clock.calendar();
        let tx = self.begin().await?;
        let Some(mail) = delivery::Entity::find_by_id(report.mail.0).one(&*tx).await? else {
            return Ok(false);
        };
        let lead = LeadId(mail.lead_id);
        // Told of every mail by some providers: nothing is locked for what is known to have arrived.
        if report.word.is_arrival() && mail.delivery()?.state.after(Event::Accepted).is_none() {
            return Ok(false);
        }
        // The lock on the lead orders reports of its mails one behind the other.
        let mut scenes = self.scenes(&tx, &[lead], playbooks).await?;
        let Some(scene) = scenes.get_mut(&lead) else { return Ok(false) };
        let Some(heard) = report.word.clone().counts(scene.lead.email.as_ref()) else { return Ok(false) };
        if let Some(key) = heard.key() {
            if small::heard::Entity::find_by_id((report.mail.0, key.clone())).one(&*tx).await?.is_some() {
                return Ok(false);
            }
            let kind = heard.kind().to_owned();
            let row = small::heard::Model {
                delivery_id: report.mail.0,
                key,
                kind,
                lead_id: lead.0,
                at: micros(now),
            };
            add::<small::heard::Entity, _>(&*tx, vec![row]).await?;
        }
        // As it stands behind the lock.
        let Some(mail) = delivery::Entity::find_by_id(report.mail.0).one(&*tx).await? else {
            return Ok(false);
        };
        let mail = mail.delivery()?;
        let soft = small::heard::Entity::find()
            .filter(small::heard::Column::LeadId.eq(lead.0))
            .filter(small::heard::Column::Kind.eq("soft"))
            .all(&*tx)
            .await?;
        let bounce =
            |row: small::heard::Model| SoftBounce { mail: DeliveryId(row.delivery_id), at: moment(row.at) };
        let soft: Vec<SoftBounce> = soft.into_iter().map(bounce).collect();
        let did = heard.deed(ActivityId(mint::id()), &mail, now);
        if let Some(did) = &did {
            add::<activity::Entity, _>(&*tx, vec![activity::Model::of(did, lead, 0, now)]).await?;
            if playbooks.current().deeds.look_at(did) {
                scene.history.push(did.clone());
            }
        }
        let hearing = Hearing { mail: &mail, soft: &soft, did: did.as_ref(), put_off };
        let change = hear(scene, &heard, &hearing, playbooks, now);
        if change == scene.unchanged() && heard.key().is_none() {
            return Ok(false);
        }
        self.write(&tx, vec![(change, scene)], playbooks, now).await?;
        self.commit(tx, true).await?;
        Ok(true)
    }
}
