//! Who sends: its claims are its own as long as it is [alive](crate::alive).

use super::Outbox;
use crate::{
    Result,
    alive::Alive,
    rows::{add, micros, small},
};
use sea_orm::{ConnectionTrait, EntityTrait, prelude::Uuid};

/// A sender of mail, alive as long as this value.
#[derive(Debug)]
pub struct Sender(Alive);

impl Sender {
    pub(crate) fn id(&self) -> Uuid {
        self.0.id()
    }

    /// What it is called where its word is kept for later.
    pub fn name(&self) -> String {
        self.id().simple().to_string()
    }

    /// Whether its lock still stands; where it does not, it must stop claiming.
    pub async fn is_alive(&mut self) -> bool {
        self.0.stands().await
    }
}

impl Outbox<'_> {
    /// A new sender, which holds its lock until it is dropped.
    ///
    /// # Errors
    /// As the database or the file system says.
    pub async fn enlist(&self) -> Result<Sender> {
        let sender = Sender(self.0.prove_alive().await?);
        let row = small::sender::Model { id: sender.id(), started_at: micros(self.0.clock.wall()) };
        let tx = self.0.begin().await?;
        add::<small::sender::Entity, _>(&*tx, vec![row]).await?;
        self.0.commit(tx, false).await?;
        Ok(sender)
    }

    /// Senders that are dead, by their locks; the rows of those that left nothing behind are removed by the caller.
    pub(super) async fn dead(&self, but: Uuid) -> Result<Vec<Uuid>> {
        let mut others: Vec<Uuid> =
            small::sender::Entity::find().all(&self.0.db).await?.into_iter().map(|row| row.id).collect();
        // A claim of a sender that was killed may have been committed after it was buried.
        let text = "SELECT DISTINCT owner FROM delivery WHERE owner IS NOT NULL AND state IN ('claimed', 'committing')";
        for row in self.0.db.query_all_raw(self.0.sql(text, Vec::new())).await? {
            others.push(row.try_get("", "owner")?);
        }
        others.sort_unstable();
        others.dedup();
        let mut dead = Vec::new();
        for id in others {
            if id != but && self.0.is_dead(id).await? {
                dead.push(id);
            }
        }
        Ok(dead)
    }

    /// Forgets a sender that is dead.
    pub(super) async fn bury(&self, id: Uuid) -> Result<()> {
        let tx = self.0.begin().await?;
        small::sender::Entity::delete_by_id(id).exec(&*tx).await?;
        self.0.commit(tx, false).await
    }
}
