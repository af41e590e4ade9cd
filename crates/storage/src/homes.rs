//! Homes: the page of its own that a platform has for each user, where they opened it once.
//!
//! Promise: homes converge, as cards do. A home is rendered whole, and published while what it shows is not what there
//! is to show; only then what it shows is kept.

use crate::{
    Result, Store,
    rows::{put, small},
    transaction::again,
};
use rekindle_core::chat::{ChatUser, Platform};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

/// The homes.
#[derive(Debug, Clone, Copy)]
pub struct Homes<'a>(&'a Store);

impl Store {
    /// The homes.
    pub fn homes(&self) -> Homes<'_> {
        Homes(self)
    }
}

/// A home that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Whose.
    pub user: ChatUser,
    /// What it shows, as a digest; `None` when it is to be shown anew, whatever it shows.
    pub shown: Option<String>,
    /// What the platform calls that state of it.
    pub version: Option<String>,
}

impl Homes<'_> {
    /// A user has opened their home: it is to be shown anew.
    ///
    /// # Errors
    /// As the database says.
    pub async fn opened(&self, user: ChatUser) -> Result<()> {
        self.shows(&Opened { user, shown: None, version: None }).await
    }

    /// What a home shows from now on.
    ///
    /// # Errors
    /// As the database says.
    pub async fn shows(&self, home: &Opened) -> Result<()> {
        again!(self.shows_once(home))
    }

    async fn shows_once(&self, home: &Opened) -> Result<()> {
        let Opened { user, shown, version } = home;
        let row = small::home::Model {
            platform: user.platform.word().to_owned(),
            workspace: user.workspace.clone(),
            user_id: user.id.clone(),
            shown: shown.clone(),
            version: version.clone(),
        };
        let tx = self.0.begin().await?;
        put::<small::home::Entity, _>(&*tx, vec![row]).await?;
        self.0.commit(tx, false).await
    }

    /// The homes that were ever opened on a platform.
    ///
    /// # Errors
    /// As the database says.
    pub async fn all(&self, platform: Platform) -> Result<Vec<Opened>> {
        let rows = small::home::Entity::find()
            .filter(small::home::Column::Platform.eq(platform.word()))
            .all(&self.0.db)
            .await?;
        let home = |row: small::home::Model| Opened {
            user: ChatUser { platform, workspace: row.workspace, id: row.user_id },
            shown: row.shown,
            version: row.version,
        };
        Ok(rows.into_iter().map(home).collect())
    }
}
