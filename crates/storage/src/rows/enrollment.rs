//! Rows of runs.

use super::{micros, moment, word};
use crate::StoreError;
use chrono::TimeDelta;
use rekindle_core::{
    enrollment::{Ended, Enrollment, Left, RunState, Then},
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
    /// Of a run that has ended: when it would have been.
    pub(crate) due_at: Option<i64>,
    pub(crate) delivery_id: Option<Uuid>,
    /// While it awaits a mail, and if it ended so: the step behind it, and how long after the fate that is due, in microseconds.
    pub(crate) then_step: Option<i32>,
    pub(crate) then_wait: Option<i64>,
    pub(crate) ended_at: Option<i64>,
    pub(crate) reason: Option<String>,
    /// Empty where a sequence runs once at a time.
    pub(crate) key: String,
    /// From when on what the lead does counts in it; without, from its start.
    pub(crate) since_at: Option<i64>,
    pub(crate) held_out: Option<bool>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    pub(crate) fn of(run: &Enrollment) -> Self {
        let (mut due_at, mut awaited, mut then, mut ended_at) = (None, None, None, None);
        match run.state {
            RunState::Due { at } => due_at = Some(at),
            RunState::Awaiting { delivery, then: behind } => {
                (awaited, then) = (Some(delivery.0), Some(behind));
            }
            RunState::Ended { at, left, .. } => {
                ended_at = Some(micros(at));
                match left {
                    Some(Left::Due(at)) => due_at = Some(at),
                    Some(Left::Awaiting(behind)) => then = Some(behind),
                    None => {}
                }
            }
        }
        Self {
            id: run.id.0,
            lead_id: run.lead.0,
            sequence: run.sequence.clone(),
            version: run.version,
            campaign_id: run.campaign.map(|id| id.0),
            step: i32::try_from(run.step).unwrap_or(i32::MAX),
            started_at: micros(run.started_at),
            state: run.state.word().to_owned(),
            due_at: due_at.map(micros),
            delivery_id: awaited,
            then_step: then.map(|then| i32::try_from(then.step).unwrap_or(i32::MAX)),
            then_wait: then.and_then(|then| then.wait.num_microseconds()),
            ended_at,
            reason: run.reason.clone(),
            key: run.key.clone().unwrap_or_default(),
            since_at: (run.since != run.started_at).then(|| micros(run.since)),
            held_out: run.held_out,
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
        let then = |step: i32| Then {
            step: usize::try_from(step).unwrap_or(0),
            wait: TimeDelta::microseconds(self.then_wait.unwrap_or(0)),
        };
        let state = match self.state.as_str() {
            "due" => RunState::Due { at: moment(self.due_at.ok_or_else(|| missing("due_at"))?) },
            "awaiting" => RunState::Awaiting {
                delivery: DeliveryId(self.delivery_id.ok_or_else(|| missing("delivery_id"))?),
                then: then(self.then_step.unwrap_or(self.step + 1)),
            },
            ended => RunState::Ended {
                how: word("enrollment", "state", id, ended, Ended::from_word)?,
                at: moment(self.ended_at.ok_or_else(|| missing("ended_at"))?),
                left: match self.due_at {
                    Some(at) => Some(Left::Due(moment(at))),
                    None => self.then_step.map(|step| Left::Awaiting(then(step))),
                },
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
            since: moment(self.since_at.unwrap_or(self.started_at)),
            key: (!self.key.is_empty()).then_some(self.key),
            held_out: self.held_out,
            state,
            reason: self.reason,
        })
    }
}
