//! Rows of the outbox.

use super::{moment, word};
use crate::StoreError;
use rekindle_core::{
    delivery::{Delivery, DeliveryState, MailKind},
    ids::{CampaignId, DeliveryId, EnrollmentId, LeadId},
};
use sea_orm::{FromQueryResult, entity::prelude::*};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "delivery")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) lead_id: Uuid,
    pub(crate) enrollment_id: Option<Uuid>,
    pub(crate) campaign_id: Option<Uuid>,
    pub(crate) step: i32,
    pub(crate) mail: String,
    pub(crate) dedupe_key: String,
    pub(crate) message_id: String,
    pub(crate) kind: String,
    pub(crate) state: String,
    pub(crate) generation: i64,
    pub(crate) owner: Option<Uuid>,
    pub(crate) attempt: i32,
    pub(crate) not_before: i64,
    pub(crate) expires_at: i64,
    pub(crate) created_at: i64,
    pub(crate) moved_at: i64,
    pub(crate) committed_at: Option<i64>,
    pub(crate) answer: Option<String>,
    pub(crate) reason: Option<String>,
    /// Which of the subjects that its step tries.
    pub(crate) variant: Option<i32>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    pub(crate) fn delivery(self) -> Result<Delivery, StoreError> {
        let id = DeliveryId(self.id);
        Ok(Delivery {
            id,
            lead: LeadId(self.lead_id),
            enrollment: self.enrollment_id.map(EnrollmentId),
            campaign: self.campaign_id.map(CampaignId),
            step: self.step,
            mail: self.mail,
            kind: word("delivery", "kind", id, &self.kind, MailKind::from_word)?,
            state: word("delivery", "state", id, &self.state, DeliveryState::from_word)?,
            generation: self.generation,
            attempt: self.attempt,
            not_before: moment(self.not_before),
            expires_at: moment(self.expires_at),
            created_at: moment(self.created_at),
            moved_at: moment(self.moved_at),
            message_id: self.message_id,
            answer: self.answer,
            reason: self.reason,
        })
    }
}

/// A count beside a word, for figures.
#[derive(Debug, FromQueryResult)]
pub(crate) struct Counted {
    pub(crate) word: String,
    pub(crate) count: i64,
}

/// The bytes of a mail, rendered once.
pub(crate) mod frozen {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "frozen")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) delivery_id: Uuid,
        pub(crate) recipient: String,
        pub(crate) bytes: Vec<u8>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
