//! Who is in which segment, since when: written with what changes a lead, and brought up to date by the question itself.
//!
//! Two statements for a segment say who joined it and who left, over all leads at once.

use super::{Segments, sql::Sql};
use crate::{
    Result, Store,
    rows::{micros, moment},
    transaction::{Writing, again, list_of, rows_of, share},
};
use rekindle_core::{
    ids::LeadId,
    membership::{Kept, Moved},
    playbook::Playbook,
    scene::Scene,
    segment::Predicate,
    time::Moment,
};
use sea_orm::{ConnectionTrait, Value, prelude::Uuid};
use std::{collections::HashMap, sync::Arc};

/// A segment that is kept up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptSegment {
    /// What it is called.
    pub name: String,
    /// What its members answered, as text.
    pub question: String,
    /// When everybody was last asked (calendar); never yet, without.
    pub asked_at: Option<Moment>,
}

/// How many joined and left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moves {
    /// Who answers yes now.
    pub joined: u64,
    /// Who answers no now.
    pub left: u64,
}

/// The ids of a segment's members.
fn members_of(name: &str) -> Sql {
    Sql::of("SELECT lead_id AS id FROM membership WHERE segment = ?", vec![name.into()])
}

/// The ones without the others. Both are read once, whatever the database thinks of their number: right after a start it thinks that
/// there are no members, and would look through all that a statement has written so far for each lead.
fn without(ones: Sql, others: Sql) -> Sql {
    ones.then(others.within(" EXCEPT ", ""))
}

impl Segments<'_> {
    /// The segments that are kept up.
    ///
    /// # Errors
    /// As the database says.
    pub async fn kept(&self) -> Result<Vec<KeptSegment>> {
        let text = "SELECT segment, question, asked_at FROM kept_segment ORDER BY segment";
        let rows = self.0.db.query_all_raw(self.0.sql(text, Vec::new())).await?;
        let kept = |row: &sea_orm::QueryResult| {
            let asked_at: Option<i64> = row.try_get("", "asked_at")?;
            Ok(KeptSegment {
                name: row.try_get("", "segment")?,
                question: row.try_get("", "question")?,
                asked_at: asked_at.map(moment),
            })
        };
        rows.iter().map(kept).collect()
    }

    /// Begins to keep a segment up, or to keep it by another question: from here on members are written, and news of them is
    /// told once everybody was asked ([`Self::ask_everybody`]).
    ///
    /// # Errors
    /// As the database says.
    pub async fn keep(&self, name: &str, question: &Predicate) -> Result<()> {
        let text = "INSERT INTO kept_segment (segment, question, asked_at) VALUES (?, ?, NULL) \
                    ON CONFLICT (segment) DO UPDATE SET question = excluded.question, asked_at = NULL";
        let values = vec![name.into(), question.to_string().into()];
        again!(self.said(vec![(text.to_owned(), values.clone())])).map(drop)
    }

    /// Keeps a segment up no longer.
    ///
    /// # Errors
    /// As the database says.
    pub async fn drop_kept(&self, name: &str) -> Result<()> {
        let gone = |table: &str| (format!("DELETE FROM {table} WHERE segment = ?"), vec![name.into()]);
        again!(self.said(vec![gone("membership"), gone("kept_segment")])).map(drop)
    }

    /// Asks everybody a segment's question, and makes its members those who answer yes.
    ///
    /// # Errors
    /// As the database says.
    pub async fn ask_everybody(
        &self,
        name: &str,
        question: &Predicate,
        playbook: &Playbook,
        now: Moment,
    ) -> Result<Moves> {
        let (yes, members) = (self.yes(question, playbook, now), members_of(name));
        let Sql { text, values } = without(yes.clone(), members.clone()).within(
            "INSERT INTO membership (segment, lead_id, since) SELECT ?, id, ? FROM (",
            ") AS joining WHERE TRUE ON CONFLICT (segment, lead_id) DO NOTHING",
        );
        let joined = (text, [vec![name.into(), micros(now).into()], values].concat());
        let Sql { text, values } =
            without(members, yes).within("DELETE FROM membership WHERE segment = ? AND lead_id IN (", ")");
        let left = (text, [vec![name.into()], values].concat());
        let asked = "UPDATE kept_segment SET asked_at = ? WHERE segment = ? AND question = ?".to_owned();
        let asked = (asked, vec![micros(now).into(), name.into(), question.to_string().into()]);
        let moves = again!(self.said(vec![joined.clone(), left.clone(), asked.clone()]))?;
        Ok(Moves { joined: moves[0], left: moves[1] })
    }

    /// Some who answer yes now and are no members yet.
    ///
    /// # Errors
    /// As the database says.
    pub async fn joining(
        &self,
        name: &str,
        question: &Predicate,
        playbook: &Playbook,
        now: Moment,
        most: u64,
    ) -> Result<Vec<LeadId>> {
        let some = without(self.yes(question, playbook, now), members_of(name));
        let Sql { text, values } = some.within("SELECT id FROM (", &format!(") AS joining LIMIT {most}"));
        self.ids(self.0.sql(&text, values)).await
    }

    /// The ids of those who answer yes.
    fn yes(&self, question: &Predicate, playbook: &Playbook, now: Moment) -> Sql {
        self.compiled(question, playbook, now).select("lead.id AS id", Sql::truth(true), "")
    }

    /// How many are members of a segment.
    ///
    /// # Errors
    /// As the database says.
    pub async fn members(&self, name: &str) -> Result<i64> {
        let text = "SELECT count(*) AS count FROM membership WHERE segment = ?";
        let row = self.0.db.query_one_raw(self.0.sql(text, vec![name.into()])).await?;
        row.map_or(Ok(0), |row| Ok(row.try_get("", "count")?))
    }

    /// What a lead is in, since when.
    ///
    /// # Errors
    /// As the database says.
    pub async fn of(&self, lead: LeadId) -> Result<Vec<(String, Moment)>> {
        let text = "SELECT segment, since FROM membership WHERE lead_id = ? ORDER BY segment";
        let rows = self.0.db.query_all_raw(self.0.sql(text, vec![lead.0.into()])).await?;
        rows.iter().map(|row| Ok((row.try_get("", "segment")?, moment(row.try_get("", "since")?)))).collect()
    }

    /// Statements, in one transaction; how many rows each has changed.
    async fn said(&self, statements: Vec<(String, Vec<Value>)>) -> Result<Vec<u64>> {
        let tx = self.0.begin().await?;
        self.roomy(&tx).await?;
        let mut changed = Vec::with_capacity(statements.len());
        for (text, values) in statements {
            changed.push(tx.execute_raw(self.0.sql(&text, values)).await?.rows_affected());
        }
        self.0.commit(tx, false).await?;
        Ok(changed)
    }
}

