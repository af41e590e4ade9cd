//! The full stop that a link of a mail asks for.

use super::Leads;
use crate::{Result, StoreError};
use rekindle_core::{
    arrival::{Received, unsubscribed},
    ids::DeliveryId,
    lead::Lead,
    time::Moment,
};

impl Leads<'_> {
    /// Whoever got this mail wants no more of them; in force when this returns, and no matter how often it is asked.
    /// The lead, unless they are gone: who was erased gets no mail already.
    ///
    /// # Errors
    /// As the database says; then nothing is sure.
    pub async fn unsubscribe(&self, delivery: DeliveryId, at: Moment) -> Result<Option<Lead>> {
        let Some(delivery) = self.0.links().delivery(delivery).await? else { return Ok(None) };
        let Some(lead) = self.by_ids(&[delivery.lead]).await?.pop() else { return Ok(None) };
        if lead.consent.state.is_refusal() {
            return Ok(Some(lead));
        }
        let playbooks = self.0.playbooks().await?;
        let wish = unsubscribed(&delivery, &lead, at);
        match self.observe(&[wish], &playbooks).await?.pop() {
            Some(Received::Stored(_) | Received::Duplicate) => Ok(Some(lead)),
            refused => Err(StoreError::Unusable(format!("an unsubscribe was not kept: {refused:?}"))),
        }
    }
}
