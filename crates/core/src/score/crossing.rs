//! When time alone next takes a score over the line that matters: a hot lead's below the line where it cools, and another's, whose
//! negative points fade sooner than the others, up to the line where it is hot.
//!
//! Each sum only falls or only rises, and their whole may do both. Within a stretch of time it is never above what the rising
//! ones are at its end with the falling ones at its beginning, nor below the reverse: stretches that cannot cross are passed
//! over, the others halved.

use super::{
    ROUNDED_UP, Scoring,
    worth::{Bounds, by_group},
};
use crate::{lead::Lead, score::Fading, time::Moment};
use chrono::TimeDelta;

/// How far it is looked ahead.
const FARTHEST: TimeDelta = TimeDelta::days(5 * 366);
/// How exactly the moment is told, and how long a dip lasts that is surely seen.
const EXACT: TimeDelta = TimeDelta::minutes(1);

/// On which side of a line a score is looked for.
#[derive(Debug, Clone, Copy)]
enum Side {
    Below(i64),
    From(i64),
}

impl Side {
    fn is(self, score: f64) -> bool {
        // As `whole` rounds.
        let reaches = |line: i64| score + 0.5 + ROUNDED_UP >= line as f64;
        match self {
            Self::Below(line) => !reaches(line),
            Self::From(line) => reaches(line),
        }
    }
}

/// A score over time.
struct Curve<'a> {
    fit: f64,
    sums: Vec<(Option<&'a str>, &'a Fading, f64)>,
    scoring: &'a Scoring,
    ceiling: f64,
    /// When the sums were counted.
    since: Moment,
}

impl Curve<'_> {
    fn at(&self, at: Moment) -> f64 {
        self.of(|_| at)
    }

    /// Between what the score stays from one moment to another.
    fn between(&self, from: Moment, to: Moment) -> (f64, f64) {
        (self.of(|sum| if sum > 0.0 { to } else { from }), self.of(|sum| if sum > 0.0 { from } else { to }))
    }

    /// The score, each of its sums as it is at the moment that is picked for it.
    fn of(&self, when: impl Fn(f64) -> Moment) -> f64 {
        let faded = self.sums.iter().map(|(group, fading, sum)| {
            (*group, sum * fading.left((when(*sum) - self.since).as_seconds_f64()))
        });
        let held = |(group, sum): (Option<&str>, f64)| {
            group.map_or(Bounds::NONE, |group| self.scoring.bounds(group)).of(sum)
        };
        (self.fit + by_group(faded).into_iter().map(held).sum::<f64>()).min(self.ceiling).max(0.0)
    }

    /// The first moment at which it is on that side; `from` is known not to be.
    fn first(&self, side: Side, from: Moment, to: Moment) -> Option<Moment> {
        let (low, high) = self.between(from, to);
        if !side.is(low) && !side.is(high) {
            return None;
        }
        let length = to - from;
        if length <= EXACT {
            return side.is(self.at(to)).then_some(to);
        }
        let middle = from + length / 2;
        if side.is(self.at(middle)) {
            return Some(self.first(side, from, middle).unwrap_or(middle));
        }
        self.first(side, from, middle).or_else(|| self.first(side, middle, to))
    }
}

impl Scoring {
    /// When time alone next takes a lead's score over the line that matters, to the minute; `None` when it never does within
    /// five years, and of a lead that is not hot though its score is high enough: that is for what it does next to say.
    pub fn crosses_at(&self, lead: &Lead, now: Moment) -> Option<Moment> {
        let known = self.fadings();
        let counted = lead.worth.sums.iter().filter(|(fading, sum)| **sum != 0.0 && known.contains(fading));
        let curve = Curve {
            fit: lead.points.fit,
            sums: counted.map(|(fading, sum)| (fading.group.as_deref(), fading, *sum)).collect(),
            scoring: self,
            ceiling: self.ceiling_of(&lead.worth) as f64,
            since: lead.points.at,
        };
        let side = match lead.hot {
            true => Side::Below(self.thresholds.cools_under()),
            false => Side::From(self.thresholds.hot),
        };
        match (side.is(curve.at(now)), lead.hot) {
            (true, true) => Some(now),
            (true, false) => None,
            (false, _) => curve.first(side, now, now + FARTHEST),
        }
    }
}
