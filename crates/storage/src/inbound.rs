//! What came in from a platform: kept once, by the id that the platform gave it, before it is acknowledged.
//!
//! It is new, then begun with the first thing that is written for it ([`crate::behalf`]), then done; until then it is in
//! the hands of a process. Where that one dies, another takes it over: what was new is done, what was begun is not done
//! again.

use crate::{
    Result, Store, StoreError,
    rows::{micros, moment, small, word},
    transaction::again,
};
use chrono::TimeDelta;
use rekindle_core::{chat::Platform, time::Moment};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, prelude::Uuid};
use serde_json::Value;

/// How long an id is remembered (wall): no platform sends the same again after that.
const REMEMBERED: TimeDelta = TimeDelta::days(7);

/// Something that came in.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrived {
    /// From which platform.
    pub platform: Platform,
    /// From which workspace or guild.
    pub workspace: String,
    /// What the platform calls it: unique there.
    pub id: String,
    /// When (wall).
    pub at: Moment,
    /// What it is, in the platform's word.
    pub kind: String,
    /// As it came.
    pub payload: Value,
}

/// What a process that died had in hand.
#[derive(Debug, Clone, PartialEq)]
pub struct Left {
    /// What came.
    pub came: Arrived,
    /// Whether something was written for it: nobody knows whether that was all.
    pub begun: bool,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Became {
    /// Handled and answered; its words are not kept.
    Done,
    /// Nobody here knows what it is: kept as it came.
    Ignored,
}

#[derive(FromQueryResult)]
struct Owner {
    owner: Uuid,
}

/// What came in.
#[derive(Debug, Clone, Copy)]
pub struct Inbound<'a>(&'a Store);

impl Store {
    /// What came in.
    pub fn inbound(&self) -> Inbound<'_> {
        Inbound(self)
    }
}

fn arrived(row: small::inbound::Model) -> Result<Arrived, StoreError> {
    Ok(Arrived {
        platform: word("inbound", "platform", &row.id, &row.platform, Platform::from_word)?,
        workspace: row.workspace,
        id: row.id,
        at: moment(row.received_at),
        kind: row.kind,
        payload: row.payload,
    })
}

impl Inbound<'_> {
    /// Keeps what came in, in the hands of this process; whether it is new. What came before is not touched.
    ///
    /// # Errors
    /// As the database says.
    pub async fn keep(&self, came: &Arrived) -> Result<bool> {
        again!(self.keep_once(came))
    }

    async fn keep_once(&self, came: &Arrived) -> Result<bool> {
        let me = self.0.me().await?;
        let tx = self.0.begin().await?;
        let text = "INSERT INTO inbound (platform, workspace, id, received_at, kind, payload, state, owner) \
                    VALUES (?, ?, ?, ?, ?, ?, 'new', ?) ON CONFLICT DO NOTHING";
        let values = vec![
            came.platform.word().into(),
            came.workspace.clone().into(),
            came.id.clone().into(),
            micros(came.at).into(),
            came.kind.clone().into(),
            without_nul(came.payload.clone()).into(),
            me.into(),
        ];
        let done = tx.execute_raw(self.0.sql(text, values)).await?;
        self.0.commit(tx, false).await?;
        Ok(done.rows_affected() == 1)
    }

    /// What became of it.
    ///
    /// # Errors
    /// As the database says.
    pub async fn became(&self, came: &Arrived, what: Became) -> Result<()> {
        again!(self.became_once(came, what))
    }

    async fn became_once(&self, came: &Arrived, what: Became) -> Result<()> {
        let tx = self.0.begin().await?;
        let (state, payload) = match what {
            Became::Done => ("done", Value::Null),
            Became::Ignored => ("ignored", without_nul(came.payload.clone())),
        };
        let text = "UPDATE inbound SET state = ?, payload = ?, owner = NULL WHERE platform = ? AND workspace = ? AND id = ?";
        let values = vec![
            state.into(),
            payload.into(),
            came.platform.word().into(),
            came.workspace.clone().into(),
            came.id.clone().into(),
        ];
        tx.execute_raw(self.0.sql(text, values)).await?;
        self.0.commit(tx, false).await
    }

    /// Takes over what processes that died had in hand, the oldest first. What a process has that lives is its own.
    ///
    /// # Errors
    /// As the database says.
    pub async fn take_over(&self, platform: Platform) -> Result<Vec<Left>> {
        let me = self.0.me().await?;
        let text = "SELECT DISTINCT owner FROM inbound WHERE owner IS NOT NULL AND platform = ?";
        let values = vec![platform.word().into()];
        let owners = Owner::find_by_statement(self.0.sql(text, values)).all(&self.0.db).await?;
        let mut left = Vec::new();
        for Owner { owner } in owners {
            if owner != me && self.0.is_dead(owner).await? {
                left.extend(again!(self.take_from(owner, me, platform))?);
            }
        }
        left.sort_by_key(|one: &Left| one.came.at);
        Ok(left)
    }

    async fn take_from(&self, dead: Uuid, me: Uuid, platform: Platform) -> Result<Vec<Left>> {
        let tx = self.0.begin().await?;
        let text = "UPDATE inbound SET owner = ? WHERE owner = ? AND platform = ? RETURNING *";
        let values = vec![me.into(), dead.into(), platform.word().into()];
        let rows = small::inbound::Model::find_by_statement(self.0.sql(text, values)).all(&*tx).await?;
        self.0.commit(tx, false).await?;
        let left = |row: small::inbound::Model| {
            let begun = row.state == "begun";
            Ok(Left { came: arrived(row)?, begun })
        };
        rows.into_iter().map(left).collect()
    }

    /// Forgets what came in longer ago than any platform remembers; how many.
    ///
    /// # Errors
    /// As the database says.
    pub async fn forget_old(&self) -> Result<u64> {
        let before = micros(self.0.clock.wall() - REMEMBERED);
        let tx = self.0.begin().await?;
        let gone = small::inbound::Entity::delete_many()
            .filter(small::inbound::Column::ReceivedAt.lt(before))
            .filter(small::inbound::Column::Owner.is_null())
            .exec(&*tx)
            .await?;
        self.0.commit(tx, false).await?;
        Ok(gone.rows_affected)
    }
}

/// PostgreSQL keeps no NUL in JSON.
fn without_nul(value: Value) -> Value {
    match value {
        Value::String(text) if text.contains('\0') => Value::String(text.replace('\0', "")),
        Value::Array(items) => items.into_iter().map(without_nul).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(key, value)| (key.replace('\0', ""), without_nul(value))).collect()
        }
        other => other,
    }
}
