//! The outbox: mail leaves at most once.
//!
//! Promise: a delivery is unique on (run, step, cycle) and is enqueued in the transaction that makes
//! the run await it; its intent is committed before the final dot; and one whose fate is unknown is
//! shown to a person, never sent again by itself. The states and moves are
//! [`rekindle_core::delivery`]'s; every move here is one compare-and-set on (id, state, generation,
//! owner). Correctness rests on the generation, never on a lease's time.
//!
//! Where a delivery is found by its id, its owner is asked as `(owner = ?) IS TRUE`: the index on owners holds all that was
//! open a moment ago, and PostgreSQL, which believes that hardly anything is, would read all of it for each mail.

mod admit;
mod asked;
mod claim;
mod gate;
mod look;
mod recover;
mod rivals;
mod sender;
pub(crate) mod settle;
mod test;

pub use claim::{Claimed, Frozen, Person};
pub use gate::{Passage, Rules};
pub use look::Waiting;
pub use recover::Recovered;
pub use sender::Sender;
pub use settle::Fate;

use crate::{
    Result, Store,
    offers::Offer,
    rows::{delivery, moment},
};
use rekindle_core::{
    ids::{DeliveryId, EnrollmentId, LeadId},
    time::Moment,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

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

impl Outbox<'_> {
    /// Keeps the bytes of mails that were rendered now, so that a retry's are the same, and the offers in them.
    ///
    /// # Errors
    /// As the database says.
    pub async fn freeze(&self, mails: &[(DeliveryId, Frozen)], offers: &[Offer]) -> Result<()> {
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
        if !offers.is_empty() {
            crate::offers::promise(&tx, offers).await?;
        }
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
