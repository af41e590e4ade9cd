//! Write keys: who may tell the house what leads do. Kept by their digest alone.

use crate::{
    Result, Store, mint,
    rows::{activity, add, micros, small, word},
};
use rekindle_core::{activity::Trust, link::digest, refusal::Refusal};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};

/// A write key, as intake needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteKey {
    /// Its name, which is the source of what comes with it.
    pub name: String,
    /// Whether anybody could hold it.
    pub trust: Trust,
    /// The web sites that may use it, for a browser key.
    pub origins: Vec<String>,
    /// The basis of consent that it stands for.
    pub basis: Option<String>,
}

/// The write keys.
#[derive(Debug, Clone, Copy)]
pub struct Keys<'a>(&'a Store);

impl Store {
    /// The write keys.
    pub fn keys(&self) -> Keys<'_> {
        Keys(self)
    }
}

impl Keys<'_> {
    /// Makes a key and returns it; it cannot be shown again.
    ///
    /// # Errors
    /// [`Refusal::Not`] when a key has that name already.
    pub async fn make(&self, key: WriteKey) -> Result<String> {
        let tx = self.0.begin().await?;
        let taken = small::write_key::Entity::find()
            .filter(small::write_key::Column::Name.eq(key.name.as_str()))
            .count(&*tx)
            .await?;
        if taken > 0 {
            let text = format!("There is a key “{}” already; take another name.", key.name);
            return Err(Refusal::Not { code: "name_taken", text }.into());
        }
        let (word, trust) = match key.trust {
            Trust::Server => ("wk", "server"),
            Trust::Browser => ("pk", "browser"),
        };
        let secret = mint::secret(word);
        let row = small::write_key::Model {
            digest: digest(&secret),
            name: key.name,
            trust: trust.to_owned(),
            origins: key.origins.into(),
            basis: key.basis,
            created_at: micros(self.0.clock.wall()),
        };
        add::<small::write_key::Entity, _>(&*tx, vec![row]).await?;
        self.0.commit(tx, true).await?;
        Ok(secret)
    }

    /// The key that a secret is, if it is one.
    ///
    /// # Errors
    /// As the database says.
    pub async fn find(&self, secret: &str) -> Result<Option<WriteKey>> {
        let Some(row) = small::write_key::Entity::find_by_id(digest(secret)).one(&self.0.db).await? else {
            return Ok(None);
        };
        Ok(Some(WriteKey {
            trust: word("write_key", "trust", &row.name, &row.trust, activity::trust)?,
            origins: serde_json::from_value(row.origins).unwrap_or_default(),
            name: row.name,
            basis: row.basis,
        }))
    }

    /// The web sites that any browser key may be used from.
    ///
    /// # Errors
    /// As the database says.
    pub async fn origins(&self) -> Result<Vec<String>> {
        let rows = small::write_key::Entity::find()
            .filter(small::write_key::Column::Trust.eq("browser"))
            .all(&self.0.db)
            .await?;
        let lists = rows.into_iter().map(|row| serde_json::from_value::<Vec<String>>(row.origins));
        Ok(lists.flatten().flatten().collect())
    }

    /// Whether there is any key.
    ///
    /// # Errors
    /// As the database says.
    pub async fn any(&self) -> Result<bool> {
        Ok(small::write_key::Entity::find().count(&self.0.db).await? > 0)
    }
}
