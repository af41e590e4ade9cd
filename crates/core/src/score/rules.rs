//! The rules as `scoring.toml` has them: what counts, how often, with what together, and the lines it is held against.

use super::Surge;
use crate::{
    activity::Activity,
    lead::Journey,
    segment::{Conditions, Predicate, Told},
    span::Span,
};
use serde::{Deserialize, Deserializer, Serialize, de::Error};

/// The lines a score is held against.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// Points at which a lead is hot.
    pub hot: i64,
    /// Points below which a hot lead has cooled.
    pub cools_below: i64,
    /// No score is above this.
    #[serde(default = "top")]
    pub max: i64,
    /// Who gains so much so fast is told of, too.
    pub surge: Option<Surge>,
    /// For how long nobody is asked about the same lead again because of its points: it shows on the card that was.
    #[serde(default = "a_week")]
    pub again_after: Span,
}

impl Thresholds {
    /// Points below which a hot lead has cooled: never above the line where it turns hot, whatever is written, or the
    /// lead would cool and turn hot again without end.
    pub fn cools_under(&self) -> i64 {
        self.cools_below.min(self.hot)
    }
}

fn top() -> i64 {
    1000
}

fn a_week() -> Span {
    Span::days(7)
}

/// The borders of the grade matrix: letters by fit, digits by engagement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grades {
    /// Fit points from which a lead is an A, and from which a B.
    #[serde(deserialize_with = "two_borders")]
    pub fit: [i64; 2],
    /// Engagement points from which a lead is a 1, and from which a 2.
    #[serde(deserialize_with = "two_borders")]
    pub engagement: [i64; 2],
}

/// Two, and not one more that nobody would miss.
fn two_borders<'de, D: Deserializer<'de>>(from: D) -> Result<[i64; 2], D::Error> {
    let borders = Vec::<i64>::deserialize(from)?;
    let count = borders.len();
    borders.try_into().map_err(|_| {
        D::Error::custom(format!(
            "there are two borders, as [10, 5]: from the first on it is the best, from the second on the second best, below it the last; here are {count}"
        ))
    })
}

/// How often a rule counts: no more than `times` within `every`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaxPer {
    /// How many times.
    pub times: usize,
    /// Within how long.
    pub every: Span,
}

/// What the activities of a group are worth together, at any moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// No more than this.
    pub max: Option<i64>,
    /// No less than this, for what speaks against a lead.
    pub min: Option<i64>,
}

/// What they do: points that decay.
///
/// `cooldown`, `max_per`, `hits` and `returns` look at when else the rule was met, and never at what time it is now: what has
/// counted once goes on counting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EngagementRule {
    /// Names of activities it counts.
    #[serde(default)]
    pub activity: Vec<String>,
    /// Patterns of page paths it counts ("/pricing*").
    #[serde(default)]
    pub page: Vec<String>,
    /// What their properties must answer, too: `plan = pro and seats > 10`.
    #[serde(rename = "where")]
    pub having: Option<Conditions>,
    /// For how long they must have stayed, by the property `dwell`, in seconds.
    pub dwell: Option<Span>,
    /// How many points each; below zero for what speaks against a lead.
    pub points: i32,
    /// From which time on it counts: the third, the fourth …
    pub hits: Option<usize>,
    /// Within how long they are so many; ever, without.
    pub within: Option<Span>,
    /// It counts only what comes at least so long after the time before: a return.
    pub returns: Option<Span>,
    /// For how long it does not count again, once it has.
    pub cooldown: Option<Span>,
    /// How often it counts.
    pub max_per: Option<MaxPer>,
    /// With what it is worth so much together at most: the name of one of the groups.
    pub group: Option<String>,
    /// After how long it is worth half; without one it keeps its worth.
    pub half_life: Option<Span>,
    /// The journey stage it shows.
    pub stage: Option<Journey>,
    /// What it is about, in words that mails may use; without it, the activity's own property `topic`.
    #[serde(default)]
    pub topic: Option<String>,
}

/// The property that says for how many seconds somebody stayed on a page.
const DWELL: &str = "dwell";

impl EngagementRule {
    /// Whether it counts this activity at all.
    pub fn matches(&self, activity: &Activity) -> bool {
        (self.activity.contains(&activity.name) || self.page.iter().any(|pattern| activity.is_at(pattern)))
            && self.having.as_ref().is_none_or(|having| having.hold(activity))
            && self.dwell.is_none_or(|least| stayed(activity) >= Some(least.delta().num_seconds() as f64))
    }
}

/// For how many seconds they stayed, where the sender told.
fn stayed(activity: &Activity) -> Option<f64> {
    Told::of(activity.properties.get(DWELL)?)?.number()
}

/// Who they are: points that stay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FitRule {
    /// What it stands for, in words for cards and explanations; without one, the question is shown.
    pub label: Option<String>,
    /// A question of the segment language over traits.
    pub when: Predicate,
    /// How many points.
    pub points: i32,
}
