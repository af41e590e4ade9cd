//! What rules of scoring would have done: who would have turned hot, when, and what became of them.
//!
//! Every lead lives through the time once more, by the rules that are asked about: its score is looked at after each thing that it
//! did, with what it had done until then. What it did after it was won or lost is left out, or the end would be its own sign.
//! Traits are those of today: nobody knows any more what was known of them then.

use crate::{activity::Activity, lead::Lead, score::Scoring, time::Moment};
use chrono::TimeDelta;
use serde::Serialize;

/// How it ended with a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Whether they bought.
    pub won: bool,
    /// When.
    pub at: Moment,
}

/// What a lead would have been.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Past {
    /// When it would have turned hot for the first time.
    pub hot_at: Option<Moment>,
    /// How often.
    pub times: usize,
    /// The most points it ever had.
    pub best: i64,
}

/// A lead from one moment to another, by these rules. `history` is all that it did, oldest first.
pub fn past(scoring: &Scoring, lead: &Lead, history: &[Activity], from: Moment, until: Moment) -> Past {
    let known = |at: Moment| history.partition_point(|activity| activity.at <= at);
    let score = |so_far: usize, at: Moment| scoring.explain(lead, &history[..so_far], at).score;
    let (hot_line, cool_line) = (scoring.thresholds.hot, scoring.thresholds.cools_under());
    let first = score(known(from), from);
    // Who was hot before turns hot no more.
    let mut hot = first >= hot_line;
    let mut past = Past { hot_at: None, times: 0, best: first };
    let ahead = known(from)..known(until);
    for at in ahead.filter(|at| scoring.counts(&history[*at])) {
        let now = history[at].at;
        hot = hot && score(at, now) >= cool_line;
        let points = score(at + 1, now);
        past.best = past.best.max(points);
        if !hot && points >= hot_line {
            hot = true;
            past.times += 1;
            past.hot_at.get_or_insert(now);
        }
    }
    past
}

/// Leads that lived through it, counted one after the other.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    leads: Vec<(Past, Option<Ended>)>,
}

/// What rules would have done.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judged {
    /// Leads that would have turned hot.
    pub hot: usize,
    /// Alerts that the team would have got: who cools and turns hot again alerts again.
    pub alerts: usize,
    /// Those of the hot who were won after it.
    pub hot_won: usize,
    /// Those of the hot who were lost after it.
    pub hot_lost: usize,
    /// Of the hot whose end is known, the share that was won.
    pub precision: Option<f64>,
    /// Of all who were won, the share that was hot before.
    pub recall: Option<f64>,
    /// How many days before the end half of those who were won would have been hot, at the least.
    pub days_before: Option<f64>,
    /// Tenths of all leads, those with the most points first.
    pub deciles: Vec<Decile>,
}

/// A tenth of the leads.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Decile {
    /// How many leads.
    pub leads: f64,
    /// How many of them were won. Leads of the same score share what was won among them, so that their order makes no difference.
    pub won: f64,
    /// How many times as often as all leads were.
    pub lift: Option<f64>,
}

/// In how many parts leads are ranked.
const PARTS: usize = 10;

impl Tally {
    /// One lead more. What became of it says nothing of a score that came later: `ended` is the end of the time in which it lived.
    pub fn add(&mut self, past: Past, ended: Option<Ended>) {
        self.leads.push((past, ended));
    }

    /// How many leads there are, how many of them were won, and how many were lost.
    pub fn counts(&self) -> (usize, usize, usize) {
        let ended =
            |won: bool| self.leads.iter().filter(|(_, end)| end.is_some_and(|end| end.won == won)).count();
        (self.leads.len(), ended(true), ended(false))
    }

    /// What comes of it.
    pub fn judge(&self) -> Judged {
        let hot: Vec<(Moment, Option<Ended>)> =
            self.leads.iter().filter_map(|(past, ended)| Some((past.hot_at?, *ended))).collect();
        let ended = |won: bool| hot.iter().filter(|(_, end)| end.is_some_and(|end| end.won == won)).count();
        let (hot_won, hot_lost) = (ended(true), ended(false));
        let (_, won, _) = self.counts();
        let share = |part: usize, of: usize| (of > 0).then(|| part as f64 / of as f64);
        let mut before: Vec<TimeDelta> =
            hot.iter().filter_map(|(at, end)| end.filter(|end| end.won).map(|end| end.at - *at)).collect();
        before.sort_unstable();
        Judged {
            hot: hot.len(),
            alerts: self.leads.iter().map(|(past, _)| past.times).sum(),
            hot_won,
            hot_lost,
            precision: share(hot_won, hot_won + hot_lost),
            recall: share(hot_won, won),
            days_before: before.get(before.len() / 2).map(|span| span.as_seconds_f64() / 86_400.0),
            deciles: self.deciles(won),
        }
    }

    fn deciles(&self, won: usize) -> Vec<Decile> {
        let mut ranked: Vec<(i64, bool)> =
            self.leads.iter().map(|(past, end)| (past.best, end.is_some_and(|end| end.won))).collect();
        ranked.sort_unstable_by_key(|(best, _)| std::cmp::Reverse(*best));
        let size = ranked.len() as f64 / PARTS as f64;
        let mut parts = [Decile { leads: size, won: 0.0, lift: None }; PARTS];
        let mut begin = 0.0;
        for same in ranked.chunk_by(|(one, _), (other, _)| one == other) {
            let (count, bought) = (same.len() as f64, same.iter().filter(|(_, won)| *won).count() as f64);
            for (number, part) in parts.iter_mut().enumerate() {
                let (from, to) = (number as f64 * size, (number + 1) as f64 * size);
                let within = (to.min(begin + count) - from.max(begin)).max(0.0);
                part.won += bought * within / count;
            }
            begin += count;
        }
        let all = won as f64 / ranked.len().max(1) as f64;
        for part in &mut parts {
            part.lift = (all > 0.0).then(|| part.won / size / all);
        }
        if ranked.is_empty() { Vec::new() } else { parts.to_vec() }
    }
}

#[cfg(test)]
mod tests;
