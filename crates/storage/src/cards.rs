//! Cards: how far each place that shows an alert or a campaign has come.
//!
//! Promise: cards converge. A card is always rendered whole from its row, and posted or edited while
//! the revision it shows is behind the revision of its row, for each destination.

use crate::{
    Result, Store,
    rows::{alert, campaign, small},
};
use rekindle_core::{alert::Alert, campaign::Campaign};
use sea_orm::{EntityTrait, FromQueryResult, prelude::Uuid};

/// The cards.
#[derive(Debug, Clone, Copy)]
pub struct Cards<'a>(&'a Store);

impl Store {
    /// The cards.
    pub fn cards(&self) -> Cards<'_> {
        Cards(self)
    }
}

/// A card that is behind in one place.
#[derive(Debug, Clone)]
pub struct Behind<T> {
    /// What it shows, as it stands.
    pub subject: T,
    /// The message that holds it there; `None` when it was never posted.
    pub message: Option<String>,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    message: Option<String>,
}

impl Cards<'_> {
    /// Alerts whose card in `destination` is behind, the oldest first.
    ///
    /// # Errors
    /// As the database says.
    pub async fn alerts_behind(&self, destination: &str, most: u64) -> Result<Vec<Behind<Alert>>> {
        let mut behind = Vec::new();
        for row in self.behind("alert", "TRUE", destination, most).await? {
            if let Some(found) = alert::Entity::find_by_id(row.id).one(&self.0.db).await? {
                behind.push(Behind { subject: found.alert()?, message: row.message });
            }
        }
        Ok(behind)
    }

    /// Campaigns whose card in `destination` is behind, the oldest first; previews have none.
    ///
    /// # Errors
    /// As the database says.
    pub async fn campaigns_behind(&self, destination: &str, most: u64) -> Result<Vec<Behind<Campaign>>> {
        let mut behind = Vec::new();
        for row in self.behind("campaign", "s.state <> 'draft'", destination, most).await? {
            if let Some(found) = campaign::Entity::find_by_id(row.id).one(&self.0.db).await? {
                behind.push(Behind { subject: found.campaign()?, message: row.message });
            }
        }
        Ok(behind)
    }

    async fn behind(&self, table: &str, which: &str, destination: &str, most: u64) -> Result<Vec<Row>> {
        let text = format!(
            "SELECT s.id AS id, c.message AS message FROM {table} s LEFT JOIN card c ON c.subject_id = s.id AND c.destination = ? \
             WHERE {which} AND (c.revision IS NULL OR c.revision < s.revision) ORDER BY s.id LIMIT {most}"
        );
        Ok(Row::find_by_statement(self.0.sql(&text, vec![destination.into()])).all(&self.0.db).await?)
    }

    /// The card is shown in `destination` as `message`, at `revision`.
    ///
    /// # Errors
    /// As the database says.
    pub async fn shown(&self, subject: Uuid, destination: &str, message: &str, revision: i64) -> Result<()> {
        let row = small::card::Model {
            subject_id: subject,
            destination: destination.to_owned(),
            message: Some(message.to_owned()),
            revision,
        };
        let tx = self.0.begin().await?;
        crate::rows::put::<small::card::Entity, _>(&*tx, vec![row]).await?;
        self.0.commit(tx, false).await
    }
}
