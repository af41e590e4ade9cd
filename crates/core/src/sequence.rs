//! A sequence: the plan of steps, waits and exits that a run follows.

use crate::{language::Language, span::Span, window::SendWindow};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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

/// What ends a run early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Exit {
    /// Anything that a person surely did, since the run began.
    #[serde(rename = "any human activity")]
    AnyHumanActivity,
    /// They said no to mail.
    #[serde(rename = "unsubscribed")]
    Unsubscribed,
}

/// What an offer in a mail gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfferTerms {
    /// What the lead gets, in words.
    pub gives: String,
    /// The same in other languages, by tag; a mail that makes the offer is written in one of these, or in its own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub gives_in: BTreeMap<String, String>,
    /// How long the code is good, from the day of the mail.
    pub expires: Span,
}

impl OfferTerms {
    /// What the lead gets, in the words of a language; for "de-at" those of "de", where there are no nearer ones.
    pub fn gives_in(&self, language: &Language) -> Option<&str> {
        let words = self.gives_in.get(language.tag()).or_else(|| self.gives_in.get(language.primary()));
        words.map(String::as_str)
    }
}

/// What a survey in a mail asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SurveyTerms {
    /// The question.
    pub question: String,
    /// The answers: key and words.
    pub answers: Vec<Answer>,
}

/// One answer of a survey.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Kept with the activity ("later", "price", …).
    pub key: String,
    /// What the lead reads.
    pub says: String,
    /// What it is worth to the score.
    #[serde(default)]
    pub points: i32,
    /// What follows.
    then: Option<Consequence>,
}

impl Answer {
    /// What follows. The key `stop` means what it says, also where nothing else is written.
    pub fn then(&self) -> Option<&Consequence> {
        match &self.then {
            None if self.key == "stop" => Some(&Consequence::Stop),
            then => then.as_ref(),
        }
    }
}

/// What follows an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Consequence {
    /// No more mail.
    Stop,
    /// They are the wrong person: no more mail to them, and who is the right one is asked.
    Colleague,
    /// Not now: what runs ends, and a sequence begins then.
    Again {
        /// After how long.
        #[serde(rename = "in")]
        after: Span,
        /// Which.
        sequence: String,
    },
}

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
        /// The offer it makes.
        offer: Option<OfferTerms>,
        /// The question it asks.
        survey: Option<SurveyTerms>,
    },
    /// Let time pass.
    Wait(Span),
    /// Say goodbye: no campaign mails the lead until they show a sign of life.
    Archive,
    /// End the run.
    Finish,
}

impl Step {
    /// In a word, for pages and cards: "breakup", "wait 4d", "archive".
    pub fn label(&self) -> String {
        match self {
            Self::Mail { mail, .. } => mail.clone(),
            Self::Wait(span) => format!("wait {span}"),
            Self::Archive => "archive".to_owned(),
            Self::Finish => "finish".to_owned(),
        }
    }
}

/// A step as it stands in the file: exactly one of `mail`, `wait`, `archive`, `finish`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenStep {
    mail: Option<String>,
    #[serde(default)]
    subjects: Vec<String>,
    offer: Option<OfferTerms>,
    survey: Option<SurveyTerms>,
    wait: Option<Span>,
    archive: Option<bool>,
    finish: Option<bool>,
}

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = WrittenStep::deserialize(deserializer)?;
        let goes_with_mail =
            !written.subjects.is_empty() || written.offer.is_some() || written.survey.is_some();
        match written {
            WrittenStep {
                mail: Some(mail),
                subjects,
                offer,
                survey,
                wait: None,
                archive: None,
                finish: None,
            } => Ok(Self::Mail { mail, subjects, offer, survey }),
            _ if goes_with_mail => Err(serde::de::Error::custom(
                "`subjects`, `offer` and `survey` belong to a step with `mail`; a step is one of `mail`, `wait`, `archive`, `finish`",
            )),
            WrittenStep { mail: None, wait: Some(span), archive: None, finish: None, .. } => {
                Ok(Self::Wait(span))
            }
            WrittenStep { mail: None, wait: None, archive: Some(true), finish: None, .. } => {
                Ok(Self::Archive)
            }
            WrittenStep { mail: None, wait: None, archive: None, finish: Some(true), .. } => Ok(Self::Finish),
            _ => Err(serde::de::Error::custom(
                "a step is exactly one of `mail`, `wait`, `archive = true`, `finish = true`",
            )),
        }
    }
}

/// How often a lead may go through it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reentry {
    /// Once in a life.
    Once,
    /// Again, this long after the last run began.
    After(Span),
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
    /// How often a lead may go through it.
    #[serde(default = "once")]
    pub reentry: Reentry,
    /// What ends a run early.
    #[serde(default)]
    pub exit_when: Vec<Exit>,
    /// When its mails may leave; without one, at any hour.
    pub send_window: Option<SendWindow>,
    /// How long after it became due a mail is still worth sending.
    #[serde(default = "three_days")]
    pub expires: Span,
    /// The steps, in order.
    pub step: Vec<Step>,
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

    /// The mails that this plan writes.
    pub fn mails(&self) -> impl Iterator<Item = &str> {
        self.step.iter().filter_map(|step| match step {
            Step::Mail { mail, .. } => Some(mail.as_str()),
            _ => None,
        })
    }

    /// What the step writes, when it writes.
    pub fn mail_at(&self, step: usize) -> Option<MailStep<'_>> {
        match self.step.get(step)? {
            Step::Mail { mail, subjects, offer, survey } => {
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
