//! Alerts: the queue of the team. Their moves are decisions about their lead ([`crate::leads`]).

use crate::{
    Result, Store,
    rows::{alert, micros},
};
use rekindle_core::{
    alert::Alert,
    ids::{AlertId, LeadId},
    refusal::Refusal,
    team::Handle,
    time::Moment,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

/// The alerts.
#[derive(Debug, Clone, Copy)]
pub struct Alerts<'a>(&'a Store);

impl Store {
    /// The alerts.
    pub fn alerts(&self) -> Alerts<'_> {
        Alerts(self)
    }
}

impl Alerts<'_> {
    /// The alert with this id.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] when there is none.
    pub async fn by_id(&self, id: AlertId) -> Result<Alert> {
        match alert::Entity::find_by_id(id.0).one(&self.0.db).await? {
            Some(row) => row.alert(),
            None => Err(Refusal::no_alert(id).into()),
        }
    }

    /// The live alert on a lead.
    ///
    /// # Errors
    /// As the database says.
    pub async fn live_on(&self, lead: LeadId) -> Result<Option<Alert>> {
        let row = alert::Entity::find()
            .filter(alert::Column::LeadId.eq(lead.0))
            .filter(alert::Column::State.ne("closed"))
            .one(&self.0.db)
            .await?;
        row.map(alert::Model::alert).transpose()
    }

    /// The open queue, longest waiting first.
    ///
    /// # Errors
    /// As the database says.
    pub async fn queue(&self, most: u64) -> Result<Vec<Alert>> {
        let rows = alert::Entity::find()
            .filter(alert::Column::State.eq("open"))
            .order_by_asc(alert::Column::RaisedAt)
            .limit(most)
            .all(&self.0.db)
            .await?;
        rows.into_iter().map(alert::Model::alert).collect()
    }

    /// The live alerts that a rep has or put off, the oldest first.
    ///
    /// # Errors
    /// As the database says.
    pub async fn held_by(&self, rep: &Handle) -> Result<Vec<Alert>> {
        let rows = alert::Entity::find()
            .filter(alert::Column::State.is_in(["claimed", "snoozed"]))
            .filter(alert::Column::By.eq(rep.as_str()))
            .order_by_asc(alert::Column::RaisedAt)
            .all(&self.0.db)
            .await?;
        rows.into_iter().map(alert::Model::alert).collect()
    }

    /// Alerts that were put off until now (wall).
    ///
    /// # Errors
    /// As the database says.
    pub async fn due_to_wake(&self, wall: Moment) -> Result<Vec<Alert>> {
        let rows = alert::Entity::find()
            .filter(alert::Column::State.eq("snoozed"))
            .filter(alert::Column::SnoozedUntil.lte(micros(wall)))
            .limit(200)
            .all(&self.0.db)
            .await?;
        rows.into_iter().map(alert::Model::alert).collect()
    }

    /// When the next alert that was put off wakes (wall).
    ///
    /// # Errors
    /// As the database says.
    pub async fn next_wake(&self) -> Result<Option<Moment>> {
        let row = alert::Entity::find()
            .filter(alert::Column::State.eq("snoozed"))
            .order_by_asc(alert::Column::SnoozedUntil)
            .one(&self.0.db)
            .await?;
        Ok(row.and_then(|row| row.snoozed_until).map(crate::rows::moment))
    }
}
