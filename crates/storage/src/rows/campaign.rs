//! Rows of campaigns.

use super::{micros, moment, word};
use crate::StoreError;
use chrono::TimeDelta;
use rekindle_core::{
    campaign::{Campaign, CampaignState, Wave},
    ids::CampaignId,
    team::Handle,
};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "campaign")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) sequence: String,
    pub(crate) segment: String,
    pub(crate) follows: bool,
    /// None where the plan's own are taken.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub(crate) subjects: Option<Json>,
    pub(crate) version: i64,
    pub(crate) state: String,
    pub(crate) made_by: String,
    pub(crate) made_at: i64,
    pub(crate) launched_by: Option<String>,
    pub(crate) launched_at: Option<i64>,
    pub(crate) counted_in: i64,
    pub(crate) counted_out: i64,
    pub(crate) wave: String,
    pub(crate) first: i64,
    pub(crate) pause: i64,
    pub(crate) rest_at: Option<i64>,
    pub(crate) begun_to: Option<Uuid>,
    pub(crate) harm: Option<String>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub(crate) forecast: Option<Json>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub(crate) figures: Option<Json>,
    pub(crate) revision: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// The row of a campaign whose audience has begun up to a lead.
    pub(crate) fn of(campaign: &Campaign, begun_to: Option<Uuid>) -> Self {
        Self {
            id: campaign.id.0,
            sequence: campaign.sequence.clone(),
            segment: campaign.segment.clone(),
            follows: campaign.follows,
            subjects: serde_json::to_value(&campaign.subjects).ok().filter(|_| !campaign.subjects.is_empty()),
            version: campaign.version,
            state: campaign.state.word().to_owned(),
            made_by: campaign.made_by.to_string(),
            made_at: micros(campaign.made_at),
            launched_by: campaign.launched_by.as_ref().map(ToString::to_string),
            launched_at: campaign.launched_at.map(micros),
            counted_in: campaign.counted_in,
            counted_out: campaign.counted_out,
            wave: campaign.wave.word().to_owned(),
            first: campaign.first,
            pause: campaign.pause.num_microseconds().unwrap_or(i64::MAX),
            rest_at: campaign.rest_at.map(micros),
            begun_to,
            harm: campaign.harm.clone(),
            forecast: serde_json::to_value(&campaign.forecast).ok(),
            figures: serde_json::to_value(&campaign.figures).ok(),
            revision: campaign.revision,
        }
    }

    pub(crate) fn campaign(self) -> Result<Campaign, StoreError> {
        let id = CampaignId(self.id);
        Ok(Campaign {
            id,
            sequence: self.sequence,
            segment: self.segment,
            follows: self.follows,
            subjects: told(self.subjects),
            version: self.version,
            state: word("campaign", "state", id, &self.state, CampaignState::from_word)?,
            made_by: word("campaign", "made_by", id, &self.made_by, Handle::of)?,
            made_at: moment(self.made_at),
            launched_by: self.launched_by.as_deref().and_then(Handle::of),
            launched_at: self.launched_at.map(moment),
            counted_in: self.counted_in,
            counted_out: self.counted_out,
            wave: word("campaign", "wave", id, &self.wave, Wave::from_word)?,
            first: self.first,
            pause: TimeDelta::microseconds(self.pause),
            rest_at: self.rest_at.map(moment),
            harm: self.harm,
            forecast: told(self.forecast),
            figures: told(self.figures),
            revision: self.revision,
        })
    }
}

/// What an older version did not write is as if nothing was known.
pub(crate) fn told<T: Default + serde::de::DeserializeOwned>(kept: Option<Json>) -> T {
    kept.and_then(|kept| serde_json::from_value(kept).ok()).unwrap_or_default()
}

/// Who was in and who was out.
pub(crate) mod audience {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "audience")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) campaign_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) lead_id: Uuid,
        pub(crate) why_out: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
