//! The score: a pure function of a lead, their activities, the rules and now, explained line by line.
//!
//! *Fit* is what they are (rules over traits, no decay); *engagement* is what they do, each activity
//! losing half its worth every half-life; the *score* is the sum, clamped, compared and shown as a
//! rounded integer. A lead turns hot at one line and cools below a lower one, so that a lead that
//! hovers around the line alerts once. Clicks in mails are worth little and make nobody hot, for a machine may have made one
//! that nothing gave away (mail-rules M3).

mod changes;
mod worth;

pub use worth::{Fading, Stands, Worth};

use crate::{
    activity::{Activity, Kind, names},
    consent::ConsentState,
    ids::ActivityId,
    lead::{Journey, Lead, Points, TOPIC, word_of},
    observe::described,
    segment::{Facts, Predicate},
    span::Span,
    time::Moment,
};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// After how many days an answer to a survey is worth half.
const ANSWER_HALF_LIFE: u16 = 90;

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

/// The borders of the grade matrix: letters by fit, digits by engagement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grades {
    /// Fit points from which a lead is an A, and from which a B.
    pub fit: [i64; 2],
    /// Engagement points from which a lead is a 1, and from which a 2.
    pub engagement: [i64; 2],
}

/// How often a rule counts: no more than `times` within `every`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaxPer {
    /// How many times.
    pub times: usize,
    /// Within how long.
    pub every: Span,
}

/// What they do: points that decay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EngagementRule {
    /// Names of activities it counts.
    #[serde(default)]
    pub activity: Vec<String>,
    /// Patterns of page paths it counts ("/pricing*").
    #[serde(default)]
    pub page: Vec<String>,
    /// How many points each; below zero for what speaks against a lead.
    pub points: i32,
    /// How often it counts.
    pub max_per: Option<MaxPer>,
    /// After how long it is worth half; without one it keeps its worth.
    pub half_life: Option<Span>,
    /// The journey stage it shows.
    pub stage: Option<Journey>,
    /// What it is about, in words that mails may use; without it, the activity's own property `topic`.
    #[serde(default)]
    pub topic: Option<String>,
}

impl EngagementRule {
    /// Whether it counts this activity at all.
    pub fn matches(&self, activity: &Activity) -> bool {
        self.activity.contains(&activity.name) || self.page.iter().any(|pattern| activity.is_at(pattern))
    }
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

/// `scoring.toml`: the rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scoring {
    /// The lines.
    pub thresholds: Thresholds,
    /// The matrix.
    pub grades: Grades,
    /// Rules on what they do; an activity is worth the first rule that matches it.
    #[serde(default)]
    pub engagement: Vec<EngagementRule>,
    /// Rules on who they are; each that holds counts.
    #[serde(default)]
    pub fit: Vec<FitRule>,
}

/// What a line of the explanation stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LineKind {
    /// A fit rule that holds.
    Fit,
    /// An activity that a rule counts, or would but for its limit.
    Engagement,
    /// What the clamp took away or gave.
    Clamp,
}

/// One line of the explanation. The `now` of all lines add up to the score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// What it stands for.
    pub kind: LineKind,
    /// The activity's name, the page, or the fit rule's question.
    pub what: String,
    /// When it happened.
    pub at: Option<Moment>,
    /// The activity.
    pub activity: Option<ActivityId>,
    /// Points when it happened.
    pub points: i32,
    /// Points now, after decay.
    pub now: f64,
    /// Over the rule's limit, and so worth nothing.
    pub capped: bool,
}

/// A score with every line that it is made of.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// Rounded and clamped.
    pub score: i64,
    /// Fit points.
    pub fit: i64,
    /// Engagement points, rounded.
    pub engagement: i64,
    /// The cell of the matrix, "A1" to "C3".
    pub grade: String,
    /// Exact points.
    #[serde(skip)]
    pub points: Points,
    /// What will become of them.
    #[serde(skip)]
    pub worth: Worth,
    /// The lines, fit first, then by time.
    pub lines: Vec<Line>,
}

impl Scoring {
    /// The score of a lead from scratch, with its lines.
    pub fn explain(&self, lead: &Lead, history: &[Activity], now: Moment) -> Explanation {
        if lead.consent.state == ConsentState::Objected {
            return self.nothing(now);
        }
        let mut lines = self.fit_lines(lead, now);
        let fit: f64 = lines.iter().map(|l| l.now).sum();
        let engaged = self.engagement_lines(history, now);
        let engagement: f64 = engaged.iter().map(|l| l.now).sum();
        lines.extend(engaged);
        let points = Points { fit, engagement, at: now };
        let (ceiling, why) = self.ceiling(lead, history);
        let worth = Worth {
            sums: self.sums(&lines, history),
            may_be_hot: ceiling >= self.thresholds.hot,
            ..Worth::default()
        };
        let clamped = (fit + engagement).clamp(0.0, ceiling as f64);
        let clamp = clamped - (fit + engagement);
        if clamp.abs() > 1e-9 {
            let what = if clamp > 0.0 { "no score is below 0".to_owned() } else { why };
            lines.push(limit(what, clamp));
        }
        Explanation {
            score: whole(clamped),
            fit: whole(fit),
            engagement: whole(engagement),
            grade: self.grade(points),
            points,
            worth,
            lines,
        }
    }

