//! Which activities count, and why the others do not: decided by what they are and when they happened, never by what time it is.

use super::{
    Scoring,
    rules::{EngagementRule, MaxPer},
    worth::{CLICKS, Fading},
};
use crate::{activity::Activity, span::Span, time::Moment};
use serde::{Serialize, Serializer};
use std::fmt::{self, Display, Formatter};

/// After how many days an answer to a survey is worth half.
const ANSWER_HALF_LIFE: Span = Span::days(90);

/// Why an activity is worth nothing, though a rule is about it. Serialised as its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// The rule has counted so often already.
    MaxPer(MaxPer),
    /// It has counted shortly before.
    Cooldown(Span),
    /// There were not so many of them yet, within how long.
    Hits(usize, Option<Span>),
    /// It comes too soon after the one before, or is the first, and so no return.
    Returns(Span),
    /// No person did it.
    Machine,
}

impl Display for Limit {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::MaxPer(MaxPer { times, every }) => write!(f, "counts {times} × in {every} at most"),
            Self::Cooldown(span) => write!(f, "counted less than {span} before"),
            Self::Hits(hits, Some(span)) => write!(f, "counts from {hits} × in {span} on"),
            Self::Hits(hits, None) => write!(f, "counts from {hits} × on"),
            Self::Returns(span) => write!(f, "no return after {span}"),
            Self::Machine => f.write_str("a machine did it"),
        }
    }
}

impl Serialize for Limit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An activity that rules are about, or that brings its own points.
#[derive(Debug, Clone)]
pub(super) struct Counted<'a> {
    pub(super) activity: &'a Activity,
    /// Points when it happened, had nothing stood in the way.
    pub(super) points: i32,
    /// How its points fade.
    pub(super) fading: Fading,
    /// What stood in the way.
    pub(super) limit: Option<Limit>,
}

impl Counted<'_> {
    /// Its points as they stand at a moment. What lies ahead is worth its full points.
    pub(super) fn worth(&self, now: Moment) -> f64 {
        match self.limit {
            Some(_) => 0.0,
            None => f64::from(self.points) * self.fading.left((now - self.activity.at).as_seconds_f64()),
        }
    }
}

/// When a rule was met, and when it counted.
#[derive(Debug, Clone, Default)]
struct Met {
    all: Vec<Moment>,
    counted: Vec<Moment>,
}

impl Met {
    /// The rule is met once more. Whatever stands in the way of counting it; the first of them is said.
    fn again(&mut self, rule: &EngagementRule, at: Moment) -> Option<Limit> {
        let before = self.all.last().copied();
        self.all.push(at);
        let near = |moments: &[Moment], span: Span| {
            let since = at - span.delta();
            moments.iter().rev().take_while(|moment| **moment > since).count()
        };
        let too_few = |hits: &usize| match rule.within {
            Some(within) => near(&self.all, within) < *hits,
            None => self.all.len() < *hits,
        };
        let no_return = |apart: &Span| before.is_none_or(|before| at - before < apart.delta());
        let limit = rule
            .hits
            .filter(too_few)
            .map(|hits| Limit::Hits(hits, rule.within))
            .or_else(|| rule.returns.filter(no_return).map(Limit::Returns))
            .or_else(|| rule.cooldown.filter(|span| near(&self.counted, *span) > 0).map(Limit::Cooldown))
            .or_else(|| {
                rule.max_per.filter(|max| near(&self.counted, max.every) >= max.times).map(Limit::MaxPer)
            });
        if limit.is_none() {
            self.counted.push(at);
        }
        limit
    }
}

impl Scoring {
    /// The activities that rules are about, and those that bring their own points, oldest first.
    pub(super) fn counted<'a>(&self, history: &'a [Activity]) -> Vec<Counted<'a>> {
        let mut order: Vec<&Activity> = history.iter().collect();
        order.sort_by(|a, b| a.in_order().cmp(&b.in_order()));
        let mut met = vec![Met::default(); self.engagement.len()];
        let mut counted = Vec::new();
        for activity in order {
            let machine = activity.is_of_a_machine().then_some(Limit::Machine);
            let Some(index) = self.engagement.iter().position(|rule| rule.matches(activity)) else {
                if let Some(points) = activity.given_points().filter(|points| *points != 0) {
                    counted.push(Counted { activity, points, fading: Fading::of_answers(), limit: machine });
                }
                continue;
            };
            let rule = &self.engagement[index];
            counted.push(Counted {
                activity,
                points: rule.points,
                fading: rule.fading(activity.is_click()),
                limit: machine.or_else(|| met[index].again(rule, activity.at)),
            });
        }
        counted
    }
}

impl EngagementRule {
    /// How the points of what it counts fade; links of mails are a group of their own.
    pub(super) fn fading(&self, clicks: bool) -> Fading {
        let group = if clicks { Some(CLICKS.to_owned()) } else { self.group.clone() };
        Fading { half_life: self.half_life.map(seconds), group }
    }
}

impl Fading {
    /// How points fade that an answer to a survey or a step of a plan brought.
    pub(super) fn of_answers() -> Self {
        Self { half_life: Some(seconds(ANSWER_HALF_LIFE)), group: None }
    }
}

/// A half-life in whole seconds, at least one.
fn seconds(half_life: Span) -> i64 {
    half_life.delta().num_seconds().max(1)
}
