//! Everything that is kept of one lead: shown whole (GDPR, Art. 15 and 20), or erased (Art. 17).
//!
//! The tables say themselves whose their rows are, by the names of their columns (`lead_id`, `delivery_id`, …), so that a table
//! is covered the day it is made. What stands in free text elsewhere (quarantine, console, what came from chats) is found by the
//! lead's address, id and name. Rows are never read as what they mean: one that is broken is shown and erased all the same.

use crate::{
    Result, Store,
    rows::micros,
    transaction::{Writing, again, list_of},
};
use rekindle_core::{ids::LeadId, machine::network_of, refusal::Refusal};
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value, prelude::Uuid};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// Tables of free text, and what an erasure makes of a row in which the lead is named; `None` drops it.
const LOOSE: [(&str, Option<&str>); 7] = [
    ("segment", None),
    ("kept_segment", None),
    ("quarantine", None),
    ("news", None),
    ("console_message", Some("text = '(erased)', card = NULL, card_id = NULL")),
    ("inbound", Some("payload = '{}'")),
    ("audit", Some("deed = '(erased)', result = '(erased)', lead_id = NULL")),
];

/// Rows that outlive the lead, without anything of them: mails that are counted, and how often an address was asked.
const OUTLIVE: [(&str, &str); 2] =
    [("delivery", "answer = NULL, reason = 'erased'"), ("confirmation", "ip = NULL, user_agent = NULL")];

/// What leads, their mails, alerts and notices are called in other tables.
const KEYS: [(&str, &str); 6] = [
    ("lead_id", ""),
    ("delivery_id", "SELECT id FROM delivery WHERE lead_id = ?"),
    ("enrollment_id", "SELECT id FROM enrollment WHERE lead_id = ?"),
    ("subject_id", "SELECT id FROM alert WHERE lead_id = ?"),
    ("activity_id", "SELECT id FROM activity WHERE lead_id = ?"),
    ("notice_id", "SELECT id FROM notice WHERE lead_id = ?"),
];

/// Papers of leads.
#[derive(Debug, Clone, Copy)]
pub struct Papers<'a>(&'a Store);

impl Store {
    /// Papers of leads.
    pub fn papers(&self) -> Papers<'_> {
        Papers(self)
    }
}

/// A table, as the database describes it: its columns with their types.
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) columns: Vec<(String, String)>,
}

impl Table {
    fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|(name, _)| name == column)
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        let is_text = |kind: &str| kind.contains("text") || kind.contains("json") || kind.contains("char");
        let uuids = |kind: &str| kind.contains("uuid");
        self.columns
            .iter()
            .filter(move |(_, kind)| is_text(kind) && !uuids(kind))
            .map(|(name, _)| name.as_str())
    }

    /// Which of its rows are of so many leads, whose ids the question takes once for each `IN (?`; `None` where it is about no lead.
    pub(crate) fn of_leads(&self, count: usize) -> Option<String> {
        let list = list_of(count);
        if self.name == "lead" {
            return Some(format!("id IN ({list})"));
        }
        let keys: Vec<String> = KEYS
            .iter()
            .filter(|(column, _)| self.has(column))
            .map(|(column, of)| match of.is_empty() {
                true => format!("{column} IN ({list})"),
                false => format!("{column} IN ({})", of.replace("= ?", &format!("IN ({list})"))),
            })
            .collect();
        (!keys.is_empty()).then(|| keys.join(" OR "))
    }

    /// Which of its rows are a lead's, with the values that the question takes; `None` where it is about no lead.
    fn theirs(&self, lead: Uuid) -> Option<(String, Vec<Value>)> {
        if self.name == "lead" {
            return Some(("id = ?".to_owned(), vec![lead.into()]));
        }
        let keys: Vec<String> = KEYS
            .iter()
            .filter(|(column, _)| self.has(column))
            .map(
                |(column, of)| {
                    if of.is_empty() { format!("{column} = ?") } else { format!("{column} IN ({of})") }
                },
            )
            .collect();
        (!keys.is_empty()).then(|| (keys.join(" OR "), vec![lead.into(); keys.len()]))
    }

    /// Which of its rows name one of these.
    fn naming(&self, needles: &[String]) -> (String, Vec<Value>) {
        let (mut parts, mut values) = (Vec::new(), Vec::new());
        for column in self.texts() {
            for needle in needles {
                parts.push(format!("lower(CAST({column} AS TEXT)) LIKE ? ESCAPE '!'"));
                let plain = needle.to_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_");
                values.push(format!("%{plain}%").into());
            }
        }
        (parts.join(" OR "), values)
    }
}

