//! Home: what one member has, on every platform alike; due today, with them, put off, and their figures.
//!
//! Rendered whole from the rows, never edited in part. Texts are plain; each platform escapes them in its own way.

use crate::{
    table::table,
    wording::{clean, count, length, moment},
};
use chrono::TimeDelta;
use chrono_tz::Tz;
use rekindle_core::{
    alert::{Alert, AlertState},
    ids::LeadId,
    lead::{Lead, Lifecycle},
    time::Moment,
};
use rekindle_storage::figures::Taken;
use std::collections::HashMap;

/// How far back the figures look (wall).
pub const SPAN: TimeDelta = TimeDelta::days(30);
/// How many leads a part shows.
const LISTED: usize = 20;

/// What somebody is told who has no leads.
pub const NOTHING: &str = "You have no leads. `/lead hot` shows who waits for one to claim them.";

/// A lead that a member has, or put off.
#[derive(Debug, Clone)]
pub struct Owned {
    /// Who.
    pub lead: Lead,
    /// The alert that the member holds or put off.
    pub alert: Option<Alert>,
    /// The score, as of now.
    pub score: i64,
    /// The grade, as of now.
    pub grade: String,
}

/// What one member has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// The parts that have something in them, in the order of their urgency.
    pub parts: Vec<Part>,
    /// How the last 30 days went, in a sentence.
    pub figures: String,
}

/// Leads that stand alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// How: "Due today".
    pub title: &'static str,
    /// The first of them.
    pub lines: Vec<Line>,
    /// How many more there are.
    pub more: usize,
}

/// One lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its id.
    pub lead: String,
    /// Their name.
    pub name: String,
    /// Where they work.
    pub company: Option<String>,
    /// Their address.
    pub email: Option<String>,
    /// The score.
    pub score: i64,
    /// The grade.
    pub grade: String,
    /// How it stands: "since 09:05", "put off until Tue 24 Nov, 09:00".
    pub stands: String,
}

/// What a member has, of the leads that are theirs or put off by them, and those that they claimed within [`SPAN`].
pub fn of(owned: &[Owned], taken: &[Taken], wall: Moment, zone: Tz) -> Home {
    let day = |at: Moment| at.with_timezone(&zone).date_naive();
    let until = |one: &Owned| match one.alert.as_ref().map(|alert| &alert.state) {
        Some(AlertState::Snoozed { until, .. }) => Some(*until),
        _ => None,
    };
    let is_due = |one: &&Owned| until(one).is_some_and(|until| day(until) <= day(wall));
    let mut due: Vec<&Owned> = owned.iter().filter(is_due).collect();
    let mut later: Vec<&Owned> = owned.iter().filter(|one| until(one).is_some() && !is_due(one)).collect();
    let mut with: Vec<&Owned> = owned.iter().filter(|one| until(one).is_none()).collect();
    // What is urgent first: what comes soonest, who is warmest.
    due.sort_by_key(|one| (until(one), one.lead.id));
    later.sort_by_key(|one| (until(one), one.lead.id));
    with.sort_by_key(|one| (-one.score, one.lead.id));
    let parts = [("Due today", due), ("With you", with), ("Put off", later)];
    let parts = parts.into_iter().filter(|(_, leads)| !leads.is_empty()).map(|(title, leads)| Part {
        title,
        lines: leads.iter().take(LISTED).map(|one| line(one, wall, zone)).collect(),
        more: leads.len().saturating_sub(LISTED),
    });
    Home { parts: parts.collect(), figures: figures(taken) }
}

fn line(one: &Owned, wall: Moment, zone: Tz) -> Line {
    let stands = match one.alert.as_ref().map(|alert| &alert.state) {
        Some(AlertState::Claimed { at, last, .. }) => {
            let since = moment(*at, wall, zone);
            last.map_or(format!("since {since}"), |how| how.label().to_owned())
        }
        Some(AlertState::Snoozed { until, .. }) => format!("put off until {}", moment(*until, wall, zone)),
        _ => "yours".to_owned(),
    };
    Line::about(&one.lead, one.score, one.grade.clone(), stands)
}

impl Line {
    /// A lead that stands like this.
    pub(crate) fn about(lead: &Lead, score: i64, grade: String, stands: String) -> Self {
        let company = lead.company.as_deref().map(|company| clean(company, 80));
        Self {
            lead: lead.id.to_string(),
            name: clean(lead.called(), 80),
            company: company.filter(|company| !company.is_empty()),
            email: lead.email.as_ref().map(|email| clean(email.as_str(), 120)),
            score,
            grade,
            stands,
        }
    }
}

