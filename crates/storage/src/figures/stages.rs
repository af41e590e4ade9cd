//! How leads move from stage to stage: how many stand where, came, went on and fell back, and how long the way takes.

use super::Figures;
use crate::{
    Result,
    rows::{micros, word},
};
use chrono::TimeDelta;
use rekindle_core::{
    lead::{Journey, Lifecycle},
    stage::Ladder,
    time::Moment,
};
use sea_orm::{FromQueryResult, Value};
use serde::Serialize;

/// What happened at one stage in a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AtStage {
    /// On which ladder.
    pub ladder: Ladder,
    /// Its word.
    pub stage: &'static str,
    /// Leads with an address that stand there now.
    pub now: i64,
    /// Moves to it, on or back.
    pub came: i64,
    /// Moves from it to a further one.
    pub went_on: i64,
    /// Moves from it to an earlier one.
    pub fell_back: i64,
    /// How long half of those who went on had been there, at the most; none where nobody did.
    #[serde(rename = "took_seconds", serialize_with = "seconds")]
    pub took: Option<TimeDelta>,
}

fn seconds<S: serde::Serializer>(took: &Option<TimeDelta>, to: S) -> std::result::Result<S::Ok, S::Error> {
    took.map(|took| took.num_seconds()).serialize(to)
}

/// Why leads fell back on the lifecycle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromQueryResult)]
pub struct FellBack {
    /// From where.
    pub from_stage: String,
    /// To where.
    pub to_stage: String,
    /// In words.
    pub why: String,
    /// How many.
    pub count: i64,
}

#[derive(FromQueryResult)]
struct Standing {
    ladder: String,
    stage: String,
    count: i64,
}

#[derive(FromQueryResult)]
struct Moving {
    ladder: String,
    from_stage: String,
    to_stage: String,
    back: bool,
    count: i64,
}

#[derive(FromQueryResult)]
struct Taking {
    ladder: String,
    from_stage: String,
    took: i64,
}

/// Who stands where.
const STANDING: &str = "\
    SELECT 'journey' AS ladder, journey AS stage, count(*) AS count FROM lead WHERE email IS NOT NULL GROUP BY journey \
    UNION ALL SELECT 'lifecycle', lifecycle, count(*) FROM lead WHERE email IS NOT NULL GROUP BY lifecycle";

/// Which moves were made since a moment, by `ix_stage_move_at`.
const MOVING: &str = "SELECT ladder, from_stage, to_stage, back, count(*) AS count FROM stage_move WHERE at >= ? \
    GROUP BY ladder, from_stage, to_stage, back";

/// How long those who went on since a moment had been where they were: since their move there, or since they are known. The median, from
/// below.
const TAKING: &str = "\
    SELECT ladder, from_stage, took FROM ( \
        SELECT ladder, from_stage, took, \
            row_number() OVER (PARTITION BY ladder, from_stage ORDER BY took) AS place, \
            count(*) OVER (PARTITION BY ladder, from_stage) AS of_all \
        FROM ( \
            SELECT m.ladder, m.from_stage, m.at, m.back, m.at - COALESCE( \
                lag(m.at) OVER (PARTITION BY m.lead_id, m.ladder ORDER BY m.id), l.created_at) AS took \
            FROM stage_move m JOIN lead l ON l.id = m.lead_id \
            WHERE m.lead_id IN (SELECT lead_id FROM stage_move WHERE at >= ?) \
        ) each_move WHERE at >= ? AND NOT back \
    ) ranked WHERE place = (of_all + 1) / 2";

/// Why leads fell back since a moment, what is said most often first.
const FELL_BACK: &str = "SELECT from_stage, to_stage, why, count(*) AS count FROM stage_move \
    WHERE at >= ? AND back AND ladder = 'lifecycle' GROUP BY from_stage, to_stage, why ORDER BY count(*) DESC, why LIMIT ?";

impl Figures<'_> {
    /// Every stage of both ladders in its order, with what happened there since a moment (calendar).
    ///
    /// # Errors
    /// As the database says.
    pub async fn stages(&self, since: Moment) -> Result<Vec<AtStage>> {
        let since = micros(since);
        let at = |ladder: Ladder| {
            move |stage: &'static str| AtStage {
                ladder,
                stage,
                now: 0,
                came: 0,
                went_on: 0,
                fell_back: 0,
                took: None,
            }
        };
        let lifecycle = Lifecycle::ALL.iter().map(|stage| stage.word()).map(at(Ladder::Lifecycle));
        let journey = Journey::ALL.iter().map(|stage| stage.word()).map(at(Ladder::Journey));
        let mut stages: Vec<AtStage> = lifecycle.chain(journey).collect();
        let mut put = |ladder: &str, stage: &str, put: &mut dyn FnMut(&mut AtStage)| -> Result<()> {
            let ladder = word("stage_move", "ladder", stage, ladder, Ladder::from_word)?;
            if let Some(at) = stages.iter_mut().find(|at| at.ladder == ladder && at.stage == stage) {
                put(at);
            }
            Ok(())
        };
        let standing = Standing::find_by_statement(self.0.sql(STANDING, vec![]));
        for row in standing.all(&self.0.db).await? {
            put(&row.ladder, &row.stage, &mut |at| at.now = row.count)?;
        }
        let moving = Moving::find_by_statement(self.0.sql(MOVING, vec![since.into()]));
        for row in moving.all(&self.0.db).await? {
            put(&row.ladder, &row.to_stage, &mut |at| at.came += row.count)?;
            put(&row.ladder, &row.from_stage, &mut |at| match row.back {
                true => at.fell_back += row.count,
                false => at.went_on += row.count,
            })?;
        }
        let taking = Taking::find_by_statement(self.0.sql(TAKING, vec![since.into(), since.into()]));
        for row in taking.all(&self.0.db).await? {
            put(&row.ladder, &row.from_stage, &mut |at| at.took = Some(TimeDelta::microseconds(row.took)))?;
        }
        Ok(stages)
    }

    /// Why leads fell back on the lifecycle since a moment (calendar), what is said most often first.
    ///
    /// # Errors
    /// As the database says.
    pub async fn fell_back(&self, since: Moment, most: u64) -> Result<Vec<FellBack>> {
        let most = Value::from(i64::try_from(most).unwrap_or(i64::MAX));
        let statement = self.0.sql(FELL_BACK, vec![micros(since).into(), most]);
        Ok(FellBack::find_by_statement(statement).all(&self.0.db).await?)
    }
}