/// A lead as far as it is looked for.
struct Wanted {
    id: Uuid,
    address_hash: Option<String>,
    /// By what it is found in free text.
    needles: Vec<String>,
}

impl Papers<'_> {
    /// Everything that is kept of a lead, by table.
    ///
    /// # Errors
    /// `Refusal::Unknown` when there is no such lead.
    pub async fn export(&self, lead: LeadId) -> Result<Json> {
        let db = &self.0.db;
        let wanted = self.wanted(db, lead).await?;
        let mut all = Map::new();
        for table in self.tables(db).await? {
            let mut questions: Vec<(String, Vec<Value>)> = table.theirs(wanted.id).into_iter().collect();
            if LOOSE.iter().any(|(name, _)| *name == table.name) {
                questions.push(table.naming(&wanted.needles));
            }
            let mut rows: Vec<Json> = Vec::new();
            for (question, values) in questions {
                for row in self.rows(db, &table, &question, values).await? {
                    if !rows.contains(&row) {
                        rows.push(row);
                    }
                }
            }
            if !rows.is_empty() {
                all.insert(table.name, rows.into());
            }
        }
        Ok(all.into())
    }

    /// Erases a lead: all that [`Self::export`] shows. What stays is the salted hash of the address, under which nobody is
    /// written to again where `for_good` says so, and a line of audit that names nobody. Mails that wait are suppressed.
    ///
    /// # Errors
    /// `Refusal::Unknown` when there is no such lead.
    pub async fn erase(&self, lead: LeadId, by: &str, for_good: bool) -> Result<()> {
        again!(self.erase_once(lead, by, for_good))
    }

    async fn erase_once(&self, lead: LeadId, by: &str, for_good: bool) -> Result<()> {
        let (store, now) = (self.0, micros(self.0.clock.calendar()));
        let tx = store.begin().await?;
        if store.db.get_database_backend() == DbBackend::Postgres {
            let lock = "SELECT id FROM lead WHERE id = ? FOR UPDATE";
            tx.execute_raw(store.sql(lock, vec![lead.0.into()])).await?;
        }
        let wanted = self.wanted(&*tx, lead).await?;
        let text = "UPDATE delivery SET state = 'suppressed', owner = NULL, moved_at = ? WHERE lead_id = ? AND state IN ('pending', 'claimed')";
        tx.execute_raw(store.sql(text, vec![now.into(), lead.0.into()])).await?;
        let tables = self.tables(&*tx).await?;
        for table in tables.iter().filter(|table| LOOSE.iter().any(|(name, _)| *name == table.name)) {
            let (_, becomes) =
                LOOSE[LOOSE.iter().position(|(name, _)| *name == table.name).unwrap_or_default()];
            let (named, mut values) = table.naming(&wanted.needles);
            let question = match table.theirs(wanted.id) {
                Some((theirs, more)) => {
                    values.extend(more);
                    format!("{named} OR {theirs}")
                }
                None => named,
            };
            self.become_or_go(&tx, &table.name, becomes, &question, values).await?;
        }
        // Those that say whose the others are go last.
        let is_named = |table: &&Table| {
            ["lead", "activity", "delivery", "enrollment", "alert", "notice"].contains(&table.name.as_str())
        };
        let (last, first): (Vec<&Table>, Vec<&Table>) = tables.iter().partition(is_named);
        for table in first.into_iter().chain(last) {
            if LOOSE.iter().any(|(name, _)| *name == table.name) {
                continue;
            }
            let Some((question, values)) = table.theirs(wanted.id) else { continue };
            let becomes = OUTLIVE.iter().find(|(name, _)| *name == table.name).map(|(_, becomes)| *becomes);
            self.become_or_go(&tx, &table.name, becomes, &question, values).await?;
        }
        if let (Some(hash), true) = (&wanted.address_hash, for_good) {
            let text = "INSERT INTO suppression (address_hash, reason, at) VALUES (?, 'erased', ?) ON CONFLICT (address_hash) DO NOTHING";
            tx.execute_raw(store.sql(text, vec![hash.clone().into(), now.into()])).await?;
        }
        let text = "INSERT INTO audit (at, actor, place, deed, result) VALUES (?, ?, 'terminal', 'erase a lead', 'ok')";
        tx.execute_raw(store.sql(text, vec![now.into(), by.into()])).await?;
        store.commit(tx, true).await
    }

    async fn become_or_go(
        &self,
        tx: &Writing,
        table: &str,
        becomes: Option<&str>,
        question: &str,
        values: Vec<Value>,
    ) -> Result<()> {
        let text = match becomes {
            Some(becomes) => format!("UPDATE {table} SET {becomes} WHERE {question}"),
            None => format!("DELETE FROM {table} WHERE {question}"),
        };
        tx.execute_raw(self.0.sql(&text, values)).await?;
        Ok(())
    }

    /// Takes what was deleted out of the files, too: until then the disk still has it.
    ///
    /// # Errors
    /// When others use the database too much; it can be done again at any time.
    pub async fn scrub(&self) -> Result<()> {
        let steps: &[&str] = match self.0.db.get_database_backend() {
            DbBackend::Postgres => &["VACUUM"],
            _ => &["PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"],
        };
        let _turn = self.0.queue.lock().await;
        for step in steps {
            self.0.writer.execute_unprepared(step).await?;
        }
        Ok(())
    }

    async fn wanted(&self, db: &impl ConnectionTrait, lead: LeadId) -> Result<Wanted> {
        let text = "SELECT email, name, address_hash FROM lead WHERE id = ?";
        let row = db.query_one_raw(self.0.sql(text, vec![lead.0.into()])).await?;
        let row = row.ok_or_else(|| Refusal::no_lead(&lead.to_string()))?;
        let (email, name): (Option<String>, Option<String>) =
            (row.try_get("", "email")?, row.try_get("", "name")?);
        // One word is a name of many: it would find others.
        let name = name.filter(|name| name.trim().contains(' '));
        let needles = [Some(lead.to_string()), Some(lead.0.to_string()), email, name];
        Ok(Wanted {
            id: lead.0,
            address_hash: row.try_get("", "address_hash")?,
            needles: needles.into_iter().flatten().collect(),
        })
    }

    pub(crate) async fn tables(&self, db: &impl ConnectionTrait) -> Result<Vec<Table>> {
        let text = match self.0.db.get_database_backend() {
            DbBackend::Postgres => {
                "SELECT table_name::text AS t, column_name::text AS c, data_type::text AS k FROM information_schema.columns WHERE table_schema = current_schema() ORDER BY 1, ordinal_position"
            }
            _ => {
                "SELECT m.name AS t, p.name AS c, lower(p.type) AS k FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, p.cid"
            }
        };
        let mut tables: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        let statement = Statement::from_string(self.0.db.get_database_backend(), text);
        for row in db.query_all_raw(statement).await? {
            let column = (row.try_get("", "c")?, row.try_get("", "k")?);
            tables.entry(row.try_get("", "t")?).or_default().push(column);
        }
        tables.remove("seaql_migrations");
        Ok(tables.into_iter().map(|(name, columns)| Table { name, columns }).collect())
    }

    /// Rows as JSON. A mail's bytes are shown as the text that they are.
    async fn rows(
        &self,
        db: &impl ConnectionTrait,
        table: &Table,
        question: &str,
        values: Vec<Value>,
    ) -> Result<Vec<Json>> {
        let name = &table.name;
        let row = match self.0.db.get_database_backend() {
            DbBackend::Postgres if table.has("bytes") => {
                format!(
                    "(to_jsonb({name}) || jsonb_build_object('bytes', encode({name}.bytes, 'escape')))::text"
                )
            }
            DbBackend::Postgres => format!("to_jsonb({name})::text"),
            _ => {
                let shown = |(column, _): &(String, String)| {
                    format!(
                        "'{column}', CASE WHEN typeof(\"{column}\") <> 'blob' THEN \"{column}\" WHEN length(\"{column}\") = 16 THEN lower(hex(\"{column}\")) ELSE CAST(\"{column}\" AS TEXT) END"
                    )
                };
                let columns: Vec<String> = table.columns.iter().map(shown).collect();
                format!("json_object({})", columns.join(", "))
            }
        };
        let text = format!("SELECT {row} AS line FROM {name} WHERE {question}");
        let mut rows = Vec::new();
        for found in db.query_all_raw(self.0.sql(&text, values)).await? {
            let line: String = found.try_get("", "line")?;
            rows.push(serde_json::from_str(&line).unwrap_or(Json::String(line)));
        }
        Ok(rows)
    }
}

