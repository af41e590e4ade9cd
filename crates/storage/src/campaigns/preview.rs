//! A preview: the audience is written as it is found, a page at a time, and becomes a campaign when all were asked.
//!
//! What is left of a preview that broke off, or that nobody confirmed in time, is forgotten.

use super::{BATCH, Campaigns};
use crate::{
    Result, mint,
    rows::{add, campaign, micros, put},
    transaction::again,
};
use chrono::TimeDelta;
use rekindle_core::{
    campaign::{Campaign, CampaignState, Figures, Forecast, PREVIEW_HOURS, Subjects, Wave},
    ids::{CampaignId, LeadId},
    team::Handle,
};
use sea_orm::{ConnectionTrait, Value};

/// A preview that is being made.
#[derive(Debug)]
pub struct Preview<'a> {
    campaigns: Campaigns<'a>,
    id: CampaignId,
    counted_in: i64,
    counted_out: i64,
}

/// What is previewed.
#[derive(Debug, Clone)]
pub struct Previewed {
    /// Which plan.
    pub sequence: String,
    /// At whom.
    pub segment: String,
    /// Whether those who come to match later begin it, too.
    pub follows: bool,
    /// What was typed in place of the plan's subjects for the first mail.
    pub subjects: Subjects,
    /// In which version of the playbook.
    pub version: i64,
    /// Who asked.
    pub by: Handle,
    /// What is foreseen.
    pub forecast: Forecast,
}

impl<'a> Campaigns<'a> {
    /// Begins a preview.
    pub fn begin_preview(self) -> Preview<'a> {
        Preview { campaigns: self, id: CampaignId(mint::id()), counted_in: 0, counted_out: 0 }
    }

    /// Forgets a batch of what nobody can confirm any more: drafts that are too old, with their audience; how many rows.
    ///
    /// # Errors
    /// As the database says.
    pub async fn forget_drafts(&self) -> Result<u64> {
        let before = micros(self.0.clock.calendar() - TimeDelta::hours(PREVIEW_HOURS * 2));
        again!(async {
            let tx = self.0.begin().await?;
            let audience = format!(
                "DELETE FROM audience WHERE (campaign_id, lead_id) IN (SELECT a.campaign_id, a.lead_id FROM audience a JOIN campaign c ON c.id = a.campaign_id WHERE c.state = 'draft' AND c.made_at < ? LIMIT {BATCH})"
            );
            let values: Vec<Value> = vec![before.into()];
            let mut gone = tx.execute_raw(self.0.sql(&audience, values.clone())).await?.rows_affected();
            if gone == 0 {
                let drafts = "DELETE FROM campaign WHERE state = 'draft' AND made_at < ?";
                gone = tx.execute_raw(self.0.sql(drafts, values)).await?.rows_affected();
            }
            self.0.commit(tx, false).await?;
            Ok(gone)
        })
    }
}

impl Preview<'_> {
    /// These match: in (`None`), or out and why.
    ///
    /// # Errors
    /// As the database says.
    pub async fn add(&mut self, audience: Vec<(LeadId, Option<String>)>) -> Result<()> {
        let counted_in = audience.iter().filter(|(_, why)| why.is_none()).count();
        self.counted_in += i64::try_from(counted_in).unwrap_or(i64::MAX);
        self.counted_out += i64::try_from(audience.len() - counted_in).unwrap_or(i64::MAX);
        let rows = || {
            audience.iter().map(|(lead, why_out)| campaign::audience::Model {
                campaign_id: self.id.0,
                lead_id: lead.0,
                why_out: why_out.clone(),
            })
        };
        let store = self.campaigns.0;
        again!(async {
            let tx = store.begin().await?;
            add::<campaign::audience::Entity, _>(&*tx, rows().collect()).await?;
            store.commit(tx, false).await
        })
    }

    /// Everybody was asked: it may be confirmed. Nothing is launched.
    ///
    /// # Errors
    /// As the database says.
    pub async fn keep(self, previewed: Previewed) -> Result<Campaign> {
        let store = self.campaigns.0;
        let campaign = Campaign {
            id: self.id,
            sequence: previewed.sequence,
            segment: previewed.segment,
            follows: previewed.follows,
            subjects: previewed.subjects,
            version: previewed.version,
            state: CampaignState::Draft,
            made_by: previewed.by,
            made_at: store.clock.calendar(),
            launched_by: None,
            launched_at: None,
            counted_in: self.counted_in,
            counted_out: self.counted_out,
            wave: Wave::All,
            first: 0,
            pause: TimeDelta::zero(),
            rest_at: None,
            harm: None,
            forecast: previewed.forecast,
            figures: Figures::default(),
            revision: 1,
        };
        again!(async {
            let tx = store.begin().await?;
            put::<campaign::Entity, _>(&*tx, vec![campaign::Model::of(&campaign, None)]).await?;
            store.commit(tx, false).await
        })?;
        Ok(campaign)
    }
}
