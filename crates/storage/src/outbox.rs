//! The outbox: mail leaves at most once.
//!
//! Promise: a delivery is unique on (run, step, cycle) and is enqueued in the transaction that makes
//! the run await it; its intent is committed before the final dot; and one whose fate is unknown is
//! shown to a person, never sent again by itself. The states and moves are
//! [`rekindle_core::delivery`]'s; every move here is one compare-and-set on (id, state, generation,
//! owner). Correctness rests on the generation, never on a lease's time.

mod gate;
mod look;
mod recover;
mod sender;
mod settle;

pub use gate::{Passage, Rules};
pub use look::Waiting;
pub use recover::Recovered;
pub use sender::Sender;
pub use settle::Fate;

use crate::{
    Result, Store,
    rows::{delivery, lead, micros, moment},
    transaction::again,
};
use rekindle_core::{
    delivery::Delivery,
    ids::{DeliveryId, EnrollmentId, LeadId},
    lead::Lead,
    time::Moment,
};
use sea_orm::{
    ColumnTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, prelude::Uuid,
};
use std::collections::HashMap;

/// The outbox.
#[derive(Debug, Clone, Copy)]
pub struct Outbox<'a>(pub(crate) &'a Store);

impl Store {
    /// The outbox.
    pub fn outbox(&self) -> Outbox<'_> {
        Outbox(self)
    }
}

/// What a session holds while it sends a delivery: proof of which claim it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// Which delivery.
    pub id: DeliveryId,
    /// Of which claim.
    pub generation: i64,
    /// To whom.
    pub lead: LeadId,
    /// For which run.
    pub enrollment: Option<EnrollmentId>,
    /// How often it was tried, with this time.
    pub attempt: i32,
}

/// A delivery that was claimed, with what rendering it needs.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// The delivery.
    pub delivery: Delivery,
    /// To whom.
    pub lead: Lead,
    /// The plan it stands in, and the version of it.
    pub plan: Option<(String, i64)>,
    /// Its bytes, where it was rendered before.
    pub frozen: Option<Frozen>,
}

impl Claimed {
    /// The proof of this claim.
    pub fn ticket(&self) -> Ticket {
        Ticket {
            id: self.delivery.id,
            generation: self.delivery.generation,
            lead: self.delivery.lead,
            enrollment: self.delivery.enrollment,
            attempt: self.delivery.attempt,
        }
    }
}

/// A mail, rendered once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frozen {
    /// The address it goes to.
    pub recipient: String,
    /// The message.
    pub bytes: Vec<u8>,
}

#[derive(FromQueryResult)]
struct Plan {
    id: Uuid,
    sequence: String,
    version: i64,
}

