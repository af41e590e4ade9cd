//! A future in words: totals by day, what had to wait, and for one lead each step with its date and reason.

use chrono::{NaiveDate, TimeDelta};
use chrono_tz::Tz;
use rekindle_core::{
    happening::{Deed, Happening, Lived},
    ids::LeadId,
    time::Moment,
};
use serde_json::json;
use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write,
};

/// How many leads are told one by one.
const MOST_LEADS: usize = 20;

/// What is told beside the future itself.
pub(super) struct Told<'a> {
    pub(super) now: Moment,
    pub(super) days: i64,
    pub(super) zone: Tz,
    pub(super) emails: &'a HashMap<LeadId, String>,
}

impl Told<'_> {
    /// The future as one JSON text; a line a happening would tear the two futures apart.
    pub(super) fn json(&self, future: &Lived, other: Option<&Lived>) -> String {
        let one = |future: &Lived| {
            let happened = future.happened.iter().map(|it| {
                json!({"at": it.at, "lead": it.lead, "email": self.emails.get(&it.lead), "what": it.deed.word(), "of": it.of, "why": it.why})
            });
            json!({"happened": happened.collect::<Vec<_>>(), "waited": future.waited})
        };
        json!({"from": self.now, "days": self.days, "present": one(future), "other": other.map(one)})
            .to_string()
    }

    /// The future in words.
    pub(super) fn words(&self, future: &Lived, other: Option<&Lived>, alone: bool) -> String {
        let mut text = String::new();
        let until = self.now + TimeDelta::days(self.days);
        let (from, to) = (self.day(self.now), self.day(until));
        let _ = writeln!(text, "The {} days from {from} to {to}, if nobody answers:\n", self.days);
        if future.happened.is_empty() {
            text.push_str("  Nothing is done with anybody.\n");
        }
        if !alone {
            self.by_day(&mut text, future);
        }
        self.by_lead(&mut text, future);
        waits(&mut text, future);
        if let Some(other) = other {
            self.changes(&mut text, future, other);
        }
        text
    }

    fn day(&self, at: Moment) -> String {
        self.date(at).format("%a %-d %b %Y").to_string()
    }

    fn date(&self, at: Moment) -> NaiveDate {
        at.with_timezone(&self.zone).date_naive()
    }

    fn by_day(&self, text: &mut String, future: &Lived) {
        let mut days: BTreeMap<NaiveDate, [usize; 5]> = BTreeMap::new();
        for it in &future.happened {
            if let Some(column) = column(it.deed) {
                days.entry(self.date(it.at)).or_default()[column] += 1;
            }
        }
        if days.is_empty() {
            return;
        }
        let _ = writeln!(
            text,
            "  {:<16}{:>8}{:>8}{:>8}{:>8}{:>10}",
            "day", "begun", "mails", "ended", "cold", "archived"
        );
        let mut sum = [0; 5];
        for (day, counts) in days {
            let _ = writeln!(text, "  {:<16}{}", day.format("%a %-d %b").to_string(), columns(counts));
            for (sum, count) in sum.iter_mut().zip(counts) {
                *sum += count;
            }
        }
        let _ = writeln!(text, "  {:<16}{}\n", "in all", columns(sum));
    }

    fn by_lead(&self, text: &mut String, future: &Lived) {
        let mut order: Vec<LeadId> = Vec::new();
        let mut by_lead: HashMap<LeadId, Vec<&Happening>> = HashMap::new();
        for it in &future.happened {
            let known = by_lead.entry(it.lead).or_default();
            if known.is_empty() {
                order.push(it.lead);
            }
            known.push(it);
        }
        let all = order.len();
        order.truncate(MOST_LEADS);
        for lead in &order {
            let called = self.emails.get(lead).cloned().unwrap_or_else(|| lead.to_string());
            let _ = writeln!(text, "  {called}");
            for it in &by_lead[lead] {
                let at = it.at.with_timezone(&self.zone).format("%a %-d %b %H:%M");
                let of = if it.of.is_empty() { String::new() } else { format!(" {}", it.of) };
                let why = it.why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
                let _ = writeln!(text, "    {at:<18}{}{of}{why}", verb(it.deed));
            }
        }
        if all > order.len() {
            let more = all - order.len();
            let _ = writeln!(text, "  … and {more} leads more; --lead EMAIL tells of one, --json of all.");
        }
    }

    /// What another playbook changes.
    fn changes(&self, text: &mut String, present: &Lived, other: &Lived) {
        let _ = writeln!(text, "\n  With the other playbook:");
        let (before, after) = (counts(present), counts(other));
        let mut same = true;
        for what in before.keys().chain(after.keys()).collect::<std::collections::BTreeSet<_>>() {
            let count = |of: &BTreeMap<String, usize>| of.get(what).copied().unwrap_or(0);
            let (was, is) = (count(&before), count(&after));
            if was != is {
                same = false;
                let more = is as i64 - was as i64;
                let _ = writeln!(text, "    {what:<40}{was:>6} → {is:<6} {more:+}");
            }
        }
        if same {
            text.push_str("    the same is done as often.\n");
        }
        let leads = differing(present, other);
        if leads > 0 {
            let _ =
                writeln!(text, "    something is done otherwise, or at another time, with {leads} leads.");
        }
    }
}

/// What will be done, as it is said of a lead.
fn verb(deed: Deed) -> &'static str {
    match deed {
        Deed::Begun => "begins",
        Deed::Mailed => "gets",
        Deed::NotSent => "does not get",
        Deed::Ended => "leaves",
        Deed::Cold => "goes cold",
        Deed::Archived => "is archived",
    }
}

fn column(deed: Deed) -> Option<usize> {
    match deed {
        Deed::Begun => Some(0),
        Deed::Mailed => Some(1),
        Deed::Ended => Some(2),
        Deed::Cold => Some(3),
        Deed::Archived => Some(4),
        Deed::NotSent => None,
    }
}

fn columns([begun, mails, ended, cold, archived]: [usize; 5]) -> String {
    format!("{begun:>8}{mails:>8}{ended:>8}{cold:>8}{archived:>10}")
}

fn waits(text: &mut String, future: &Lived) {
    if future.waited.is_empty() {
        return;
    }
    text.push_str("\n  Mails that had to wait:\n");
    let mut waited: Vec<(&String, &usize)> = future.waited.iter().collect();
    waited.sort_by_key(|(why, count)| (std::cmp::Reverse(**count), *why));
    for (why, count) in waited {
        let _ = writeln!(text, "    {count:>6}  {why}");
    }
}

fn counts(future: &Lived) -> BTreeMap<String, usize> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for it in &future.happened {
        *counts.entry(format!("{} {}", it.deed.word(), it.of).trim_end().to_owned()).or_default() += 1;
    }
    counts
}

/// With how many leads something else is done, or at another time.
fn differing(one: &Lived, other: &Lived) -> usize {
    let by_lead = |future: &Lived| {
        let mut by_lead: HashMap<LeadId, Vec<(Moment, Deed, String)>> = HashMap::new();
        for it in &future.happened {
            by_lead.entry(it.lead).or_default().push((it.at, it.deed, it.of.clone()));
        }
        by_lead
    };
    let (one, other) = (by_lead(one), by_lead(other));
    let all: std::collections::BTreeSet<&LeadId> = one.keys().chain(other.keys()).collect();
    all.into_iter().filter(|lead| one.get(lead) != other.get(lead)).count()
}
