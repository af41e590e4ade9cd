//! Counts that reports are made of, each by one query.

use crate::{
    Result, Store,
    rows::{delivery::Counted, micros, moment, word},
};
use chrono::TimeDelta;
use rekindle_core::{amount::amount_of, lead::Lifecycle, team::Handle, time::Moment};
use sea_orm::{DbBackend, FromQueryResult};
use serde::Serialize;

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
    /// How long its alert had waited (wall); `None` where nobody was asked, and it was taken by hand.
    pub waited: Option<TimeDelta>,
    /// How far the lead has come since.
    pub stage: Lifecycle,
}

/// Leads that came back from the cold.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Revived {
    /// How many.
    pub leads: i64,
    /// Deals that were won with them since.
    pub won: i64,
    /// Their amounts, by currency as the reps wrote it ("" where they wrote none).
    pub revenue: Vec<(String, f64)>,
}

#[derive(FromQueryResult)]
struct TakenRow {
    raised_at: i64,
    first_claimed_at: i64,
    reason: String,
    lifecycle: String,
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
        let text = "SELECT a.raised_at, a.first_claimed_at, a.reason, l.lifecycle FROM alert a JOIN lead l ON l.id = a.lead_id \
                    WHERE a.\"by\" = ? AND a.first_claimed_at >= ? ORDER BY a.id DESC LIMIT 10000";
        let values = vec![rep.as_str().into(), micros(since).into()];
        let rows = TakenRow::find_by_statement(self.0.sql(text, values)).all(&self.0.db).await?;
        let taken = |row: TakenRow| {
            let waited = moment(row.first_claimed_at) - moment(row.raised_at);
            Ok(Taken {
                waited: (row.reason != "hand").then_some(waited),
                stage: word("lead", "lifecycle", rep, &row.lifecycle, Lifecycle::from_word)?,
            })
        };
        rows.into_iter().map(taken).collect()
    }

    /// Leads that came back from the cold since a moment (wall), and what was won with them: by the alert that said so, or a later one.
    ///
    /// # Errors
    /// As the database says.
    pub async fn revived(&self, since: Moment) -> Result<Revived> {
        let back = match self.0.db.get_database_backend() {
            DbBackend::Postgres => "b.because::text LIKE '%Back from the cold%'",
            _ => "b.because LIKE '%Back from the cold%'",
        };
        let back = format!("b.raised_at >= ? AND (b.reason = 'back' OR {back})");
        let leads =
            format!("SELECT count(DISTINCT b.lead_id) AS count, '' AS word FROM alert b WHERE {back}");
        let leads = self.counted(&leads, vec![micros(since).into()]).await?;
        let won = format!(
            "SELECT COALESCE(a.detail ->> 'note', '') AS word, count(*) AS count FROM alert a WHERE a.state = 'closed' AND a.detail ->> 'how' = 'won' \
             AND EXISTS (SELECT 1 FROM alert b WHERE b.lead_id = a.lead_id AND b.id <= a.id AND {back}) GROUP BY 1"
        );
        let mut revived =
            Revived { leads: leads.first().map_or(0, |(_, count)| *count), ..Revived::default() };
        for (note, count) in self.counted(&won, vec![micros(since).into()]).await? {
            revived.won += count;
            if let Some((amount, currency)) = amount_of(&note) {
                let sum = amount * count as f64;
                match revived.revenue.iter_mut().find(|(known, _)| *known == currency) {
                    Some((_, known)) => *known += sum,
                    None => revived.revenue.push((currency, sum)),
                }
            }
        }
        Ok(revived)
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
