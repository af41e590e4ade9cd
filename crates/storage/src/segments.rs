//! Who answers a question yes: asked of the database, for all leads at once.
//!
//! Promise: the answer is that of `Predicate::holds` on `Facts::kept`, on both databases; a property test holds the
//! three against each other. Points are those that are kept, faded to now; leads that rules of before have counted are
//! counted again by a sweep ([`Segments::outdated`]).

mod compile;
mod deeds;
mod members;
mod points;
mod properties;
mod saved;
mod sql;
pub(crate) mod told;

pub use members::{KeptSegment, Moves};
pub use saved::Saved;

pub(crate) use compile::{Shape, compile};

use crate::{Result, Store, rows::micros, scenes::leads_of};
use rekindle_core::{
    ids::LeadId,
    lead::Lead,
    playbook::Playbook,
    segment::{Comparison, Predicate},
    time::Moment,
};
use sea_orm::{ConnectionTrait, EntityTrait, Statement, prelude::Uuid};
use sql::Sql;

/// Who answers questions.
#[derive(Debug, Clone, Copy)]
pub struct Segments<'a>(&'a Store);

impl Store {
    /// Who answers questions.
    pub fn segments(&self) -> Segments<'_> {
        Segments(self)
    }
}

/// How many answer yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// All of them.
    pub leads: i64,
    /// Those who may be written to at all.
    pub mailable: i64,
}

impl Segments<'_> {
    /// How many answer a question yes, and how many of them may be written to.
    ///
    /// # Errors
    /// As the database says.
    pub async fn count(&self, question: &Predicate, playbook: &Playbook, now: Moment) -> Result<Counted> {
        let what = format!("count(*) AS leads, count(*) FILTER (WHERE {}) AS mailable", mailable(now));
        let backend = self.0.db.get_database_backend();
        let Sql { text, values } = compile(question, backend, &playbook.scoring, now, Shape::Whole)
            .beside("LEFT JOIN suppression s ON s.address_hash = lead.address_hash")
            .select(&what, Sql::truth(true), "");
        let row = self.0.db.query_one_raw(self.0.sql(&text, values)).await?;
        let Some(row) = row else { return Ok(Counted { leads: 0, mailable: 0 }) };
        Ok(Counted { leads: row.try_get("", "leads")?, mailable: row.try_get("", "mailable")? })
    }

    /// Some who answer yes: those who were heard of last come first.
    ///
    /// # Errors
    /// As the database says.
    pub async fn sample(
        &self,
        question: &Predicate,
        playbook: &Playbook,
        now: Moment,
        most: u64,
    ) -> Result<Vec<Lead>> {
        let end = format!(" ORDER BY lead.id DESC LIMIT {most}");
        let statement = self.select(question, playbook, now, Shape::Each, "lead.*", Sql::truth(true), &end);
        leads_of(crate::rows::lead::Entity::find().from_raw_sql(statement).all(&self.0.db).await?)
    }

    /// A page of those who answer yes, in the order of their ids, from behind `after`.
    ///
    /// # Errors
    /// As the database says.
    pub async fn page(
        &self,
        question: &Predicate,
        playbook: &Playbook,
        now: Moment,
        after: Option<LeadId>,
        most: u64,
    ) -> Result<Vec<LeadId>> {
        let behind = after.map_or(Sql::truth(true), |after| Sql::of("lead.id > ?", vec![after.0.into()]));
        let end = format!(" ORDER BY lead.id LIMIT {most}");
        let statement = self.select(question, playbook, now, Shape::Each, "lead.id", behind, &end);
        let rows = self.0.db.query_all_raw(statement).await?;
        rows.iter().map(|row| Ok(LeadId(row.try_get::<Uuid>("", "id")?))).collect()
    }

    /// Leads that were counted by rules of before, or not at all (index `ix_lead_counted`).
    ///
    /// # Errors
    /// As the database says.
    pub async fn outdated(&self, playbook: &Playbook, most: u64) -> Result<Vec<LeadId>> {
        let text = "SELECT id FROM lead WHERE counted_by < ? OR counted_by > ? LIMIT ?";
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let values = vec![playbook.rules.into(), playbook.rules.into(), most.into()];
        let rows = self.0.db.query_all_raw(self.0.sql(text, values)).await?;
        rows.iter().map(|row| Ok(LeadId(row.try_get::<Uuid>("", "id")?))).collect()
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "what is asked, of whom, as of when, and what is wanted of them"
    )]
    fn select(
        &self,
        question: &Predicate,
        playbook: &Playbook,
        now: Moment,
        shape: Shape,
        what: &str,
        more: Sql,
        end: &str,
    ) -> Statement {
        let backend = self.0.db.get_database_backend();
        let Sql { text, values } =
            compile(question, backend, &playbook.scoring, now, shape).select(what, more, end);
        self.0.sql(&text, values)
    }
}

/// Whether a lead may be written to at all, beside whom `s` is suppressed: the set form of `Lead::may_be_mailed`.
fn mailable(now: Moment) -> String {
    format!(
        "lead.email IS NOT NULL AND lead.nurture <> 'archived' AND lead.consent = 'subscribed' \
         AND (lead.consent_until IS NULL OR lead.consent_until > {}) \
         AND s.address_hash IS NULL",
        micros(now)
    )
}

/// ` >= 50.0` and the like.
fn compared(is: Comparison, than: i64) -> Sql {
    let sign = match is {
        Comparison::Equal => "=",
        Comparison::Different => "<>",
        Comparison::AtLeast => ">=",
        Comparison::Above => ">",
        Comparison::AtMost => "<=",
        Comparison::Below => "<",
    };
    Sql::plain(format!(" {sign} {:?}", than as f64))
}
