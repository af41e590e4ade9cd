//! Whose mail leaves first where a lead cannot have two at once: that of the sequence with the higher priority, and of two of one
//! priority the older. The same whoever asks, and whenever.

use super::{Outbox, asked::Asked};
use crate::{
    Result,
    rows::micros,
    transaction::{list_of, rounded},
};
use rekindle_core::{ids::DeliveryId, playbook::Playbooks, sequence::Priority, time::Moment};
use sea_orm::{ConnectionTrait, FromQueryResult, Value, prelude::Uuid};
use std::{cmp::Reverse, collections::HashMap};

#[derive(FromQueryResult)]
struct Waiting {
    id: Uuid,
    lead_id: Uuid,
    created_at: i64,
    sequence: String,
    version: i64,
}

/// How much the sequence of a mail matters.
pub(super) fn priority(playbooks: &Playbooks, sequence: &str, version: i64) -> Priority {
    playbooks.of(version).sequence(sequence).map(|sequence| sequence.priority).unwrap_or_default()
}

impl Outbox<'_> {
    /// Notes on each of these which other mail to its lead leaves first, if one that is due does (index `ix_delivery_lead`).
    pub(super) async fn note_rivals(
        &self,
        db: &impl ConnectionTrait,
        asked: &mut HashMap<DeliveryId, Asked>,
        leads: Vec<Uuid>,
        playbooks: &Playbooks,
        now: Moment,
    ) -> Result<()> {
        if leads.is_empty() {
            return Ok(());
        }
        let leads = rounded(leads);
        let text = format!(
            "SELECT d.id AS id, d.lead_id AS lead_id, d.created_at AS created_at, e.sequence AS sequence, e.version AS version \
             FROM delivery d JOIN enrollment e ON e.id = d.enrollment_id WHERE d.lead_id IN ({}) AND d.state IN ('pending', 'claimed') \
             AND d.kind = 'campaign' AND d.not_before <= ? AND e.delivery_id = d.id",
            list_of(leads.len())
        );
        let mut values: Vec<Value> = leads.into_iter().map(Value::from).collect();
        values.push(micros(now).into());
        let mut by_lead: HashMap<Uuid, Vec<Waiting>> = HashMap::new();
        for row in Waiting::find_by_statement(self.0.sql(&text, values)).all(db).await? {
            by_lead.entry(row.lead_id).or_default().push(row);
        }
        for waiting in by_lead.into_values().filter(|waiting| waiting.len() > 1) {
            let place = |mail: &&Waiting| {
                (Reverse(priority(playbooks, &mail.sequence, mail.version)), mail.created_at, mail.id)
            };
            let Some(first) = waiting.iter().min_by_key(place) else { continue };
            for mail in waiting.iter().filter(|mail| mail.id != first.id) {
                if let Some(asked) = asked.get_mut(&DeliveryId(mail.id)) {
                    asked.rival = Some(first.sequence.clone());
                }
            }
        }
        Ok(())
    }
}
