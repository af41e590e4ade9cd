//! The built-in console: posts and edits of its channels, in one order for everybody who watches.

use crate::{
    Result, Store,
    rows::{micros, moment, small},
    transaction::{Writing, again},
};
use rekindle_core::{team::Handle, time::Moment};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
    prelude::Uuid,
    sea_query::ExprTrait,
};
use serde_json::Value;

/// A message of a channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Grows with each message.
    pub id: i64,
    /// Grows with each post and each edit: where somebody who watches has come to.
    pub seq: i64,
    /// In which channel.
    pub channel: String,
    /// When it was posted (calendar).
    pub at: Moment,
    /// Who says it: a member's handle, or "rekindle".
    pub author: String,
    /// The words.
    pub text: String,
    /// The card, rendered.
    pub card: Option<Value>,
    /// The one member who sees it; everybody, where there is none.
    pub only_for: Option<Handle>,
}

impl Message {
    /// Whether a member sees it.
    pub fn is_for(&self, member: &Handle) -> bool {
        self.only_for.as_ref().is_none_or(|only| only == member)
    }
}

/// The console.
#[derive(Debug, Clone, Copy)]
pub struct Console<'a>(&'a Store);

impl Store {
    /// The console.
    pub fn console(&self) -> Console<'_> {
        Console(self)
    }
}

#[derive(FromQueryResult)]
struct Seq {
    value: i64,
}

/// The next number, in the order of commits: the row stays locked until then.
async fn next_seq(store: &Store, tx: &Writing) -> Result<i64> {
    let text = "INSERT INTO counter (name, value) VALUES ('console', 1) ON CONFLICT (name) DO UPDATE SET value = counter.value + 1 RETURNING value";
    let row = Seq::find_by_statement(store.sql(text, Vec::new())).one(&**tx).await?;
    Ok(row.map_or(1, |row| row.value))
}

impl Console<'_> {
    /// Posts a message; returns its id.
    ///
    /// # Errors
    /// As the database says.
    pub async fn post(
        &self,
        channel: &str,
        author: &str,
        text: &str,
        card: Option<(Uuid, Value)>,
    ) -> Result<i64> {
        again!(self.post_once(channel, author, text, card.clone().map(|(id, card)| (id, Some(card))), None))
    }

    /// Posts words once, however often they are posted under this id; returns the message's.
    ///
    /// # Errors
    /// As the database says.
    pub async fn post_under(&self, id: Uuid, channel: &str, author: &str, text: &str) -> Result<i64> {
        match self.message_of_card(id, channel).await? {
            Some(known) => Ok(known),
            None => again!(self.post_once(channel, author, text, Some((id, None)), None)),
        }
    }

    /// Posts a message that one member sees alone; returns its id.
    ///
    /// # Errors
    /// As the database says.
    pub async fn whisper(&self, to: &Handle, channel: &str, author: &str, text: &str) -> Result<i64> {
        again!(self.post_once(channel, author, text, None, Some(to)))
    }

    async fn post_once(
        &self,
        channel: &str,
        author: &str,
        text: &str,
        card: Option<(Uuid, Option<Value>)>,
        only_for: Option<&Handle>,
    ) -> Result<i64> {
        let tx = self.0.begin().await?;
        let (card_id, card) = card.unzip();
        let row = small::console_message::ActiveModel {
            id: NotSet,
            seq: Set(next_seq(self.0, &tx).await?),
            channel: Set(channel.to_owned()),
            at: Set(micros(self.0.clock.calendar())),
            author: Set(author.to_owned()),
            text: Set(text.chars().filter(|c| *c != '\0').take(4000).collect()),
            card_id: Set(card_id),
            card: Set(card.flatten()),
            only_for: Set(only_for.map(ToString::to_string)),
        };
        let id = small::console_message::Entity::insert(row).exec(&*tx).await?.last_insert_id;
        self.0.commit(tx, true).await?;
        Ok(id)
    }

    /// Edits the card of a message.
    ///
    /// # Errors
    /// As the database says.
    pub async fn edit(&self, id: i64, card: Value) -> Result<()> {
        again!(self.edit_once(id, card.clone()))
    }

    async fn edit_once(&self, id: i64, card: Value) -> Result<()> {
        let tx = self.0.begin().await?;
        let seq = next_seq(self.0, &tx).await?;
        let text = "UPDATE console_message SET card = ?, seq = ? WHERE id = ?";
        tx.execute_raw(self.0.sql(text, vec![card.into(), seq.into(), id.into()])).await?;
        self.0.commit(tx, true).await
    }

    /// The message of a channel that holds a card, the first where there are more: a card that was posted
    /// and not yet noted down is found again by it.
    ///
    /// # Errors
    /// As the database says.
    pub async fn message_of_card(&self, card: Uuid, channel: &str) -> Result<Option<i64>> {
        let row = small::console_message::Entity::find()
            .filter(small::console_message::Column::CardId.eq(card))
            .filter(small::console_message::Column::Channel.eq(channel))
            .order_by_asc(small::console_message::Column::Id)
            .one(&self.0.db)
            .await?;
        Ok(row.map(|row| row.id))
    }

    /// The newest message that stands as it was at `seq`; whoever has come so far has seen it and all before it.
    ///
    /// # Errors
    /// As the database says.
    pub async fn newest_at(&self, seq: i64) -> Result<i64> {
        let row = small::console_message::Entity::find()
            .filter(small::console_message::Column::Seq.lte(seq))
            .order_by_desc(small::console_message::Column::Id)
            .one(&self.0.db)
            .await?;
        Ok(row.map_or(0, |row| row.id))
    }

    /// The newest messages that a member sees, oldest first.
    ///
    /// # Errors
    /// As the database says.
    pub async fn latest(&self, member: &Handle, most: u64) -> Result<Vec<Message>> {
        let only_for = small::console_message::Column::OnlyFor;
        let rows = small::console_message::Entity::find()
            .filter(only_for.is_null().or(only_for.eq(member.as_str())))
            .order_by_desc(small::console_message::Column::Id)
            .limit(most)
            .all(&self.0.db)
            .await?;
        Ok(rows.into_iter().rev().map(message).collect())
    }

    /// What was posted or edited since `seq`, in that order, for whomever.
    ///
    /// # Errors
    /// As the database says.
    pub async fn since(&self, seq: i64, most: u64) -> Result<Vec<Message>> {
        let rows = small::console_message::Entity::find()
            .filter(small::console_message::Column::Seq.gt(seq))
            .order_by_asc(small::console_message::Column::Seq)
            .limit(most)
            .all(&self.0.db)
            .await?;
        Ok(rows.into_iter().map(message).collect())
    }
}

fn message(row: small::console_message::Model) -> Message {
    Message {
        id: row.id,
        seq: row.seq,
        channel: row.channel,
        at: moment(row.at),
        author: row.author,
        text: row.text,
        card: row.card,
        only_for: row.only_for.as_deref().and_then(Handle::of),
    }
}
