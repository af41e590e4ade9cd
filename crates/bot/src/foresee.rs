//! Living ahead: whoever can run the plans tells what a campaign will do if nobody answers.

use async_trait::async_trait;
use rekindle_core::{
    happening::Lived,
    ids::{CampaignId, LeadId},
};
use rekindle_storage::Result;
use std::fmt::Debug;

/// With how many leads of an audience is lived ahead: enough for a share of one in a hundred to be seen, and lived in a breath.
pub const LIVED_WITH: i64 = 200;

/// Who lives ahead.
#[async_trait]
pub trait Foresee: Debug + Send + Sync {
    /// Launches a previewed campaign on a copy of these leads, and lives there until its runs are over.
    ///
    /// # Errors
    /// As the databases say.
    async fn ahead(&self, campaign: CampaignId, leads: &[LeadId]) -> Result<Lived>;
}
