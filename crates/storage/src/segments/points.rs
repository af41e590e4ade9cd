//! Points of a lead as of now: the sums that are kept of it, each faded since they were counted
//! (the set form of `Scoring::standing`).

use super::sql::Sql;
use rekindle_core::{
    score::{Bounds, Fading, ROUNDED_UP, Scoring},
    segment::{Comparison, Points, Standing},
};
use sea_orm::DbBackend;
use std::collections::BTreeMap;

const MICROS: i64 = 1_000_000;

/// How points are asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counting<'a> {
    pub(crate) backend: DbBackend,
    pub(crate) scoring: &'a Scoring,
    /// In microseconds.
    pub(crate) now: i64,
}

impl Counting<'_> {
    /// `score >= 60` and the like.
    pub(super) fn asks(&self, of: Points, is: Comparison, than: i64) -> Sql {
        let next = than.checked_add(1);
        let above = || next.map_or_else(|| Sql::truth(false), |next| self.at_least(of, next));
        match is {
            Comparison::AtLeast => self.at_least(of, than),
            Comparison::Above => above(),
            Comparison::AtMost => above().opposite(),
            Comparison::Below => self.at_least(of, than).opposite(),
            Comparison::Equal => Sql::all(vec![self.at_least(of, than), above().opposite()]),
            Comparison::Different => Sql::any(vec![self.at_least(of, than).opposite(), above()]),
        }
    }

    /// The cell of the matrix.
    pub(super) fn graded(&self, grade: &str) -> Sql {
        let at = Standing::GRADES.iter().position(|known| *known == grade).unwrap_or(Standing::GRADES.len());
        let rank = |of: Points, borders: [i64; 2], rank: usize| {
            let mut parts: Vec<Sql> =
                borders.iter().take(rank).map(|border| self.at_least(of, *border).opposite()).collect();
            parts.extend(borders.get(rank).map(|border| self.at_least(of, *border)));
            Sql::all(parts)
        };
        let grades = &self.scoring.grades;
        Sql::all(vec![
            rank(Points::Fit, grades.fit, at / 3),
            rank(Points::Engagement, grades.engagement, at % 3),
        ])
    }

    fn at_least(&self, of: Points, least: i64) -> Sql {
        // As `whole` rounds.
        let line = least as f64 - 0.5 - ROUNDED_UP;
        let reaches = |points: &str| Sql::plain(format!("{points} >= {line:?}"));
        match of {
            Points::Fit => reaches("lead.fit"),
            Points::Engagement => reaches(&self.engagement()),
            Points::Score if least <= 0 => Sql::truth(true),
            Points::Score => {
                let lines = &self.scoring.thresholds;
                let may = match (least < lines.hot, least <= lines.max) {
                    (true, true) => Sql::truth(true),
                    (false, true) => Sql::plain("lead.may_be_hot"),
                    (true, false) => Sql::plain("NOT lead.may_be_hot"),
                    (false, false) => return Sql::truth(false),
                };
                let reaches = reaches(&format!("(lead.fit + {})", self.engagement()));
                if least < lines.hot && least <= lines.max { reaches } else { Sql::all(vec![may, reaches]) }
            }
        }
    }

    /// The score, rounded and clamped, as a whole number.
    pub(crate) fn score(&self) -> String {
        let exact = format!("lead.fit + {} + {:?}", self.engagement(), 0.5 + ROUNDED_UP);
        let exact = format!("{}({exact}, 0.0)", self.dialect("GREATEST", "max"));
        let whole = match self.backend {
            DbBackend::Postgres => format!("CAST(floor({exact}) AS bigint)"),
            _ => format!("CAST({exact} AS INTEGER)"),
        };
        let lines = &self.scoring.thresholds;
        let (max, below_hot) = (lines.max, lines.hot - 1);
        let ceiling = format!("CASE WHEN lead.may_be_hot THEN {max} ELSE {below_hot} END");
        format!("{}({whole}, {ceiling})", self.dialect("LEAST", "min"))
    }

    fn engagement(&self) -> String {
        let mut groups: BTreeMap<Option<String>, Vec<String>> = BTreeMap::new();
        for fading in self.scoring.fadings() {
            let faded = self.faded(&fading);
            groups.entry(fading.group).or_default().push(faded);
        }
        let held = |(group, sums): (Option<String>, Vec<String>)| {
            let sum = sums.join(" + ");
            match group {
                Some(group) => self.held(sum, self.scoring.bounds(&group)),
                None => sum,
            }
        };
        format!("({})", groups.into_iter().map(held).collect::<Vec<_>>().join(" + "))
    }

    /// A sum between the bounds of its group.
    fn held(&self, sum: String, Bounds { least, most }: Bounds) -> String {
        let sum = match most.is_finite() {
            true => format!("{}({sum}, {most:?})", self.dialect("LEAST", "min")),
            false => format!("({sum})"),
        };
        match least.is_finite() {
            true => format!("{}({sum}, {least:?})", self.dialect("GREATEST", "max")),
            false => sum,
        }
    }

    /// A sum as it stands now.
    fn faded(&self, fading: &Fading) -> String {
        let key = fading.key().replace('\'', "''");
        let kept = match self.backend {
            DbBackend::Postgres => format!("COALESCE((lead.worth ->> '{key}')::double precision, 0)"),
            _ => format!("COALESCE(lead.worth ->> '{key}', 0.0)"),
        };
        match fading.half_life {
            Some(seconds) => format!("{kept} * {}", self.left(seconds)),
            None => kept,
        }
    }

    /// How much a half-life has left of a point: 2 to the power of minus the half-lives that passed.
    fn left(&self, seconds: i64) -> String {
        let half = seconds.saturating_mul(MICROS);
        let now = self.now;
        match self.backend {
            // With less than 2^-200 of it, nothing is left; `power` would refuse what is too small.
            DbBackend::Postgres => format!(
                "power(2.0::double precision, -LEAST(GREATEST({now} - lead.points_at, 0)::double precision / {half}, 200))"
            ),
            // SQLite as it is built for Rust knows no powers: whole half-lives are shifts, and the rest is a polynomial.
            _ => {
                let passed = format!("max({now} - lead.points_at, 0)");
                let part = format!("({passed} % {half} * 1.0 / {half})");
                let (first, rest) = POLYNOMIAL.split_last().unwrap_or((&0.0, &[]));
                let sum = rest
                    .iter()
                    .rev()
                    .fold(format!("{first:?}"), |inner, next| format!("({next:?} + {part} * {inner})"));
                format!(
                    "(CASE WHEN {passed} >= 62 * {half} THEN 0.0 ELSE {sum} / (1 << ({passed} / {half})) END)"
                )
            }
        }
    }

    fn dialect(&self, postgres: &'static str, sqlite: &'static str) -> &'static str {
        if self.backend == DbBackend::Postgres { postgres } else { sqlite }
    }
}

/// 2 to the power of -x between 0 and 1, as its Taylor series: (-ln 2)^n / n!, to the fifteenth digit.
const POLYNOMIAL: [f64; 16] = {
    let mut terms = [1.0; 16];
    let mut n = 1;
    while n < 16 {
        terms[n] = terms[n - 1] * -std::f64::consts::LN_2 / n as f64;
        n += 1;
    }
    terms
};
