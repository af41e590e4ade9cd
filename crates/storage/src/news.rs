//! News: what the whole team is told in the channel for it, on every platform once.
//!
//! It is kept in the transaction that makes it true, and then converges on the walls as cards do ([`crate::cards`]).

use crate::{
    Result, Store, mint,
    rows::{add, micros, moment, small},
    transaction::Writing,
};
use chrono::TimeDelta;
use rekindle_core::time::Moment;
use sea_orm::prelude::Uuid;

/// What is older than this is no news any more (wall).
pub const NEWS_FOR: TimeDelta = TimeDelta::days(1);

/// Something that the whole team is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// Ours.
    pub id: Uuid,
    /// In words.
    pub text: String,
    /// When it became true (wall).
    pub at: Moment,
}

impl From<small::news::Model> for News {
    fn from(row: small::news::Model) -> Self {
        Self { id: row.id, text: row.text, at: moment(row.at) }
    }
}

impl Store {
    /// Keeps news, with what else is written in this transaction.
    pub(crate) async fn tell_the_team(&self, tx: &Writing, text: &str) -> Result<()> {
        let row = small::news::Model {
            id: mint::id(),
            text: text.chars().filter(|c| *c != '\0').take(1000).collect(),
            at: micros(self.clock.wall()),
        };
        add::<small::news::Entity, _>(&**tx, vec![row]).await
    }
}
