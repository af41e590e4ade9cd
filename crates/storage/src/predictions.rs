//! What leads are predicted, and the outcomes from which that is learnt.

use crate::{
    Result, Store, StoreError,
    rows::{lead, micros, moment, put, small, word},
    transaction::{Writing, again, list_of, rounded},
};
use rekindle_core::{
    activity::Kind,
    consent::ConsentState,
    ids::{AlertId, LeadId},
    lead::Lead,
    prediction::{Deed, Example, Prediction, Stood},
    time::Moment,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, JsonValue, QueryFilter, QueryOrder,
    QuerySelect, Value,
    prelude::Uuid,
    sea_query::{ExprTrait, LockType, SimpleExpr},
};
use std::collections::{HashMap, HashSet};

/// The predictions.
#[derive(Debug, Clone, Copy)]
pub struct Predictions<'a>(&'a Store);

impl Store {
    /// The predictions.
    pub fn predictions(&self) -> Predictions<'_> {
        Predictions(self)
    }
}

#[derive(FromQueryResult)]
struct Ended {
    lead_id: Uuid,
    how: String,
    at: i64,
    stood: Option<JsonValue>,
    colleagues: Option<i64>,
    domain: Option<String>,
}

#[derive(FromQueryResult)]
struct Done {
    lead_id: Uuid,
    source: String,
    kind: String,
    name: String,
    path: Option<String>,
    at: i64,
    known_at: i64,
    human: bool,
}

#[derive(FromQueryResult)]
struct Counted {
    domain: String,
    leads: i64,
}

/// How it ended with each lead: where it was ever won, the first time, for what follows is the way of a customer; else the last
/// time. Alerts on who was a customer already, and on who objected to being profiled, are no example.
const ENDS: &str = "\
    WITH ends AS (SELECT a.id, a.lead_id, a.raised_at, a.moved_at, a.detail ->> 'how' AS how, \
        row_number() OVER (PARTITION BY a.lead_id ORDER BY CASE WHEN a.detail ->> 'how' = 'won' THEN 0 ELSE 1 END, \
            CASE WHEN a.detail ->> 'how' = 'won' THEN a.moved_at ELSE -a.moved_at END, a.id) AS place \
        FROM alert a JOIN lead l ON l.id = a.lead_id WHERE a.state = 'closed' AND l.consent <> 'objected' \
        AND COALESCE((SELECT m.to_stage FROM asked s JOIN stage_move m ON m.lead_id = s.lead_id \
            WHERE s.alert_id = a.id AND m.ladder = 'lifecycle' AND m.at < s.at ORDER BY m.id DESC LIMIT 1), 'lead') <> 'customer')";

/// How many of a domain are counted, at most.
const MANY: i64 = 20;

