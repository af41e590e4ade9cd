//! The audit: who did what, where, with which result. Only ever added to.

use crate::{
    Result, Store,
    rows::{moment, small},
};
use rekindle_core::{ids::LeadId, time::Moment};
use sea_orm::{
    ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

/// One line of the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When (wall).
    pub at: Moment,
    /// Who: a member's handle, or "rekindle".
    pub actor: String,
    /// Where: "console", "terminal", …
    pub place: String,
    /// What: the command or button, as it was given.
    pub deed: String,
    /// About whom.
    pub lead: Option<LeadId>,
    /// "ok", or the code of the refusal.
    pub result: String,
}

impl Store {
    /// Writes a line of the audit.
    ///
    /// # Errors
    /// As the database says.
    pub async fn audit(&self, entry: Entry) -> Result<()> {
        let row = small::audit::ActiveModel {
            id: NotSet,
            at: Set(crate::rows::micros(entry.at)),
            actor: Set(entry.actor),
            place: Set(entry.place),
            deed: Set(entry.deed.chars().filter(|c| *c != '\0').take(2000).collect()),
            lead_id: Set(entry.lead.map(|id| id.0)),
            result: Set(entry.result),
        };
        let tx = self.begin().await?;
        small::audit::Entity::insert(row).exec_without_returning(&*tx).await?;
        self.commit(tx, false).await
    }

    /// The newest lines of the audit; of one lead, or of all.
    ///
    /// # Errors
    /// As the database says.
    pub async fn audited(&self, lead: Option<LeadId>, most: u64) -> Result<Vec<Entry>> {
        let mut query = small::audit::Entity::find().order_by_desc(small::audit::Column::Id).limit(most);
        if let Some(lead) = lead {
            query = query.filter(small::audit::Column::LeadId.eq(lead.0));
        }
        Ok(query.all(&self.db).await?.into_iter().map(Entry::from).collect())
    }

    /// The newest lines about a lead that were done, and have this word in them.
    ///
    /// # Errors
    /// As the database says.
    pub async fn audited_with(&self, lead: LeadId, word: &str, most: u64) -> Result<Vec<Entry>> {
        let query = small::audit::Entity::find()
            .filter(small::audit::Column::LeadId.eq(lead.0))
            .filter(small::audit::Column::Result.eq("ok"))
            .filter(small::audit::Column::Deed.contains(word))
            .order_by_desc(small::audit::Column::Id)
            .limit(most);
        Ok(query.all(&self.db).await?.into_iter().map(Entry::from).collect())
    }
}

impl From<small::audit::Model> for Entry {
    fn from(row: small::audit::Model) -> Self {
        Self {
            at: moment(row.at),
            actor: row.actor,
            place: row.place,
            deed: row.deed,
            lead: row.lead_id.map(LeadId),
            result: row.result,
        }
    }
}
