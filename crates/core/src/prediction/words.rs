//! Reasons in words: what speaks for a lead, and what against.

use super::{Features, Value, absent};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Reasons of each kind that are said, at most.
const REASONS: usize = 3;
/// What moves the log-odds by less than this is no reason: it makes 50 % to 52 %.
const LEAST: f64 = 0.1;

/// Columns that sum up what others say one by one; a rep learns more from those, so that these must be twice as strong.
const SUMS: [&str; 3] = ["days", "week", "known"];

/// What speaks for a lead and against it, the strongest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spoken {
    /// For it.
    pub pro: Vec<String>,
    /// Against it.
    pub contra: Vec<String>,
}

/// Puts into words what each column adds to a lead's log-odds, against a usual lead. Columns about the same (how often, and when last)
/// are one reason.
pub fn spoken<'a>(shares: impl IntoIterator<Item = (&'a str, f64)>, features: &Features) -> Spoken {
    let mut subjects: BTreeMap<&str, f64> = BTreeMap::new();
    for (column, adds) in shares {
        let subject = match column {
            // How many there are is known of companies alone.
            "colleagues" if !features.contains_key("colleagues") => "address",
            column => column.strip_prefix("last ").unwrap_or(column),
        };
        *subjects.entry(subject).or_default() += adds;
    }
    let mut reasons: Vec<(&str, f64)> =
        subjects.into_iter().filter(|(_, adds)| adds.abs() >= LEAST).collect();
    let strength =
        |(subject, adds): &(&str, f64)| adds.abs() / if SUMS.contains(subject) { 2.0 } else { 1.0 };
    reasons.sort_by(|one, other| strength(other).total_cmp(&strength(one)));
    let said = |speaks: fn(f64) -> bool| {
        let of_kind = reasons.iter().filter(|(_, adds)| speaks(*adds)).take(REASONS);
        of_kind.map(|(subject, _)| words(subject, features)).collect()
    };
    Spoken { pro: said(|adds| adds > 0.0), contra: said(|adds| adds < 0.0) }
}

fn words(subject: &str, features: &Features) -> String {
    let nothing = absent(subject);
    let value = features.get(subject).unwrap_or(&nothing);
    if let Some(what) = subject.strip_prefix("did ") {
        return times(value, &what.to_lowercase());
    }
    if let Some(page) = subject.strip_prefix("page ") {
        return times(value, &format!("look at {page}"));
    }
    if let Some(name) = subject.strip_prefix("trait ") {
        return match value {
            Value::Unknown => format!("{name} not known"),
            Value::Number(number) => format!("{name} {number}"),
            Value::Word(word) => format!("{name} {word}"),
        };
    }
    match (subject, value) {
        ("title", Value::Word(level)) if level == "other" => "another title".to_owned(),
        ("title", Value::Word(level)) if level == "individual" => "leads nobody".to_owned(),
        ("title", Value::Word(level)) => level.clone(),
        ("country", Value::Word(country)) => format!("from {country}"),
        ("address", Value::Word(kind)) => match kind.as_str() {
            "free" => "free mail".to_owned(),
            "company" => "mail of a company".to_owned(),
            _ => "no address".to_owned(),
        },
        ("colleagues", Value::Number(count)) if *count <= 1.0 => "nobody else from the company".to_owned(),
        ("colleagues", Value::Number(count)) => format!("{count:.0} people from the company"),
        ("known", Value::Number(days)) => format!("known for {}", of_days(*days)),
        ("days", Value::Number(days)) => format!("active on {} of a month", of_days(*days)),
        ("week", Value::Number(count)) => format!("{count:.0} activities in a week"),
        ("came", Value::Word(source)) => format!("came by {source}"),
        (subject, Value::Unknown) => match subject {
            "came" => "nobody knows how they came".to_owned(),
            subject => format!("{subject} not known"),
        },
        (subject, Value::Number(number)) => format!("{subject} {number}"),
        (subject, Value::Word(word)) => format!("{subject} {word}"),
    }
}

fn times(value: &Value, what: &str) -> String {
    match value {
        Value::Number(count) if *count >= 1.5 => format!("{count:.0} × {what}"),
        Value::Number(count) if *count >= 0.5 => what.to_owned(),
        _ => format!("no {what}"),
    }
}

fn of_days(days: f64) -> String {
    match days.round() as i64 {
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}