impl Predictions<'_> {
    /// The last outcomes, one of a lead: each as it stood when the team was asked. Alerts from before it was kept what stood there have
    /// only their moment.
    ///
    /// Of a domain those are counted who were known before the alert: ids are made in order, and say it of leads whose first activity
    /// was told late, too (index `ix_lead_domain`).
    ///
    /// # Errors
    /// As the database says.
    pub async fn examples(&self, most: u64) -> Result<Vec<Example>> {
        let text = format!(
            "{ENDS} SELECT a.lead_id, a.how, COALESCE(s.at, a.raised_at) AS at, s.stood, l.told -> 'domain' ->> 0 AS domain, \
             (SELECT count(*) FROM (SELECT 1 FROM lead c WHERE (c.told -> 'domain' ->> 0) = (s.stood ->> 'domain') AND c.id < a.id LIMIT {MANY}) k) AS colleagues \
             FROM ends a JOIN lead l ON l.id = a.lead_id LEFT JOIN asked s ON s.alert_id = a.id \
             WHERE a.place = 1 ORDER BY a.moved_at DESC LIMIT ?"
        );
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let rows = Ended::find_by_statement(self.0.sql(&text, vec![most.into()])).all(&self.0.db).await?;
        let example = |row: Ended| {
            let known = row.stood.is_some();
            Example {
                lead: LeadId(row.lead_id),
                won: row.how == "won",
                asked_at: moment(row.at),
                stood: row.stood.and_then(|stood| serde_json::from_value(stood).ok()),
                domain: row.domain,
                colleagues: row.colleagues.filter(|_| known).and_then(|count| u64::try_from(count).ok()),
            }
        };
        Ok(rows.into_iter().map(example).collect())
    }

    /// Of how many leads the outcome is known: won, and lost.
    ///
    /// # Errors
    /// As the database says.
    pub async fn outcomes(&self) -> Result<(u64, u64)> {
        let text = &format!(
            "{ENDS} SELECT count(*) AS known, COALESCE(sum(CASE WHEN how = 'won' THEN 1 ELSE 0 END), 0) AS won FROM ends WHERE place = 1"
        );
        let Some(row) = self.0.db.query_one_raw(self.0.sql(text, Vec::new())).await? else {
            return Ok((0, 0));
        };
        let count = |column: &str| -> Result<u64> {
            let number: i64 = row.try_get("", column)?;
            Ok(u64::try_from(number).unwrap_or(0))
        };
        let won = count("won")?;
        Ok((won, count("known")?.saturating_sub(won)))
    }

    /// What leads did, as far as it is learnt from, oldest first.
    ///
    /// # Errors
    /// As the database says.
    pub async fn deeds(&self, leads: &[LeadId]) -> Result<HashMap<LeadId, Vec<Deed>>> {
        let mut all: HashMap<LeadId, Vec<Deed>> = HashMap::new();
        for chunk in leads.chunks(500) {
            let ids = rounded(chunk.iter().map(|lead| lead.0).collect());
            let text = format!(
                "SELECT lead_id, source, kind, name, path, at, COALESCE(joined_at, received_at) AS known_at, human \
                 FROM activity WHERE lead_id IN ({}) ORDER BY at",
                list_of(ids.len())
            );
            let values: Vec<Value> = ids.into_iter().map(Value::from).collect();
            for row in Done::find_by_statement(self.0.sql(&text, values)).all(&self.0.db).await? {
                let deed = Deed {
                    kind: word("activity", "kind", row.lead_id, &row.kind, Kind::from_word)?,
                    source: row.source,
                    name: row.name,
                    path: row.path,
                    at: moment(row.at),
                    known_at: moment(row.known_at),
                    human: row.human,
                };
                all.entry(LeadId(row.lead_id)).or_default().push(deed);
            }
        }
        Ok(all)
    }

    /// How many people of these domains are known (index `ix_lead_domain`).
    ///
    /// # Errors
    /// As the database says.
    pub async fn people_of(&self, domains: &[String]) -> Result<HashMap<String, u64>> {
        let mut all = HashMap::new();
        for chunk in domains.chunks(500) {
            let wanted = rounded(chunk.to_vec());
            let text = format!(
                "SELECT told -> 'domain' ->> 0 AS domain, count(*) AS leads FROM lead WHERE (told -> 'domain' ->> 0) IN ({}) GROUP BY told -> 'domain' ->> 0",
                list_of(wanted.len())
            );
            let values: Vec<Value> = wanted.into_iter().map(Value::from).collect();
            for row in Counted::find_by_statement(self.0.sql(&text, values)).all(&self.0.db).await? {
                all.insert(row.domain, u64::try_from(row.leads).unwrap_or(0));
            }
        }
        Ok(all)
    }

    /// Leads with a live alert who are not predicted yet by this model, or have done something since (index `ix_alert_state`).
    ///
    /// # Errors
    /// As the database says.
    pub async fn due_on_cards(&self, version: i64, most: u64) -> Result<Vec<LeadId>> {
        let text = "SELECT l.id FROM alert a JOIN lead l ON l.id = a.lead_id LEFT JOIN prediction p ON p.lead_id = l.id \
                    WHERE a.state IN ('open', 'claimed', 'snoozed') AND l.consent <> 'objected' AND l.lifecycle <> 'customer' \
                    AND (p.lead_id IS NULL OR p.version <> ? OR p.at < l.points_at OR p.at < l.last_human_at) LIMIT ?";
        self.ids(text, vec![version.into(), i64::try_from(most).unwrap_or(i64::MAX).into()]).await
    }

    /// Leads behind one in the order of ids who are not predicted yet by this model, or have done something since.
    ///
    /// # Errors
    /// As the database says.
    pub async fn due(&self, version: i64, after: Option<LeadId>, most: u64) -> Result<Vec<LeadId>> {
        let text = "SELECT l.id FROM lead l LEFT JOIN prediction p ON p.lead_id = l.id \
                    WHERE l.id > ? AND l.email IS NOT NULL AND l.nurture <> 'archived' AND l.consent <> 'objected' AND l.lifecycle <> 'customer' \
                    AND (p.lead_id IS NULL OR p.version <> ? OR p.at < l.points_at OR p.at < l.last_human_at) ORDER BY l.id LIMIT ?";
        let after = after.map_or(Uuid::nil(), |after| after.0);
        self.ids(text, vec![after.into(), version.into(), i64::try_from(most).unwrap_or(i64::MAX).into()])
            .await
    }

    async fn ids(&self, text: &str, values: Vec<Value>) -> Result<Vec<LeadId>> {
        let rows = self.0.db.query_all_raw(self.0.sql(text, values)).await?;
        rows.iter().map(|row| Ok(LeadId(row.try_get("", "id")?))).collect()
    }

    /// Keeps predictions; of whoever is gone, or has objected meanwhile, none. A card that now says something else is one revision on: the
    /// set form of `Alert::touched`.
    ///
    /// # Errors
    /// As the database says.
    pub async fn keep(&self, predictions: &[Prediction]) -> Result<()> {
        if predictions.is_empty() {
            return Ok(());
        }
        again!(self.keep_once(predictions))
    }

    async fn keep_once(&self, predictions: &[Prediction]) -> Result<()> {
        let tx = self.0.begin().await?;
        let ids: Vec<Uuid> = predictions.iter().map(|one| one.lead.0).collect();
        let of_these = lead::Column::Id.is_in(rounded(ids.clone()));
        let there =
            locked(&tx, of_these.and(lead::Column::Consent.ne(ConsentState::Objected.word()))).await?;
        let predictions: Vec<&Prediction> =
            predictions.iter().filter(|one| there.contains(&one.lead.0)).collect();
        let before = small::prediction::Entity::find()
            .filter(small::prediction::Column::LeadId.is_in(rounded(ids)))
            .all(&*tx)
            .await?;
        let before: Vec<Prediction> = before.into_iter().map(prediction).collect::<Result<_>>()?;
        let says_else = |new: &&&Prediction| {
            let old = before.iter().find(|old| old.lead == new.lead);
            old.is_none_or(|old| old.version != new.version || old.said() != new.said())
        };
        let moved: Vec<Value> =
            predictions.iter().filter(says_else).map(|one| Value::from(one.lead.0)).collect();
        let rows = predictions.iter().map(|one| small::prediction::Model {
            lead_id: one.lead.0,
            chance: one.chance,
            reasons: serde_json::to_value(&one.reasons).unwrap_or_default(),
            version: one.version,
            at: micros(one.at),
        });
        put::<small::prediction::Entity, _>(&*tx, rows.collect()).await?;
        if !moved.is_empty() {
            let text = format!(
                "UPDATE alert SET revision = revision + 1 WHERE state <> 'closed' AND lead_id IN ({})",
                list_of(moved.len())
            );
            tx.execute_raw(self.0.sql(&text, moved)).await?;
        }
        self.0.commit(tx, true).await
    }

    /// What a lead is predicted, if that is shown: by the model in force, of nobody who objected, and of nobody who is won.
    ///
    /// # Errors
    /// As the database says.
    pub async fn of(&self, lead: LeadId) -> Result<Option<Prediction>> {
        let text = "SELECT p.lead_id, p.chance, p.reasons, p.version, p.at FROM prediction p JOIN model m ON m.version = p.version \
                    JOIN lead l ON l.id = p.lead_id WHERE p.lead_id = ? AND m.in_force AND l.consent <> 'objected' AND l.lifecycle <> 'customer'";
        let row = small::prediction::Model::find_by_statement(self.0.sql(text, vec![lead.0.into()]));
        row.one(&self.0.db).await?.map(prediction).transpose()
    }
}

