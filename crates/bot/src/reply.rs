//! What came of a command or a press: read by people, and by scripts as JSON.

use crate::{
    card::Card,
    form::{Faults, Form},
};
use chrono_tz::Tz;
use rekindle_core::{refusal::Refusal, time::Moment};
use rekindle_report::Picture;
use rekindle_storage::StoreError;
use serde::Serialize;
use serde_json::Value;

/// What came of it. To scripts each has all keys; what does not belong to an answer is `null`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reply {
    /// Whether it was done.
    pub ok: bool,
    /// Why not, for scripts: "already_claimed", "not_allowed", …
    pub code: Option<&'static str>,
    /// In words.
    pub text: String,
    /// Whether the words are a table, to be shown in a fixed-width script: for pages, not for scripts.
    #[serde(skip)]
    pub mono: bool,
    /// The card it is about, as it stands now.
    pub card: Option<Card>,
    /// Who stands in the way: a handle.
    pub by: Option<String>,
    /// Since when (wall).
    pub at: Option<Moment>,
    /// What confirms the preview.
    pub confirm: Option<String>,
    /// The same as figures, where there are any.
    pub data: Option<Value>,
    /// What a place that shows pictures shows instead of the words: for pages and chats, not for scripts.
    #[serde(skip)]
    pub picture: Option<Picture>,
}

impl Reply {
    /// Done.
    pub fn done(text: impl Into<String>) -> Self {
        Self {
            ok: true,
            code: None,
            text: text.into(),
            mono: false,
            card: None,
            by: None,
            at: None,
            confirm: None,
            data: None,
            picture: None,
        }
    }

    /// Done; the words are a table.
    pub fn table(text: impl Into<String>) -> Self {
        Self { mono: true, ..Self::done(text) }
    }

    /// With the card it is about.
    #[must_use]
    pub fn with_card(self, card: Card) -> Self {
        Self { card: Some(card), ..self }
    }

    /// With figures.
    #[must_use]
    pub fn with_data(self, data: Value) -> Self {
        Self { data: Some(data), ..self }
    }

    /// With the picture of it.
    #[must_use]
    pub fn with_picture(self, picture: Picture) -> Self {
        Self { picture: Some(picture), ..self }
    }

    /// Refused, in the reader's words.
    pub fn refused(refusal: &Refusal, zone: Tz) -> Self {
        Self {
            ok: false,
            code: Some(refusal.code()),
            // What was not understood is shown with a caret under it.
            mono: matches!(refusal, Refusal::Usage { text } if text.contains('\n')),
            by: refusal.by().map(ToString::to_string),
            at: refusal.at(),
            ..Self::done(refusal.text(zone))
        }
    }

    /// Refused or failed: what a verb of the store said.
    pub fn of_error(error: &StoreError, zone: Tz) -> Self {
        let failed = |code, text: &str| Self { ok: false, code: Some(code), ..Self::done(text) };
        match error {
            StoreError::Refused(refusal) => Self::refused(refusal, zone),
            StoreError::Away(_) | StoreError::Busy(_) => failed(
                "unavailable",
                "The database does not answer. Look whether this took effect, then try again.",
            ),
            // Whoever has it answers, too.
            StoreError::Taken => failed("taken", "Another process of Rekindle does this."),
            StoreError::Unusable(text) => failed("failed", text),
            StoreError::Corrupt { .. } | StoreError::Database(_) => {
                failed("failed", "Something went wrong here; the operator finds it in the log.")
            }
        }
    }

    /// Whether it neither was done nor was refused: something broke.
    pub fn is_failure(&self) -> bool {
        matches!(self.code, Some("unavailable" | "failed"))
    }
}

/// A reply as a page is told it: with how its words are to be shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Shown {
    /// What came of it.
    #[serde(flatten)]
    pub reply: Reply,
    /// Whether the words are a table.
    pub mono: bool,
    /// The picture that is shown instead of the words.
    pub picture: Option<Picture>,
    /// The form that asks for what is lacking.
    pub form: Option<Form>,
    /// What is wrong with a form that was filled in, at its fields.
    pub faults: Option<Faults>,
}

impl From<Reply> for Shown {
    fn from(reply: Reply) -> Self {
        Self { mono: reply.mono, picture: reply.picture.clone(), reply, form: None, faults: None }
    }
}

impl Shown {
    /// Nothing was done yet: something is lacking.
    pub(crate) fn asking(form: Form) -> Self {
        Self { form: Some(form), ..Reply::done("").into() }
    }

    /// Nothing was done: a form is not right yet.
    pub(crate) fn faulty(faults: Faults) -> Self {
        let reply = Reply { ok: false, code: Some("usage"), ..Reply::done("") };
        Self { faults: Some(faults), ..reply.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn scripts_see_all_keys_and_pages_one_more() {
        let told = serde_json::to_value(Reply::table("a  b")).unwrap();
        let keys = json!({
            "ok": true, "code": null, "text": "a  b", "card": null, "by": null, "at": null, "confirm": null, "data": null,
        });
        assert_eq!(told, keys);
        let shown = serde_json::to_value(Shown::from(Reply::table("a  b"))).unwrap();
        assert_eq!((&shown["mono"], &shown["text"]), (&json!(true), &json!("a  b")));
    }
}
