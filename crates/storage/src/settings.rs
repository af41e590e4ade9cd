//! Small facts that all processes share: who paused the mail.

use crate::{Result, Store, rows::small};
use rekindle_core::{team::Handle, time::Moment};
use sea_orm::{ConnectionTrait, EntityTrait};
use serde::{Deserialize, Serialize};

/// The kill switch, pressed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Who pressed it.
    pub by: Handle,
    /// When (wall).
    pub at: Moment,
}

const PAUSE: &str = "pause";

impl Store {
    /// Whether all mail is paused, and by whom.
    ///
    /// # Errors
    /// As the database says.
    pub async fn pause(&self) -> Result<Option<Pause>> {
        pause(&self.db).await
    }

    /// Presses the kill switch, or lets it go. Mail that waits is looked at again at once when it is let go.
    ///
    /// # Errors
    /// As the database says.
    pub async fn set_pause(&self, pause: Option<Pause>) -> Result<()> {
        let tx = self.begin().await?;
        let row = small::setting::Model {
            name: PAUSE.to_owned(),
            value: serde_json::to_value(&pause).unwrap_or_default(),
        };
        crate::rows::put::<small::setting::Entity, _>(&*tx, vec![row]).await?;
        if pause.is_none() {
            let now = crate::rows::micros(self.clock.calendar());
            let text = "UPDATE delivery SET not_before = ? WHERE state = 'pending' AND not_before > ? AND reason LIKE 'all mail is paused%'";
            tx.execute_raw(self.sql(text, vec![now.into(), now.into()])).await?;
        }
        self.commit(tx, true).await
    }
}

/// Whether all mail is paused, read inside a transaction.
pub(crate) async fn pause(db: &impl ConnectionTrait) -> Result<Option<Pause>> {
    let row = small::setting::Entity::find_by_id(PAUSE.to_owned()).one(db).await?;
    Ok(row.and_then(|row| serde_json::from_value(row.value).ok()).flatten())
}
