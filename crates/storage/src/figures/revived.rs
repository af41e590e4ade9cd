//! Leads that came back from the cold: how many, who, and what was won with them since.

use super::Figures;
use crate::{
    Result,
    rows::{micros, moment},
    transaction::list_of,
};
use rekindle_core::{amount::amount_of, ids::LeadId, lead::Nurture, team::Handle, time::Moment};
use sea_orm::{DbBackend, FromQueryResult, JsonValue, Value, prelude::Uuid};
use serde::Serialize;
use std::collections::HashMap;

/// Leads that came back from the cold.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Revived {
    /// How many.
    pub leads: i64,
    /// What was won with them since.
    #[serde(flatten)]
    pub deals: Deals,
}

/// Deals that were won.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Deals {
    /// How many.
    pub won: i64,
    /// Their amounts, by currency as the reps wrote it ("" where they wrote none).
    pub revenue: Vec<(String, f64)>,
}

/// A lead that came back.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Returned {
    /// Who.
    pub lead: LeadId,
    /// What they are called.
    pub called: String,
    /// What they were before, if the alert says it.
    pub was: Option<Nurture>,
    /// Since when (calendar); none where nobody noted it: who may not be written to is archived without a run.
    pub since: Option<Moment>,
    /// When they came back (wall).
    pub back: Moment,
    /// Who has them now.
    pub owner: Option<Handle>,
    /// Who had them before.
    pub before: Option<Handle>,
    /// What was won with them since.
    #[serde(flatten)]
    pub deals: Deals,
}

#[derive(FromQueryResult)]
struct Counted {
    leads: i64,
}

#[derive(FromQueryResult)]
struct Won {
    lead_id: Uuid,
    note: Option<String>,
}

#[derive(FromQueryResult)]
struct Row {
    lead_id: Uuid,
    name: Option<String>,
    first_name: Option<String>,
    email: Option<String>,
    owner: Option<String>,
    last_owner: Option<String>,
    because: JsonValue,
    raised_at: i64,
    archived_at: Option<i64>,
    cooled_at: Option<i64>,
}

impl Deals {
    /// A deal more, with what the rep wrote of it.
    pub(crate) fn add(&mut self, note: Option<&str>) {
        self.won += 1;
        let Some((amount, currency)) = note.and_then(amount_of) else { return };
        match self.revenue.iter_mut().find(|(known, _)| *known == currency) {
            Some((_, sum)) => *sum += amount,
            None => self.revenue.push((currency, amount)),
        }
    }
}

impl Figures<'_> {
    /// Leads that came back from the cold since a moment (wall), and what was won with them: by the alert that said so, or a later one.
    ///
    /// # Errors
    /// As the database says.
    pub async fn revived(&self, since: Moment) -> Result<Revived> {
        let text = format!("SELECT count(DISTINCT b.lead_id) AS leads FROM alert b WHERE {}", self.back("b"));
        let counted = Counted::find_by_statement(self.0.sql(&text, vec![micros(since).into()]));
        let leads = counted.one(&self.0.db).await?.map_or(0, |row| row.leads);
        let mut deals = Deals::default();
        for row in self.won_since(since, None).await? {
            deals.add(row.note.as_deref());
        }
        Ok(Revived { leads, deals })
    }

    /// A page of those leads, each once, who came back last first.
    ///
    /// # Errors
    /// As the database says.
    pub async fn returned(&self, since: Moment, offset: u64, most: u64) -> Result<Vec<Returned>> {
        // Ids tell on every clock what was first: the calendar, by which runs end, may run ahead of the wall.
        let text = format!(
            "SELECT b.lead_id, l.name, l.first_name, l.email, l.owner, l.last_owner, b.because, b.raised_at, l.cooled_at, \
             (SELECT max(e.ended_at) FROM enrollment e WHERE e.lead_id = b.lead_id AND e.state = 'archived' AND e.id < b.id) AS archived_at \
             FROM alert b JOIN lead l ON l.id = b.lead_id WHERE {} \
             AND NOT EXISTS (SELECT 1 FROM alert n WHERE n.lead_id = b.lead_id AND n.id > b.id AND {}) ORDER BY b.id DESC LIMIT ? OFFSET ?",
            self.back("b"),
            self.back("n"),
        );
        let count = |number: u64| Value::from(i64::try_from(number).unwrap_or(i64::MAX));
        let values = vec![micros(since).into(), micros(since).into(), count(most), count(offset)];
        let rows = Row::find_by_statement(self.0.sql(&text, values)).all(&self.0.db).await?;
        let ids: Vec<Uuid> = rows.iter().map(|row| row.lead_id).collect();
        let mut deals: HashMap<Uuid, Deals> = HashMap::new();
        if !ids.is_empty() {
            for row in self.won_since(since, Some(&ids)).await? {
                deals.entry(row.lead_id).or_default().add(row.note.as_deref());
            }
        }
        Ok(rows.into_iter().map(|row| row.returned(&mut deals)).collect())
    }

    /// The condition that an alert says so, since a moment that is bound: by itself, or among the reasons of a hot one.
    fn back(&self, alert: &str) -> String {
        let because = match self.0.db.get_database_backend() {
            DbBackend::Postgres => format!("{alert}.because::text"),
            _ => format!("{alert}.because"),
        };
        format!(
            "{alert}.raised_at >= ? AND ({alert}.reason = 'back' OR {because} LIKE '%Back from the cold%')"
        )
    }

    /// What was won, and with whom, of those who came back; of these leads, or all.
    async fn won_since(&self, since: Moment, leads: Option<&[Uuid]>) -> Result<Vec<Won>> {
        let mut values: Vec<Value> = leads.into_iter().flatten().map(|lead| (*lead).into()).collect();
        let only = leads.map(|leads| format!(" AND a.lead_id IN ({})", list_of(leads.len())));
        values.push(micros(since).into());
        let text = format!(
            "SELECT a.lead_id, a.detail ->> 'note' AS note FROM alert a WHERE a.state = 'closed' AND a.detail ->> 'how' = 'won'{} \
             AND EXISTS (SELECT 1 FROM alert b WHERE b.lead_id = a.lead_id AND b.id <= a.id AND {}) ORDER BY a.id",
            only.unwrap_or_default(),
            self.back("b"),
        );
        Ok(Won::find_by_statement(self.0.sql(&text, values)).all(&self.0.db).await?)
    }
}

impl Row {
    fn returned(self, deals: &mut HashMap<Uuid, Deals>) -> Returned {
        let because: Vec<String> = serde_json::from_value(self.because).unwrap_or_default();
        let said = because.iter().find_map(|line| line.strip_prefix("Back from the cold ("));
        let was = said.and_then(|line| Nurture::from_word(line.split(')').next()?));
        let since = match was {
            Some(Nurture::Archived) => self.archived_at,
            _ => self.cooled_at,
        };
        let called = self.name.or(self.first_name).or(self.email);
        Returned {
            lead: LeadId(self.lead_id),
            called: called.unwrap_or_else(|| "an anonymous visitor".to_owned()),
            was,
            since: since.map(moment),
            back: moment(self.raised_at),
            owner: self.owner.as_deref().and_then(Handle::of),
            before: self.last_owner.as_deref().and_then(Handle::of),
            deals: deals.remove(&self.lead_id).unwrap_or_default(),
        }
    }
}
