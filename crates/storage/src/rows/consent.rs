//! Rows of what was said about writing to a lead.

use super::{micros, moment};
use crate::{StoreError, mint};
use rekindle_core::{
    consent::{Basis, ConsentState, Proof, Record, Says},
    ids::LeadId,
};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "consent")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) lead_id: Uuid,
    pub(crate) purpose: String,
    /// The word of a basis, for a yes, or of a refusal.
    pub(crate) says: String,
    pub(crate) assessment: Option<String>,
    pub(crate) words: String,
    pub(crate) source: String,
    pub(crate) message_id: Option<String>,
    pub(crate) form: Option<String>,
    pub(crate) wording: Option<String>,
    pub(crate) ip: Option<String>,
    pub(crate) user_agent: Option<String>,
    pub(crate) confirmed: bool,
    pub(crate) obtained_at: i64,
    pub(crate) expires_at: Option<i64>,
    pub(crate) withdrawn_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The one purpose that asks for consent.
pub(crate) const MARKETING: &str = "marketing";

impl Model {
    pub(crate) fn of(lead: LeadId, record: &Record) -> Self {
        let (says, assessment, expires_at) = match &record.says {
            Says::Yes { basis, assessment, expires_at } => (basis.word(), assessment.clone(), *expires_at),
            Says::No(state) => (state.word(), None, None),
        };
        let proof = record.proof.clone();
        Self {
            id: mint::id(),
            lead_id: lead.0,
            purpose: MARKETING.to_owned(),
            says: says.to_owned(),
            assessment,
            words: record.words.clone(),
            source: proof.source,
            message_id: proof.message_id,
            form: proof.form,
            wording: proof.wording,
            ip: proof.ip,
            user_agent: proof.user_agent,
            confirmed: proof.confirmed,
            obtained_at: micros(record.obtained_at),
            expires_at: expires_at.map(micros),
            withdrawn_at: record.withdrawn_at.map(micros),
        }
    }

    pub(crate) fn record(self) -> Result<Record, StoreError> {
        let says = match (Basis::from_word(&self.says), ConsentState::from_word(&self.says)) {
            (Some(basis), _) => {
                let expires_at = self.expires_at.map(moment);
                Says::Yes { basis, assessment: self.assessment, expires_at }
            }
            (None, Some(state)) if state.is_refusal() => Says::No(state),
            _ => {
                let (table, column, row) = ("consent", "says", self.id.to_string());
                return Err(StoreError::Corrupt { table, column, row, found: self.says });
            }
        };
        Ok(Record {
            says,
            words: self.words,
            obtained_at: moment(self.obtained_at),
            proof: Proof {
                source: self.source,
                message_id: self.message_id,
                form: self.form,
                wording: self.wording,
                ip: self.ip,
                user_agent: self.user_agent,
                confirmed: self.confirmed,
            },
            withdrawn_at: self.withdrawn_at.map(moment),
        })
    }
}
