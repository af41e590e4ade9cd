//! What is foreseen of a campaign before it is launched: dates, collisions, and what it costs our name.

use crate::{
    sequence::{Sequence, Step},
    time::Moment,
    window::WindowVerdict,
};
use chrono::{NaiveDate, TimeDelta};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// Two mails to one lead within this time meet: most playbooks let one a day pass.
const ONE_MAIL_IN: TimeDelta = TimeDelta::hours(24);

/// What is foreseen of a campaign, of those who will get it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Forecast {
    /// Who matched and is out, counted by the reason, the most first.
    pub out: Vec<(String, i64)>,
    /// How many get which mail on which day of the team, in the order of the plan.
    pub days: Vec<Day>,
    /// The subject of the first mail, as somebody who is in reads it.
    pub subject: Option<String>,
    /// Who is to get a mail of another sequence in the same 24 hours.
    pub collisions: Vec<Collision>,
    /// What it costs our name.
    pub reputation: Reputation,
}

/// How many get a mail on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day {
    /// Which mail.
    pub mail: String,
    /// When, by the team's calendar.
    pub on: NaiveDate,
    /// How many leads.
    pub leads: i64,
}

/// Leads whose first mail meets one of another sequence: the gate lets one pass at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collision {
    /// The other sequence.
    pub sequence: String,
    /// How many leads.
    pub leads: i64,
    /// For how many of them ours comes first.
    pub ours_first: i64,
}

/// What a campaign costs our name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reputation {
    /// How many never got a mail from us.
    pub never_mailed: i64,
    /// How many first mails are expected to bounce.
    pub bounces: f64,
    /// From how many mails of the past that is estimated.
    pub from_mails: i64,
}

impl Reputation {
    /// How likely a mail bounces that nothing is known about: as the breakers' lower line, above which a list is poor.
    pub const UNKNOWN: f64 = 0.02;
    /// So many mails to a domain weigh as much as [`Self::UNKNOWN`].
    const WEIGHT: f64 = 50.0;

    /// Counts a lead in: whether it ever took a mail of ours, and how many mails its domain got and bounced.
    pub fn count(&mut self, was_mailed: bool, (mails, bounced): (i64, i64)) {
        if !was_mailed {
            self.never_mailed += 1;
            self.bounces += (bounced as f64 + Self::UNKNOWN * Self::WEIGHT) / (mails as f64 + Self::WEIGHT);
        }
    }
}

impl Collision {
    /// Whether two mails to one lead meet: within a day.
    pub fn meet(one: Moment, other: Moment) -> bool {
        (one - other).abs() < ONE_MAIL_IN
    }
}

/// When the mails of a plan leave for one lead that begins now, as far as the plan alone says it: in the lead's window, each
/// wait from the mail before. What depends on the lead ends the list.
pub fn mail_dates(plan: &Sequence, zone: Tz, now: Moment) -> Vec<(&str, Moment)> {
    let mut dates = Vec::new();
    let mut at = now;
    for step in &plan.step {
        match step {
            Step::Wait(span) => at += span.delta(),
            Step::Mail { mail, .. } => {
                if let Some(WindowVerdict::ClosedUntil(open)) =
                    plan.send_window.as_ref().map(|window| window.check(at, zone))
                {
                    at = open;
                }
                dates.push((mail.as_str(), at));
            }
            _ => break,
        }
    }
    dates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_that_nobody_wrote_to_counts_as_unknown_and_one_that_bounces_more() {
        let mut unknown = Reputation::default();
        unknown.count(false, (0, 0));
        assert!((unknown.bounces - Reputation::UNKNOWN).abs() < 1e-9);
        let mut bad = Reputation::default();
        bad.count(false, (100, 50));
        assert!(bad.bounces > 0.3, "{}", bad.bounces);
        let mut known = Reputation::default();
        known.count(true, (100, 50));
        assert_eq!(known, Reputation::default(), "who took a mail takes another");
    }

    #[test]
    fn waits_count_from_the_mail_before_and_windows_are_the_leads() {
        let plan: Sequence = toml::from_str(
            "name = \"x\"\nsend_window = { days = \"mon-fri\", hours = \"09:00-17:00\", zone = \"lead\" }\n[[step]]\nmail = \"one\"\n[[step]]\nwait = \"4d\"\n[[step]]\nmail = \"two\"\n[[step]]\narchive = true\n",
        )
        .unwrap();
        // A Monday, 07:00 in UTC.
        let now: Moment = "2026-11-02T07:00:00Z".parse().unwrap();
        let dates = |zone| -> Vec<String> {
            mail_dates(&plan, zone, now).into_iter().map(|(mail, at)| format!("{mail} {at}")).collect()
        };
        assert_eq!(dates(Tz::UTC), ["one 2026-11-02 09:00:00 UTC", "two 2026-11-06 09:00:00 UTC"]);
        assert_eq!(dates(Tz::Asia__Bangkok), ["one 2026-11-02 07:00:00 UTC", "two 2026-11-06 07:00:00 UTC"]);
    }
}
