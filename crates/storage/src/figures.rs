//! Counts that reports are made of, each by one query.

mod revived;
mod stages;

pub use revived::{Deals, Returned, Revived};
pub use stages::{AtStage, FellBack};

use crate::{
    Result, Store,
    rows::{delivery::Counted, micros, moment, word},
    stages::TAKEN_BACK,
};
use chrono::TimeDelta;
use rekindle_core::{ids::LeadId, lead::Lifecycle, team::Handle, time::Moment};
use sea_orm::{FromQueryResult, prelude::Uuid};

/// Counts that reports are made of.
#[derive(Debug, Clone, Copy)]
pub struct Figures<'a>(&'a Store);

impl Store {
    /// Counts that reports are made of.
    pub fn figures(&self) -> Figures<'_> {
        Figures(self)
    }
}

#[derive(FromQueryResult)]
struct Claimed {
    raised_at: i64,
    first_claimed_at: i64,
}

/// A lead that a rep claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Which lead.
    pub lead: LeadId,
    /// How long its alert had waited (wall); `None` where nobody was asked, and it was taken by hand.
    pub waited: Option<TimeDelta>,
    /// How far the lead has come since.
    pub stage: Lifecycle,
}

#[derive(FromQueryResult)]
struct TakenRow {
    lead_id: Uuid,
    raised_at: i64,
    first_claimed_at: i64,
    reason: String,
    lifecycle: String,
    reached: Option<String>,
}

#[derive(FromQueryResult)]
struct When {
    at: i64,
}

impl Figures<'_> {
    async fn counted(&self, text: &str, values: Vec<sea_orm::Value>) -> Result<Vec<(String, i64)>> {
        let rows = Counted::find_by_statement(self.0.sql(text, values)).all(&self.0.db).await?;
        Ok(rows.into_iter().map(|row| (row.word, row.count)).collect())
    }

    /// Leads with an address, by nurture status.
    ///
    /// # Errors
    /// As the database says.
    pub async fn leads_by_nurture(&self) -> Result<Vec<(String, i64)>> {
        self.counted(
            "SELECT nurture AS word, count(*) AS count FROM lead WHERE email IS NOT NULL GROUP BY nurture",
            vec![],
        )
        .await
    }

    /// Leads with an address, by lifecycle stage.
    ///
    /// # Errors
    /// As the database says.
    pub async fn leads_by_lifecycle(&self) -> Result<Vec<(String, i64)>> {
        let text = "SELECT lifecycle AS word, count(*) AS count FROM lead WHERE email IS NOT NULL GROUP BY lifecycle";
        self.counted(text, vec![]).await
    }

    /// Leads with an address, by consent.
    ///
    /// # Errors
    /// As the database says.
    pub async fn leads_by_consent(&self) -> Result<Vec<(String, i64)>> {
        self.counted(
            "SELECT consent AS word, count(*) AS count FROM lead WHERE email IS NOT NULL GROUP BY consent",
            vec![],
        )
        .await
    }

    /// Alerts by state.
    ///
    /// # Errors
    /// As the database says.
    pub async fn alerts_by_state(&self) -> Result<Vec<(String, i64)>> {
        self.counted("SELECT state AS word, count(*) AS count FROM alert GROUP BY state", vec![]).await
    }

    /// Deliveries by state.
    ///
    /// # Errors
    /// As the database says.
    pub async fn deliveries_by_state(&self) -> Result<Vec<(String, i64)>> {
        self.counted("SELECT state AS word, count(*) AS count FROM delivery GROUP BY state", vec![]).await
    }

    /// How long each alert that was claimed since a moment had waited for it, in microseconds (wall).
    ///
    /// # Errors
    /// As the database says.
    pub async fn waits_for_claim(&self, since: Moment) -> Result<Vec<i64>> {
        let text = "SELECT raised_at, first_claimed_at FROM alert WHERE first_claimed_at IS NOT NULL AND raised_at >= ? AND reason <> 'hand' ORDER BY id DESC LIMIT 10000";
        let rows =
            Claimed::find_by_statement(self.0.sql(text, vec![micros(since).into()])).all(&self.0.db).await?;
        Ok(rows.into_iter().map(|row| row.first_claimed_at - row.raised_at).collect())
    }

    /// The alerts that were claimed since a moment (wall) and are with this rep, or were when they ended.
    ///
    /// # Errors
    /// As the database says.
    pub async fn taken_by(&self, rep: &Handle, since: Moment) -> Result<Vec<Taken>> {
        // Ids tell on every clock what came later: whoever was lost since has come as far as they had.
        let text = &format!(
            "SELECT a.lead_id, a.raised_at, a.first_claimed_at, a.reason, l.lifecycle, \
                    (SELECT m.to_stage FROM stage_move m WHERE m.lead_id = a.lead_id AND m.ladder = 'lifecycle' AND m.id > a.id AND NOT {TAKEN_BACK} \
                     ORDER BY CASE m.to_stage WHEN 'customer' THEN 1 WHEN 'opportunity' THEN 2 ELSE 3 END LIMIT 1) AS reached \
                    FROM alert a JOIN lead l ON l.id = a.lead_id WHERE a.\"by\" = ? AND a.first_claimed_at >= ? ORDER BY a.id DESC LIMIT 10000"
        );
        let values = vec![rep.as_str().into(), micros(since).into()];
        let rows = TakenRow::find_by_statement(self.0.sql(text, values)).all(&self.0.db).await?;
        let stage = |found: &str| word("lead", "lifecycle", rep, found, Lifecycle::from_word);
        let taken = |row: TakenRow| {
            let waited = moment(row.first_claimed_at) - moment(row.raised_at);
            Ok(Taken {
                lead: LeadId(row.lead_id),
                waited: (row.reason != "hand").then_some(waited),
                stage: stage(&row.lifecycle)?.max(row.reached.as_deref().map_or(Ok(Lifecycle::Lead), stage)?),
            })
        };
        rows.into_iter().map(taken).collect()
    }

    /// When each human activity since a moment happened (calendar), the latest hundred thousand.
    ///
    /// # Errors
    /// As the database says.
    pub async fn human_activities(&self, since: Moment) -> Result<Vec<Moment>> {
        let text = "SELECT at FROM activity WHERE at >= ? AND human ORDER BY at DESC LIMIT 100000";
        let rows =
            When::find_by_statement(self.0.sql(text, vec![micros(since).into()])).all(&self.0.db).await?;
        Ok(rows.into_iter().map(|row| moment(row.at)).collect())
    }
}
