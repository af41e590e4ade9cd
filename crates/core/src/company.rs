//! A company: the leads whose addresses are of the same domain, where that is no mail provider's.

use crate::{email::EmailAddress, freemail::is_free, ids::LeadId, lead::Lead};
use chrono::TimeDelta;
use serde::Serialize;

/// For how long after a sign of life (calendar) somebody is active.
pub const ACTIVE: TimeDelta = TimeDelta::days(30);

/// What is known of the people of one company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Company {
    /// Their domain.
    pub domain: String,
    /// How many there are.
    pub people: i64,
    /// How many of them showed a sign of life within [`ACTIVE`].
    pub active: i64,
    /// Their scores, as shown, added up.
    pub points: i64,
    /// Who has the most points.
    pub hottest: Hottest,
}

/// The one of a company who has the most points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hottest {
    /// Who.
    pub lead: LeadId,
    /// The best name to call them by.
    pub called: String,
    /// How many points.
    pub score: i64,
}

impl Company {
    /// "3 people from acme.test, 2 active, 140 points together; most: Kim Park, 104".
    pub fn words(&self) -> String {
        let Self { domain, people, active, points, hottest } = self;
        match people {
            1 => format!("nobody else from {domain}"),
            _ => format!(
                "{people} people from {domain}, {active} active, {points} points together; most: {}, {}",
                hottest.called, hottest.score
            ),
        }
    }
}

/// The domain of the company that a lead is of.
pub fn domain_of(lead: &Lead) -> Option<&str> {
    lead.email.as_ref().map(EmailAddress::domain).filter(|domain| !is_free(domain))
}
