//! Runs that are due: their leads are decided about, a batch in a transaction.

use crate::{
    Result, Store,
    rows::{enrollment, micros, moment},
};
use rekindle_core::{
    ids::{CampaignId, LeadId},
    time::Moment,
};
use sea_orm::{
    ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, prelude::Uuid,
};
use std::collections::HashMap;

/// The runs.
#[derive(Debug, Clone, Copy)]
pub struct Runs<'a>(&'a Store);

impl Store {
    /// The runs.
    pub fn runs(&self) -> Runs<'_> {
        Runs(self)
    }
}

impl Runs<'_> {
    /// Leads with a run whose step is due (index `ix_enrollment_due`), the longest due first.
    ///
    /// # Errors
    /// As the database says.
    pub async fn due(&self, now: Moment, most: u64) -> Result<Vec<LeadId>> {
        let ids: Vec<Uuid> = enrollment::Entity::find()
            .select_only()
            .column(enrollment::Column::LeadId)
            .filter(enrollment::Column::State.eq("due"))
            .filter(enrollment::Column::DueAt.lte(micros(now)))
            .order_by_asc(enrollment::Column::DueAt)
            .limit(most)
            .into_tuple()
            .all(&self.0.db)
            .await?;
        let mut leads: Vec<LeadId> = ids.into_iter().map(LeadId).collect();
        leads.sort_unstable();
        leads.dedup();
        Ok(leads)
    }

    /// When the next step is due.
    ///
    /// # Errors
    /// As the database says.
    pub async fn next_due(&self) -> Result<Option<Moment>> {
        let row: Option<Option<i64>> = enrollment::Entity::find()
            .select_only()
            .column(enrollment::Column::DueAt)
            .filter(enrollment::Column::State.eq("due"))
            .order_by_asc(enrollment::Column::DueAt)
            .limit(1)
            .into_tuple()
            .one(&self.0.db)
            .await?;
        Ok(row.flatten().map(moment))
    }

    /// Which of these leads ran through a sequence: when the last run began, and whether one goes on.
    ///
    /// # Errors
    /// As the database says.
    pub async fn begun(&self, sequence: &str, leads: &[LeadId]) -> Result<HashMap<LeadId, (Moment, bool)>> {
        let mut begun: HashMap<LeadId, (Moment, bool)> = HashMap::new();
        for chunk in leads.chunks(1000) {
            let rows: Vec<(Uuid, i64, String)> = enrollment::Entity::find()
                .select_only()
                .column(enrollment::Column::LeadId)
                .column(enrollment::Column::StartedAt)
                .column(enrollment::Column::State)
                .filter(enrollment::Column::Sequence.eq(sequence))
                .filter(enrollment::Column::LeadId.is_in(chunk.iter().map(|id| id.0)))
                .into_tuple()
                .all(&self.0.db)
                .await?;
            for (lead, started_at, state) in rows {
                let at = moment(started_at);
                let entry = begun.entry(LeadId(lead)).or_insert((at, false));
                entry.0 = entry.0.max(at);
                entry.1 |= matches!(state.as_str(), "due" | "awaiting");
            }
        }
        Ok(begun)
    }

    /// How many runs of a campaign still go on.
    ///
    /// # Errors
    /// As the database says.
    pub async fn live_in(&self, campaign: CampaignId) -> Result<u64> {
        Ok(enrollment::Entity::find()
            .filter(enrollment::Column::CampaignId.eq(campaign.0))
            .filter(enrollment::Column::State.is_in(["due", "awaiting"]))
            .count(&self.0.db)
            .await?)
    }
}
