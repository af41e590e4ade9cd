//! The outbox as an operator sees it.

use super::Outbox;
use crate::{
    Result,
    rows::{delivery, enrollment, lead},
};
use rekindle_core::{
    delivery::{Delivery, DeliveryState},
    ids::DeliveryId,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, prelude::Uuid};

/// A delivery with the address it goes to.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// The delivery.
    pub delivery: Delivery,
    /// The lead's address, where it still has one.
    pub email: Option<String>,
}

impl Outbox<'_> {
    /// Deliveries in these states (all, when none is named), newest first.
    ///
    /// # Errors
    /// As the database says.
    pub async fn list(&self, states: &[DeliveryState], most: u64) -> Result<Vec<Waiting>> {
        let mut query = delivery::Entity::find().order_by_desc(delivery::Column::MovedAt).limit(most);
        if !states.is_empty() {
            query = query.filter(delivery::Column::State.is_in(states.iter().map(|state| state.word())));
        }
        if !states.is_empty() && states.iter().all(|state| state.has_owner()) {
            query = query.filter(delivery::Column::Owner.is_not_null());
        }
        let rows = query.all(&self.0.db).await?;
        let wanted = rows.iter().map(|row| row.lead_id);
        let leads = lead::Entity::find().filter(lead::Column::Id.is_in(wanted)).all(&self.0.db).await?;
        rows.into_iter()
            .map(|row| {
                let email =
                    leads.iter().find(|lead| lead.id == row.lead_id).and_then(|lead| lead.email.clone());
                Ok(Waiting { delivery: row.delivery()?, email })
            })
            .collect()
    }

    /// The mails that have to wait, each with the reason.
    ///
    /// # Errors
    /// As the database says.
    pub async fn waiting(&self) -> Result<Vec<(DeliveryId, String)>> {
        let rows: Vec<(Uuid, String)> = delivery::Entity::find()
            .select_only()
            .column(delivery::Column::Id)
            .column(delivery::Column::Reason)
            .filter(delivery::Column::State.eq(DeliveryState::Pending.word()))
            .filter(delivery::Column::Reason.is_not_null())
            .into_tuple()
            .all(&self.0.db)
            .await?;
        Ok(rows.into_iter().map(|(id, why)| (DeliveryId(id), why)).collect())
    }

    /// The plan that a delivery stands in: the sequence, and the version of the playbook its run is on.
    /// `None` for a test mail.
    ///
    /// # Errors
    /// As the database says.
    pub async fn plan_of(&self, delivery: &Delivery) -> Result<Option<(String, i64)>> {
        let Some(run) = delivery.enrollment else { return Ok(None) };
        let row = enrollment::Entity::find_by_id(run.0).one(&self.0.db).await?;
        Ok(row.map(|row| (row.sequence, row.version)))
    }
}
