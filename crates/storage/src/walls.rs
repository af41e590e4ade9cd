//! Walls: the channels on platforms that show cards, since when, and which of them takes none for now.

use crate::{
    Result, Store,
    rows::{micros, moment, small},
    transaction::again,
};
use rekindle_core::{chat::Platform, time::Moment};
use sea_orm::{ConnectionTrait, EntityTrait, QueryOrder};

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

    /// A wall takes nothing more; whether that is news.
    ///
    /// # Errors
    /// As the database says.
    pub async fn broke(&self, name: &str, why: &str) -> Result<bool> {
        let now = micros(self.0.clock.wall());
        let why: String = why.chars().filter(|c| *c != '\0').take(500).collect();
        self.set(
            "UPDATE wall SET broken_at = ?, why = ? WHERE name = ? AND broken_at IS NULL",
            vec![now.into(), why.into(), name.into()],
        )
        .await
    }

    /// A wall takes cards again; whether that is news.
    ///
    /// # Errors
    /// As the database says.
    pub async fn mended(&self, name: &str) -> Result<bool> {
        self.set(
            "UPDATE wall SET broken_at = NULL, why = NULL WHERE name = ? AND broken_at IS NOT NULL",
            vec![name.into()],
        )
        .await
    }

    async fn set(&self, text: &str, values: Vec<sea_orm::Value>) -> Result<bool> {
        again!(async {
            let tx = self.0.begin().await?;
            let done = tx.execute_raw(self.0.sql(text, values.clone())).await?;
            self.0.commit(tx, false).await?;
            Ok(done.rows_affected() == 1)
        })
    }

    /// All walls, by name.
    ///
    /// # Errors
    /// As the database says.
    pub async fn all(&self) -> Result<Vec<Wall>> {
        let rows =
            small::wall::Entity::find().order_by_asc(small::wall::Column::Name).all(&self.0.db).await?;
        Ok(rows.into_iter().map(wall).collect())
    }
}