/// "In the last 30 days you claimed 12 leads; 4 came to a meeting or further, 2 became customers. Your median speed-to-lead is 5 min."
fn figures(taken: &[Taken]) -> String {
    if taken.is_empty() {
        return "You claimed no lead in the last 30 days.".to_owned();
    }
    // A lead that was claimed twice is one.
    let furthest = taken.iter().fold(HashMap::new(), |mut all: HashMap<LeadId, Lifecycle>, one| {
        let stage = all.entry(one.lead).or_insert(one.stage);
        *stage = one.stage.max(*stage);
        all
    });
    let came = |stage: Lifecycle| furthest.values().filter(|reached| **reached >= stage).count();
    let number = |many: usize| i64::try_from(many).unwrap_or(i64::MAX);
    let mut said = format!(
        "In the last 30 days you claimed {}; {} came to a meeting or further, {} became {}.",
        count(number(furthest.len()), "lead"),
        came(Lifecycle::Opportunity),
        came(Lifecycle::Customer),
        if came(Lifecycle::Customer) == 1 { "a customer" } else { "customers" },
    );
    let mut waits: Vec<TimeDelta> = taken.iter().filter_map(|one| one.waited).collect();
    waits.sort_unstable();
    let middle = |at: usize| waits.get(at).copied();
    if let (Some(low), Some(high)) = (middle(waits.len().saturating_sub(1) / 2), middle(waits.len() / 2)) {
        said.push_str(&format!(" Your median speed-to-lead is {}.", length(low + (high - low) / 2)));
    }
    said
}

impl Home {
    /// Whether there is no lead in it.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// As a table, with the figures beneath.
    pub fn said(&self) -> String {
        let row = |line: &Line| {
            let email = line.email.clone().unwrap_or_default();
            [line.name.clone(), line.score.to_string(), line.grade.clone(), email, line.stands.clone()]
        };
        let rows: Vec<[String; 5]> = self.parts.iter().flat_map(|part| &part.lines).map(row).collect();
        let mut text = table(["lead", "score", "grade", "email", "stands"], &rows);
        let more: usize = self.parts.iter().map(|part| part.more).sum();
        if more > 0 {
            text.push_str(&format!("\n… and {more} more"));
        }
        format!("{text}\n\n{}", self.figures)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::card::gallery::{ana, at, kim, open};

    fn owned(name: &str, alert: Option<Alert>, score: i64) -> Owned {
        let mut lead = kim();
        lead.name = Some(name.to_owned());
        Owned { lead, alert, score, grade: "A1".to_owned() }
    }

    /// A home with something in each part, in which everything that leads wrote is `text`.
    pub(crate) fn full_of(text: &str, each: usize) -> Home {
        let (then, wall) = (at("2026-11-23T08:58:14Z"), at("2026-11-23T09:00:00Z"));
        let off = |until: &str| open().snooze(&ana(), "Kim", at(until), then).unwrap();
        let claimed = open().claim(&ana().handle, "Kim", then).unwrap();
        let alerts =
            [Some(off("2026-11-23T15:00:00Z")), Some(claimed), None, Some(off("2026-11-24T09:00:00Z"))];
        let mut all = Vec::new();
        for alert in alerts {
            all.extend((0..each).map(|_| owned(text, alert.clone(), 105)));
        }
        for one in &mut all {
            one.lead.company = Some(text.to_owned());
        }
        let taken = |lead, seconds: Option<i64>, stage| Taken {
            lead: LeadId(uuid::Uuid::from_u128(lead)),
            waited: seconds.map(TimeDelta::seconds),
            stage,
        };
        let taken = [
            taken(1, Some(14), Lifecycle::Customer),
            taken(2, Some(600), Lifecycle::Opportunity),
            taken(3, Some(20), Lifecycle::Sql),
            taken(4, None, Lifecycle::Sql),
            // The first one once more.
            taken(1, None, Lifecycle::Customer),
        ];
        of(&all, &taken, wall, Tz::UTC)
    }

    #[test]
    fn what_is_due_stands_before_what_is_warm_and_that_before_what_is_put_off() {
        let home = full_of("Kim\nPark", 1);
        let shown: Vec<(&str, Vec<&str>)> = home
            .parts
            .iter()
            .map(|part| (part.title, part.lines.iter().map(|line| line.stands.as_str()).collect()))
            .collect();
        assert_eq!(
            shown,
            [
                ("Due today", vec!["put off until 15:00"]),
                ("With you", vec!["since 08:58", "yours"]),
                ("Put off", vec!["put off until Tue 24 Nov, 09:00"]),
            ]
        );
        assert_eq!(
            home.figures,
            "In the last 30 days you claimed 4 leads; 2 came to a meeting or further, 1 became a customer. \
             Your median speed-to-lead is 20 s."
        );
        let table = home.said();
        assert!(table.starts_with("lead      score  grade  email          stands\nKim Park  105"), "{table}");
    }

    #[test]
    fn a_day_is_a_day_of_the_team_and_the_warmest_comes_first() {
        let then = at("2026-11-23T16:00:00Z");
        let off = |until: &str| Some(open().snooze(&ana(), "Kim", at(until), then).unwrap());
        // In Bangkok it is Tuesday already from 17:00 UTC on.
        let home = of(
            &[owned("b", off("2026-11-23T17:30:00Z"), 1), owned("cold", None, 3), owned("warm", None, 90)],
            &[],
            then,
            Tz::Asia__Bangkok,
        );
        let names: Vec<(&str, &str)> =
            home.parts.iter().map(|part| (part.title, part.lines[0].name.as_str())).collect();
        assert_eq!(names, [("With you", "warm"), ("Put off", "b")]);
        assert_eq!(home.figures, "You claimed no lead in the last 30 days.");
    }

    #[test]
    fn a_long_list_is_cut_and_says_so() {
        let home = full_of("Kim", 21);
        assert_eq!(home.parts.iter().map(|part| part.more).collect::<Vec<_>>(), [1, 22, 1]);
        assert!(home.said().contains("\n… and 24 more\n"));
    }
}
