//! A copy of the data in a file of its own, on which the future can be tried without touching the present.
//!
//! Copied is what decisions see: leads with all that is theirs, playbooks, campaigns, what is suppressed, settings. Not copied is what
//! belongs to doors and processes: sessions, what came from chats, who works. Bytes of mails are not copied; they are written anew.

use crate::{
    Result, Store,
    papers::Table,
    rows::{lead, micros},
    transaction::list_of,
};
use rekindle_core::{ids::LeadId, time::SharedClock};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, JsonValue, QueryFilter, QueryOrder, QueryResult,
    QuerySelect, Value, prelude::Uuid,
};

/// What belongs to doors and processes, and is no part of a decision: a prediction is shown, and decides nothing.
const LEFT_OUT: [&str; 24] = [
    "secret",
    "sender",
    "session",
    "sign_in",
    "write_key",
    "frozen",
    "attempt",
    "console_message",
    "inbound",
    "audit",
    "quarantine",
    "webhook_call",
    "news",
    "work",
    "wall",
    "told",
    "card",
    "chat_user",
    "chat_link",
    "home",
    "mute",
    "notice",
    "model",
    "prediction",
];
/// How many leads are copied at a time.
const PAGE: usize = 500;
/// SQLite takes no more values in one statement (SQLITE_MAX_VARIABLE_NUMBER).
const MOST_VALUES: usize = 30_000;

impl Store {
    /// Copies these leads, or all, into a new database with a clock of its own. `told` hears how many leads are copied after each page.
    ///
    /// # Errors
    /// As the databases say.
    pub async fn copy_to(
        &self,
        url: &str,
        clock: SharedClock,
        only: Option<&[LeadId]>,
        told: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<Self> {
        let mut other = Self::open(url, clock).await?;
        // Addresses are kept under the same hash here and there.
        other.ring = self.ring.clone();
        let tables = self.papers().tables(&self.db).await?;
        let tables: Vec<&Table> =
            tables.iter().filter(|table| !LEFT_OUT.contains(&table.name.as_str())).collect();
        for table in &tables {
            if table.of_leads(1).is_none() {
                self.copy_rows(&other, table, None).await?;
            }
        }
        let (mut after, mut count) = (Uuid::nil(), 0);
        let mut named = only.map(|only| only.chunks(PAGE));
        loop {
            let page: Vec<Uuid> = match &mut named {
                Some(pages) => pages.next().unwrap_or_default().iter().map(|lead| lead.0).collect(),
                None => self.page_of_ids(after).await?,
            };
            let Some(last) = page.last() else { break };
            after = *last;
            for table in &tables {
                self.copy_rows(&other, table, Some(&page)).await?;
            }
            count += page.len() as u64;
            told(count);
        }
        // Nobody of the other house sends here: what they hold waits again.
        let text =
            "UPDATE delivery SET state = 'pending', owner = NULL, not_before = ? WHERE state = 'claimed'";
        let tx = other.begin().await?;
        tx.execute_raw(other.sql(text, vec![micros(other.clock.calendar()).into()])).await?;
        other.commit(tx, false).await?;
        Ok(other)
    }

    async fn page_of_ids(&self, after: Uuid) -> Result<Vec<Uuid>> {
        let page = lead::Entity::find()
            .select_only()
            .column(lead::Column::Id)
            .filter(lead::Column::Id.gt(after))
            .order_by_asc(lead::Column::Id)
            .limit(PAGE as u64);
        Ok(page.into_tuple().all(&self.db).await?)
    }

    /// Copies the rows of a table that are of these leads, or all.
    async fn copy_rows(&self, other: &Self, table: &Table, leads: Option<&[Uuid]>) -> Result<()> {
        let names: Vec<String> = table.columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        let (question, values) = match leads {
            None => ("1 = 1".to_owned(), Vec::new()),
            Some(leads) => {
                let Some(question) = table.of_leads(leads.len()) else { return Ok(()) };
                let times = question.matches("IN (?").count();
                let values = (0..times).flat_map(|_| leads.iter().map(|lead| Value::from(*lead)));
                (question, values.collect())
            }
        };
        let text = format!("SELECT {} FROM \"{}\" WHERE {question}", names.join(", "), table.name);
        let rows = self.db.query_all_raw(self.sql(&text, values)).await?;
        let is_postgres = self.db.get_database_backend() == DbBackend::Postgres;
        for chunk in rows.chunks((MOST_VALUES / names.len().max(1)).max(1)) {
            let places = vec![format!("({})", list_of(names.len())); chunk.len()].join(", ");
            // A row of two leads (a merged identity, a colleague) may be met twice.
            let text = format!(
                "INSERT INTO \"{}\" ({}) VALUES {places} ON CONFLICT DO NOTHING",
                table.name,
                names.join(", ")
            );
            let mut values = Vec::with_capacity(chunk.len() * names.len());
            for row in chunk {
                for (name, kind) in &table.columns {
                    values.push(value_of(row, name, kind, is_postgres)?);
                }
            }
            let tx = other.begin().await?;
            tx.execute_raw(other.sql(&text, values)).await?;
            other.commit(tx, false).await?;
        }
        Ok(())
    }
}

/// A value, read as the type that its column is declared with.
fn value_of(row: &QueryResult, column: &str, kind: &str, is_postgres: bool) -> Result<Value> {
    let is = |words: &[&str]| words.iter().any(|word| kind.contains(word));
    Ok(match () {
        () if is(&["uuid"]) => row.try_get::<Option<Uuid>>("", column)?.into(),
        () if is(&["json"]) => row.try_get::<Option<JsonValue>>("", column)?.into(),
        () if is(&["bool"]) => row.try_get::<Option<bool>>("", column)?.into(),
        () if is(&["bigint"]) => row.try_get::<Option<i64>>("", column)?.into(),
        // SQLite calls all whole numbers the same.
        () if is(&["int"]) && !is_postgres => row.try_get::<Option<i64>>("", column)?.into(),
        () if is(&["int"]) => row.try_get::<Option<i32>>("", column)?.into(),
        () if is(&["double", "real", "float"]) => row.try_get::<Option<f64>>("", column)?.into(),
        () if is(&["blob", "bytea"]) => row.try_get::<Option<Vec<u8>>>("", column)?.into(),
        () => row.try_get::<Option<String>>("", column)?.into(),
    })
}
