//! What was known of a lead at one moment, as columns to learn from. Nothing that came later is in it.
//!
//! The moment is the one at which the team was asked: what follows (calls, meetings, a signed-in customer) is traces of how it went, and
//! would tell the outcome rather than foresee it. So an activity counts if it *happened* and was *known to be this lead's* by then: one
//! that came late, or that a joined visitor brought along later, does not. Traits are overwritten on the lead's row, so what stood there
//! is kept with the alert ([`Stood`]); where that is not known, it stays unknown.

use super::Value;
use crate::{
    activity::{Kind, names},
    email::EmailAddress,
    ids::LeadId,
    lead::Lead,
    score::Scoring,
    segment::Phrase,
    time::Moment,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Of a lead, by the names of columns.
pub type Features = BTreeMap<String, Value>;

/// What stood on a lead's row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stood {
    /// Their title.
    pub title: Option<String>,
    /// Their country.
    pub country: Option<String>,
    /// The domain of their address.
    pub domain: Option<String>,
    /// Points for who they are.
    pub fit: f64,
    /// Points for what they did, as they stood.
    pub engagement: f64,
    /// When they were first seen.
    pub created_at: Moment,
}

impl Stood {
    /// What stands there now.
    pub fn of(lead: &Lead, scoring: &Scoring, now: Moment) -> Self {
        let stands = scoring.standing(lead, now);
        Self {
            title: lead.title.clone(),
            country: lead.country.clone(),
            domain: lead.email.as_ref().map(EmailAddress::domain).map(str::to_owned),
            fit: stands.fit as f64,
            engagement: stands.engagement as f64,
            created_at: lead.created_at,
        }
    }
}

/// An activity, as far as it is learnt from.
#[derive(Debug, Clone, PartialEq)]
pub struct Deed {
    /// The write key's name, `mail` or `import`.
    pub source: String,
    /// The kind of call.
    pub kind: Kind,
    /// What it is called.
    pub name: String,
    /// The page's path.
    pub path: Option<String>,
    /// When it happened (calendar).
    pub at: Moment,
    /// Since when it is known, and known to be this lead's (calendar).
    pub known_at: Moment,
    /// Whether a person surely did it.
    pub human: bool,
}

/// A lead whose outcome is known, as the team was asked about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// Who.
    pub lead: LeadId,
    /// Whether they were won.
    pub won: bool,
    /// When the team was asked (calendar).
    pub asked_at: Moment,
    /// What stood on the row then, where it was kept.
    pub stood: Option<Stood>,
    /// How many people with the same domain were known then, themselves included.
    pub colleagues: Option<u64>,
}

/// Mailboxes that anybody can have: they say nothing of where somebody works.
const FREE_MAIL: [&str; 34] = [
    "gmail.com",
    "googlemail.com",
    "yahoo.com",
    "yahoo.co.uk",
    "yahoo.fr",
    "yahoo.de",
    "ymail.com",
    "hotmail.com",
    "hotmail.co.uk",
    "hotmail.fr",
    "outlook.com",
    "outlook.de",
    "live.com",
    "msn.com",
    "aol.com",
    "icloud.com",
    "me.com",
    "mac.com",
    "gmx.de",
    "gmx.net",
    "gmx.at",
    "web.de",
    "t-online.de",
    "freenet.de",
    "proton.me",
    "protonmail.com",
    "mail.com",
    "mail.ru",
    "yandex.ru",
    "qq.com",
    "163.com",
    "orange.fr",
    "free.fr",
    "laposte.net",
];

/// How high a title is, the first that it has a word of.
const LEVELS: [(&str, &str); 7] = [
    ("chief", "chief, ceo, cto, cfo, coo, cmo, cio, president, owner, founder, managing director, partner"),
    ("vice president", "vp, vice president, svp, evp"),
    ("director", "director"),
    ("head", "head"),
    ("manager", "manager, lead, leader, supervisor"),
    ("student", "student, intern, trainee, apprentice, professor"),
    (
        "specialist",
        "engineer, developer, analyst, consultant, specialist, administrator, assistant, coordinator",
    ),
];

