//! A form: what a person fills in to be written to, as a marketer writes it in `forms.toml`; and how often we may ask them back.

use crate::time::Moment;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// The mail that asks whether it was them: its template's folder.
pub const CONFIRM: &str = "confirm-subscription";

/// An address is asked once in this time (threats 4.1.4).
pub const ONCE_IN: TimeDelta = TimeDelta::hours(24);

/// And so often in its life.
pub const MOST: usize = 3;

/// Whether an address that was asked at these moments may be asked again.
pub fn may_ask(asked: &[Moment], now: Moment) -> bool {
    asked.len() < MOST && asked.iter().all(|at| *at + ONCE_IN <= now)
}

/// One thing that a form asks beside the address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// The trait that it becomes: `firstName`, `company`, `plan`, …
    pub name: String,
    /// What stands beside it.
    pub label: String,
}

/// A form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// Its name, in its address (`/f/NAME`) and in rows.
    pub name: String,
    /// What one gets: "our newsletter". On its page, and in the mail that asks back.
    pub title: String,
    /// What its mails are for.
    #[serde(default)]
    pub purpose: crate::sequence::Purpose,
    /// What they agree to, in full.
    pub wording: String,
    /// Which version of the wording it is; a new wording is a new version.
    pub version: String,
    /// What is asked beside the address.
    #[serde(default)]
    pub fields: Vec<Field>,
    /// Where who has filled it in is thanked; without it, on a page of ours.
    pub thanks: Option<String>,
    /// The sites whose pages may post to it.
    #[serde(default)]
    pub origins: Vec<String>,
}

impl Form {
    /// What cannot be meant: of which key, and why.
    pub fn faults(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.name.is_empty() || !self.name.chars().all(plain) {
            found.push((
                "name",
                "a form's name stands in its address: small letters, digits and hyphens".to_owned(),
            ));
        }
        for (key, text) in [("title", &self.title), ("wording", &self.wording), ("version", &self.version)] {
            if text.trim().is_empty() {
                found.push((key, format!("{key} is empty: nobody could say later what was agreed to")));
            }
        }
        let web = |url: &str| url.starts_with("https://") || url.starts_with("http://");
        if self.thanks.as_deref().is_some_and(|url| !web(url)) {
            found.push(("thanks", "write the whole address: https://www.acme.test/thanks".to_owned()));
        }
        if self.origins.iter().any(|url| !web(url)) {
            found.push(("origins", "a site is written as https://www.acme.test".to_owned()));
        }
        if self
            .fields
            .iter()
            .any(|field| matches!(field.name.as_str(), "email" | "consent" | "website" | "began"))
        {
            let why = "email is always asked, and consent, website and began are not for a form to ask";
            found.push(("fields", why.to_owned()));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_asked_once_a_day_and_three_times_in_its_life() {
        let day: Moment = "2026-11-23T10:00:00Z".parse().unwrap();
        let second = TimeDelta::seconds(1);
        assert!(may_ask(&[], day));
        assert!(!may_ask(&[day], day + ONCE_IN - second) && may_ask(&[day], day + ONCE_IN));
        let all = [day, day + TimeDelta::days(2), day + TimeDelta::days(4)];
        assert!(may_ask(&all[..2], all[2]) && !may_ask(&all, day + TimeDelta::days(4000)));
    }
}