    /// Of who objected to being profiled nothing is counted (GDPR, Art. 21).
    fn nothing(&self, now: Moment) -> Explanation {
        let points = Points { fit: 0.0, engagement: 0.0, at: now };
        let lines = vec![limit("they objected to being profiled: nothing is counted".to_owned(), 0.0)];
        let (grade, worth) = (self.grade(points), Worth::default());
        Explanation { score: 0, fit: 0, engagement: 0, grade, points, worth, lines }
    }

    /// The cell of the matrix.
    pub fn grade(&self, points: Points) -> String {
        self.cell(whole(points.fit), whole(points.engagement)).to_owned()
    }

    /// The journey stage that an activity shows.
    pub fn stage_of(&self, activity: &Activity) -> Option<Journey> {
        self.rule_of(activity)?.stage
    }

    /// What the lead looked at last: the topic of the newest counted activity that has one.
    pub fn topic(&self, history: &[Activity]) -> Option<String> {
        let told = |activity: &Activity| {
            let rule = self.rule_of(activity).filter(|_| activity.human)?;
            rule.topic.clone().or_else(|| word_of(activity.properties.get(TOPIC)?))
        };
        history
            .iter()
            .filter_map(|activity| Some((activity.at, told(activity)?)))
            .max_by_key(|(at, _)| *at)
            .map(|(_, topic)| topic)
    }

    /// Whether any rule counts this activity: others need not be loaded to score a lead.
    pub fn counts(&self, activity: &Activity) -> bool {
        self.rule_of(activity).is_some() || activity.given_points().is_some()
    }

    /// When decay alone takes the score below the line where a hot lead cools, to the minute; `None`
    /// when it never does within five years.
    pub fn cools_at(&self, lead: &Lead, history: &[Activity], now: Moment) -> Option<Moment> {
        let below = |at: Moment| self.explain(lead, history, at).score < self.thresholds.cools_under();
        let step = TimeDelta::days(1);
        let day = (0..5 * 366).map(|n| now + step * n).find(|at| below(*at))?;
        let (mut above, mut under) = (day - step, day);
        while under - above > TimeDelta::minutes(1) {
            let middle = above + (under - above) / 2;
            if below(middle) { under = middle } else { above = middle }
        }
        Some(under.max(now))
    }

    /// Whether a hot lead had cooled at a moment that has passed, as far as it was known then or is now.
    pub fn had_cooled(&self, lead: &Lead, history: &[Activity], at: Moment) -> bool {
        let until_then: Vec<Activity> = history.iter().filter(|a| a.at <= at).cloned().collect();
        self.explain(lead, &until_then, at).score < self.thresholds.cools_under()
    }

    fn rule_of(&self, activity: &Activity) -> Option<&EngagementRule> {
        self.engagement.iter().find(|rule| rule.matches(activity))
    }

    /// No score is above this, and why. A lead that only a browser key vouches for cannot be made hot by whoever reads the page's
    /// source, and none is made hot by links of mails alone: the score stays one below the line.
    fn ceiling(&self, lead: &Lead, history: &[Activity]) -> (i64, String) {
        let came_themselves =
            || history.iter().any(|activity| activity.human && !activity.is_click() && self.counts(activity));
        let Thresholds { hot, max, .. } = self.thresholds;
        if !lead.verified {
            (hot - 1, "not hot before somebody with a secret has vouched for the lead".to_owned())
        } else if !came_themselves() {
            (hot - 1, "not hot by links of mails alone".to_owned())
        } else {
            (max, format!("no score is above {max}"))
        }
    }

    /// The most that clicks in mails may be worth together: a quarter of what makes hot.
    pub fn most_of_clicks(&self) -> f64 {
        self.thresholds.hot as f64 / 4.0
    }

    /// Whether a rule of this half-life counts links of mails.
    fn counts_clicks(&self, half_life: Option<i64>) -> bool {
        let of_it = |rule: &&EngagementRule| rule.half_life.as_ref().map(seconds) == half_life;
        self.engagement
            .iter()
            .filter(of_it)
            .any(|rule| rule.activity.iter().any(|name| name == names::CLICKED))
    }