impl Store {
    /// What the leads of these scenes are in, and what is kept up.
    pub(crate) async fn memberships(
        &self,
        db: &impl ConnectionTrait,
        ids: &[Uuid],
        playbook: &Playbook,
        scenes: &mut HashMap<LeadId, Scene>,
    ) -> Result<()> {
        let mut kept = Kept::default();
        let text = "SELECT segment, question, asked_at FROM kept_segment";
        for row in db.query_all_raw(self.sql(text, Vec::new())).await? {
            let name: String = row.try_get("", "segment")?;
            let question: String = row.try_get("", "question")?;
            // One that means something else since is asked of everybody first.
            if playbook.segment(&name).is_none_or(|asks| asks.to_string() != question) {
                continue;
            }
            if row.try_get::<Option<i64>>("", "asked_at")?.is_some() {
                kept.asked.insert(name.clone());
            }
            kept.now.insert(name);
        }
        if kept.now.is_empty() {
            return Ok(());
        }
        let kept = Arc::new(kept);
        for scene in ids.iter().map(|id| LeadId(*id)) {
            if let Some(scene) = scenes.get_mut(&scene) {
                scene.membership.kept = kept.clone();
            }
        }
        let text =
            format!("SELECT lead_id, segment FROM membership WHERE lead_id IN ({})", list_of(ids.len()));
        let values = ids.iter().map(|id| (*id).into()).collect();
        for row in db.query_all_raw(self.sql(&text, values)).await? {
            if let Some(scene) = scenes.get_mut(&LeadId(row.try_get("", "lead_id")?)) {
                scene.membership.of.insert(row.try_get("", "segment")?);
            }
        }
        Ok(())
    }

    /// Writes who joined and left.
    pub(crate) async fn write_members(
        &self,
        tx: &Writing,
        moves: &[(LeadId, Moved)],
        now: Moment,
    ) -> Result<()> {
        let joined: Vec<(&str, LeadId)> = moves
            .iter()
            .flat_map(|(lead, moved)| moved.joined.iter().map(|name| (name.as_str(), *lead)))
            .collect();
        let mut rest = joined.as_slice();
        while !rest.is_empty() {
            let (chunk, behind) = rest.split_at(share(rest.len()));
            rest = behind;
            let text = format!(
                "INSERT INTO membership (segment, lead_id, since) VALUES {} ON CONFLICT (segment, lead_id) DO NOTHING",
                rows_of(chunk.len(), 3)
            );
            let values =
                chunk.iter().flat_map(|(name, lead)| [(*name).into(), lead.0.into(), micros(now).into()]);
            tx.execute_raw(self.sql(&text, values.collect())).await?;
        }
        let left: Vec<(&str, LeadId)> = moves
            .iter()
            .flat_map(|(lead, moved)| moved.left.iter().map(|name| (name.as_str(), *lead)))
            .collect();
        for chunk in left.chunks(1000) {
            // By both columns of the key: `segment = ?` alone would be looked through while a segment is new to the statistics.
            let text = format!(
                "DELETE FROM membership WHERE (segment, lead_id) IN (VALUES {})",
                rows_of(chunk.len(), 2)
            );
            let values = chunk.iter().flat_map(|(name, lead)| [(*name).into(), lead.0.into()]);
            tx.execute_raw(self.sql(&text, values.collect())).await?;
        }
        Ok(())
    }
}