/// Companies beyond this size are one.
const MANY: u64 = 20;

/// What was known of a lead at `at`.
pub fn features(stood: Option<&Stood>, colleagues: Option<u64>, deeds: &[Deed], at: Moment) -> Features {
    let days = |since: Moment| (at - since).as_seconds_f64().max(0.0) / 86_400.0;
    let mut all = Features::new();
    let mut says = |name: &str, value: Value| all.insert(name.to_owned(), value);
    if let Some(stood) = stood {
        let word = |text: &str| Value::Word(text.to_owned());
        says("title", stood.title.as_deref().map_or(Value::Unknown, |title| word(level(title))));
        says("country", stood.country.as_deref().map_or(Value::Unknown, word));
        let address = match stood.domain.as_deref() {
            None => "none",
            Some(domain) if is_free(domain) => "free",
            Some(_) => "company",
        };
        says("address", word(address));
        if let (Some(count), "company") = (colleagues, address) {
            says("colleagues", Value::Number(count.min(MANY) as f64));
        }
        says("fit", Value::Number(stood.fit));
        says("engagement", Value::Number(stood.engagement));
        says("known", Value::Number(days(stood.created_at)));
    }
    let mut known: Vec<&Deed> = deeds.iter().filter(|deed| deed.at <= at && deed.known_at <= at).collect();
    known.sort_by_key(|deed| deed.at);
    if let Some(first) = known.first() {
        says("came", Value::Word(first.source.clone()));
    }
    let did: Vec<&Deed> = known.into_iter().filter(|deed| deed.human && deed.kind != Kind::Plan).collect();
    if let Some(last) = did.last() {
        says("quiet", Value::Number(days(last.at)));
    }
    let since = |most: f64| did.iter().filter(move |deed| days(deed.at) <= most);
    let dates: BTreeSet<_> = since(30.0).map(|deed| deed.at.date_naive()).collect();
    says("days", Value::Number(dates.len() as f64));
    says("week", Value::Number(since(7.0).count() as f64));
    for deed in did {
        let what = match &deed.path {
            Some(path) if deed.name == names::PAGE => format!("page {}", section(path)),
            _ => format!("did {}", deed.name),
        };
        if what.len() <= 120 {
            let last = format!("last {what}");
            let Value::Number(times) = all.entry(what).or_insert(Value::Number(0.0)) else { continue };
            *times += 1.0;
            all.insert(last, Value::Number(days(deed.at)));
        }
    }
    all
}

/// What a column says of a lead that has nothing of it: what was never done was done no time.
pub fn absent(column: &str) -> Value {
    let counts = column.starts_with("did ") || column.starts_with("page ");
    if counts { Value::Number(0.0) } else { Value::Unknown }
}

/// Who is won or lost together: people of one company, for a deal is one deal.
pub fn group_of(example: &Example) -> String {
    match example.stood.as_ref().and_then(|stood| stood.domain.as_deref()) {
        Some(domain) if !is_free(domain) => domain.to_owned(),
        _ => example.lead.to_string(),
    }
}

fn is_free(domain: &str) -> bool {
    FREE_MAIL.contains(&domain)
}

fn level(title: &str) -> &'static str {
    let ground = Phrase::ground(title);
    let has = |words: &str| words.split(", ").any(|word| ground.contains(&format!(" {word} ")));
    LEVELS.iter().find(|(_, words)| has(words)).map_or("other", |(level, _)| level)
}

/// The first part of a path: "/pricing/enterprise" is at "/pricing".
fn section(path: &str) -> String {
    let first = path.trim_start_matches('/').split(['/', '?', '#']).next().unwrap_or_default();
    format!("/{}", first.to_lowercase())
}
