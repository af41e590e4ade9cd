//! Prediction: how likely a lead is to be won, why, and how far that is to be trusted.
//!
//! It is learnt from what was known of leads at the moment when the team was asked about them, and how they went
//! ([`features`]); it is shown only where enough is known and what it says holds ([`Needed`]).

mod features;
mod words;

pub use features::{Deed, Example, Features, Stood, absent, features, group_of, seen_at};
pub use words::{Spoken, spoken};

use crate::{ids::LeadId, lift::Reached, time::Moment};
use serde::{Deserialize, Serialize};

/// What is known of one thing about a lead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Not known.
    Unknown,
    /// How much, how many, how long.
    Number(f64),
    /// Which one.
    Word(String),
}

/// How good a prediction was on outcomes that were held back from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// Outcomes that it was asked about.
    pub outcomes: u64,
    /// Those that were won.
    pub won: u64,
    /// How often, of one won and one lost, it said that the won one was likelier; 0.5 is a coin.
    pub auc: f64,
    /// The mean square of what it said less what happened (Brier 1950, "Verification of forecasts expressed in terms of probability");
    /// 0 is the best.
    pub brier: f64,
    /// The reliability curve, from the least likely to the likeliest.
    pub bands: Vec<Band>,
}

/// Outcomes of which about the same was said.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// The mean chance that was said.
    pub said: f64,
    /// How many there were.
    pub leads: u64,
    /// How many of them were won.
    pub won: u64,
}

/// What must be there before a prediction is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Needed {
    /// Outcomes in all.
    pub outcomes: u64,
    /// Won, and lost, at least.
    pub of_each: u64,
    /// The AUC on outcomes that were held back.
    pub auc: f64,
}

impl Band {
    /// What happened in it.
    pub fn reached(&self) -> Reached {
        Reached { leads: self.leads, goals: self.won }
    }
}

impl Needed {
    /// As it is shipped.
    pub const USUAL: Self = Self { outcomes: 200, of_each: 50, auc: 0.65 };

    /// What is missing with so many outcomes, in words that end a sentence; `None` where there are enough.
    pub fn lacks(&self, won: u64, lost: u64) -> Option<String> {
        let known = won + lost;
        let are = |count: u64| if count == 1 { "is" } else { "are" };
        let outcomes =
            |count: u64| if count == 1 { "1 outcome".to_owned() } else { format!("{count} outcomes") };
        if known < self.outcomes {
            return Some(format!("{} {} known, {} are needed", outcomes(known), are(known), self.outcomes));
        }
        [(won, "won"), (lost, "lost")].into_iter().find(|(count, _)| *count < self.of_each).map(
            |(count, how)| {
                format!("of {} {count} {} {how}, {} are needed", outcomes(known), are(count), self.of_each)
            },
        )
    }

    /// Why a model that was judged so is not shown; `None` where it may be.
    pub fn refuses(&self, judged: &Judgement) -> Option<String> {
        let few = self.lacks(judged.won, judged.outcomes - judged.won);
        few.or_else(|| {
            (judged.auc < self.auc).then(|| {
                format!(
                    "its AUC is {:.2}, {:.2} is needed: it would tell the team little",
                    judged.auc, self.auc
                )
            })
        })
    }
}

/// A model that was trained, without what it has learnt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trained {
    /// Counted from 1.
    pub version: i64,
    /// When (calendar).
    pub at: Moment,
    /// By whom: a member's handle, "terminal" or "schedule".
    pub by: String,
    /// When the oldest lead that it learnt from was shown to the team (calendar).
    pub since: Moment,
    /// How good it is.
    pub judged: Judgement,
    /// Why it is not shown, where it is not good enough.
    pub why_not: Option<String>,
    /// Whether it is the one whose predictions are shown.
    pub in_force: bool,
}

/// What is said of one lead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// Of whom.
    pub lead: LeadId,
    /// How likely they are to be won, from 0 to 1.
    pub chance: f64,
    /// Why, the strongest first.
    pub reasons: Spoken,
    /// By which model.
    pub version: i64,
    /// As of when (calendar): what was known of the lead then.
    pub at: Moment,
}

impl Prediction {
    /// The chance in per cent; nothing is certain.
    pub fn percent(&self) -> i64 {
        ((self.chance * 100.0).round() as i64).clamp(1, 99)
    }

    /// "82 % likely (webinar attended, director; but free mail)".
    pub fn said(&self) -> String {
        let Spoken { pro, contra } = &self.reasons;
        let (pro, contra) = (pro.join(", "), contra.join(", "));
        let why = match (pro.is_empty(), contra.is_empty()) {
            (true, true) => String::new(),
            (false, true) => format!(" ({pro})"),
            (true, false) => format!(" (but {contra})"),
            (false, false) => format!(" ({pro}; but {contra})"),
        };
        format!("{} % likely{why}", self.percent())
    }
}

#[cfg(test)]
mod tests;
