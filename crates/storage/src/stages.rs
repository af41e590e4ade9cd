//! Moves of leads from stage to stage, as they were written with what moved them.

use crate::{
    Result, Store, mint,
    rows::{micros, moment, small, word},
};
use rekindle_core::{
    ids::{ActivityId, LeadId},
    stage::{Evidence, Ladder, Move},
    team::Handle,
    time::Moment,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

/// Whether the move `m` was told by mistake: a later one has taken it back.
pub(crate) const TAKEN_BACK: &str = "EXISTS (SELECT 1 FROM stage_move b WHERE b.lead_id = m.lead_id AND b.id > m.id AND b.from_stage = m.to_stage AND b.corrects)";

/// A move that a lead made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// On which ladder.
    pub ladder: Ladder,
    /// The word of the stage before.
    pub from: String,
    /// The word of the stage since.
    pub to: String,
    /// Whether it led back.
    pub back: bool,
    /// What showed it.
    pub evidence: Evidence,
    /// When (calendar).
    pub at: Moment,
}

impl Moved {
    /// "from lead to mql", "back from sql to mql".
    pub fn way(&self) -> String {
        let Self { from, to, back, .. } = self;
        format!("{}from {from} to {to}", if *back { "back " } else { "" })
    }
}

impl Store {
    /// The moves of a lead, the first one first.
    ///
    /// # Errors
    /// As the database says.
    pub async fn moves_of(&self, lead: LeadId) -> Result<Vec<Moved>> {
        let rows = small::stage_move::Entity::find()
            .filter(small::stage_move::Column::LeadId.eq(lead.0))
            .order_by_asc(small::stage_move::Column::Id)
            .all(&self.db)
            .await?;
        let moved = |row: small::stage_move::Model| {
            Ok(Moved {
                ladder: word("stage_move", "ladder", row.id, &row.ladder, Ladder::from_word)?,
                from: row.from_stage,
                to: row.to_stage,
                back: row.back,
                evidence: Evidence {
                    why: row.why,
                    activity: row.activity_id.map(ActivityId),
                    by: row.said_by.as_deref().and_then(Handle::of),
                },
                at: moment(row.at),
            })
        };
        rows.into_iter().map(moved).collect()
    }
}

/// The row of a move.
pub(crate) fn row(lead: LeadId, moved: Move, now: Moment) -> small::stage_move::Model {
    let Move { ladder, from, to, back, corrects, evidence } = moved;
    small::stage_move::Model {
        id: mint::id(),
        lead_id: lead.0,
        ladder: ladder.word().to_owned(),
        from_stage: from.to_owned(),
        to_stage: to.to_owned(),
        back,
        corrects,
        why: evidence.why,
        activity_id: evidence.activity.map(|id| id.0),
        said_by: evidence.by.map(|by| by.to_string()),
        at: micros(now),
    }
}
