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
    freemail::is_free,
    ids::LeadId,
    lead::Lead,
    level::{Level, level_of},
    segment::fold,
    time::Moment,
};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// Of a lead, by the names of columns.
pub type Features = BTreeMap<String, Value>;

/// What stood on a lead's row. Points are not in it: they are made of the same, and mean something else when the rules change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stood {
    /// Their title.
    pub title: Option<String>,
    /// Their country.
    pub country: Option<String>,
    /// The domain of their address.
    pub domain: Option<String>,
    /// What else was told of them, as far as it is a word or a number.
    pub traits: Features,
    /// When they were first seen.
    pub created_at: Moment,
}

impl Stood {
    /// What stands there now.
    pub fn of(lead: &Lead) -> Self {
        let told = lead.traits.iter().filter(|(name, _)| !says_who(name));
        let told = told.filter_map(|(name, value)| Some((name.clone(), value_of(value)?)));
        Self {
            title: lead.title.clone(),
            country: lead.country.clone(),
            domain: lead.email.as_ref().map(EmailAddress::domain).map(str::to_owned),
            traits: told.take(MOST_TRAITS).collect(),
            created_at: lead.created_at,
        }
    }
}

/// A trait as it is learnt from; a list, an object or a long text is not.
fn value_of(told: &Json) -> Option<Value> {
    match told {
        Json::Number(number) => number.as_f64().filter(|number| number.is_finite()).map(Value::Number),
        Json::Bool(is) => Some(Value::Word(if *is { "yes" } else { "no" }.to_owned())),
        Json::String(text) => {
            let text = fold(text.trim());
            if text.is_empty() || text.chars().count() > 60 {
                return None;
            }
            let number = text.parse().ok().filter(|number: &f64| number.is_finite());
            Some(number.map_or(Value::Word(text), Value::Number))
        }
        _ => None,
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
    /// The domain of their address as it is now: with whom they are won or lost.
    pub domain: Option<String>,
}

/// Traits that have columns of their own, or say where somebody lives.
const NOT_LEARNT: [&str; 16] = [
    "avatar",
    "birthday",
    "city",
    "company",
    "consent",
    "country",
    "description",
    "fullname",
    "jobtitle",
    "locale",
    "mobile",
    "position",
    "street",
    "timezone",
    "title",
    "zip",
];
/// Words in the names of traits that say who somebody is, or whose they are, rather than what they are like: "mobilePhone",
/// "record_id", "Contact owner".
const SAY_WHO: [&str; 23] = [
    "address",
    "avatar",
    "birth",
    "birthday",
    "email",
    "fax",
    "firstname",
    "guid",
    "id",
    "lastname",
    "link",
    "mail",
    "name",
    "owner",
    "phone",
    "postal",
    "postcode",
    "street",
    "telephone",
    "url",
    "username",
    "uuid",
    "website",
];

/// Whether a trait tells people apart, and says nothing of others like them.
fn says_who(name: &str) -> bool {
    let words = words_of(name);
    NOT_LEARNT.contains(&words.concat().as_str()) || words.iter().any(|word| SAY_WHO.contains(&word.as_str()))
}

/// The words of a name, however it is written: "jobTitle", "job_title", "Job title".
fn words_of(name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut before = ' ';
    for letter in name.chars() {
        if !letter.is_alphanumeric() || (letter.is_uppercase() && before.is_lowercase()) {
            words.push(String::new());
        }
        if letter.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(letter.to_lowercase());
        }
        before = letter;
    }
    words.into_iter().map(|word| fold(&word)).filter(|word| !word.is_empty()).collect()
}

/// Traits of one lead, at most.
const MOST_TRAITS: usize = 40;

/// Companies beyond this size are one.
const MANY: u64 = 20;

/// The moment as of which a lead is predicted: when they last did something. So were those seen who were learnt from, for the team
/// is asked when a lead does something; what silence means is not among what they teach.
pub fn seen_at(deeds: &[Deed], now: Moment) -> Moment {
    let past = deeds
        .iter()
        .filter(|deed| is_theirs(deed) && deed.at <= now)
        .map(|deed| deed.at.max(deed.known_at).min(now));
    past.max().unwrap_or(now)
}

/// Whether the lead did it.
fn is_theirs(deed: &Deed) -> bool {
    deed.human && deed.kind != Kind::Plan
}

/// What was known of a lead at `at`.
pub fn features(stood: Option<&Stood>, colleagues: Option<u64>, deeds: &[Deed], at: Moment) -> Features {
    let days = |since: Moment| (at - since).as_seconds_f64().max(0.0) / 86_400.0;
    let mut all = Features::new();
    let mut says = |name: &str, value: Value| all.insert(name.to_owned(), value);
    if let Some(stood) = stood {
        let word = |text: &str| Value::Word(text.to_owned());
        says(
            "title",
            stood
                .title
                .as_deref()
                .map_or(Value::Unknown, |title| word(level_of(title).map_or("other", Level::word))),
        );
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
        for (name, value) in &stood.traits {
            says(&format!("trait {name}"), value.clone());
        }
        says("known", Value::Number(days(stood.created_at)));
    }
    let mut known: Vec<&Deed> = deeds.iter().filter(|deed| deed.at <= at && deed.known_at <= at).collect();
    known.sort_by_key(|deed| deed.at);
    if let Some(first) = known.first() {
        says("came", Value::Word(first.source.clone()));
    }
    let did: Vec<&Deed> = known.into_iter().filter(|deed| is_theirs(deed)).collect();
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
    match example.domain.as_deref() {
        Some(domain) if !is_free(domain) => domain.to_owned(),
        _ => example.lead.to_string(),
    }
}

/// The first part of a path: "/pricing/enterprise" is at "/pricing".
fn section(path: &str) -> String {
    let first = path.trim_start_matches('/').split(['/', '?', '#']).next().unwrap_or_default();
    format!("/{}", first.to_lowercase())
}
