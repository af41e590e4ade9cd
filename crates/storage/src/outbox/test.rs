//! Mails to oneself, to look at them: the real ones, through the real outbox.

use super::Outbox;
use crate::{
    Result, mint,
    rows::{self, delivery, micros},
    transaction::again,
};
use chrono::TimeDelta;
use rekindle_core::{delivery::MailKind, ids::LeadId, link::Purpose};

/// After this nobody waits for it any more.
const WORTH_SENDING: TimeDelta = TimeDelta::hours(1);

impl Outbox<'_> {
    /// Puts these mails into the outbox, once each, to be sent at once. They ask nobody for consent: `to` is a member of the team.
    ///
    /// # Errors
    /// As the database says.
    pub async fn test(&self, to: LeadId, mails: &[&str]) -> Result<()> {
        let now = self.0.clock.calendar();
        let row = |mail: &&str| {
            let id = mint::id();
            delivery::Model {
                id,
                lead_id: to.0,
                enrollment_id: None,
                campaign_id: None,
                step: 0,
                mail: (*mail).to_owned(),
                dedupe_key: format!("test:{id}"),
                message_id: self.0.ring.small_token(Purpose::MessageId, id),
                kind: MailKind::Test.word().to_owned(),
                state: "pending".to_owned(),
                generation: 0,
                owner: None,
                attempt: 0,
                not_before: micros(now),
                expires_at: micros(now + WORTH_SENDING),
                created_at: micros(now),
                moved_at: micros(now),
                committed_at: None,
                answer: None,
                reason: None,
                variant: None,
            }
        };
        again!(async {
            let tx = self.0.begin().await?;
            rows::add::<delivery::Entity, _>(&*tx, mails.iter().map(row).collect()).await?;
            self.0.commit(tx, true).await
        })
    }
}
