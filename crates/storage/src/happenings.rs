//! What was done with leads in a time, read from the rows that say so.

use crate::{
    Result, Store,
    rows::{micros, moment},
};
use rekindle_core::{
    happening::{Deed, Happening},
    ids::LeadId,
    time::Moment,
};
use sea_orm::{FromQueryResult, prelude::Uuid};

#[derive(FromQueryResult)]
struct Row {
    at: i64,
    lead_id: Uuid,
    deed: String,
    of_what: String,
    why: Option<String>,
}

/// Each kind from its rows; a mail is told under the name of its sequence.
const HAPPENED: &str = "\
    SELECT started_at AS at, lead_id, 'begun' AS deed, sequence AS of_what, CASE WHEN held_out THEN 'held out' END AS why FROM enrollment WHERE started_at >= ? AND started_at <= ? \
    UNION ALL SELECT ended_at, lead_id, 'ended', sequence, reason FROM enrollment WHERE ended_at >= ? AND ended_at <= ? \
    UNION ALL SELECT d.committed_at, d.lead_id, 'mailed', coalesce(e.sequence || ', ', '') || d.mail, NULL FROM delivery d LEFT JOIN enrollment e ON e.id = d.enrollment_id \
        WHERE d.committed_at >= ? AND d.committed_at <= ? AND d.state IN ('sent', 'sent_assumed', 'unknown') \
    UNION ALL SELECT d.moved_at, d.lead_id, 'not sent', coalesce(e.sequence || ', ', '') || d.mail, d.reason FROM delivery d LEFT JOIN enrollment e ON e.id = d.enrollment_id \
        WHERE d.moved_at >= ? AND d.moved_at <= ? AND d.state IN ('cancelled', 'suppressed', 'expired', 'failed') \
    UNION ALL SELECT cooled_at, id, 'cold', '', CASE WHEN nurture = 'cold' THEN nurture_why END FROM lead WHERE cooled_at >= ? AND cooled_at <= ? \
    UNION ALL SELECT nurture_since, id, 'archived', '', nurture_why FROM lead WHERE nurture_since >= ? AND nurture_since <= ? AND nurture = 'archived'";

impl Store {
    /// What was done with leads from one moment up to another, both counted in, in order.
    ///
    /// # Errors
    /// As the database says.
    pub async fn happened(&self, from: Moment, until: Moment) -> Result<Vec<Happening>> {
        let (from, until) = (micros(from), micros(until));
        let values = [from, until].into_iter().cycle().take(12).map(Into::into).collect();
        let rows = Row::find_by_statement(self.sql(HAPPENED, values)).all(&self.db).await?;
        let mut happened: Vec<Happening> = rows
            .into_iter()
            .filter_map(|row| {
                Some(Happening {
                    at: moment(row.at),
                    lead: LeadId(row.lead_id),
                    deed: Deed::from_word(&row.deed)?,
                    of: row.of_what,
                    why: row.why,
                })
            })
            .collect();
        happened.sort();
        Ok(happened)
    }
}
