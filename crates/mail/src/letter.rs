//! What a template may say: the lead, the sender, the offer. Filled by the caller, who knows them.
//!
//! | in a template | what it is |
//! |---|---|
//! | `lead.first_name`, `lead.name`, `lead.company`, `lead.title`, `lead.topic`, `lead.email` | the lead, and what they looked at last; the same without `lead.` in short (`first_name`) |
//! | `sender.name`, `sender.company`, `sender.postal_address` | who writes; the address is required by law in every campaign mail |
//! | `offer.gives`, `offer.code`, `offer.expires` | the offer of this step, if it has one |
//! | `unsubscribe_url` | the link that stops all mail with one click; required in every campaign mail |
//! | `preferences_url` | the page where they choose less: rarer, not now, only this |
//! | `form.title`, `confirm_url` | in the mail that asks back alone: what they asked for, and the link to the button that says yes |
//! | `offer_url` | the lead's own offer page |
//! | `survey_url("answer")` | the link that gives this survey answer |
//!
//! Anything may be missing for a lead except `lead.email`: write `{{ first_name | default("there") }}`. An empty or blank
//! value counts as missing. A value with neither content nor a default stops the mail.

use chrono::NaiveDate;
use rekindle_core::{language::Language, sequence::OfferTerms};

/// One mail's variables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Letter {
    /// To whom.
    pub lead: Addressee,
    /// From whom.
    pub sender: Sender,
    /// What is offered, if this step offers something.
    pub offer: Option<Offer>,
    /// What was asked for by a form, in the mail that asks back.
    pub form: Option<String>,
}

/// The lead, as a template sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Addressee {
    /// "Zoë".
    pub first_name: Option<String>,
    /// "Zoë Kravitz".
    pub name: Option<String>,
    /// "Northwind Traders".
    pub company: Option<String>,
    /// "Head of Operations".
    pub title: Option<String>,
    /// What they looked at last: "data migration".
    pub topic: Option<String>,
    /// The address the mail goes to.
    pub email: String,
}

/// Who writes, as a template sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sender {
    /// The person who signs: "Mia Chen".
    pub name: String,
    /// The organisation: "Acme".
    pub company: String,
    /// Street, city, country, on one line or several.
    pub postal_address: String,
}

/// An offer, as a template sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offer {
    /// What it is, in the marketer's words: "20 % off your first year".
    pub gives: Option<String>,
    /// The code to give at the counter.
    pub code: Option<String>,
    /// The last day; templates have it in words: "Friday, 18 December".
    pub expires: Option<NaiveDate>,
}

impl Offer {
    /// What a plan offers, in the words of a language where there are such; good until this day.
    pub fn of(terms: &OfferTerms, language: &Language, code: String, last_day: NaiveDate) -> Self {
        let gives = terms.gives_in(language).unwrap_or(&terms.gives);
        Self { gives: Some(gives.to_owned()), code: Some(code), expires: Some(last_day) }
    }
}

impl Letter {
    /// A letter to an invented lead about whom everything is known, for previews and checks.
    pub fn sample() -> Self {
        let some = |s: &str| Some(s.to_owned());
        Self {
            lead: Addressee {
                first_name: some("Zoë"),
                name: some("Zoë Lindqvist"),
                company: some("Northwind & Sons"),
                title: some("Head of Operations"),
                topic: some("data migration"),
                email: "zoe@northwind.example".into(),
            },
            sender: Sender {
                name: "Mia Chen".into(),
                company: "Acme".into(),
                postal_address: "Acme Ltd, 12 Harbour Street, Dublin 2, Ireland".into(),
            },
            offer: Some(Offer {
                gives: some("your first three months at half the price"),
                code: some("WARM-7Q4X"),
                expires: NaiveDate::from_ymd_opt(2026, 12, 18),
            }),
            form: None,
        }
    }

    /// The same, for a mail that asks back; other mails know no form.
    #[must_use]
    pub fn about(self, mail: &str) -> Self {
        let asks_back = mail.split('.').next() == Some(rekindle_core::form::CONFIRM);
        Self { form: asks_back.then(|| "our newsletter".to_owned()), ..self }
    }

    /// A letter to a lead of whom only the address is known: what a template must be able to live with.
    pub fn empty() -> Self {
        Self {
            lead: Addressee { email: "someone@example.com".into(), ..Addressee::default() },
            offer: None,
            ..Self::sample()
        }
    }
}
