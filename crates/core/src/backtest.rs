//! What rules of scoring would have done: who would have turned hot, when, and what became of them.
//!
//! Every lead lives through the time once more, by the rules that are asked about: its score is looked at after each thing that it
//! did, and where time alone takes it over a line. What it did after it was won or lost is left out, or the end would be its own sign.
//! Two things nobody knows any more: what its traits were then, and when a card was closed. So whoever was asked about is asked about
//! again once `again_after` has passed.

use crate::{
    activity::Activity,
    lead::Lead,
    score::{Life, Scoring},
    time::Moment,
};
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Past {
    /// Whether it was hot when the time began.
    pub was_hot: bool,
    /// When it would have turned hot for the first time.
    pub hot_at: Option<Moment>,
    /// How often the team would have been asked: when it turned hot, and when it surged; not again within `again_after`.
    pub asked: usize,
    /// The most points it ever had.
    pub best: i64,
}

/// A lead from one moment to another, by these rules. `history` is all that it did, oldest first; what was before `from` makes it
/// what it is then.
pub fn past(scoring: &Scoring, lead: &Lead, history: &[Activity], from: Moment, until: Moment) -> Past {
    let life = Life::of(scoring, lead, history);
    let now = life.lead.points.at;
    let mut walk = Walk { scoring, history, life, now, rung_at: None, past: Past::default() };
    walk.lives(from);
    walk.past = Past { was_hot: walk.life.lead.hot, ..Past::default() };
    walk.had(from);
    walk.lives(until);
    walk.past
}

/// A lead on its way, and what the rules make of it.
struct Walk<'a> {
    scoring: &'a Scoring,
    history: &'a [Activity],
    life: Life<'a>,
    now: Moment,
    /// When the team was asked about it last.
    rung_at: Option<Moment>,
    past: Past,
}

impl Walk<'_> {
    /// Up to a moment, with what happens then.
    fn lives(&mut self, until: Moment) {
        loop {
            let next = self.life.next_at().filter(|at| *at <= until);
            self.waits(next.unwrap_or(until));
            if next.is_none() {
                return;
            }
            self.life.live_on();
            self.looks();
        }
    }

    /// Nothing happens; time alone may take it over a line.
    fn waits(&mut self, until: Moment) {
        while let Some(at) = self.scoring.crosses_at(&self.life.lead, self.now).filter(|at| *at < until) {
            self.now = at;
            match self.life.lead.hot {
                true => self.life.lead.hot = false,
                false => self.turns_hot(),
            }
        }
        self.now = self.now.max(until);
        self.had(self.now);
    }

    /// It did something.
    fn looks(&mut self) {
        let score = self.had(self.now);
        if self.life.lead.hot {
            self.life.lead.hot = score >= self.scoring.thresholds.cools_under();
        } else if score >= self.scoring.thresholds.hot {
            self.turns_hot();
        } else if self.life.lead.worth.may_be_hot && !self.was_asked_lately() {
            let known = self.history.partition_point(|activity| activity.at <= self.now);
            if self.scoring.surging(&self.history[..known], self.now).is_some() {
                self.asks();
            }
        }
    }

    fn turns_hot(&mut self) {
        self.had(self.now);
        self.life.lead.hot = true;
        self.past.hot_at.get_or_insert(self.now);
        if !self.was_asked_lately() {
            self.asks();
        }
    }

    fn asks(&mut self) {
        self.rung_at = Some(self.now);
        self.past.asked += 1;
    }

    fn was_asked_lately(&self) -> bool {
        let again_after = self.scoring.thresholds.again_after;
        self.rung_at.is_some_and(|at| self.now - at < again_after.delta())
    }

    /// Its score at a moment.
    fn had(&mut self, at: Moment) -> i64 {
        let score = self.scoring.standing(&self.life.lead, at).score;
        self.past.best = self.past.best.max(score);
        score
    }
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
    /// Alerts that the team would have got, of surges too: who cools and turns hot again alerts again, but not within `again_after`.
    pub alerts: usize,
    /// Those of the hot who were won after it.
    pub hot_won: usize,
    /// Those of the hot who were lost after it.
    pub hot_lost: usize,
    /// Of the hot whose end is known, the share that was won.
    pub precision: Option<f64>,
    /// Of all who were won, the share that was hot before, also before the time began.
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
        let seen_coming = |(past, end): &&(Past, Option<Ended>)| {
            (past.was_hot || past.hot_at.is_some()) && end.is_some_and(|end| end.won)
        };
        let seen_coming = self.leads.iter().filter(seen_coming).count();
        let share = |part: usize, of: usize| (of > 0).then(|| part as f64 / of as f64);
        let mut before: Vec<TimeDelta> =
            hot.iter().filter_map(|(at, end)| end.filter(|end| end.won).map(|end| end.at - *at)).collect();
        before.sort_unstable();
        Judged {
            hot: hot.len(),
            alerts: self.leads.iter().map(|(past, _)| past.asked).sum(),
            hot_won,
            hot_lost,
            precision: share(hot_won, hot_won + hot_lost),
            recall: share(seen_coming, won),
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
