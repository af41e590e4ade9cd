//! Turns a question into a condition over the tables, with the same answer as `Predicate::holds` for every lead.

use super::{
    deeds::Deeds,
    points::Counting,
    sql::{Sql, list},
    told,
};
use crate::rows::micros;
use rekindle_core::{
    score::Scoring,
    segment::{Points, Predicate, Standing, fold},
    time::Moment,
};
use sea_orm::DbBackend;

/// How a question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Of all leads at once.
    Whole,
    /// Of some of them, one after the other.
    Each,
}

/// A question as SQL: `SELECT … FROM lead{joins} WHERE {condition}`.
#[derive(Debug, Clone)]
pub(crate) struct Compiled {
    joins: Sql,
    condition: Sql,
}

impl Compiled {
    /// With one more table beside the leads.
    pub(crate) fn beside(self, table: &str) -> Self {
        Self { joins: self.joins.then(Sql::plain(format!(" {table}"))), ..self }
    }

    /// Puts it together: what is selected of whom, and what stands behind the condition.
    pub(crate) fn select(self, what: &str, more: Sql, end: &str) -> Sql {
        self.joins
            .within(&format!("SELECT {what} FROM lead"), " WHERE ")
            .then(Sql::all(vec![self.condition, more]))
            .within("", end)
    }
}

/// A question, whose names of segments are replaced, as of a moment.
pub(crate) fn compile(
    question: &Predicate,
    backend: DbBackend,
    scoring: &Scoring,
    now: Moment,
    shape: Shape,
) -> Compiled {
    let now = micros(now);
    let mut compiling = Compiling {
        counting: Counting { backend, scoring, now },
        deeds: Deeds::new(backend, now, shape),
        denied: false,
    };
    let condition = compiling.predicate(question);
    Compiled { joins: compiling.deeds.joins(), condition }
}

struct Compiling<'a> {
    counting: Counting<'a>,
    deeds: Deeds,
    /// Whether it stands under a `not`, where a NULL must not stay one.
    denied: bool,
}

impl Compiling<'_> {
    fn predicate(&mut self, predicate: &Predicate) -> Sql {
        match predicate {
            Predicate::All(parts) => Sql::all(parts.iter().map(|part| self.predicate(part)).collect()),
            Predicate::Any(parts) => Sql::any(parts.iter().map(|part| self.predicate(part)).collect()),
            Predicate::Not(part) => {
                let before = std::mem::replace(&mut self.denied, true);
                let part = self.predicate(part);
                self.denied = before;
                part.opposite()
            }
            leaf => {
                let (asked, may_be_null) = self.leaf(leaf);
                if self.denied && may_be_null { asked.two_valued() } else { asked }
            }
        }
    }

    /// A condition, and whether it can be neither true nor false.
    fn leaf(&mut self, leaf: &Predicate) -> (Sql, bool) {
        let backend = self.counting.backend;
        match leaf {
            Predicate::Everyone => (Sql::truth(true), false),
            Predicate::Points { of: of @ (Points::Score | Points::Fit | Points::Engagement), is, than } => {
                (self.counting.asks(*of, *is, *than), false)
            }
            Predicate::Text { of, is } => (told::asks(backend, of, is), true),
            Predicate::Standing { of: Standing::Grade, any_of } => {
                (Sql::any(any_of.iter().map(|grade| self.counting.graded(grade)).collect()), false)
            }
            Predicate::Standing { any_of, .. } if any_of.is_empty() => (Sql::truth(false), false),
            Predicate::Standing { of: Standing::Level, any_of } => (told::of_level(any_of), true),
            Predicate::Standing { of, any_of } => {
                (list(any_of.iter().copied()).within(&format!("lead.{} IN (", of.word()), ")"), false)
            }
            Predicate::Unowned => (Sql::plain("lead.owner IS NULL"), false),
            Predicate::OwnedBy(names) if names.is_empty() => (Sql::truth(false), false),
            Predicate::OwnedBy(names) => {
                (list(names.iter().map(|name| fold(name))).within("lead.owner IN (", ")"), true)
            }
            Predicate::Tagged(tag) => (told::tagged(backend, tag), true),
            Predicate::Hot => (Sql::plain("lead.hot"), false),
            Predicate::FreeMail => (told::free(), false),
            Predicate::QuietFor(span) => {
                let span = span.num_microseconds().unwrap_or(i64::MAX);
                let since = self.counting.now.saturating_sub(span);
                (Sql::plain(format!("lead.quiet_since <= {since}")), false)
            }
            // Neither true nor false as far as the planner can see: told that it is an absence, PostgreSQL takes one lead for all, and loops.
            Predicate::Did(doing) => (self.deeds.asks(doing), true),
            // Nobody is in a segment that only has a name.
            Predicate::Segment(_) => (Sql::truth(false), false),
            Predicate::All(_) | Predicate::Any(_) | Predicate::Not(_) => (self.predicate(leaf), false),
        }
    }
}
