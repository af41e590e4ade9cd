//! Versions of the playbook: the one in force, and those that leads in flight are on.

use crate::{
    Result, Store, StoreError,
    rows::{add, micros, moment, small},
    transaction::again,
};
use rekindle_core::{
    link::digest,
    playbook::{Files, Playbook, Playbooks},
    time::Moment,
};
use sea_orm::{EntityTrait, FromQueryResult, QueryOrder, QuerySelect};
use std::{collections::BTreeMap, sync::Arc};

/// A version of the playbook that was put in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Its number.
    pub version: i64,
    /// Its texts.
    pub files: Files,
    /// When (wall).
    pub at: Moment,
    /// Why, in the words of whoever did it.
    pub note: Option<String>,
}

#[derive(FromQueryResult)]
struct Version {
    version: i64,
}

impl Store {
    /// Puts a playbook in force, as a new version unless it is the newest already. Returns its version.
    ///
    /// # Errors
    /// As the database says.
    pub async fn apply_playbook(&self, files: &Files) -> Result<i64> {
        self.publish_playbook(files, None).await
    }

    /// The same, with the reason why.
    ///
    /// # Errors
    /// As the database says.
    pub async fn publish_playbook(&self, files: &Files, note: Option<&str>) -> Result<i64> {
        let version = again!(self.apply_once(files, note))?;
        self.load_playbooks().await?;
        Ok(version)
    }

    /// Every version that was put in force, the newest first.
    ///
    /// # Errors
    /// As the database says.
    pub async fn playbook_versions(&self) -> Result<Vec<Published>> {
        let rows = small::playbook::Entity::find()
            .order_by_desc(small::playbook::Column::Version)
            .all(&self.db)
            .await?;
        let published = |row: small::playbook::Model| Published {
            version: row.version,
            files: serde_json::from_value(row.files).unwrap_or_default(),
            at: moment(row.applied_at),
            note: row.note,
        };
        Ok(rows.into_iter().map(published).collect())
    }

    async fn apply_once(&self, files: &Files, note: Option<&str>) -> Result<i64> {
        let text = serde_json::to_string(files).unwrap_or_default();
        let digest = digest(&text);
        let tx = self.begin().await?;
        let newest =
            small::playbook::Entity::find().order_by_desc(small::playbook::Column::Version).one(&*tx).await?;
        let version = match newest {
            Some(row) if row.digest == digest => return Ok(row.version),
            Some(row) => row.version + 1,
            None => 1,
        };
        let row = small::playbook::Model {
            version,
            digest,
            files: serde_json::to_value(files).unwrap_or_default(),
            applied_at: micros(self.clock.wall()),
            note: note.map(str::to_owned),
        };
        add::<small::playbook::Entity, _>(&*tx, vec![row]).await?;
        self.commit(tx, true).await?;
        Ok(version)
    }

    /// The playbooks: in force and in flight. Reads them the first time, and when [`Self::load_playbooks`] is called.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] when none was applied yet.
    pub async fn playbooks(&self) -> Result<Arc<Playbooks>> {
        if let Some(known) =
            self.playbooks.read().expect("never poisoned: nothing panics while it is held").clone()
        {
            return Ok(known);
        }
        self.load_playbooks().await
    }

    /// Reads the playbooks from the database: another process may have applied one.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] when none was applied yet.
    pub async fn load_playbooks(&self) -> Result<Arc<Playbooks>> {
        let newest = small::playbook::Entity::find()
            .select_only()
            .column(small::playbook::Column::Version)
            .order_by_desc(small::playbook::Column::Version)
            .into_model::<Version>()
            .one(&self.db)
            .await?
            .ok_or_else(|| {
                StoreError::Unusable("no playbook was applied yet: `rekindle playbook apply`".to_owned())
            })?;
        let saved = self.segments().saved().await?;
        let saved: Vec<(String, String)> = saved.into_iter().map(|one| (one.name, one.question)).collect();
        if let Some(known) =
            self.playbooks.read().expect("never poisoned: nothing panics while it is held").as_ref()
            && known.version() == newest.version
            && known.saved() == saved
        {
            return Ok(known.clone());
        }
        let rows = small::playbook::Entity::find()
            .order_by_desc(small::playbook::Column::Version)
            .all(&self.db)
            .await?;
        let mut playbooks: Option<Playbooks> = None;
        for row in rows {
            let files: BTreeMap<String, String> = serde_json::from_value(row.files).unwrap_or_default();
            match Playbook::parse(&files) {
                Ok(playbook) => {
                    let playbook = Arc::new(playbook);
                    playbooks = Some(match playbooks {
                        None => Playbooks::new(row.version, playbook),
                        Some(newer) => newer.with_older(row.version, playbook),
                    });
                }
                // Written by another version of the program: who is on it goes on by the one in force.
                Err(errors) => {
                    tracing::warn!(version = row.version, errors = errors.len(), "cannot read a playbook");
                }
            }
        }
        let playbooks = playbooks.ok_or_else(|| {
            StoreError::Unusable(
                "the playbook in the database cannot be read: `rekindle playbook apply`".to_owned(),
            )
        })?;
        let playbooks = Arc::new(playbooks.with_saved(saved));
        *self.playbooks.write().expect("never poisoned: nothing panics while it is held") =
            Some(playbooks.clone());
        Ok(playbooks)
    }
}
