//! What a lead's points will be at any later moment, as long as nothing else happens.
//!
//! Points that halve in the same time fade as one sum, so that a sum for each half-life is all that has to be
//! kept of a history: the database counts a million leads with it, and need not look at what they did. The sums are
//! counted anew whenever a lead does something, and when the rules change.

use super::{Scoring, whole};
use crate::{lead::Lead, segment::Standing, time::Moment};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How points fade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fading {
    /// After how many seconds they are worth half; never, without.
    pub half_life: Option<i64>,
    /// Whether they are for links of mails, which are worth little together.
    pub clicks: bool,
}

impl Fading {
    /// What a table calls it: "2592000", "never", "clicks 2592000".
    pub fn key(self) -> String {
        let clicks = if self.clicks { "clicks " } else { "" };
        match self.half_life {
            Some(seconds) => format!("{clicks}{seconds}"),
            None => format!("{clicks}never"),
        }
    }

    /// What a key names.
    pub fn of_key(key: &str) -> Option<Self> {
        let (rest, clicks) = key.strip_prefix("clicks ").map_or((key, false), |rest| (rest, true));
        let half_life = if rest == "never" { None } else { Some(rest.parse().ok()?) };
        Some(Self { half_life, clicks })
    }

    /// How much is left after so many seconds.
    fn left(self, seconds: f64) -> f64 {
        self.half_life.map_or(1.0, |half| (-seconds.max(0.0) / half as f64).exp2())
    }
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
        let sum = |of_clicks: bool| -> f64 {
            let sums = lead.worth.sums.iter().filter(|(fading, _)| fading.clicks == of_clicks);
            sums.map(|(fading, points)| points * fading.left(seconds)).sum()
        };
        let engagement = sum(false) + sum(true).min(self.most_of_clicks());
        let fit = lead.points.fit;
        let ceiling = if lead.worth.may_be_hot { self.thresholds.max } else { self.thresholds.hot - 1 };
        Stands {
            score: whole(fit + engagement).min(ceiling).max(0),
            fit: whole(fit),
            engagement: whole(engagement),
            grade: self.cell(whole(fit), whole(engagement)),
        }
    }

    /// How points can fade by these rules.
    pub fn fadings(&self) -> Vec<Fading> {
        let rules = self.engagement.iter().map(|rule| rule.half_life.as_ref().map(super::seconds));
        let mut all: Vec<Fading> = rules
            .chain([Some(super::seconds(&crate::span::Span::days(super::ANSWER_HALF_LIFE)))])
            .flat_map(|half_life| [false, true].map(|clicks| Fading { half_life, clicks }))
            .filter(|fading| !fading.clicks || self.counts_clicks(fading.half_life))
            .collect();
        all.sort_unstable();
        all.dedup();
        all
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
