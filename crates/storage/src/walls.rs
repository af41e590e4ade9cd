//! Walls: the channels on platforms that show cards, since when, and which of them takes none for now.
//!
//! A wall is worked by one process ([`Store::works_at`] its name): of two, both might post a new card.

use crate::{
    Result, Store,
    rows::{micros, moment, small},
    transaction::again,
};
use rekindle_core::{chat::Platform, time::Moment};
use sea_orm::{ConnectionTrait, EntityTrait, QueryOrder};
use std::collections::HashSet;

/// How a wall stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wall {
    /// The name of the destination: "slack:T0123/C0456".
    pub name: String,
    /// On which platform.
    pub platform: String,
    /// Since when it shows cards (wall). Cards that were over by then are not posted there.
    pub hung_at: Moment,
    /// Since when it takes none (wall), and why.
    pub broken: Option<(Moment, String)>,
}

/// The walls.
#[derive(Debug, Clone, Copy)]
pub struct Walls<'a>(&'a Store);

impl Store {
    /// The walls.
    pub fn walls(&self) -> Walls<'_> {
        Walls(self)
    }
}

fn wall(row: small::wall::Model) -> Wall {
    let broken = row.broken_at.map(|at| (moment(at), row.why.unwrap_or_default()));
    Wall { name: row.name, platform: row.platform, hung_at: moment(row.hung_at), broken }
}

impl Walls<'_> {
    /// A wall shows cards from now on, if it did not before; how it stands.
    ///
    /// # Errors
    /// As the database says.
    pub async fn hang(&self, name: &str, platform: Platform) -> Result<Wall> {
        again!(self.hang_once(name, platform))
    }

    async fn hang_once(&self, name: &str, platform: Platform) -> Result<Wall> {
        if let Some(row) = small::wall::Entity::find_by_id(name).one(&self.0.db).await? {
            return Ok(wall(row));
        }
        let tx = self.0.begin().await?;
        let now = micros(self.0.clock.wall());
        let text =
            "INSERT INTO wall (name, platform, hung_at) VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING";
        tx.execute_raw(self.0.sql(text, vec![name.into(), platform.word().into(), now.into()])).await?;
        let row = small::wall::Entity::find_by_id(name).one(&*tx).await?;
        self.0.commit(tx, false).await?;
        Ok(row.map_or_else(
            || Wall {
                name: name.to_owned(),
                platform: platform.word().to_owned(),
                hung_at: moment(now),
                broken: None,
            },
            wall,
        ))
    }

    /// A wall takes nothing more; whether that is news, which the team is told.
    ///
    /// # Errors
    /// As the database says.
    pub async fn broke(&self, name: &str, why: &str, news: &str) -> Result<bool> {
        let now = micros(self.0.clock.wall());
        let why: String = why.chars().filter(|c| *c != '\0').take(500).collect();
        self.set(
            "UPDATE wall SET broken_at = ?, why = ? WHERE name = ? AND broken_at IS NULL",
            vec![now.into(), why.into(), name.into()],
            Some(news),
        )
        .await
    }

    /// A wall takes cards again; whether that is news, which the team is told.
    ///
    /// # Errors
    /// As the database says.
    pub async fn mended(&self, name: &str, news: &str) -> Result<bool> {
        self.set(
            "UPDATE wall SET broken_at = NULL, why = NULL WHERE name = ? AND broken_at IS NOT NULL",
            vec![name.into()],
            Some(news),
        )
        .await
    }

    async fn set(&self, text: &str, values: Vec<sea_orm::Value>, news: Option<&str>) -> Result<bool> {
        again!(async {
            let tx = self.0.begin().await?;
            let changed = tx.execute_raw(self.0.sql(text, values.clone())).await?.rows_affected() == 1;
            let news = news.filter(|_| changed);
            if let Some(news) = news {
                self.0.tell_the_team(&tx, news).await?;
            }
            self.0.commit(tx, news.is_some()).await?;
            Ok(changed)
        })
    }

    /// The walls that a process works, by name. The settings of none name the others any more.
    ///
    /// # Errors
    /// As the database says.
    pub async fn worked(&self) -> Result<Vec<Wall>> {
        let mut worked = HashSet::new();
        for work in small::work::Entity::find().all(&self.0.db).await? {
            if !self.0.is_dead(work.owner).await? {
                worked.insert(work.name);
            }
        }
        let rows =
            small::wall::Entity::find().order_by_asc(small::wall::Column::Name).all(&self.0.db).await?;
        Ok(rows.into_iter().filter(|row| worked.contains(&row.name)).map(wall).collect())
    }
}
