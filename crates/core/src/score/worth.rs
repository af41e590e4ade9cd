//! What a lead's points will be at any later moment, as long as nothing else happens.
//!
//! Points that halve in the same time fade as one sum, so that a sum for each half-life is all that has to be
//! kept of a history: the database counts a million leads with it, and need not look at what they did. The sums are
//! counted anew whenever a lead does something, and when the rules change.

use super::{Scoring, rules::EngagementRule, whole};
use crate::{activity::names, lead::Lead, segment::Standing, time::Moment};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The group of all links of mails (mail-rules M3): it is there by itself.
pub const CLICKS: &str = "clicks";

/// How points fade.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fading {
    /// After how many seconds they are worth half; never, without.
    pub half_life: Option<i64>,
    /// With which others they are worth so much together at most.
    pub group: Option<String>,
}

impl Fading {
    /// What a table calls it: "2592000", "never", "clicks 2592000".
    pub fn key(&self) -> String {
        let half_life = self.half_life.map_or_else(|| "never".to_owned(), |seconds| seconds.to_string());
        match &self.group {
            Some(group) => format!("{group} {half_life}"),
            None => half_life,
        }
    }

    /// What a key names.
    pub fn of_key(key: &str) -> Option<Self> {
        let (group, half_life) = match key.rsplit_once(' ') {
            Some((group, half_life)) => (Some(group.to_owned()), half_life),
            None => (None, key),
        };
        let half_life = if half_life == "never" { None } else { Some(half_life.parse().ok()?) };
        Some(Self { half_life, group })
    }

    /// How much is left after so many seconds.
    pub(super) fn left(&self, seconds: f64) -> f64 {
        self.half_life.map_or(1.0, |half| (-seconds.max(0.0) / half as f64).exp2())
    }
}

/// Between what the sum of a group is held.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// No less than this.
    pub least: f64,
    /// No more than this.
    pub most: f64,
}

impl Bounds {
    pub(super) const NONE: Self = Self { least: f64::NEG_INFINITY, most: f64::INFINITY };

    /// A sum, held between them.
    pub(super) fn of(self, sum: f64) -> f64 {
        sum.min(self.most).max(self.least)
    }
}

/// The sums of groups, by name, and of what is in none.
pub(super) fn by_group<'a>(
    sums: impl Iterator<Item = (Option<&'a str>, f64)>,
) -> BTreeMap<Option<&'a str>, f64> {
    let mut by_group = BTreeMap::new();
    for (group, sum) in sums {
        *by_group.entry(group).or_default() += sum;
    }
    by_group
}

/// What is kept of a lead's engagement, as of the moment of its points.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Worth {
    /// The sums.
    #[serde(with = "by_key")]
    pub sums: BTreeMap<Fading, f64>,
    /// Whether the score may reach the line where a lead is hot.
    pub may_be_hot: bool,
    /// By which rules it was counted ([`Playbook::rules`](crate::playbook::Playbook::rules)).
    pub rules: i64,
}

/// A lead's points as they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stands {
    /// Rounded and clamped.
    pub score: i64,
    /// Points for who they are, rounded.
    pub fit: i64,
    /// Points for what they do, rounded.
    pub engagement: i64,
    /// The cell of the matrix, "A1" to "C3".
    pub grade: &'static str,
}

impl Scoring {
    /// How a lead's kept points stand at a moment.
    pub fn standing(&self, lead: &Lead, now: Moment) -> Stands {
        let seconds = (now - lead.points.at).as_seconds_f64();
        // Sums of rules that are gone count for nothing until they are counted anew, as in the database.
        let known = self.fadings();
        let counted = lead.worth.sums.iter().filter(|(fading, _)| known.contains(fading));
        let faded = counted.map(|(fading, points)| (fading.group.as_deref(), points * fading.left(seconds)));
        let held = |(group, sum): (Option<&str>, f64)| group.map_or(sum, |group| self.bounds(group).of(sum));
        let engagement: f64 = by_group(faded).into_iter().map(held).sum();
        let fit = lead.points.fit;
        Stands {
            score: whole(fit + engagement).min(self.ceiling_of(&lead.worth)).max(0),
            fit: whole(fit),
            engagement: whole(engagement),
            grade: self.cell(whole(fit), whole(engagement)),
        }
    }

    /// No score of a lead of whom this is kept is above this.
    pub(super) fn ceiling_of(&self, worth: &Worth) -> i64 {
        if worth.may_be_hot { self.thresholds.max } else { self.thresholds.hot - 1 }
    }

    /// How points can fade by these rules.
    pub fn fadings(&self) -> Vec<Fading> {
        let of_rule = |rule: &EngagementRule| {
            let clicks = rule.activity.iter().any(|name| name == names::CLICKED);
            [Some(rule.fading(false)), clicks.then(|| rule.fading(true))]
        };
        let rules = self.engagement.iter().flat_map(of_rule).flatten();
        let mut all: Vec<Fading> = rules.chain([Fading::of_answers()]).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Between what a group is held. Links of mails are worth a quarter of what makes hot at most.
    pub fn bounds(&self, group: &str) -> Bounds {
        if group == CLICKS {
            return Bounds { most: self.thresholds.hot as f64 / 4.0, ..Bounds::NONE };
        }
        let Some(group) = self.groups.get(group) else { return Bounds::NONE };
        Bounds {
            least: group.min.map_or(Bounds::NONE.least, |least| least as f64),
            most: group.max.map_or(Bounds::NONE.most, |most| most as f64),
        }
    }

    /// The cell of the matrix, by points as shown.
    pub(super) fn cell(&self, fit: i64, engagement: i64) -> &'static str {
        let rank = |points: i64, borders: [i64; 2]| {
            borders.iter().position(|border| points >= *border).unwrap_or(borders.len())
        };
        Standing::GRADES[rank(fit, self.grades.fit) * 3 + rank(engagement, self.grades.engagement)]
    }
}

/// A map of JSON has texts for keys.
mod by_key {
    use super::Fading;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use std::collections::BTreeMap;

    pub(super) fn serialize<S: Serializer>(sums: &BTreeMap<Fading, f64>, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(sums.iter().map(|(fading, points)| (fading.key(), points)))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<Fading, f64>, D::Error> {
        let sums = BTreeMap::<String, f64>::deserialize(from)?;
        let read = |(key, points): (String, f64)| {
            let fading =
                Fading::of_key(&key).ok_or_else(|| D::Error::custom("points that fade in no known way"))?;
            Ok((fading, points))
        };
        sums.into_iter().map(read).collect()
    }
}
