//! Rows of alerts.

use super::{micros, moment, word};
use crate::StoreError;
use rekindle_core::{
    alert::{Alert, AlertState, Reason},
    ids::{AlertId, LeadId},
    team::Handle,
};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "alert")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) lead_id: Uuid,
    pub(crate) reason: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) because: Json,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) news: Json,
    pub(crate) meant_for: Option<String>,
    pub(crate) raised_at: i64,
    pub(crate) first_claimed_at: Option<i64>,
    /// The word of the state, for indexes; the whole of it stands in `detail`.
    pub(crate) state: String,
    pub(crate) by: Option<String>,
    pub(crate) moved_at: Option<i64>,
    pub(crate) snoozed_until: Option<i64>,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) detail: Json,
    pub(crate) revision: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    pub(crate) fn of(alert: &Alert) -> Self {
        let (moved_at, snoozed_until) = match &alert.state {
            AlertState::Open => (None, None),
            AlertState::Claimed { at, .. } | AlertState::Closed { at, .. } => (Some(micros(*at)), None),
            AlertState::Snoozed { until, .. } => (None, Some(micros(*until))),
        };
        Self {
            id: alert.id.0,
            lead_id: alert.lead.0,
            reason: alert.reason.word().to_owned(),
            because: Json::from(alert.because.clone()),
            news: Json::from(alert.news.clone()),
            meant_for: alert.meant_for.as_ref().map(ToString::to_string),
            raised_at: micros(alert.raised_at),
            first_claimed_at: alert.first_claimed_at.map(micros),
            state: alert.state.word().to_owned(),
            by: alert.state.by().map(ToString::to_string),
            moved_at,
            snoozed_until,
            detail: serde_json::to_value(&alert.state).unwrap_or_default(),
            revision: alert.revision,
        }
    }

    pub(crate) fn alert(self) -> Result<Alert, StoreError> {
        let id = AlertId(self.id);
        let bad = |column, found: String| StoreError::Corrupt {
            table: "alert",
            column,
            row: id.to_string(),
            found,
        };
        let found = self.detail.to_string();
        Ok(Alert {
            id,
            lead: LeadId(self.lead_id),
            reason: word("alert", "reason", id, &self.reason, Reason::from_word)?,
            because: serde_json::from_value(self.because).map_err(|e| bad("because", e.to_string()))?,
            news: serde_json::from_value(self.news).map_err(|e| bad("news", e.to_string()))?,
            meant_for: self.meant_for.as_deref().and_then(Handle::of),
            raised_at: moment(self.raised_at),
            first_claimed_at: self.first_claimed_at.map(moment),
            state: serde_json::from_value(self.detail).map_err(|_| bad("detail", found))?,
            revision: self.revision,
        })
    }
}
