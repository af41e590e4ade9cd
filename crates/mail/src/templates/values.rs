//! A letter as template values: what is blank is missing, what is a link is safe, and nothing else exists.

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::value::Value;
use minijinja::{Error, ErrorKind};
use rekindle_core::language::Language;

use super::dates;
use super::links::{Link, LinkKind};
use crate::compose::clean;
use crate::letter::Letter;

/// The name under which a template finds its tracked addresses. Templates get it by compilation, never by hand.
pub(super) const LINKS: &str = "_links";

/// Every name a template may use.
pub(super) const KNOWN: [&str; 24] = [
    "lead.first_name",
    "lead.name",
    "lead.company",
    "lead.title",
    "lead.topic",
    "lead.email",
    "first_name",
    "name",
    "company",
    "title",
    "topic",
    "email",
    "sender.name",
    "sender.company",
    "sender.postal_address",
    "offer.gives",
    "offer.code",
    "offer.expires",
    "unsubscribe_url",
    "preferences_url",
    "form.title",
    "confirm_url",
    "offer_url",
    "survey_url",
];

/// Names that are there in every Jinja, and groups.
pub(super) const ALWAYS: [&str; 6] = ["lead", "sender", "offer", "form", "range", "loop"];

/// How values are written into a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Html,
    Text,
    Subject,
}

/// What a letter says of people and offers, by name: the same for all parts of a mail.
pub(super) type Names = BTreeMap<&'static str, Value>;

/// The names of one letter, dates in words of its language.
pub(super) fn names(letter: &Letter, language: &Language) -> Names {
    let lead = &letter.lead;
    let told = [&lead.first_name, &lead.name, &lead.company, &lead.title, &lead.topic]
        .map(|told| told.as_deref().and_then(harmless));
    let people = [
        ("first_name", told[0].as_deref()),
        ("name", told[1].as_deref()),
        ("company", told[2].as_deref()),
        ("title", told[3].as_deref()),
        ("topic", told[4].as_deref()),
        ("email", Some(lead.email.as_str())),
    ];
    let sender = &letter.sender;
    let offer = letter.offer.as_ref();
    let expires = offer.and_then(|o| o.expires).map(|day| dates::in_words(day, language));
    let mut all = present(people);
    all.insert("lead", present(people).into());
    all.insert(
        "sender",
        present([
            ("name", Some(sender.name.as_str())),
            ("company", Some(sender.company.as_str())),
            ("postal_address", Some(sender.postal_address.as_str())),
        ])
        .into(),
    );
    all.insert(
        "offer",
        present([
            ("gives", offer.and_then(|o| o.gives.as_deref())),
            ("code", offer.and_then(|o| o.code.as_deref())),
            ("expires", expires.as_deref()),
        ])
        .into(),
    );
    if let Some(form) = &letter.form {
        all.insert("form", present([("title", Some(form.as_str()))]).into());
    }
    all
}

/// How much of what a lead told of themselves is said.
const MOST_TOLD: usize = 100;

/// What a lead told of themselves, as it may be said to them: one line, without marks that turn or hide text. An address of the web
/// is no name: mail programs make a link of it, and whoever fills in somebody else's address in a form would have us send them there.
fn harmless(told: &str) -> Option<String> {
    let lower = told.to_lowercase();
    if lower.contains("://") || lower.contains("www.") {
        return None;
    }
    Some(clean(told, MOST_TOLD))
}

/// The values for one part of one mail. `urls` holds one address for each of `links`.
pub(super) fn values(names: &Names, links: &[Link], urls: &[String], part: Part) -> Value {
    let mut all = names.clone();
    if part == Part::Subject {
        return all.into();
    }
    let urls: Vec<Value> = urls.iter().map(|url| address(url, part)).collect();
    let mut answers = BTreeMap::new();
    for (link, url) in links.iter().zip(&urls) {
        match &link.kind {
            LinkKind::Click { .. } | LinkKind::Bait => {}
            LinkKind::Offer => drop(all.insert("offer_url", url.clone())),
            LinkKind::Unsubscribe => drop(all.insert("unsubscribe_url", url.clone())),
            LinkKind::Confirm => drop(all.insert("confirm_url", url.clone())),
            LinkKind::Preferences => drop(all.insert("preferences_url", url.clone())),
            LinkKind::Survey { answer } => drop(answers.insert(answer.clone(), url.clone())),
        }
    }
    all.insert(LINKS, Value::from(urls));
    if !answers.is_empty() {
        all.insert("survey_url", survey(answers));
    }
    all.into()
}

fn survey(answers: BTreeMap<String, Value>) -> Value {
    let answers = Arc::new(answers);
    Value::from_function(move |answer: &str| {
        answers.get(answer).cloned().ok_or_else(|| {
            Error::new(ErrorKind::InvalidOperation, format!("the survey has no answer “{answer}”"))
        })
    })
}

fn present<const N: usize>(pairs: [(&'static str, Option<&str>); N]) -> BTreeMap<&'static str, Value> {
    let there = |value: Option<&str>| value.map(str::trim).filter(|v| !v.is_empty()).map(Value::from);
    pairs.into_iter().filter_map(|(key, value)| there(value).map(|v| (key, v))).collect()
}

/// An address of ours, escaped for an attribute once, so that it stays readable (minijinja would write `&#x2f;` for each slash).
fn address(url: &str, part: Part) -> Value {
    match part {
        Part::Html => {
            let escaped = url
                .replace('&', "&amp;")
                .replace('"', "&quot;")
                .replace('\'', "&#39;")
                .replace('<', "&lt;")
                .replace('>', "&gt;");
            Value::from_safe_string(escaped)
        }
        Part::Text | Part::Subject => Value::from(url),
    }
}