fn prediction(row: small::prediction::Model) -> Result<Prediction> {
    let reasons = serde_json::from_value(row.reasons).map_err(|found| StoreError::Corrupt {
        table: "prediction",
        column: "reasons",
        row: row.lead_id.to_string(),
        found: found.to_string(),
    })?;
    let lead = LeadId(row.lead_id);
    Ok(Prediction { lead, chance: row.chance, reasons, version: row.version, at: moment(row.at) })
}

/// Locks these leads, in the order of their ids, and says which are there: whoever decides about one loads its alert under the same
/// lock, so that no revision of a card is lost.
pub(crate) async fn locked(tx: &Writing, which: SimpleExpr) -> Result<HashSet<Uuid>> {
    let leads = lead::Entity::find().select_only().column(lead::Column::Id).filter(which);
    let locked = leads.order_by_asc(lead::Column::Id).lock(LockType::Update);
    Ok(locked.into_tuple().all(&**tx).await?.into_iter().collect())
}

/// Forgets what was predicted of these leads: they objected to being profiled (GDPR, Art. 21).
pub(crate) async fn forget(tx: &Writing, leads: &[LeadId]) -> Result<()> {
    if !leads.is_empty() {
        let of_them = small::prediction::Column::LeadId.is_in(leads.iter().map(|lead| lead.0));
        small::prediction::Entity::delete_many().filter(of_them).exec(&**tx).await?;
    }
    Ok(())
}

/// What stood on a lead's row when the team was asked about it.
pub(crate) fn asked(alert: AlertId, lead: &Lead, now: Moment) -> small::asked::Model {
    small::asked::Model {
        alert_id: alert.0,
        lead_id: lead.id.0,
        at: micros(now),
        stood: serde_json::to_value(Stood::of(lead)).unwrap_or_default(),
    }
}
