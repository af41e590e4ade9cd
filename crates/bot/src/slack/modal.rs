//! What a button asks in words: a modal, opened while the press is fresh, and what was written into it.

use super::render::options;
use crate::{
    card::{Ask, AskKind},
    intent::Intent,
    wording::clamp,
};
use chrono_tz::Tz;
use rekindle_core::{refusal::Refusal, time::Moment};
use serde_json::{Value, json};
use slack_morphism::prelude::*;

/// By this we know the modal again.
pub(super) const PRESS: &str = "press";
const CHOICE: &str = "choice";
const WORDS: &str = "words";

/// Which button of which card a modal belongs to, and where it was pressed. Nothing of a lead is in it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Meant {
    /// The id of the alert or campaign.
    pub(super) card: String,
    /// The word of the button.
    pub(super) intent: String,
    /// The channel, where the answer is whispered.
    pub(super) channel: Option<String>,
}

/// The modal in which a button asks.
pub(super) fn view(meant: &Meant, ask: &Ask) -> SlackView {
    let plain = |text: &str, most| SlackBlockPlainTextOnly::from(SlackBlockPlainText::new(clamp(text, most)));
    let mut blocks: Vec<SlackBlock> = Vec::new();
    // The answers to choose from stand in the card already, where it is a menu.
    if ask.kind != AskKind::Choice && !ask.choices.is_empty() {
        let choice = SlackBlockStaticSelectElement::new()
            .with_action_id(CHOICE.into())
            .with_placeholder(plain("Choose one", 150))
            .with_options(options(&ask.choices));
        blocks.push(
            SlackInputBlock::new(plain(ask.label, 2000), choice.into())
                .with_block_id(CHOICE.into())
                .with_optional(true)
                .into(),
        );
    }
    let (label, hint) = match (ask.kind, ask.choices.is_empty()) {
        (AskKind::Choice, _) => (ask.label, "tomorrow, monday, 2026-12-01 14:00"),
        (AskKind::Amount, _) => (ask.label, "An amount, such as 5000 or 12,000 EUR"),
        (AskKind::Text, true) => (ask.label, "A few words"),
        (AskKind::Text, false) => ("Or in your words", "A few words"),
    };
    let words = SlackBlockPlainTextInputElement::new()
        .with_action_id(WORDS.into())
        .with_placeholder(plain(hint, 150))
        .with_max_length(200);
    blocks.push(
        SlackInputBlock::new(plain(label, 2000), words.into())
            .with_block_id(WORDS.into())
            .with_optional(ask.kind != AskKind::Choice)
            .into(),
    );
    let view = SlackModalView::new(plain(ask.title, 24), blocks)
        .with_submit(plain("Done", 24))
        .with_close(plain("Cancel", 24))
        .with_callback_id(PRESS.into())
        .with_private_metadata(serde_json::to_string(meant).unwrap_or_default());
    SlackView::Modal(view)
}

/// What was written into a modal: whose it is, and the value.
pub(super) fn submitted(view: &Value) -> Option<(Meant, Option<String>)> {
    if view.get("callback_id").and_then(Value::as_str) != Some(PRESS) {
        return None;
    }
    let meant = serde_json::from_str(view.get("private_metadata")?.as_str()?).ok()?;
    let at =
        |pointer: &str| view.pointer(pointer).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    let words = at("/state/values/words/words/value");
    let choice = at("/state/values/choice/choice/selected_option/value");
    Some((meant, words.or(choice).map(str::to_owned)))
}

/// What is wrong with what was written, at its field.
pub(super) fn faults(meant: &Meant, value: Option<&str>, wall: Moment, zone: Tz) -> Option<Value> {
    let refusal = Intent::check_press(&meant.intent, value, wall, zone).err()?;
    let text = match &refusal {
        Refusal::Usage { text } => text.clone(),
        other => other.code().to_owned(),
    };
    Some(json!({ WORDS: clamp(&text, 300) }))
}
