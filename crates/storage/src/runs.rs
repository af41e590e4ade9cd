//! Runs that are due: their leads are decided about, a batch in a transaction.

use crate::{
    Result, Store,
    rows::{enrollment, micros, moment},
};
use rekindle_core::{
    ids::{CampaignId, LeadId},
    playbook::Playbooks,
    time::Moment,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, Value, prelude::Uuid,
};
use std::collections::HashMap;

/// How many runs stand at the same step of the same version.
#[derive(FromQueryResult)]
struct Stand {
    version: i64,
    step: i32,
    then_step: Option<i32>,
    count: i64,
}

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

    /// Moves the live runs of a sequence to the version in force, each to the step at which it stood; set-based, one statement for each
    /// step. How many were moved, and for each step that has no place in it how many stay on their version.
    ///
    /// # Errors
    /// As the database says.
    pub async fn migrate(&self, sequence: &str, playbooks: &Playbooks) -> Result<(u64, Vec<(String, u64)>)> {
        let Some(to) = playbooks.current().sequence(sequence) else { return Ok((0, Vec::new())) };
        let tx = self.0.begin().await?;
        let text = "SELECT version, step, then_step, count(*) AS count FROM enrollment WHERE sequence = ? AND state IN ('due', 'awaiting') AND version <> ? GROUP BY version, step, then_step";
        let stand =
            Stand::find_by_statement(self.0.sql(text, vec![sequence.into(), playbooks.version().into()]));
        let (mut moved, mut stayed) = (0, Vec::new());
        for at in stand.all(&*tx).await? {
            let count = u64::try_from(at.count).unwrap_or(0);
            let place = |step: i32| {
                let from = playbooks.of(at.version).sequence(sequence)?;
                i32::try_from(to.place_of(usize::try_from(step).ok()?, from)?).ok()
            };
            let then = at.then_step.map(place);
            let (Some(step), false) = (place(at.step), then == Some(None)) else {
                let step = usize::try_from(at.step).unwrap_or(0);
                let plan = playbooks.of(at.version).sequence(sequence);
                let label = plan.and_then(|plan| plan.step.get(step)?.label());
                stayed.push((label.unwrap_or_else(|| format!("step {}", step + 1)), count));
                continue;
            };
            let text = "UPDATE enrollment SET version = ?, step = ?, then_step = ? WHERE sequence = ? AND state IN ('due', 'awaiting') AND version = ? AND step = ? AND (then_step = ? OR (then_step IS NULL AND ? IS NULL))";
            let (old, new): (Value, Value) = (at.then_step.into(), then.flatten().into());
            let values = vec![
                playbooks.version().into(),
                step.into(),
                new,
                sequence.into(),
                at.version.into(),
                at.step.into(),
                old.clone(),
                old,
            ];
            moved += tx.execute_raw(self.0.sql(text, values)).await?.rows_affected();
        }
        self.0.commit(tx, true).await?;
        Ok((moved, stayed))
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
