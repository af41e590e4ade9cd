//! Segments that the team saved, beside those of the playbook's files.

use super::Segments;
use crate::{
    Result,
    rows::{micros, moment, put, small},
    transaction::again,
};
use rekindle_core::{segment::Predicate, team::Handle, time::Moment};
use sea_orm::{EntityTrait, QueryOrder};

/// A saved segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// What it is called.
    pub name: String,
    /// What it asks, as it was written.
    pub question: String,
    /// Who saved it.
    pub by: String,
    /// When (wall).
    pub at: Moment,
}

impl Segments<'_> {
    /// All of them, by name.
    ///
    /// # Errors
    /// As the database says.
    pub async fn saved(&self) -> Result<Vec<Saved>> {
        let rows =
            small::segment::Entity::find().order_by_asc(small::segment::Column::Name).all(&self.0.db).await?;
        let saved = |row: small::segment::Model| Saved {
            name: row.name,
            question: row.question,
            by: row.saved_by,
            at: moment(row.saved_at),
        };
        Ok(rows.into_iter().map(saved).collect())
    }

    /// Keeps a question under a name, in the place of what it was called before; whether it may be is `Playbook::may_save`'s to say.
    ///
    /// # Errors
    /// As the database says.
    pub async fn save(&self, name: &str, question: &Predicate, by: &Handle) -> Result<()> {
        let row = small::segment::Model {
            name: name.to_owned(),
            question: question.to_string(),
            saved_by: by.to_string(),
            saved_at: micros(self.0.clock.wall()),
        };
        again!(self.save_once(row.clone()))?;
        self.0.load_playbooks().await.map(drop)
    }

    async fn save_once(&self, row: small::segment::Model) -> Result<()> {
        let tx = self.0.begin().await?;
        put::<small::segment::Entity, _>(&*tx, vec![row]).await?;
        self.0.commit(tx, true).await
    }

    /// Forgets a saved segment; whether there was one.
    ///
    /// # Errors
    /// As the database says.
    pub async fn forget(&self, name: &str) -> Result<bool> {
        let gone = again!(self.forget_once(name))?;
        self.0.load_playbooks().await?;
        Ok(gone)
    }

    async fn forget_once(&self, name: &str) -> Result<bool> {
        let tx = self.0.begin().await?;
        let gone = small::segment::Entity::delete_by_id(name).exec(&*tx).await?;
        self.0.commit(tx, true).await?;
        Ok(gone.rows_affected > 0)
    }
}
