//! One step of a plan. The plan is a list, and what branches in the file leaps forward in it: no step leads back, so every
//! run comes to its end.

use super::{Appointment, OfferTerms, SurveyTerms};
use crate::{segment::Predicate, span::Span};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One thing a run does.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Write.
    Mail {
        /// The template's folder.
        mail: String,
        /// Subject lines to choose from; empty for the template's own.
        subjects: Vec<String>,
        /// How the best of them is found.
        winner: Option<Winner>,
        /// The offer it makes.
        offer: Option<OfferTerms>,
        /// The question it asks.
        survey: Option<SurveyTerms>,
    },
    /// Let time pass.
    Wait(Span),
    /// Wait for an hour, a day or a date.
    WaitFor(Appointment),
    /// Asked when it is reached: yes goes on at once, no waits for it. A [`Step::Watch`] follows.
    Until(Watch),
    /// The question that the run waits with: asked with every change of the lead, and when the time is over.
    Watch(Watch),
    /// Yes goes on with the next step, no with another.
    Branch {
        /// The question.
        when: Predicate,
        /// Where no goes on.
        otherwise: usize,
    },
    /// Each lead goes one of several ways, always the same.
    Split {
        /// The ways.
        paths: Vec<Path>,
        /// How the best of them is found.
        winner: Option<Winner>,
    },
    /// Go on further down.
    Leap(usize),
    /// Ask the team to act, in these words.
    Alert(String),
    /// Tell whoever has the lead to do this; the team, where nobody has it.
    Task(String),
    /// Tell the operator's own program.
    Webhook(Told),
    /// Put the lead on a list for advertising, or take it off.
    Audience(Listed),
    /// Change what is known of the lead.
    Set(Known),
    /// Begin another sequence.
    Start(String),
    /// Say goodbye: no campaign mails the lead until they show a sign of life.
    Archive,
    /// End the run.
    Finish,
}

/// A question that a run waits with.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Watch {
    /// The question, keyed to the run.
    pub ask: Predicate,
    /// How long it is waited for.
    pub timeout: Span,
    /// Where the run goes on when it came true.
    pub met: usize,
    /// Where it goes on when it did not.
    pub unmet: usize,
}

/// One way of a split.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Path {
    /// Its name, in reports.
    pub name: String,
    /// How many go it, against the shares of the others.
    pub share: u32,
    /// Where it begins.
    pub to: usize,
}

/// What decides between subjects, or ways. Never opens: programs open mails, people click them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WonBy {
    /// Links that people followed.
    Clicks,
    /// Answers in words.
    Replies,
    /// The goal of the sequence.
    Goal,
}

/// How the best of several is found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Winner {
    /// What counts.
    pub by: WonBy,
    /// Nothing is decided before each was tried so often.
    #[serde(default = "two_hundred")]
    pub min_each: u32,
    /// How long a lead has to answer: those who got it later are not counted yet.
    #[serde(default = "two_days")]
    pub after: Span,
}

/// As the file has it that says nothing of it.
impl Default for Winner {
    fn default() -> Self {
        Self { by: WonBy::Clicks, min_each: two_hundred(), after: two_days() }
    }
}

fn two_hundred() -> u32 {
    200
}

fn two_days() -> Span {
    Span::hours(48)
}

/// What the operator's own program is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    /// The event's name, as the program knows it.
    pub event: String,
    /// A template of the JSON that is sent; without one, who it is about.
    pub body: Option<String>,
}

/// On or off which list for advertising.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Listed {
    /// On this one.
    Add(String),
    /// Off this one.
    Remove(String),
}

/// What is to be known of a lead from now on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// A tag more.
    pub tag: Option<String>,
    /// A tag less.
    pub untag: Option<String>,
    /// Traits.
    #[serde(rename = "trait", default, skip_serializing_if = "Map::is_empty")]
    pub traits: Map<String, Value>,
    /// The stage of the journey, at least.
    pub journey: Option<crate::lead::Journey>,
    /// The stage of sales, at least.
    pub lifecycle: Option<crate::lead::Lifecycle>,
    /// Points for what the run has seen, which decay like a survey's.
    pub score: Option<i32>,
}

impl Known {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Step {
    /// In a word, for pages and cards: "breakup", "wait 4d", "archive"; none for what only leads on.
    pub fn label(&self) -> Option<String> {
        Some(match self {
            Self::Mail { mail, .. } => mail.clone(),
            Self::Wait(span) => format!("wait {span}"),
            Self::WaitFor(appointment) => format!("wait {appointment}"),
            Self::Until(watch) | Self::Watch(watch) => {
                format!("until {}, at most {}", watch.ask, watch.timeout)
            }
            Self::Branch { when, .. } => format!("if {when}"),
            Self::Split { paths, .. } => {
                let names: Vec<&str> = paths.iter().map(|path| path.name.as_str()).collect();
                format!("split {}", names.join(" / "))
            }
            Self::Alert(_) => "alert".to_owned(),
            Self::Task(_) => "task".to_owned(),
            Self::Webhook(told) => format!("webhook {}", told.event),
            Self::Audience(Listed::Add(list)) => format!("on audience {list}"),
            Self::Audience(Listed::Remove(list)) => format!("off audience {list}"),
            Self::Set(_) => "set".to_owned(),
            Self::Start(sequence) => format!("start {sequence}"),
            Self::Archive => "archive".to_owned(),
            Self::Finish => "finish".to_owned(),
            Self::Leap(_) => return None,
        })
    }

    /// Where a run may go on behind it, where it stands at `at`.
    pub(crate) fn leads_to(&self, at: usize) -> Vec<usize> {
        match self {
            Self::Archive | Self::Finish => Vec::new(),
            Self::Leap(to) => vec![*to],
            Self::Branch { otherwise, .. } => vec![at + 1, *otherwise],
            Self::Until(watch) | Self::Watch(watch) => vec![at + 1, watch.met, watch.unmet],
            Self::Split { paths, .. } => paths.iter().map(|path| path.to).collect(),
            _ => vec![at + 1],
        }
    }

    /// The question it asks of a lead.
    pub fn asks(&self) -> Option<&Predicate> {
        match self {
            Self::Until(watch) | Self::Watch(watch) => Some(&watch.ask),
            Self::Branch { when, .. } => Some(when),
            _ => None,
        }
    }

    pub(crate) fn asks_mut(&mut self) -> Option<&mut Predicate> {
        match self {
            Self::Until(watch) | Self::Watch(watch) => Some(&mut watch.ask),
            Self::Branch { when, .. } => Some(when),
            _ => None,
        }
    }
}
