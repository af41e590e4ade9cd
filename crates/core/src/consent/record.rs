//! One thing that was said about writing to a lead, with its proof, and what all of them come to.

use super::{Consent, ConsentState};
use crate::{lead::words, time::Moment};
use chrono::{Months, NaiveDate, NaiveTime, TimeDelta};
use serde::{Deserialize, Serialize};

words! {
    /// What the law lets a mail rest on.
    Basis {
        /// They said yes (GDPR 6(1)(a), CASL 10(1)).
        Express = "express",
        /// They bought: good for 24 months (CASL 10(10)(a)).
        Business = "business",
        /// They asked about something: good for 6 months (CASL 10(10)(e)).
        Enquiry = "enquiry",
        /// We weighed our interest against theirs, in an assessment that has an id (GDPR 6(1)(f)).
        Interest = "interest",
    }
}

impl Basis {
    /// From when it counts for nothing. Where the month has no such day, the last day it has: from 29 February, the 28th.
    pub fn expires_at(self, obtained: Moment) -> Option<Moment> {
        let months = match self {
            Self::Business => 24,
            Self::Enquiry => 6,
            Self::Express | Self::Interest => return None,
        };
        obtained.checked_add_months(Months::new(months))
    }
}

/// What allows mail, as it is written in one line.
///
/// `webinar form 2026` is express consent. Another basis stands in front: `enquiry: asked for a quote`,
/// `business since 2025-03-01: customers of spring`, `interest LIA-7: customers`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Which basis.
    pub basis: Basis,
    /// The id of the assessment behind a legitimate interest.
    pub assessment: Option<String>,
    /// Since when, where that is not when it was told.
    pub since: Option<NaiveDate>,
}

impl Grant {
    /// Reads the line.
    ///
    /// # Errors
    /// What is wrong with it and how it is right.
    pub fn read(text: &str) -> Result<Self, String> {
        let express = Self { basis: Basis::Express, assessment: None, since: None };
        let Some((head, _)) = text.split_once(':') else { return Ok(express) };
        let mut words = head.split_whitespace();
        let first = words.next().unwrap_or_default().to_lowercase();
        let Some(basis) = Basis::from_word(&first) else { return Ok(express) };
        let (mut assessment, mut since) = (None, None);
        while let Some(word) = words.next() {
            if word == "since" {
                let date = words.next().unwrap_or_default();
                let day = date.parse().map_err(|_| format!("“{date}” is no day; write for example {first} since 2026-03-01: {first} of the spring fair"))?;
                since = Some(day);
            } else if basis == Basis::Interest && assessment.is_none() {
                assessment = Some(word.to_owned());
            } else {
                return Err(format!(
                    "“{word}” says nothing here; write for example {first} since 2026-03-01: spring fair"
                ));
            }
        }
        if basis == Basis::Interest && assessment.is_none() {
            return Err(
                "a legitimate interest rests on an assessment; name it: interest LIA-7: customers of 2025"
                    .to_owned(),
            );
        }
        Ok(Self { basis, assessment, since })
    }
}

/// Where, and in which words, it was said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Proof {
    /// The write key, or the door: `import`, `mail`, `chat`, `form`.
    pub source: String,
    /// The sender's id of the call, which is an activity.
    pub message_id: Option<String>,
    /// The form that was filled in.
    pub form: Option<String>,
    /// The version of the words that they agreed to.
    pub wording: Option<String>,
    /// From which address of the network.
    pub ip: Option<String>,
    /// With which browser.
    pub user_agent: Option<String>,
    /// Whether whoever reads the mailbox said it, by a link that was mailed there. Nothing else takes a no back.
    pub confirmed: bool,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Says {
    /// We may write.
    Yes {
        /// On which basis.
        basis: Basis,
        /// The id of the assessment behind a legitimate interest.
        assessment: Option<String>,
        /// From when it counts for nothing.
        expires_at: Option<Moment>,
    },
    /// We may not: one of the refusals.
    No(ConsentState),
}

/// One thing that was said about writing to a lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Yes or no.
    pub says: Says,
    /// In the words of whoever recorded it.
    pub words: String,
    /// When it was said.
    pub obtained_at: Moment,
    /// How we know.
    pub proof: Proof,
    /// When it was taken back, by what was said later.
    pub withdrawn_at: Option<Moment>,
}

