//! What is foreseen of a campaign before it is launched: dates, collisions, and what it costs our name.

use crate::{
    gate::OUTSIDE,
    happening::{Deed, Lived},
    ids::LeadId,
    sequence::{Sequence, Step},
    time::Moment,
    window::WindowVerdict,
};
use chrono::{NaiveDate, TimeDelta};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// Two mails to one lead within this time meet: most playbooks let one a day pass.
const ONE_MAIL_IN: TimeDelta = TimeDelta::hours(24);

/// What is foreseen of a campaign, of those who will get it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Forecast {
    /// Who matched and is out, counted by the reason, the most first.
    pub out: Vec<(String, i64)>,
    /// How many get which mail on which day of the team, if nobody answers: the mail that begins to leave first comes first.
    pub days: Vec<Day>,
    /// When the first mail leaves: for the first and for the last of them.
    pub first_mail: Option<(Moment, Moment)>,
    /// How many mails have to wait for something else than an hour of the lead's day, by the reason, the most first; a mail of another
    /// sequence, too.
    pub waits: Vec<(String, i64)>,
    /// How many mails of it will not be sent, by the reason.
    pub not_sent: Vec<(String, i64)>,
    /// With how many leads that was lived ahead; each stands for as many of those who are in.
    pub lived_with: i64,
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

impl Forecast {
    /// Takes over what came of living ahead with some of the `all` leads that are in.
    pub fn live(&mut self, plan: &Sequence, lived: &Lived, some: i64, all: i64, zone: Tz) {
        let of_all = |count: i64| (count * all + some / 2) / some.max(1);
        let counted = |counts: BTreeMap<&str, i64>| {
            let mut counted: Vec<(String, i64)> =
                counts.into_iter().map(|(what, count)| (what.to_owned(), of_all(count))).collect();
            counted.sort_by(|(one, many), (other, more)| more.cmp(many).then(one.cmp(other)));
            counted
        };
        let mails: Vec<&str> = plan.mails().collect();
        let ours = lived.happened.iter().filter_map(|it| {
            let mail = it.of.strip_prefix(plan.name.as_str())?.strip_prefix(", ")?;
            Some((it, mails.iter().position(|known| *known == mail)?))
        });
        let mut days: BTreeMap<(usize, NaiveDate), i64> = BTreeMap::new();
        let mut not_sent: BTreeMap<&str, i64> = BTreeMap::new();
        let mut first: HashMap<LeadId, Moment> = HashMap::new();
        for (it, place) in ours {
            match it.deed {
                Deed::Mailed => {
                    *days.entry((place, it.at.with_timezone(&zone).date_naive())).or_default() += 1;
                    first.entry(it.lead).or_insert(it.at);
                }
                Deed::NotSent => *not_sent.entry(it.why.as_deref().unwrap_or_default()).or_default() += 1,
                _ => {}
            }
        }
        let day = |((place, on), leads): ((usize, NaiveDate), i64)| Day {
            mail: mails[place].to_owned(),
            on,
            leads: of_all(leads),
        };
        let begins: HashMap<usize, NaiveDate> = days.keys().rev().map(|(place, on)| (*place, *on)).collect();
        let mut days: Vec<_> = days.into_iter().collect();
        days.sort_by_key(|((place, on), _)| (begins.get(place).copied(), *place, *on));
        self.days = days.into_iter().map(day).collect();
        self.first_mail = first.values().min().copied().zip(first.values().max().copied());
        // The hours stand in the dates.
        let waits = lived.waited.iter().filter(|(why, _)| !why.starts_with(OUTSIDE));
        self.waits = counted(waits.map(|(why, count)| (why.as_str(), *count as i64)).collect());
        self.not_sent = counted(not_sent);
        self.lived_with = some;
    }
}

/// When the first mail of a plan may leave for one lead that begins now, as far as the plan alone says it: in the lead's window. None
/// where something else comes before it.
pub fn first_mail(plan: &Sequence, zone: Tz, now: Moment) -> Option<Moment> {
    let mut at = now;
    for step in &plan.step {
        match step {
            Step::Wait(span) => at += span.delta(),
            Step::Mail { .. } => {
                return Some(match plan.send_window.as_ref().map(|window| window.check(at, zone)) {
                    Some(WindowVerdict::ClosedUntil(open)) => open,
                    _ => at,
                });
            }
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::happening::Happening;

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

    const PLAN: &str = "name = \"x\"\nsend_window = { days = \"mon-fri\", hours = \"09:00-17:00\", zone = \"lead\" }\n[[step]]\nwait = \"1d\"\n[[step]]\nmail = \"one\"\n[[step]]\nwait = \"4d\"\n[[step]]\nmail = \"two\"\n[[step]]\narchive = true\n";

    #[test]
    fn the_first_mail_waits_for_the_leads_window() {
        let plan: Sequence = toml::from_str(PLAN).unwrap();
        // A Monday, 07:00 in UTC.
        let now: Moment = "2026-11-02T07:00:00Z".parse().unwrap();
        let at = |zone| first_mail(&plan, zone, now).unwrap().to_string();
        assert_eq!(at(Tz::UTC), "2026-11-03 09:00:00 UTC");
        assert_eq!(at(Tz::Asia__Bangkok), "2026-11-03 07:00:00 UTC");
    }

    #[test]
    fn each_with_whom_it_was_lived_stands_for_as_many() {
        let plan: Sequence = toml::from_str(PLAN).unwrap();
        let begun: Moment = "2026-11-02T23:30:00Z".parse().unwrap();
        let it = |lead: u128, hours: i64, deed: Deed, of: &str, why: Option<&str>| Happening {
            at: begun + TimeDelta::hours(hours),
            lead: LeadId(uuid::Uuid::from_u128(lead)),
            deed,
            of: of.to_owned(),
            why: why.map(str::to_owned),
        };
        let lived = Lived {
            happened: vec![
                it(1, 0, Deed::Begun, "x", None),
                it(1, 0, Deed::Mailed, "x, one", None),
                it(2, 1, Deed::Mailed, "x, one", None),
                it(2, 2, Deed::Mailed, "x-ray, one", None),
                it(1, 96, Deed::Mailed, "x, two", None),
                it(2, 96, Deed::NotSent, "x, two", Some("they unsubscribed")),
            ],
            waited: BTreeMap::from([
                ("welcome comes first".to_owned(), 1),
                ("the lead got 1 mail in 1d".to_owned(), 2),
                ("outside its send window in UTC".to_owned(), 2),
            ]),
        };
        let mut forecast = Forecast::default();
        forecast.live(&plan, &lived, 2, 9, Tz::UTC);
        let days: Vec<String> =
            forecast.days.iter().map(|day| format!("{} {} {}", day.mail, day.on, day.leads)).collect();
        assert_eq!(days, ["one 2026-11-02 5", "one 2026-11-03 5", "two 2026-11-06 5"]);
        assert_eq!(forecast.first_mail, Some((begun, begun + TimeDelta::hours(1))));
        assert_eq!(
            forecast.waits,
            [("the lead got 1 mail in 1d".to_owned(), 9), ("welcome comes first".to_owned(), 5)]
        );
        assert_eq!(forecast.not_sent, [("they unsubscribed".to_owned(), 5)]);
        assert_eq!(forecast.lived_with, 2);
    }
}
