//! Calls to the operator's own program: each is written with what it tells, and tried until it is taken or given up.

use crate::{
    Result, Store, mint,
    rows::{add, micros, moment, small},
    transaction::Writing,
};
use rekindle_core::{ids::LeadId, time::Moment};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, prelude::Uuid,
};
use serde_json::{Value, json};

/// How much of an answer is kept.
const LONGEST_ANSWER: usize = 300;

/// A call that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Its id, the same at each try: whoever hears it twice knows it by this.
    pub id: Uuid,
    /// What happened.
    pub event: String,
    /// The whole body.
    pub body: String,
    /// When it happened (wall).
    pub created_at: Moment,
    /// How often it was tried.
    pub tries: usize,
}

/// Calls to the operator's own program.
#[derive(Debug, Clone, Copy)]
pub struct Webhooks<'a>(&'a Store);

impl Store {
    /// Calls to the operator's own program.
    pub fn webhooks(&self) -> Webhooks<'_> {
        Webhooks(self)
    }
}

impl Webhooks<'_> {
    /// Calls that are due now (wall), the longest due first.
    ///
    /// # Errors
    /// As the database says.
    pub async fn due(&self, most: u64) -> Result<Vec<Call>> {
        let rows = small::webhook_call::Entity::find()
            .filter(small::webhook_call::Column::DueAt.lte(micros(self.0.clock.wall())))
            .order_by_asc(small::webhook_call::Column::DueAt)
            .limit(most)
            .all(&self.0.db)
            .await?;
        Ok(rows.into_iter().map(call).collect())
    }

    /// A call was taken.
    ///
    /// # Errors
    /// As the database says.
    pub async fn taken(&self, call: &Call, answer: &str) -> Result<()> {
        self.tried(call, answer, None).await
    }

    /// A call was not taken: it is tried again then, or given up.
    ///
    /// # Errors
    /// As the database says.
    pub async fn failed(&self, call: &Call, why: &str, again_at: Option<Moment>) -> Result<()> {
        self.tried(call, why, again_at).await
    }

    async fn tried(&self, call: &Call, answer: &str, due_at: Option<Moment>) -> Result<()> {
        let answer: String = answer.chars().filter(|c| *c != '\0').take(LONGEST_ANSWER).collect();
        let tx = self.0.begin().await?;
        let text = "UPDATE webhook_call SET due_at = ?, tries = tries + 1, answer = ? WHERE id = ?";
        let values = vec![due_at.map(micros).into(), answer.into(), call.id.into()];
        tx.execute_raw(self.0.sql(text, values)).await?;
        self.0.commit(tx, false).await
    }
}

/// Puts a call among those that are to be made, in the transaction of what it tells.
pub(crate) async fn tell(
    store: &Store,
    tx: &Writing,
    event: &str,
    lead: Option<LeadId>,
    data: Value,
) -> Result<()> {
    let now = store.clock.wall();
    let body = json!({"type": event, "timestamp": now.to_rfc3339(), "data": data});
    let row = small::webhook_call::Model {
        id: mint::id(),
        event: event.to_owned(),
        body: body.to_string(),
        lead_id: lead.map(|lead| lead.0),
        created_at: micros(now),
        due_at: Some(micros(now)),
        tries: 0,
        answer: None,
    };
    add::<small::webhook_call::Entity, _>(&**tx, vec![row]).await
}

fn call(row: small::webhook_call::Model) -> Call {
    Call {
        id: row.id,
        event: row.event,
        body: row.body,
        created_at: moment(row.created_at),
        tries: usize::try_from(row.tries).unwrap_or(0),
    }
}
