//! What leads did, asked of their activities.
//!
//! A question of the whole house counts once what all leads did, and joins it to them: each deed is one scan of an
//! index. A question of a page of leads looks at the activities of each.

use super::{
    Shape,
    properties::{asks, folded, text_of},
    sql::{Sql, list, literal},
};
use rekindle_core::{
    activity::{names, spellings},
    segment::{Deed, Doing, Often, When, fold},
};
use sea_orm::DbBackend;

/// How many deeds are joined, at the most: SQLite joins up to 64 tables. More are looked up for each lead.
const JOINED: usize = 40;

/// The deeds of one question.
#[derive(Debug)]
pub(super) struct Deeds {
    backend: DbBackend,
    /// In microseconds.
    now: i64,
    shape: Shape,
    /// What is joined, without the name of it: a deed that is asked for twice is counted once.
    joined: Vec<Sql>,
}

impl Deeds {
    pub(super) fn new(backend: DbBackend, now: i64, shape: Shape) -> Self {
        Self { backend, now, shape, joined: Vec::new() }
    }

    /// The tables to be joined to `lead`.
    pub(super) fn joins(self) -> Sql {
        let one = |(number, counted): (usize, Sql)| {
            counted.within(" LEFT JOIN (", &format!(") d{number} ON d{number}.lead_id = lead.id"))
        };
        self.joined.into_iter().enumerate().map(one).fold(Sql::plain(""), Sql::then)
    }

    /// Whether a lead did it: true or false, never neither.
    pub(super) fn asks(&mut self, doing: &Doing) -> Sql {
        match doing.how {
            Often::AtLeast(0) => Sql::truth(true),
            Often::AtLeast(1) => self.did(doing, None),
            Often::AtLeast(least) => self.did(doing, Some(format!("count(*) >= {least}"))),
            Often::AtMost(most) => {
                let more = Doing { how: Often::AtLeast(most.saturating_add(1)), ..doing.clone() };
                self.asks(&more).opposite()
            }
            Often::Exactly(0) => self.did(doing, None).opposite(),
            Often::Exactly(number) => self.did(doing, Some(format!("count(*) = {number}"))),
            Often::First => self.did(doing, doing.when.map(|when| format!("min(a.at){}", self.when(when)))),
            Often::Last => self.did(doing, doing.when.map(|when| format!("max(a.at){}", self.when(when)))),
        }
    }

    /// Whether a lead did it at all, or so that it holds of all times together.
    fn did(&mut self, doing: &Doing, together: Option<String>) -> Sql {
        let mut parts = vec![self.what(&doing.what), Sql::plain(format!("a.at <= {}", self.now))];
        if !matches!(doing.how, Often::First | Often::Last) {
            parts.extend(doing.when.map(|when| Sql::plain(format!("a.at{}", self.when(when)))));
        }
        parts.extend(doing.having.iter().map(|having| asks(self.backend, having)));
        let condition = Sql::all(parts);
        // Those who did not do it often enough leave where they are counted: what is joined to a million leads is small.
        let counted = |distinct: &str, of: &str| {
            let (distinct, end) = match &together {
                None => (distinct, String::new()),
                Some(together) => ("", format!(" GROUP BY a.lead_id HAVING {together}")),
            };
            condition.clone().within(&format!("SELECT {distinct}a.lead_id FROM activity a WHERE {of}"), &end)
        };
        let whole = counted("DISTINCT ", "");
        let known = self.joined.iter().position(|joined| *joined == whole);
        if self.shape == Shape::Each || (known.is_none() && self.joined.len() >= JOINED) {
            return counted("", "a.lead_id = lead.id AND ").within("EXISTS (", ")");
        }
        let at = known.unwrap_or(self.joined.len());
        if known.is_none() {
            self.joined.push(whole);
        }
        Sql::plain(format!("d{at}.lead_id IS NOT NULL"))
    }

    fn when(&self, when: When) -> String {
        let ago =
            |span: chrono::TimeDelta| self.now.saturating_sub(span.num_microseconds().unwrap_or(i64::MAX));
        match when {
            When::Within(span) => format!(" > {}", ago(span)),
            When::Before(span) => format!(" <= {}", ago(span)),
        }
    }

    fn what(&self, what: &Deed) -> Sql {
        match what {
            Deed::Named(name) if name == names::CLICKED => clicked(),
            // index `ix_activity_name`
            Deed::Named(name) => Sql::of("a.name = ?", vec![name.as_str().into()]),
            // index `ix_activity_path`
            Deed::Viewed(pattern) => {
                let path = match self.backend {
                    DbBackend::Postgres => "lower(a.path COLLATE \"C\")",
                    _ => "lower(a.path)",
                };
                let spelt = spellings(pattern).into_iter().map(|pattern| of_pattern(path, &pattern));
                Sql::all(vec![Sql::plain("a.human AND a.path IS NOT NULL"), Sql::any(spelt.collect())])
            }
            Deed::Clicked(link) => {
                let wanted = fold(link);
                let is = |property: &str| {
                    let text = text_of(self.backend, property);
                    let same = folded(self.backend, text, std::slice::from_ref(&wanted));
                    same.then(list([wanted.clone()]).within(" IN (", ")"))
                };
                Sql::all(vec![clicked(), Sql::any(vec![is("link"), is("mail")])])
            }
        }
    }
}

/// Paths of a pattern in lower case.
fn of_pattern(path: &str, pattern: &str) -> Sql {
    let begins = pattern.split('*').next().unwrap_or_default();
    if pattern == begins {
        return Sql::of(format!("{path} = ?"), vec![pattern.into()]);
    }
    let mut parts = Vec::new();
    // What begins so, as a range: neither database knows that a pattern that it is only told later begins so.
    if !begins.is_empty() {
        let end = format!("{begins}\u{10ffff}");
        parts.push(Sql::of(format!("{path} >= ? AND {path} < ?"), vec![begins.into(), end.into()]));
    }
    // The range holds what begins so, and nothing else.
    if pattern.strip_suffix('*') != Some(begins) {
        let like = literal(pattern).replace('*', "%");
        parts.push(Sql::of(format!("{path} LIKE ? ESCAPE '!'"), vec![like.into()]));
    }
    Sql::all(parts)
}

/// A click that a person made.
fn clicked() -> Sql {
    Sql::of("a.human AND a.name = ?", vec![names::CLICKED.into()])
}
