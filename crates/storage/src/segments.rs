//! Who answers a question yes: asked of the database, for all leads at once.
//!
//! Promise: the answer is that of `Predicate::holds` on `Facts::kept`, on both databases; a property test holds the
//! three against each other. Points are those that are kept, faded to now; leads that rules of before have counted are
//! counted again by a sweep ([`Segments::outdated`]).

mod compile;
mod deeds;
mod members;
pub(crate) mod points;
mod properties;
mod saved;
mod sql;
pub(crate) mod told;

pub use members::{KeptSegment, Moves};
pub use saved::Saved;

pub(crate) use compile::{Compiled, Shape, compile};

use crate::{Result, Store, rows::micros, scenes::leads_of};
use rekindle_core::{
    enrollment::HELD_OUT,
    ids::{CampaignId, LeadId},
    lead::Lead,
    playbook::Playbook,
    segment::{Comparison, Predicate},
    time::Moment,
};
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, QueryResult, Statement, TransactionTrait,
    prelude::Uuid,
};
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
        let Sql { text, values } = self.counting(question, playbook, now);
        let rows = self.rows(self.0.sql(&text, values)).await?;
        let Some(row) = rows.first() else { return Ok(Counted { leads: 0, mailable: 0 }) };
        Ok(Counted { leads: row.try_get("", "leads")?, mailable: row.try_get("", "mailable")? })
    }

    /// How the database goes about counting them, in its own words: for whoever looks for an index.
    ///
    /// # Errors
    /// As the database says.
    pub async fn plan(&self, question: &Predicate, playbook: &Playbook, now: Moment) -> Result<Vec<String>> {
        let Sql { text, values } = self.counting(question, playbook, now);
        self.0.plan(&text, values).await
    }

    fn counting(&self, question: &Predicate, playbook: &Playbook, now: Moment) -> Sql {
        let what = format!("count(*) AS leads, count(*) FILTER (WHERE {}) AS mailable", mailable(now));
        self.compiled(question, playbook, now).beside(SUPPRESSED).select(&what, Sql::truth(true), "")
    }

    fn compiled(&self, question: &Predicate, playbook: &Playbook, now: Moment) -> Compiled {
        compile(question, self.0.db.get_database_backend(), &playbook.scoring, now, Shape::Whole)
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

    /// All who answer yes, asked once, in the order of their ids. An id takes 16 bytes here: a million leads fit.
    ///
    /// # Errors
    /// As the database says.
    pub async fn all(&self, question: &Predicate, playbook: &Playbook, now: Moment) -> Result<Vec<LeadId>> {
        let end = " ORDER BY lead.id";
        let whole = self.select(question, playbook, now, Shape::Whole, "lead.id", Sql::truth(true), end);
        self.ids(whole).await
    }

    /// All who answer yes, may be written to, and are in the audience of a campaign neither as in nor as held out.
    ///
    /// # Errors
    /// As the database says.
    pub async fn newcomers(
        &self,
        campaign: CampaignId,
        question: &Predicate,
        playbook: &Playbook,
        now: Moment,
    ) -> Result<Vec<LeadId>> {
        let text = format!(
            "{} AND NOT EXISTS (SELECT 1 FROM audience a WHERE a.campaign_id = ? AND a.lead_id = lead.id AND (a.why_out IS NULL OR a.why_out = '{HELD_OUT}'))",
            mailable(now)
        );
        let new = Sql::of(text, vec![campaign.0.into()]);
        let Sql { text, values } = self.compiled(question, playbook, now).beside(SUPPRESSED).select(
            "lead.id",
            new,
            " ORDER BY lead.id",
        );
        self.ids(self.0.sql(&text, values)).await
    }

    /// What a question to everybody is answered with.
    async fn rows(&self, statement: Statement) -> Result<Vec<QueryResult>> {
        let tx = self.0.db.begin().await?;
        self.roomy(&tx).await?;
        let rows = tx.query_all_raw(statement).await?;
        tx.commit().await?;
        Ok(rows)
    }

    /// Lets a question to everybody sort and hash in memory, and not be compiled first: PostgreSQL gives 4 MB by itself, and compiling
    /// takes longer than it saves (its settings `work_mem` and `jit`; <https://www.postgresql.org/docs/15/runtime-config-resource.html>).
    async fn roomy(&self, tx: &DatabaseTransaction) -> Result<()> {
        if self.0.db.get_database_backend() == DbBackend::Postgres {
            tx.execute_unprepared("SET LOCAL work_mem = '64MB'; SET LOCAL jit = off").await?;
        }
        Ok(())
    }

    async fn ids(&self, statement: Statement) -> Result<Vec<LeadId>> {
        ids(&self.rows(statement).await?)
    }

    /// Leads that were counted by rules of before, or not at all (index `ix_lead_counted`).
    ///
    /// # Errors
    /// As the database says.
    pub async fn outdated(&self, playbook: &Playbook, most: u64) -> Result<Vec<LeadId>> {
        let text = "SELECT id FROM lead WHERE counted_by < ? OR counted_by > ? LIMIT ?";
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let values = vec![playbook.rules.into(), playbook.rules.into(), most.into()];
        ids(&self.0.db.query_all_raw(self.0.sql(text, values)).await?)
    }

    /// How many of them there are.
    ///
    /// # Errors
    /// As the database says.
    pub async fn count_outdated(&self, playbook: &Playbook) -> Result<u64> {
        let text = "SELECT count(*) AS leads FROM lead WHERE counted_by < ? OR counted_by > ?";
        let rows = self.0.sql(text, vec![playbook.rules.into(), playbook.rules.into()]);
        let Some(row) = self.0.db.query_one_raw(rows).await? else { return Ok(0) };
        let leads: i64 = row.try_get("", "leads")?;
        Ok(u64::try_from(leads).unwrap_or(0))
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

fn ids(rows: &[QueryResult]) -> Result<Vec<LeadId>> {
    rows.iter().map(|row| Ok(LeadId(row.try_get::<Uuid>("", "id")?))).collect()
}

/// Beside the leads: those whose address is not written to any more.
const SUPPRESSED: &str = "LEFT JOIN suppression s ON s.address_hash = lead.address_hash";

/// Whether a lead may be written to at all, beside whom [`SUPPRESSED`] are: the set form of `Lead::may_be_mailed`.
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
