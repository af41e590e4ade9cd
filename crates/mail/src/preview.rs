//! A mail as its reader would see it, without sending it: to an invented lead or to a real one, light or dark, in an inbox.

use chrono::NaiveDate;
use rekindle_core::{
    language::Language,
    lead::Lead,
    sequence::{MailStep, OfferTerms, Sequence},
};

use crate::letter::{Addressee, Letter, Offer, Sender};
use crate::templates::{LinkKind, RenderError, Rendered, Templates, inbox_line};

/// To whom a mail is shown.
#[derive(Debug, Clone, PartialEq)]
pub enum Reader {
    /// An invented lead about whom all is known.
    Sample,
    /// One of whom only the address is known.
    Empty,
    /// One of ours.
    Lead(Box<Lead>),
}

/// A mail, shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// The variant that the reader would get: "breakup.de".
    pub variant: String,
    /// What it is written in.
    pub language: Language,
    /// Its parts.
    pub rendered: Rendered,
    /// What an inbox shows behind the subject.
    pub inbox_line: String,
}

/// What a preview is made with.
#[derive(Debug, Clone)]
pub struct Setting<'a> {
    /// Who writes.
    pub sender: &'a Sender,
    /// The plan that the mail is shown in, and its step there: what it offers and its first subject.
    pub plan: Option<(&'a Sequence, MailStep<'a>)>,
    /// The day it would leave on.
    pub today: NaiveDate,
}

/// Shows a mail to a reader: in this language, else in the reader's own. Links lead where the marketer wrote; the lead's own pages
/// lead nowhere, so that looking changes nothing.
///
/// # Errors
/// Why it cannot be rendered.
pub fn show(
    templates: &Templates,
    mail: &str,
    reader: &Reader,
    language: Option<&Language>,
    setting: &Setting<'_>,
) -> Result<Preview, RenderError> {
    let own = match reader {
        Reader::Lead(lead) => lead.reads(),
        Reader::Sample | Reader::Empty => None,
    };
    let variant = templates.in_language(mail, language.or(own.as_ref()));
    let written = templates.language(variant)?.clone();
    let mut letter = match reader {
        Reader::Sample => Letter::sample(),
        Reader::Empty => Letter::empty(),
        Reader::Lead(lead) => Letter { lead: Addressee::from(&**lead), ..Letter::empty() },
    };
    letter = letter.about(mail);
    letter.sender = setting.sender.clone();
    if let Some((_, step)) = &setting.plan {
        let told = |terms: &OfferTerms| {
            let last_day = setting.today + terms.expires.delta();
            Offer::of(terms, &written, "SAMPLE-CODE".to_owned(), last_day)
        };
        letter.offer = step.offer.filter(|_| *reader != Reader::Empty).map(told);
    }
    let subjects = setting.plan.as_ref().map_or(&[][..], |(_, step)| step.subjects);
    let subject = subjects.first().filter(|_| variant == mail).map(String::as_str);
    let rendered = templates.render(variant, subject, &letter, |kind| match kind {
        LinkKind::Click { url } => url.clone(),
        LinkKind::Offer => "https://preview.invalid/offer".to_owned(),
        LinkKind::Survey { answer } => format!("https://preview.invalid/survey/{answer}"),
        LinkKind::Unsubscribe => "https://preview.invalid/unsubscribe".to_owned(),
        LinkKind::Preferences => "https://preview.invalid/preferences".to_owned(),
        LinkKind::Confirm => "https://preview.invalid/confirm".to_owned(),
        LinkKind::Bait => "https://preview.invalid/bait".to_owned(),
    })?;
    let inbox_line = inbox_line(&rendered.html);
    Ok(Preview { variant: variant.to_owned(), language: written, rendered, inbox_line })
}

/// The document as a mail program in this scheme shows it, whatever scheme the browser has that it is looked at in.
pub fn in_scheme(html: &str, dark: bool) -> String {
    // Always or never: both widths that a screen cannot help having.
    let (is_dark, is_light) =
        if dark { ("min-width: 0", "max-width: 0") } else { ("max-width: 0", "min-width: 0") };
    let scheme = if dark { "dark" } else { "light" };
    html.replace("prefers-color-scheme: dark", is_dark)
        .replace("prefers-color-scheme:dark", is_dark)
        .replace("prefers-color-scheme: light", is_light)
        .replace("prefers-color-scheme:light", is_light)
        .replace("color-scheme: light dark", &format!("color-scheme: {scheme}"))
        .replace("content=\"light dark\"", &format!("content=\"{scheme}\""))
}

impl From<&Lead> for Addressee {
    fn from(lead: &Lead) -> Self {
        Self {
            first_name: lead.greeting().map(ToOwned::to_owned),
            name: lead.name.clone(),
            company: lead.company.clone(),
            title: lead.title.clone(),
            topic: lead.traits.get(rekindle_core::lead::TOPIC).and_then(rekindle_core::lead::word_of),
            email: lead.email.as_ref().map(ToString::to_string).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scheme_is_put_on_a_document_from_outside() {
        let html = "<meta name=\"color-scheme\" content=\"light dark\"><style>:root { color-scheme: light dark; } @media screen and (prefers-color-scheme: dark) { a {} }</style>";
        let (light, dark) = (in_scheme(html, false), in_scheme(html, true));
        assert!(
            light.contains("screen and (max-width: 0)") && light.contains("content=\"light\""),
            "{light}"
        );
        assert!(dark.contains("screen and (min-width: 0)") && dark.contains("color-scheme: dark;"), "{dark}");
        assert!(!light.contains("prefers-color-scheme") && !dark.contains("prefers-color-scheme"));
    }
}