    /// The lines of engagement as sums by how they fade.
    fn sums(&self, lines: &[Line], history: &[Activity]) -> BTreeMap<Fading, f64> {
        let by_id: HashMap<ActivityId, &Activity> = history.iter().map(|a| (a.id, a)).collect();
        let mut sums = BTreeMap::new();
        for line in lines.iter().filter(|line| line.now != 0.0) {
            let Some(activity) = line.activity.and_then(|id| by_id.get(&id)) else { continue };
            let half_life = match self.rule_of(activity) {
                Some(rule) => rule.half_life.as_ref().map(seconds),
                None => Some(seconds(&Span::days(ANSWER_HALF_LIFE))),
            };
            *sums.entry(Fading { half_life, clicks: activity.is_click() }).or_default() += line.now;
        }
        sums
    }

    fn fit_lines(&self, lead: &Lead, now: Moment) -> Vec<Line> {
        let facts = Facts::of(lead, &[], 0.0);
        let holding = self.fit.iter().filter(|rule| rule.when.holds(&facts, now));
        holding
            .map(|rule| Line {
                kind: LineKind::Fit,
                what: rule.label.clone().unwrap_or_else(|| rule.when.to_string()),
                at: None,
                activity: None,
                points: rule.points,
                now: f64::from(rule.points),
                capped: false,
            })
            .collect()
    }

    fn engagement_lines(&self, history: &[Activity], now: Moment) -> Vec<Line> {
        let mut order: Vec<&Activity> = history.iter().collect();
        order.sort_by(|a, b| (a.at, &a.source, &a.message_id).cmp(&(b.at, &b.source, &b.message_id)));
        let mut counted: Vec<Vec<Moment>> = vec![Vec::new(); self.engagement.len()];
        let mut of_clicks = 0.0;
        let mut lines = Vec::new();
        for activity in order {
            let Some(index) = self.engagement.iter().position(|rule| rule.matches(activity)) else {
                if let Some(points) = activity.given_points().filter(|points| *points != 0) {
                    let worth = decayed(points, Some(&Span::days(ANSWER_HALF_LIFE)), activity.at, now);
                    lines.push(Line {
                        kind: LineKind::Engagement,
                        what: described(activity),
                        at: Some(activity.at),
                        activity: Some(activity.id),
                        points,
                        now: worth,
                        capped: false,
                    });
                }
                continue;
            };
            let rule = &self.engagement[index];
            let capped = rule.max_per.as_ref().is_some_and(|max| {
                let since = activity.at - max.every.delta();
                counted[index].iter().rev().take_while(|at| **at > since).count() >= max.times
            });
            if !capped {
                counted[index].push(activity.at);
            }
            let what = match (&activity.path, activity.kind) {
                (Some(path), Kind::Page) => format!("{} {path}", activity.name),
                _ => activity.name.clone(),
            };
            let worth =
                if capped { 0.0 } else { decayed(rule.points, rule.half_life.as_ref(), activity.at, now) };
            if activity.is_click() {
                of_clicks += worth;
            }
            lines.push(Line {
                kind: LineKind::Engagement,
                what,
                at: Some(activity.at),
                activity: Some(activity.id),
                points: rule.points,
                now: worth,
                capped,
            });
        }
        let over = of_clicks - self.most_of_clicks();
        if over > 1e-9 {
            let what = format!("links of mails are worth {} together at most", self.most_of_clicks());
            lines.push(limit(what, -over));
        }
        lines
    }
}

/// Points as they are shown and compared: rounded, half a point up. What lies within a ten-millionth below the half is
/// taken for it, so that it makes no difference in which order points were added and faded.
pub fn whole(points: f64) -> i64 {
    (points + 0.5 + ROUNDED_UP).floor() as i64
}

/// What points may lack of a half to be rounded up all the same.
pub const ROUNDED_UP: f64 = 1e-7;

/// A half-life in whole seconds, at least one.
fn seconds(half_life: &Span) -> i64 {
    half_life.delta().num_seconds().max(1)
}

/// Points of an activity at `at`, as they stand at `now`. What lies ahead is worth its full points.
fn decayed(points: i32, half_life: Option<&Span>, at: Moment, now: Moment) -> f64 {
    let points = f64::from(points);
    let Some(half_life) = half_life else { return points };
    let age = (now - at).as_seconds_f64().max(0.0);
    let half = seconds(half_life) as f64;
    points * (-age / half).exp2()
}

/// The line of what a limit takes away or gives.
fn limit(what: String, now: f64) -> Line {
    Line { kind: LineKind::Clamp, what, at: None, activity: None, points: 0, now, capped: false }
}

#[cfg(test)]
mod tests;
