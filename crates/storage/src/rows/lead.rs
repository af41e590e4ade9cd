//! Rows of leads.

use super::{micros, moment, word};
use crate::{StoreError, segments::told};
use rekindle_core::{
    consent::{Consent, ConsentState},
    email::EmailAddress,
    ids::LeadId,
    lead::{Journey, Lead, Lifecycle, Nurture, Points},
    link::KeyRing,
    preferences::Preferences,
    score::{Fading, Worth},
    team::Handle,
};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "lead")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) email: Option<String>,
    pub(crate) address_hash: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) first_name: Option<String>,
    pub(crate) company: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) country: Option<String>,
    pub(crate) zone: Option<String>,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) traits: Json,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) tags: Json,
    pub(crate) verified: bool,
    pub(crate) fit: f64,
    pub(crate) engagement: f64,
    pub(crate) points_at: i64,
    /// The sums of `Worth`.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) worth: Json,
    pub(crate) may_be_hot: bool,
    pub(crate) counted_by: i64,
    pub(crate) hot: bool,
    pub(crate) crosses_at: Option<i64>,
    pub(crate) rung_at: Option<i64>,
    pub(crate) journey: String,
    pub(crate) journey_at: i64,
    pub(crate) lifecycle: String,
    pub(crate) fell_back_at: Option<i64>,
    pub(crate) nurture: String,
    pub(crate) nurture_since: i64,
    pub(crate) nurture_why: Option<String>,
    pub(crate) cooled_at: Option<i64>,
    pub(crate) consent: String,
    pub(crate) consent_basis: Option<String>,
    pub(crate) consent_at: Option<i64>,
    pub(crate) consent_until: Option<i64>,
    pub(crate) mail_fewer: bool,
    pub(crate) mail_paused_until: Option<i64>,
    pub(crate) mail_only_topic: Option<String>,
    pub(crate) owner: Option<String>,
    pub(crate) last_owner: Option<String>,
    pub(crate) created_at: i64,
    pub(crate) last_human_at: Option<i64>,
    pub(crate) touched_at: Option<i64>,
    /// `last_human_at`, or `created_at` where there is none: what the sunset policy looks at.
    pub(crate) quiet_since: i64,
    /// What was told of the lead, as questions compare it.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) told: Json,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// What an address is suppressed by.
pub(crate) fn address_hash(lead: &Lead, ring: &KeyRing) -> Option<String> {
    lead.email.as_ref().map(|email| ring.suppression_hash(&email.canonical()))
}

impl Model {
    pub(crate) fn of(lead: &Lead, ring: &KeyRing) -> Self {
        Self {
            id: lead.id.0,
            email: lead.email.as_ref().map(|email| email.as_str().to_owned()),
            address_hash: address_hash(lead, ring),
            name: lead.name.clone(),
            first_name: lead.first_name.clone(),
            company: lead.company.clone(),
            title: lead.title.clone(),
            country: lead.country.clone(),
            zone: lead.zone.clone(),
            traits: Json::Object(lead.traits.clone()),
            tags: Json::from(lead.tags.clone()),
            verified: lead.verified,
            fit: lead.points.fit,
            engagement: lead.points.engagement,
            points_at: micros(lead.points.at),
            worth: lead.worth.sums.iter().map(|(fading, points)| (fading.key(), *points)).collect(),
            may_be_hot: lead.worth.may_be_hot,
            counted_by: lead.worth.rules,
            hot: lead.hot,
            crosses_at: lead.crosses_at.map(micros),
            rung_at: lead.rung_at.map(micros),
            journey: lead.journey.word().to_owned(),
            journey_at: micros(lead.journey_at),
            lifecycle: lead.lifecycle.word().to_owned(),
            fell_back_at: lead.fell_back_at.map(micros),
            nurture: lead.nurture.word().to_owned(),
            nurture_since: micros(lead.nurture_since),
            nurture_why: lead.nurture_why.clone(),
            cooled_at: lead.cooled_at.map(micros),
            consent: lead.consent.state.word().to_owned(),
            consent_basis: lead.consent.basis.clone(),
            consent_at: lead.consent.at.map(micros),
            consent_until: lead.consent.until.map(micros),
            mail_fewer: lead.preferences.fewer,
            mail_paused_until: lead.preferences.paused_until.map(micros),
            mail_only_topic: lead.preferences.only_topic.clone(),
            owner: lead.owner.as_ref().map(ToString::to_string),
            last_owner: lead.last_owner.as_ref().map(ToString::to_string),
            created_at: micros(lead.created_at),
            last_human_at: lead.last_human_at.map(micros),
            touched_at: lead.touched_at.map(micros),
            quiet_since: micros(lead.quiet_since()),
            told: told::of(lead),
        }
    }

    pub(crate) fn lead(self) -> Result<Lead, StoreError> {
        let id = LeadId(self.id);
        let bad = |column: &'static str, found: &str| StoreError::Corrupt {
            table: "lead",
            column,
            row: id.to_string(),
            found: found.to_owned(),
        };
        let email = match self.email {
            Some(email) => Some(EmailAddress::parse(&email).map_err(|_| bad("email", "no address"))?),
            None => None,
        };
        let Json::Object(traits) = self.traits else { return Err(bad("traits", "no object")) };
        let Json::Object(worth) = &self.worth else { return Err(bad("worth", "no object")) };
        let sum = |(key, points): (&String, &Json)| Some((Fading::of_key(key)?, points.as_f64()?));
        let sums = worth.iter().map(sum).collect::<Option<_>>().ok_or_else(|| bad("worth", "no sums"))?;
        Ok(Lead {
            id,
            email,
            name: self.name,
            first_name: self.first_name,
            company: self.company,
            title: self.title,
            country: self.country,
            zone: self.zone,
            traits,
            tags: serde_json::from_value(self.tags).map_err(|_| bad("tags", "no list of texts"))?,
            verified: self.verified,
            points: Points { fit: self.fit, engagement: self.engagement, at: moment(self.points_at) },
            worth: Worth { sums, may_be_hot: self.may_be_hot, rules: self.counted_by },
            hot: self.hot,
            crosses_at: self.crosses_at.map(moment),
            rung_at: self.rung_at.map(moment),
            journey: word("lead", "journey", id, &self.journey, Journey::from_word)?,
            journey_at: moment(self.journey_at),
            lifecycle: word("lead", "lifecycle", id, &self.lifecycle, Lifecycle::from_word)?,
            fell_back_at: self.fell_back_at.map(moment),
            nurture: word("lead", "nurture", id, &self.nurture, Nurture::from_word)?,
            nurture_since: moment(self.nurture_since),
            nurture_why: self.nurture_why,
            cooled_at: self.cooled_at.map(moment),
            consent: Consent {
                state: word("lead", "consent", id, &self.consent, ConsentState::from_word)?,
                basis: self.consent_basis,
                at: self.consent_at.map(moment),
                until: self.consent_until.map(moment),
            },
            preferences: Preferences {
                fewer: self.mail_fewer,
                paused_until: self.mail_paused_until.map(moment),
                only_topic: self.mail_only_topic,
            },
            owner: self.owner.as_deref().and_then(Handle::of),
            last_owner: self.last_owner.as_deref().and_then(Handle::of),
            created_at: moment(self.created_at),
            last_human_at: self.last_human_at.map(moment),
            touched_at: self.touched_at.map(moment),
        })
    }
}
