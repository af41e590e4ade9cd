//! Rows of runs.

use super::{micros, moment, word};
use crate::StoreError;
use rekindle_core::{
    enrollment::{Ended, Enrollment, RunState},
    ids::{CampaignId, DeliveryId, EnrollmentId, LeadId},
};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "enrollment")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) lead_id: Uuid,
    pub(crate) sequence: String,
    pub(crate) version: i64,
    pub(crate) campaign_id: Option<Uuid>,
    pub(crate) step: i32,
    pub(crate) started_at: i64,
    pub(crate) state: String,
    pub(crate) due_at: Option<i64>,
    pub(crate) delivery_id: Option<Uuid>,
    pub(crate) ended_at: Option<i64>,
    pub(crate) reason: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    pub(crate) fn of(run: &Enrollment) -> Self {
        let (due_at, delivery_id, ended_at) = match &run.state {
            RunState::Due { at } => (Some(micros(*at)), None, None),
            RunState::Awaiting { delivery } => (None, Some(delivery.0), None),
            RunState::Ended { at, .. } => (None, None, Some(micros(*at))),
        };
        Self {
            id: run.id.0,
            lead_id: run.lead.0,
            sequence: run.sequence.clone(),
            version: run.version,
            campaign_id: run.campaign.map(|id| id.0),
            step: i32::try_from(run.step).unwrap_or(i32::MAX),
            started_at: micros(run.started_at),
            state: run.state.word().to_owned(),
            due_at,
            delivery_id,
            ended_at,
            reason: run.reason.clone(),
        }
    }

    pub(crate) fn run(self) -> Result<Enrollment, StoreError> {
        let id = EnrollmentId(self.id);
        let missing = |column| StoreError::Corrupt {
            table: "enrollment",
            column,
            row: id.to_string(),
            found: "nothing".to_owned(),
        };
        let state = match self.state.as_str() {
            "due" => RunState::Due { at: moment(self.due_at.ok_or_else(|| missing("due_at"))?) },
            "awaiting" => RunState::Awaiting {
                delivery: DeliveryId(self.delivery_id.ok_or_else(|| missing("delivery_id"))?),
            },
            ended => RunState::Ended {
                how: word("enrollment", "state", id, ended, Ended::from_word)?,
                at: moment(self.ended_at.ok_or_else(|| missing("ended_at"))?),
            },
        };
        Ok(Enrollment {
            id,
            lead: LeadId(self.lead_id),
            sequence: self.sequence,
            version: self.version,
            campaign: self.campaign_id.map(CampaignId),
            step: usize::try_from(self.step).unwrap_or(0),
            started_at: moment(self.started_at),
            state,
            reason: self.reason,
        })
    }
}