/// How long an address of the network is kept whole, in days.
pub const IPS_WHOLE: i64 = 30;

impl Papers<'_> {
    /// Cuts the addresses of the network that are older than [`IPS_WHOLE`] to the part that names no household; how many.
    ///
    /// # Errors
    /// As the database says.
    pub async fn truncate_ips(&self, most: u64) -> Result<usize> {
        let before = micros(self.0.clock.calendar() - chrono::TimeDelta::days(IPS_WHOLE));
        let mut cut = 0;
        for (table, key, at) in
            [("consent", "id", "obtained_at"), ("confirmation", "delivery_id", "asked_at")]
        {
            let text = format!(
                "SELECT {key} AS id, ip FROM {table} WHERE ip IS NOT NULL AND ip NOT LIKE '%/%' AND {at} < ? LIMIT ?"
            );
            let values = vec![before.into(), i64::try_from(most).unwrap_or(i64::MAX).into()];
            let rows = self.0.db.query_all_raw(self.0.sql(&text, values)).await?;
            if rows.is_empty() {
                continue;
            }
            let tx = self.0.begin().await?;
            for row in &rows {
                let (id, ip): (Uuid, String) = (row.try_get("", "id")?, row.try_get("", "ip")?);
                let text = format!("UPDATE {table} SET ip = ? WHERE {key} = ?");
                tx.execute_raw(self.0.sql(&text, vec![ip.parse().ok().map(network_of).into(), id.into()]))
                    .await?;
            }
            self.0.commit(tx, false).await?;
            cut += rows.len();
        }
        Ok(cut)
    }

    /// Archived leads that nobody has heard of since before a moment: those to forget.
    ///
    /// # Errors
    /// As the database says.
    pub async fn due_to_forget(
        &self,
        quiet_before: rekindle_core::time::Moment,
        most: u64,
    ) -> Result<Vec<LeadId>> {
        let text = "SELECT id FROM lead WHERE nurture = 'archived' AND quiet_since < ? AND nurture_since < ? AND owner IS NULL AND lifecycle <> 'customer' ORDER BY id LIMIT ?";
        let before = micros(quiet_before);
        let values = vec![before.into(), before.into(), i64::try_from(most).unwrap_or(i64::MAX).into()];
        let rows = self.0.db.query_all_raw(self.0.sql(text, values)).await?;
        rows.iter().map(|row| Ok(LeadId(row.try_get("", "id")?))).collect()
    }
}
