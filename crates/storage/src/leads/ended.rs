//! How it ended with leads in a time: for whoever holds rules against what became of them.

use super::Leads;
use crate::{
    Result,
    rows::{micros, moment},
    stages::TAKEN_BACK,
    transaction::{list_of, rounded},
};
use rekindle_core::{backtest::Ended, ids::LeadId, time::Moment};
use sea_orm::{FromQueryResult, Value, prelude::Uuid};
use std::collections::HashMap;

#[derive(FromQueryResult)]
struct Row {
    lead_id: Uuid,
    won: bool,
    at: i64,
}

/// A move that is an end.
const MOVED: &str =
    "m.ladder = 'lifecycle' AND (m.to_stage = 'customer' OR (m.back AND m.to_stage = 'lead'))";

impl Leads<'_> {
    /// How it ended with these leads between two moments (calendar), both counted in: won where they ever were, else lost the last time. Moves
    /// of stages say it (index `ix_stage_move_lead`); of leads whom no end has moved, their alerts: their end was before moves were kept, or
    /// they had not come far enough to fall back.
    ///
    /// # Errors
    /// As the database says.
    pub async fn ended(
        &self,
        leads: &[LeadId],
        from: Moment,
        until: Moment,
    ) -> Result<HashMap<LeadId, Ended>> {
        let mut ends: HashMap<LeadId, Ended> = HashMap::new();
        for chunk in leads.chunks(1000) {
            let ids = rounded(chunk.iter().map(|lead| lead.0).collect());
            let list = list_of(ids.len());
            let text = format!(
                "SELECT lead_id, to_stage = 'customer' AS won, at FROM stage_move m WHERE {MOVED} AND NOT {TAKEN_BACK} AND lead_id IN ({list}) AND at >= ? AND at <= ? \
                 UNION ALL SELECT a.lead_id, a.detail ->> 'how' = 'won', a.moved_at FROM alert a WHERE a.state = 'closed' \
                 AND a.lead_id IN ({list}) AND a.moved_at >= ? AND a.moved_at <= ? \
                 AND NOT EXISTS (SELECT 1 FROM stage_move m WHERE m.lead_id = a.lead_id AND {MOVED} AND NOT {TAKEN_BACK})"
            );
            let half = || {
                let ids = ids.iter().map(|id| Value::from(*id));
                ids.chain([micros(from).into(), micros(until).into()])
            };
            let statement = self.0.sql(&text, half().chain(half()).collect());
            for row in Row::find_by_statement(statement).all(&self.0.db).await? {
                let ended = Ended { won: row.won, at: moment(row.at) };
                let known = ends.entry(LeadId(row.lead_id)).or_insert(ended);
                if (ended.won, ended.at) > (known.won, known.at) {
                    *known = ended;
                }
            }
        }
        Ok(ends)
    }
}