impl Record {
    /// A yes. It counts from the day that the line names, or from `at`.
    ///
    /// # Errors
    /// What is wrong with the line.
    pub fn yes(line: &str, at: Moment, proof: Proof) -> Result<Self, String> {
        let Grant { basis, assessment, since } = Grant::read(line)?;
        let since = since.map(|day| day.and_time(NaiveTime::MIN).and_utc().min(at));
        let obtained_at = since.unwrap_or(at);
        let says = Says::Yes { basis, assessment, expires_at: basis.expires_at(obtained_at) };
        Ok(Self { says, words: line.to_owned(), obtained_at, proof, withdrawn_at: None })
    }

    /// A no, and how it was said.
    pub fn no(state: ConsentState, how: &str, at: Moment, proof: Proof) -> Self {
        Self { says: Says::No(state), words: how.to_owned(), obtained_at: at, proof, withdrawn_at: None }
    }

    /// Whether it takes another one back: what is said later stands against what was said before.
    pub fn takes_back(&self, other: &Self) -> bool {
        other.withdrawn_at.is_none()
            && matches!(self.says, Says::Yes { .. }) != matches!(other.says, Says::Yes { .. })
    }
}

/// How much longer a yes must last than the one that stands, to be worth a record of its own: who comes
/// every hour with the same enquiry is noted once a day.
const NEWS: TimeDelta = TimeDelta::days(1);

/// Adds what was said to all that was said before; false, and nothing added, where it changes nothing.
///
/// A no is taken back by nobody but the lead, a stronger no (objected, complained) is not weakened by a
/// later unsubscribe, and a yes is news when it outlasts the one that stands, or is the first in so many words.
pub fn hear(records: &mut Vec<Record>, new: Record) -> bool {
    let stands = standing(records);
    let is_news = match &new.says {
        Says::No(state) => !stands.state.is_refusal() || state.strength() > stands.state.strength(),
        Says::Yes { .. } if new.proof.confirmed => true,
        Says::Yes { .. } if stands.state.is_refusal() => false,
        Says::Yes { basis, expires_at, .. } => {
            let outlasts = match (stands.state, stands.until, *expires_at) {
                (ConsentState::Subscribed, Some(until), Some(new)) => new > until + NEWS,
                (ConsentState::Subscribed, None, _) => false,
                _ => true,
            };
            let first_express = *basis == Basis::Express && !records.iter().any(is_live_express);
            outlasts || first_express
        }
    };
    if is_news {
        for old in records.iter_mut().filter(|old| new.takes_back(old)) {
            old.withdrawn_at = Some(new.obtained_at);
        }
        records.push(new);
    }
    is_news
}

fn is_live_express(record: &Record) -> bool {
    record.withdrawn_at.is_none() && matches!(record.says, Says::Yes { basis: Basis::Express, .. })
}

/// What all that was said comes to: the strongest no, else the yes that lasts longest, else nothing. Of equals
/// the one said first.
pub fn standing(records: &[Record]) -> Consent {
    let of = |record: &Record, state, until| Consent {
        state,
        basis: Some(record.words.clone()),
        at: Some(record.obtained_at),
        until,
    };
    let (mut no, mut yes): (Option<Consent>, Option<Consent>) = (None, None);
    for record in records.iter().filter(|record| record.withdrawn_at.is_none()) {
        match record.says {
            Says::No(state) if no.as_ref().is_none_or(|no| state.strength() > no.state.strength()) => {
                no = Some(of(record, state, None));
            }
            Says::Yes { expires_at, .. }
                if yes.as_ref().is_none_or(|yes| outlasts(expires_at, yes.until)) =>
            {
                yes = Some(of(record, ConsentState::Subscribed, expires_at));
            }
            _ => {}
        }
    }
    no.or(yes).unwrap_or_default()
}

/// Whether one end is later than another; without an end it never comes.
fn outlasts(one: Option<Moment>, other: Option<Moment>) -> bool {
    other.is_some_and(|other| one.is_none_or(|one| one > other))
}