impl Outbox<'_> {
    /// Claims what is due, the longest due first (index `ix_delivery_due`).
    ///
    /// # Errors
    /// As the database says.
    pub async fn claim(&self, sender: &Sender, most: u64) -> Result<Vec<Claimed>> {
        let rows = again!(self.claim_once(sender, most))?;
        let mut deliveries = rows.into_iter().map(delivery::Model::delivery).collect::<Result<Vec<_>>>()?;
        deliveries.sort_by_key(|d| (d.not_before, d.id));
        self.dress(deliveries).await
    }

    async fn claim_once(&self, sender: &Sender, most: u64) -> Result<Vec<delivery::Model>> {
        let now = micros(self.0.clock.calendar());
        let tx = self.0.begin().await?;
        let due = "SELECT id FROM delivery WHERE state = 'pending' AND not_before <= ? ORDER BY not_before, id LIMIT ?";
        let set =
            "state = 'claimed', generation = generation + 1, attempt = attempt + 1, owner = ?, moved_at = ?";
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let (text, values) = match self.0.db.get_database_backend() {
            // A subquery with LIMIT in IN (…) may be run twice by the planner; a CTE is run once.
            DbBackend::Postgres => (
                format!(
                    "WITH due AS MATERIALIZED ({due} FOR UPDATE SKIP LOCKED) UPDATE delivery d SET {set} FROM due WHERE d.id = due.id RETURNING d.*"
                ),
                vec![now.into(), most.into(), sender.id().into(), now.into()],
            ),
            _ => (
                format!("UPDATE delivery SET {set} WHERE id IN ({due}) RETURNING *"),
                vec![sender.id().into(), now.into(), now.into(), most.into()],
            ),
        };
        let rows = delivery::Model::find_by_statement(self.0.sql(&text, values)).all(&*tx).await?;
        self.0.commit(tx, false).await?;
        Ok(rows)
    }

    /// Adds lead, plan and frozen bytes.
    async fn dress(&self, deliveries: Vec<Delivery>) -> Result<Vec<Claimed>> {
        let db = &self.0.db;
        let mut leads: HashMap<LeadId, Lead> = HashMap::new();
        let mut plans: HashMap<Uuid, (String, i64)> = HashMap::new();
        let mut frozen: HashMap<Uuid, Frozen> = HashMap::new();
        for chunk in deliveries.chunks(500) {
            let wanted = chunk.iter().map(|d| d.lead.0);
            for row in lead::Entity::find().filter(lead::Column::Id.is_in(wanted)).all(db).await? {
                let lead = row.lead()?;
                leads.insert(lead.id, lead);
            }
            let runs: Vec<sea_orm::Value> =
                chunk.iter().filter_map(|d| Some(d.enrollment?.0.into())).collect();
            if !runs.is_empty() {
                let list = crate::transaction::list_of(runs.len());
                let text = format!("SELECT id, sequence, version FROM enrollment WHERE id IN ({list})");
                for plan in Plan::find_by_statement(self.0.sql(&text, runs)).all(db).await? {
                    plans.insert(plan.id, (plan.sequence, plan.version));
                }
            }
            // Only what was tried before can have been rendered before.
            let tried: Vec<Uuid> = chunk.iter().filter(|d| d.attempt > 1).map(|d| d.id.0).collect();
            if !tried.is_empty() {
                let rows = delivery::frozen::Entity::find()
                    .filter(delivery::frozen::Column::DeliveryId.is_in(tried))
                    .all(db)
                    .await?;
                for row in rows {
                    frozen.insert(row.delivery_id, Frozen { recipient: row.recipient, bytes: row.bytes });
                }
            }
        }
        let dressed = deliveries.into_iter().filter_map(|delivery| {
            Some(Claimed {
                lead: leads.get(&delivery.lead)?.clone(),
                plan: delivery.enrollment.and_then(|run| plans.get(&run.0).cloned()),
                frozen: frozen.remove(&delivery.id.0),
                delivery,
            })
        });
        Ok(dressed.collect())
    }

    /// Keeps the bytes of mails that were rendered now, so that a retry's are the same.
    ///
    /// # Errors
    /// As the database says.
    pub async fn freeze(&self, mails: &[(DeliveryId, Frozen)]) -> Result<()> {
        if mails.is_empty() {
            return Ok(());
        }
        let rows: Vec<delivery::frozen::Model> = mails
            .iter()
            .map(|(id, frozen)| delivery::frozen::Model {
                delivery_id: id.0,
                recipient: frozen.recipient.clone(),
                bytes: frozen.bytes.clone(),
            })
            .collect();
        let tx = self.0.begin().await?;
        crate::rows::put::<delivery::frozen::Entity, _>(&*tx, rows).await?;
        self.0.commit(tx, false).await
    }

    /// When the next delivery is due.
    ///
    /// # Errors
    /// As the database says.
    pub async fn next_due(&self) -> Result<Option<Moment>> {
        let row: Option<i64> = delivery::Entity::find()
            .select_only()
            .column(delivery::Column::NotBefore)
            .filter(delivery::Column::State.eq("pending"))
            .order_by_asc(delivery::Column::NotBefore)
            .limit(1)
            .into_tuple()
            .one(&self.0.db)
            .await?;
        Ok(row.map(moment))
    }
}
