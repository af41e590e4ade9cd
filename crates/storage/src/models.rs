//! Models that were trained: kept with how good they are; of all at most one is in force.

use crate::{
    Result, Store, StoreError,
    predictions::locked,
    rows::{add, micros, moment, small},
    transaction::Writing,
};
use rekindle_core::{
    prediction::{Judgement, Trained},
    refusal::Refusal,
    time::Moment,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};

/// The models.
#[derive(Debug, Clone, Copy)]
pub struct Models<'a>(&'a Store);

impl Store {
    /// The models.
    pub fn models(&self) -> Models<'_> {
        Models(self)
    }
}

/// A model that was trained just now.
#[derive(Debug)]
pub struct New<'a> {
    /// By whom.
    pub by: &'a str,
    /// When the oldest lead that it learnt from was shown to the team.
    pub since: Moment,
    /// How good it is.
    pub judged: &'a Judgement,
    /// Why it is not good enough, if it is not.
    pub why_not: Option<&'a str>,
    /// What it has learnt, as JSON.
    pub learnt: &'a str,
}

/// Live alerts whose card shows a prediction.
const SHOWING: &str = "state <> 'closed' AND lead_id IN (SELECT lead_id FROM prediction)";

impl Models<'_> {
    /// Keeps a model. One that is good enough is in force from now on. After one that is not, nothing is: what was good on the outcomes
    /// of before does not hold on those of now.
    ///
    /// # Errors
    /// As the database says.
    pub async fn keep(&self, new: New<'_>) -> Result<Trained> {
        let tx = self.0.begin().await?;
        let last: Option<i64> = small::model::Entity::find()
            .select_only()
            .column(small::model::Column::Version)
            .order_by_desc(small::model::Column::Version)
            .limit(1)
            .into_tuple()
            .one(&*tx)
            .await?;
        let row = small::model::Model {
            version: last.unwrap_or(0) + 1,
            at: micros(self.0.clock.calendar()),
            by: new.by.to_owned(),
            since: micros(new.since),
            outcomes: i64::try_from(new.judged.outcomes).unwrap_or(i64::MAX),
            won: i64::try_from(new.judged.won).unwrap_or(i64::MAX),
            auc: new.judged.auc,
            brier: new.judged.brier,
            bands: serde_json::to_value(&new.judged.bands).unwrap_or_default(),
            learnt: new.learnt.to_owned(),
            why_not: new.why_not.map(str::to_owned),
            in_force: new.why_not.is_none(),
        };
        self.withdraw(&*tx).await?;
        add::<small::model::Entity, _>(&*tx, vec![row.clone()]).await?;
        self.touch(&tx).await?;
        self.0.commit(tx, true).await?;
        trained(row)
    }

    /// Cards that show a prediction are one revision on: the set form of `Alert::touched`.
    async fn touch(&self, tx: &Writing) -> Result<()> {
        let showing = format!("lead.id IN (SELECT lead_id FROM alert WHERE {SHOWING})");
        locked(tx, Expr::cust(showing)).await?;
        let text = format!("UPDATE alert SET revision = revision + 1 WHERE {SHOWING}");
        tx.execute_raw(self.0.sql(&text, Vec::new())).await?;
        Ok(())
    }

    /// All of them, the last first.
    ///
    /// # Errors
    /// As the database says.
    pub async fn all(&self) -> Result<Vec<Trained>> {
        let rows = small::model::Entity::find().order_by_desc(small::model::Column::Version);
        rows.all(&self.0.db).await?.into_iter().map(trained).collect()
    }

    /// The one whose predictions are shown, if one is.
    ///
    /// # Errors
    /// As the database says.
    pub async fn in_force(&self) -> Result<Option<Trained>> {
        let row = small::model::Entity::find().filter(small::model::Column::InForce.eq(true));
        row.one(&self.0.db).await?.map(trained).transpose()
    }

    /// The one that is told of: in force, or the last one where none is.
    ///
    /// # Errors
    /// As the database says.
    pub async fn told_of(&self) -> Result<Option<Trained>> {
        let row = small::model::Entity::find()
            .order_by_desc(small::model::Column::InForce)
            .order_by_desc(small::model::Column::Version);
        row.one(&self.0.db).await?.map(trained).transpose()
    }

    /// What a model has learnt, as JSON.
    ///
    /// # Errors
    /// As the database says.
    pub async fn learnt(&self, version: i64) -> Result<Option<String>> {
        let row = small::model::Entity::find_by_id(version).one(&self.0.db).await?;
        Ok(row.map(|row| row.learnt))
    }

    /// Puts an earlier model in force again: this one, or the last good one before the one that is in force, or was trained last.
    ///
    /// # Errors
    /// [`Refusal::Not`] when there is none, it is in force already, or it was not good enough to be shown.
    pub async fn roll_back(&self, to: Option<i64>) -> Result<Trained> {
        let tx = self.0.begin().await?;
        let rows =
            small::model::Entity::find().order_by_desc(small::model::Column::Version).all(&*tx).await?;
        let not = |code: &'static str, text: String| StoreError::from(Refusal::Not { code, text });
        let now = rows.iter().find(|row| row.in_force).or(rows.first()).map_or(0, |row| row.version);
        let found = match to {
            Some(version) => rows.iter().find(|row| row.version == version),
            None => rows.iter().find(|row| row.version < now && row.why_not.is_none()),
        };
        let Some(row) = found else {
            let text = match to {
                Some(version) if rows.is_empty() => {
                    format!("There is no model {version}: none was trained yet.")
                }
                Some(version) => format!("There is no model {version}; the last is {}.", rows[0].version),
                None => "There is no earlier model that was good enough to be shown.".to_owned(),
            };
            return Err(not("no_model", text));
        };
        if let Some(why) = &row.why_not {
            return Err(not("not_good_enough", format!("Model {} is not shown: {why}.", row.version)));
        }
        if row.in_force {
            return Err(not("in_force", format!("Model {} is in force already.", row.version)));
        }
        self.withdraw(&*tx).await?;
        small::model::Entity::update_many()
            .col_expr(small::model::Column::InForce, Expr::value(true))
            .filter(small::model::Column::Version.eq(row.version))
            .exec(&*tx)
            .await?;
        self.touch(&tx).await?;
        let row = small::model::Model { in_force: true, ..row.clone() };
        self.0.commit(tx, true).await?;
        trained(row)
    }

    async fn withdraw(&self, tx: &impl ConnectionTrait) -> Result<()> {
        small::model::Entity::update_many()
            .col_expr(small::model::Column::InForce, Expr::value(false))
            .filter(small::model::Column::InForce.eq(true))
            .exec(tx)
            .await?;
        Ok(())
    }
}

fn trained(row: small::model::Model) -> Result<Trained> {
    let count = |number: i64| u64::try_from(number).unwrap_or(0);
    let bands = serde_json::from_value(row.bands).map_err(|found| StoreError::Corrupt {
        table: "model",
        column: "bands",
        row: row.version.to_string(),
        found: found.to_string(),
    })?;
    Ok(Trained {
        version: row.version,
        at: moment(row.at),
        by: row.by,
        since: moment(row.since),
        judged: Judgement {
            outcomes: count(row.outcomes),
            won: count(row.won),
            auc: row.auc,
            brier: row.brier,
            bands,
        },
        why_not: row.why_not,
        in_force: row.in_force,
    })
}
