//! Everything that is known of one lead, for who looks at it.

use super::Leads;
use crate::{
    Result,
    rows::{activity, alert, delivery, enrollment},
};
use rekindle_core::{
    activity::Activity, alert::Alert, consent::Record, delivery::Delivery, enrollment::Enrollment,
    ids::LeadId, lead::Lead,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

/// Everything that is known of one lead; each list newest first.
#[derive(Debug, Clone)]
pub struct Dossier {
    /// Who.
    pub lead: Lead,
    /// What they did, the latest thousand.
    pub activities: Vec<Activity>,
    /// Their runs.
    pub enrollments: Vec<Enrollment>,
    /// What was written to them.
    pub deliveries: Vec<Delivery>,
    /// What was asked of the team.
    pub alerts: Vec<Alert>,
    /// What was said about writing to them.
    pub consents: Vec<Record>,
}

impl Leads<'_> {
    /// Everything that is known of a lead.
    ///
    /// # Errors
    /// `Refusal::Unknown` when there is no such lead.
    pub async fn dossier(&self, id: LeadId) -> Result<Dossier> {
        let db = &self.0.db;
        let lead = self.by_id(id).await?;
        let activities = activity::Entity::find()
            .filter(activity::Column::LeadId.eq(id.0))
            .order_by_desc(activity::Column::At)
            .order_by_desc(activity::Column::Id)
            .limit(1000)
            .all(db)
            .await?;
        let enrollments = enrollment::Entity::find()
            .filter(enrollment::Column::LeadId.eq(id.0))
            .order_by_desc(enrollment::Column::Id)
            .all(db)
            .await?;
        let deliveries = delivery::Entity::find()
            .filter(delivery::Column::LeadId.eq(id.0))
            .order_by_desc(delivery::Column::Id)
            .all(db)
            .await?;
        let alerts = alert::Entity::find()
            .filter(alert::Column::LeadId.eq(id.0))
            .order_by_desc(alert::Column::Id)
            .all(db)
            .await?;
        let mut consents = self.0.consents(db, &[id.0]).await?.remove(&id).unwrap_or_default();
        consents.reverse();
        Ok(Dossier {
            lead,
            activities: activities.into_iter().map(activity::Model::activity).collect::<Result<_>>()?,
            enrollments: enrollments.into_iter().map(enrollment::Model::run).collect::<Result<_>>()?,
            deliveries: deliveries.into_iter().map(delivery::Model::delivery).collect::<Result<_>>()?,
            consents,
            alerts: alerts.into_iter().map(alert::Model::alert).collect::<Result<_>>()?,
        })
    }
}
