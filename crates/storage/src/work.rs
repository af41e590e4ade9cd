//! Work that one process does at a time, such as writing to a wall: where it dies or leaves, another takes it over.

use crate::{Result, Store, rows::small, transaction::again};
use sea_orm::{ConnectionTrait, EntityTrait, Value};

impl Store {
    /// Whether this process does the work of this name: it did, or nobody does who is alive.
    ///
    /// # Errors
    /// As the database or the file system says.
    pub async fn works_at(&self, name: &str) -> Result<bool> {
        let me = self.me().await?;
        match small::work::Entity::find_by_id(name).one(&self.db).await? {
            Some(work) if work.owner == me => Ok(true),
            Some(work) if !self.is_dead(work.owner).await? => Ok(false),
            Some(work) => {
                let text = "UPDATE work SET owner = ? WHERE name = ? AND owner = ?";
                self.moves_work(text, vec![me.into(), name.into(), work.owner.into()]).await
            }
            None => {
                let text = "INSERT INTO work (owner, name) VALUES (?, ?) ON CONFLICT (name) DO NOTHING";
                self.moves_work(text, vec![me.into(), name.into()]).await
            }
        }
    }

    /// This process does the work of this name no more.
    ///
    /// # Errors
    /// As the database or the file system says.
    pub async fn leaves(&self, name: &str) -> Result<()> {
        let me = self.me().await?;
        let text = "DELETE FROM work WHERE name = ? AND owner = ?";
        self.moves_work(text, vec![name.into(), me.into()]).await.map(drop)
    }

    async fn moves_work(&self, text: &str, values: Vec<Value>) -> Result<bool> {
        again!(async {
            let tx = self.begin().await?;
            let moved = tx.execute_raw(self.sql(text, values.clone())).await?;
            self.commit(tx, false).await?;
            Ok(moved.rows_affected() == 1)
        })
    }
}
