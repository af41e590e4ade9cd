//! The score: a pure function of a lead, their activities, the rules and now, explained line by line.
//!
//! *Fit* is what they are (rules over traits, no decay); *engagement* is what they do, each activity
//! losing half its worth every half-life; the *score* is the sum, clamped, compared and shown as a
//! rounded integer. A lead turns hot at one line and cools below a lower one, so that a lead that
//! hovers around the line alerts once. Clicks in mails are worth little and make nobody hot, for a machine may have made one
//! that nothing gave away (mail-rules M3).

mod changes;
mod counted;
mod crossing;
mod life;
mod rules;
mod surge;
mod told;
mod worth;

pub use counted::Limit;
pub(crate) use life::Life;
pub use rules::{EngagementRule, FitRule, Grades, Group, MaxPer, Thresholds};
pub use surge::Surge;
pub use told::{Together, parts};
pub use worth::{Bounds, CLICKS, Fading, Stands, Worth};

use crate::{
    activity::{Activity, Kind},
    consent::ConsentState,
    ids::ActivityId,
    lead::{Journey, Lead, Points, TOPIC, word_of},
    observe::described,
    segment::Facts,
    time::Moment,
};
use counted::Counted;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `scoring.toml`: the rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scoring {
    /// The lines.
    pub thresholds: Thresholds,
    /// The matrix.
    pub grades: Grades,
    /// What activities are worth together, by the names of the groups.
    #[serde(default)]
    pub groups: BTreeMap<String, Group>,
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
    /// What the cap of a group took away or gave.
    Group,
    /// What the clamp of the whole took away or gave.
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
    /// What stands in its way, so that it is worth nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
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
    /// The grade with what it is made of and its borders, in words.
    pub graded: String,
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
        let counted = self.counted(history);
        let sums = sums(&counted, now);
        lines.extend(counted.iter().map(|one| one.line(now)));
        lines.extend(self.over_groups(&sums));
        let engagement: f64 = lines.iter().filter(|l| l.kind != LineKind::Fit).map(|l| l.now).sum();
        let points = Points { fit, engagement, at: now };
        let (ceiling, why) = self.ceiling(lead, history);
        let worth = Worth { sums, may_be_hot: ceiling >= self.thresholds.hot, ..Worth::default() };
        let clamped = (fit + engagement).clamp(0.0, ceiling as f64);
        let clamp = clamped - (fit + engagement);
        if clamp.abs() > 1e-9 {
            let what = if clamp > 0.0 { "no score is below 0".to_owned() } else { why };
            lines.push(limit(LineKind::Clamp, what, clamp));
        }
        Explanation {
            score: whole(clamped),
            fit: whole(fit),
            engagement: whole(engagement),
            grade: self.grade(points),
            graded: self.graded(points),
            points,
            worth,
            lines,
        }
    }

    /// Of who objected to being profiled nothing is counted (GDPR, Art. 21).
    fn nothing(&self, now: Moment) -> Explanation {
        let points = Points { fit: 0.0, engagement: 0.0, at: now };
        let why = "they objected to being profiled: nothing is counted".to_owned();
        let lines = vec![limit(LineKind::Clamp, why, 0.0)];
        Explanation {
            score: 0,
            fit: 0,
            engagement: 0,
            grade: self.grade(points),
            graded: self.graded(points),
            points,
            worth: Worth::default(),
            lines,
        }
    }

    /// The cell of the matrix.
    pub fn grade(&self, points: Points) -> String {
        self.cell(whole(points.fit), whole(points.engagement)).to_owned()
    }

    /// The journey stage that an activity shows.
    pub fn stage_of(&self, activity: &Activity) -> Option<Journey> {
        self.rule_of(activity).filter(|_| !activity.is_of_a_machine())?.stage
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
        let came_themselves = || history.iter().any(|activity| self.is_their_own(activity));
        let Thresholds { hot, max, .. } = self.thresholds;
        if !lead.verified {
            (hot - 1, "not hot before somebody with a secret has vouched for the lead".to_owned())
        } else if !came_themselves() {
            (hot - 1, "not hot by links of mails alone".to_owned())
        } else {
            (max, format!("no score is above {max}"))
        }
    }

    /// Whether it is something that counts, and that nobody does by following a link of a mail.
    fn is_their_own(&self, activity: &Activity) -> bool {
        activity.human && !activity.is_click() && self.counts(activity)
    }

    /// What the caps of groups take away or give.
    fn over_groups(&self, sums: &BTreeMap<Fading, f64>) -> Vec<Line> {
        let over = |(group, sum): (Option<&str>, f64)| {
            let off = self.bounds(group?).of(sum) - sum;
            let what = match group? {
                CLICKS => format!("links of mails are worth {} together at most", self.bounds(CLICKS).most),
                group if off < 0.0 => format!("“{group}” is worth {} at most", self.bounds(group).most),
                group => format!("“{group}” is worth {} at least", self.bounds(group).least),
            };
            (off.abs() > 1e-9).then(|| limit(LineKind::Group, what, off))
        };
        let sums = sums.iter().map(|(fading, sum)| (fading.group.as_deref(), *sum));
        worth::by_group(sums).into_iter().filter_map(over).collect()
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
                limit: None,
            })
            .collect()
    }
}

impl Counted<'_> {
    fn line(&self, now: Moment) -> Line {
        let activity = self.activity;
        let what = match (&activity.path, activity.kind) {
            (Some(path), Kind::Page) => format!("{} {path}", activity.name),
            _ if activity.given_points().is_some() => described(activity),
            _ => activity.name.clone(),
        };
        Line {
            kind: LineKind::Engagement,
            what,
            at: Some(activity.at),
            activity: Some(activity.id),
            points: self.points,
            now: self.worth(now),
            limit: self.limit,
        }
    }
}

/// What counts, as sums by how they fade.
fn sums(counted: &[Counted<'_>], now: Moment) -> BTreeMap<Fading, f64> {
    let mut sums = BTreeMap::new();
    for one in counted.iter().filter(|one| one.limit.is_none() && one.points != 0) {
        *sums.entry(one.fading.clone()).or_default() += one.worth(now);
    }
    sums
}

/// Points as they are shown and compared: rounded, half a point up. What lies within a ten-millionth below the half is
/// taken for it, so that it makes no difference in which order points were added and faded.
pub fn whole(points: f64) -> i64 {
    (points + 0.5 + ROUNDED_UP).floor() as i64
}

/// What points may lack of a half to be rounded up all the same.
pub const ROUNDED_UP: f64 = 1e-7;

/// The line of what a limit takes away or gives.
fn limit(kind: LineKind, what: String, now: f64) -> Line {
    Line { kind, what, at: None, activity: None, points: 0, now, limit: None }
}

#[cfg(test)]
mod tests;
