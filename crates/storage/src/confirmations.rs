//! Double opt-in: who filled in a form is asked by mail whether it was them, rarely; and only their answer is consent.

use crate::{
    Result, Store, mint,
    rows::{self, delivery, lead, micros, moment, small},
    transaction::{Writing, again},
};
use chrono::TimeDelta;
use rekindle_core::{
    activity::names,
    arrival::in_mail,
    form::{CONFIRM, Form, may_ask},
    ids::{DeliveryId, LeadId},
    link::Purpose,
    time::Moment,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QuerySelect, sea_query::LockType,
};
use serde_json::json;

/// How long a confirmation may wait for its relay.
const WORTH_SENDING: TimeDelta = TimeDelta::hours(72);

/// Confirmations.
#[derive(Debug, Clone, Copy)]
pub struct Confirmations<'a>(&'a Store);

impl Store {
    /// Confirmations.
    pub fn confirmations(&self) -> Confirmations<'_> {
        Confirmations(self)
    }
}

/// Whence somebody speaks, as proof.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Whence {
    /// The address of the network.
    pub ip: Option<String>,
    /// The browser.
    pub user_agent: Option<String>,
}

/// A confirmation that a mail asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    /// The form that was filled in.
    pub form: String,
    /// The version of its wording.
    pub wording: String,
    /// Whether it was given.
    pub confirmed: bool,
}

impl Confirmations<'_> {
    /// Puts the mail that asks back into the outbox, unless this address was asked too often, or is dead, or has
    /// reported us. False when nothing is sent; whoever filled in the form learns neither.
    ///
    /// # Errors
    /// As the database says.
    pub async fn ask(&self, of: LeadId, form: &Form, whence: &Whence) -> Result<bool> {
        again!(self.ask_once(of, form, whence))
    }

    async fn ask_once(&self, of: LeadId, form: &Form, whence: &Whence) -> Result<bool> {
        let store = self.0;
        let now = store.clock.calendar();
        let tx = store.begin().await?;
        let row = lead::Entity::find_by_id(of.0).lock(LockType::Update).one(&*tx).await?;
        let Some(address_hash) = row.and_then(|row| row.address_hash) else { return Ok(false) };
        if !self.may_ask(&tx, &address_hash, now).await? {
            return Ok(false);
        }
        let id = DeliveryId(mint::id());
        let mail = delivery::Model {
            id: id.0,
            lead_id: of.0,
            enrollment_id: None,
            campaign_id: None,
            step: 0,
            mail: CONFIRM.to_owned(),
            dedupe_key: format!("confirm:{id}"),
            message_id: store.ring.small_token(Purpose::MessageId, id.0),
            kind: "confirmation".to_owned(),
            state: "pending".to_owned(),
            generation: 0,
            owner: None,
            attempt: 0,
            not_before: micros(now),
            expires_at: micros(now + WORTH_SENDING),
            created_at: micros(now),
            moved_at: micros(now),
            committed_at: None,
            answer: None,
            reason: None,
            variant: None,
        };
        let asked = small::confirmation::Model {
            delivery_id: id.0,
            address_hash,
            form: form.name.clone(),
            title: form.title.clone(),
            wording: form.version.clone(),
            ip: whence.ip.clone(),
            user_agent: whence.user_agent.clone(),
            asked_at: micros(now),
            confirmed_at: None,
        };
        rows::add::<delivery::Entity, _>(&*tx, vec![mail]).await?;
        rows::add::<small::confirmation::Entity, _>(&*tx, vec![asked]).await?;
        store.commit(tx, true).await?;
        Ok(true)
    }

    async fn may_ask(&self, tx: &Writing, address_hash: &str, now: Moment) -> Result<bool> {
        if self.0.db.get_database_backend() == DbBackend::Postgres {
            // Two leads may have one mailbox: their forms are counted one after another.
            let text = "SELECT pg_advisory_xact_lock(hashtextextended(?, 0))";
            tx.execute_raw(self.0.sql(text, vec![address_hash.into()])).await?;
        }
        let suppressed = small::suppression::Entity::find_by_id(address_hash).one(&**tx).await?;
        if suppressed
            .is_some_and(|row| rekindle_core::delivery::MailKind::Confirmation.is_stopped_by(&row.reason))
        {
            return Ok(false);
        }
        let asked: Vec<i64> = small::confirmation::Entity::find()
            .select_only()
            .column(small::confirmation::Column::AskedAt)
            .filter(small::confirmation::Column::AddressHash.eq(address_hash))
            .into_tuple()
            .all(&**tx)
            .await?;
        Ok(may_ask(&asked.into_iter().map(moment).collect::<Vec<_>>(), now))
    }

    /// What a mail asks to be confirmed.
    ///
    /// # Errors
    /// As the database says.
    pub async fn asked(&self, delivery: DeliveryId) -> Result<Option<Confirmation>> {
        let row = small::confirmation::Entity::find_by_id(delivery.0).one(&self.0.db).await?;
        Ok(row.map(|row| Confirmation {
            form: row.title,
            wording: row.wording,
            confirmed: row.confirmed_at.is_some(),
        }))
    }

    /// Whoever reads the mailbox says yes: the consent is on record when this returns. False when no such mail was sent.
    ///
    /// # Errors
    /// As the database says.
    pub async fn confirm(&self, delivery: DeliveryId, whence: &Whence) -> Result<bool> {
        let store = self.0;
        let now = store.clock.calendar();
        let row = small::confirmation::Entity::find_by_id(delivery.0).one(&store.db).await?;
        let (Some(mut row), Some(delivery)) = (row, store.links().delivery(delivery).await?) else {
            return Ok(false);
        };
        let more = [
            ("form", json!(row.form)),
            ("title", json!(row.title)),
            ("wording", json!(row.wording)),
            ("ip", json!(whence.ip)),
            ("userAgent", json!(whence.user_agent)),
        ];
        let yes = in_mail(&delivery, names::CONFIRMED, format!("confirm:{}", delivery.id), more, now);
        let playbooks = store.playbooks().await?;
        store.leads().observe(&[yes], &playbooks).await?;
        if row.confirmed_at.is_none() {
            row.confirmed_at = Some(micros(now));
            let tx = store.begin().await?;
            rows::put::<small::confirmation::Entity, _>(&*tx, vec![row]).await?;
            store.commit(tx, false).await?;
        }
        Ok(true)
    }
}
