//! A surge: so many points within a day that somebody should look, though the score is not high yet.

use super::{Scoring, counted::Counted, whole, worth::by_group};
use crate::{
    activity::{Activity, Kind},
    span::Span,
    time::Moment,
};
use serde::{Deserialize, Serialize};

/// How many points within how long are a surge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Surge {
    /// Points gained.
    pub points: i64,
    /// Within how long.
    pub within: Span,
}

impl Scoring {
    /// The points that a lead gained within the time of a surge, where they are one: by what it did itself, as they were when
    /// that happened, and no more than the caps of groups left room for.
    pub fn surging(&self, history: &[Activity], now: Moment) -> Option<i64> {
        let surge = self.thresholds.surge?;
        let since = now - surge.within.delta();
        let is_new = |one: &Counted<'_>| {
            let Activity { at, human, kind, .. } = one.activity;
            *human && *kind != Kind::Plan && *at > since && *at <= now
        };
        let counted = self.counted(history);
        let counted = || counted.iter().filter(|one| one.limit.is_none());
        let before = by_group(
            counted()
                .map(|one| (one.fading.group.as_deref(), if is_new(one) { 0.0 } else { one.worth(now) })),
        );
        let after = by_group(counted().map(|one| {
            let points = if is_new(one) { f64::from(one.points) } else { one.worth(now) };
            (one.fading.group.as_deref(), points)
        }));
        let held = |group: &Option<&str>, sum: f64| group.map_or(sum, |group| self.bounds(group).of(sum));
        let gained: f64 = after
            .iter()
            .map(|(group, sum)| {
                held(group, *sum) - held(group, before.get(group).copied().unwrap_or_default())
            })
            .sum();
        Some(whole(gained)).filter(|gained| *gained >= surge.points)
    }
}
