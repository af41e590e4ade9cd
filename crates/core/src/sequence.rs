//! A sequence: the plan of steps, waits and exits that a run follows.

mod appointment;
mod exit;
mod moved;
mod step;
mod terms;
mod trigger;
mod written;

#[cfg(test)]
mod tests;

pub use appointment::{Appointment, AppointmentError};
pub use exit::{Exit, VISIT};
pub use step::{Known, Listed, Path, Step, Told, Watch, Winner, WonBy};
pub use terms::{Answer, Consequence, OfferTerms, SurveyTerms};
pub use trigger::{Enroll, Trigger};
pub use written::Steps;

use crate::{lead::Lead, lot, segment::Predicate, span::Span, window::SendWindow};
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use std::collections::BTreeSet;

/// What a sequence's mails are for; the law asks for consent to the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// To sell: needs consent, carries an unsubscribe.
    #[default]
    Marketing,
    /// To serve a customer.
    Relationship,
}

/// How often a lead may go through it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reentry {
    /// Once in a life.
    Once,
    /// Again, this long after the last run began.
    After(Span),
    /// Once for each value that this property of the activity has which begins it: once an order, once a trial.
    Per(String),
}

/// What part of the leads is held out by default, in per cent.
const HOLDOUT: f64 = 5.0;
/// Of how many lots one is drawn: a holdout is exact to a hundredth of a per cent.
const LOTS: u32 = 10_000;

/// How much a sequence matters where a lead cannot have two mails, from 0 to 9; the higher goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Priority(u8);

impl Default for Priority {
    fn default() -> Self {
        Self(5)
    }
}

impl Priority {
    /// From 0 to 9.
    pub fn get(self) -> u8 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Priority {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = i64::deserialize(deserializer)?;
        u8::try_from(number).ok().filter(|number| *number <= 9).map(Self).ok_or_else(|| {
            D::Error::custom(format!("a priority is a number from 0 to 9, and {number} is not"))
        })
    }
}

/// The part of the leads that is left alone to see what the mails do, in per cent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Holdout(f64);

impl<'de> Deserialize<'de> for Holdout {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let percent = f64::deserialize(deserializer)?;
        match (0.0..=90.0).contains(&percent) {
            true => Ok(Self(percent)),
            false => {
                Err(D::Error::custom(format!("a holdout is between 0 and 90 per cent, and {percent} is not")))
            }
        }
    }
}

/// The plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sequence {
    /// Its name, in commands and rows.
    pub name: String,
    /// What its mails are for.
    #[serde(default)]
    pub purpose: Purpose,
    /// What its mails are about, for leads who want only some; without it, its name.
    #[serde(default)]
    pub topic: Option<String>,
    /// How much it matters where a lead cannot have two mails.
    #[serde(default)]
    pub priority: Priority,
    /// What begins a run; without it, the team does.
    pub enroll: Option<Enroll>,
    /// How often a lead may go through it.
    #[serde(default = "once")]
    pub reentry: Reentry,
    /// What ends a run early.
    #[serde(default)]
    pub exit_when: Vec<Exit>,
    /// What it is for: ends a run, and is counted against the holdout.
    pub goal: Option<Predicate>,
    /// What was done so long before the run began counts as done in it.
    #[serde(default = "no_time")]
    pub look_back: Span,
    holdout: Option<Holdout>,
    /// When its mails may leave; without one, at any hour.
    pub send_window: Option<SendWindow>,
    /// How long after it became due a mail is still worth sending.
    #[serde(default = "three_days")]
    pub expires: Span,
    /// The steps, in order.
    pub step: Steps,
}

fn no_time() -> Span {
    Span::ZERO
}

fn once() -> Reentry {
    Reentry::Once
}

fn three_days() -> Span {
    Span::hours(72)
}

impl Sequence {
    /// What its mails are about.
    pub fn topic(&self) -> &str {
        self.topic.as_deref().unwrap_or(&self.name)
    }

    /// What part of its leads is held out, in per cent; what serves a customer is held from nobody.
    pub fn holdout(&self) -> f64 {
        match (self.holdout, self.purpose) {
            (Some(Holdout(percent)), _) => percent,
            (None, Purpose::Marketing) => HOLDOUT,
            (None, Purpose::Relationship) => 0.0,
        }
    }

    /// Whether a lead is held out: goes through the plan and is written nothing. Always the same for the same address.
    pub fn holds_out(&self, lead: &Lead) -> bool {
        f64::from(lot::draw(&["holdout", &self.name], lead, LOTS)) < self.holdout() * f64::from(LOTS) / 100.0
    }

    /// The questions it asks of leads.
    pub fn asks(&self) -> impl Iterator<Item = &Predicate> {
        let trigger = match &self.enroll {
            Some(Enroll::On(trigger)) => [trigger.when.as_ref(), trigger.unless.as_ref()],
            _ => [None, None],
        };
        let exits = self.exit_when.iter().filter_map(|exit| match exit {
            Exit::When(question) => Some(question),
            _ => None,
        });
        trigger
            .into_iter()
            .flatten()
            .chain(exits)
            .chain(&self.goal)
            .chain(self.step.iter().filter_map(Step::asks))
    }

    pub(crate) fn asks_mut(&mut self) -> impl Iterator<Item = &mut Predicate> {
        let trigger = match &mut self.enroll {
            Some(Enroll::On(trigger)) => {
                let trigger = &mut **trigger;
                [trigger.when.as_mut(), trigger.unless.as_mut()]
            }
            _ => [None, None],
        };
        let exits = self.exit_when.iter_mut().filter_map(|exit| match exit {
            Exit::When(question) => Some(question),
            _ => None,
        });
        let steps = self.step.iter_mut().filter_map(Step::asks_mut);
        trigger.into_iter().flatten().chain(exits).chain(&mut self.goal).chain(steps)
    }

    /// Its steps in words, for pages and cards.
    pub fn labels(&self) -> Vec<String> {
        self.step.iter().filter(|step| !matches!(step, Step::Watch(_))).filter_map(Step::label).collect()
    }

    /// The mails that this plan writes.
    pub fn mails(&self) -> impl Iterator<Item = &str> {
        self.step.iter().filter_map(|step| match step {
            Step::Mail { mail, .. } => Some(mail.as_str()),
            _ => None,
        })
    }

    /// The step whose mail every run writes first; none where there is no mail, or where it depends on the lead which comes first.
    pub fn first_mail(&self) -> Option<usize> {
        let (mut first, mut seen) = (BTreeSet::new(), BTreeSet::new());
        let mut open = vec![0];
        while let Some(at) = open.pop() {
            match self.step.get(at).filter(|_| seen.insert(at)) {
                Some(Step::Mail { .. }) => drop(first.insert(at)),
                Some(step) => open.extend(step.leads_to(at)),
                None => {}
            }
        }
        first.pop_first().filter(|_| first.is_empty())
    }

    /// What the step writes, when it writes.
    pub fn mail_at(&self, step: usize) -> Option<MailStep<'_>> {
        match self.step.get(step)? {
            Step::Mail { mail, subjects, offer, survey, .. } => {
                Some(MailStep { mail, subjects, offer: offer.as_ref(), survey: survey.as_ref() })
            }
            _ => None,
        }
    }
}

/// What a mail step writes.
#[derive(Debug, Clone, Copy)]
pub struct MailStep<'a> {
    /// The template's folder.
    pub mail: &'a str,
    /// Subject lines to choose from; empty for the template's own.
    pub subjects: &'a [String],
    /// The offer it makes.
    pub offer: Option<&'a OfferTerms>,
    /// The question it asks.
    pub survey: Option<&'a SurveyTerms>,
}
