//! A form as Slack shows it: a modal, opened while the press or the command is fresh, and what was filled into it
//! (<https://docs.slack.dev/reference/views/modal-views>).

use super::render::options;
use crate::{
    form::{Faults, Field, FieldKind, Filled, Form, Of},
    wording::clamp,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use slack_morphism::prelude::*;

/// By this we know the modal again.
const FORM: &str = "form";
/// What the block of a menu is called, before the name of its field: another block takes words for the same field.
const CHOICE: &str = "choice:";
/// The select that looks leads up.
pub(super) const LEAD: &str = "lead";

/// What a modal is for, and where it was opened. Nothing of a lead is in it, and nothing that was filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Meant {
    /// What is done with it.
    pub(super) of: Of,
    /// The channel, where the answer is whispered.
    pub(super) channel: Option<String>,
}

fn plain(text: &str, most: usize) -> SlackBlockPlainTextOnly {
    SlackBlockPlainTextOnly::from(SlackBlockPlainText::new(clamp(text, most)).with_emoji(false))
}

/// The modal of a form.
pub(super) fn view(form: &Form, channel: Option<String>) -> SlackView {
    let mut blocks: Vec<SlackBlock> = Vec::new();
    if !form.about.is_empty() {
        let about = SlackBlockPlainText::new(clamp(&form.about, 2000)).with_emoji(false);
        blocks.push(SlackContextBlock::new(vec![SlackContextBlockElement::Plain(about)]).into());
    }
    blocks.extend(form.fields.iter().flat_map(inputs));
    let meant = Meant { of: form.of.clone(), channel };
    let view = SlackModalView::new(plain(&form.title, 24), blocks)
        .with_submit(plain("Done", 24))
        .with_close(plain("Cancel", 24))
        .with_callback_id(FORM.into())
        .with_private_metadata(serde_json::to_string(&meant).unwrap_or_default());
    SlackView::Modal(view)
}

/// The blocks of a field: of words with proposals, a menu of them and a line for others.
fn inputs(field: &Field) -> Vec<SlackBlock> {
    let name = field.name.as_str();
    let input = |id: String, label: &str, element: SlackInputBlockElement, optional: bool| {
        SlackBlock::from(
            SlackInputBlock::new(plain(label, 2000), element)
                .with_block_id(id.into())
                .with_optional(optional),
        )
    };
    let chosen = field.choices.iter().filter(|choice| Some(choice.value.as_ref()) == field.value.as_deref());
    let chosen = options(&chosen.cloned().collect::<Vec<_>>()).into_iter().next();
    let menu = || {
        SlackBlockStaticSelectElement::new()
            .with_action_id(name.into())
            .with_placeholder(plain("Choose one", 150))
            .with_options(options(&field.choices))
            .opt_initial_option(chosen.clone())
    };
    let line = || {
        SlackBlockPlainTextInputElement::new()
            .with_action_id(name.into())
            .with_placeholder(plain(&field.hint, 150))
            .with_max_length(u64::from(field.kind.room()))
            .with_multiline(field.kind == FieldKind::Lines)
            .opt_initial_value(
                field
                    .value
                    .as_ref()
                    .filter(|_| chosen.is_none())
                    .map(|value| clamp(value, field.kind.room().into())),
            )
    };
    match field.kind {
        FieldKind::Choice => vec![input(name.to_owned(), &field.label, menu().into(), !field.required)],
        FieldKind::Lead => {
            let given = field
                .value
                .as_ref()
                .map(|value| SlackBlockChoiceItem::new(plain(value, 75), clamp(value, 150)));
            let select = SlackBlockExternalSelectElement::new()
                .with_action_id(LEAD.into())
                .with_placeholder(plain("Name, company or address", 150))
                .with_min_query_length(0)
                .opt_initial_option(given);
            vec![input(name.to_owned(), &field.label, select.into(), !field.required)]
        }
        FieldKind::Lines => vec![input(name.to_owned(), &field.label, line().into(), !field.required)],
        FieldKind::Words if field.choices.is_empty() => {
            vec![input(name.to_owned(), &field.label, line().into(), !field.required)]
        }
        // One of the two is enough, so neither must be there; that one is, is seen when they come.
        FieldKind::Words => vec![
            input(format!("{CHOICE}{name}"), &field.label, menu().into(), true),
            input(name.to_owned(), "Or in your words", line().into(), true),
        ],
    }
}

/// What was filled into a modal.
pub(super) fn submitted(view: &Value) -> Option<(Meant, Filled)> {
    if view.get("callback_id").and_then(Value::as_str) != Some(FORM) {
        return None;
    }
    let meant = serde_json::from_str(view.get("private_metadata")?.as_str()?).ok()?;
    let blocks = view.pointer("/state/values").and_then(Value::as_object).into_iter().flatten();
    let mut filled = Filled::new();
    for (block, inputs) in blocks {
        let Some(input) = inputs.as_object().and_then(|inputs| inputs.values().next()) else { continue };
        let value = input.get("value").or_else(|| input.pointer("/selected_option/value"));
        let Some(value) = value.and_then(Value::as_str).filter(|value| !value.trim().is_empty()) else {
            continue;
        };
        match block.strip_prefix(CHOICE) {
            // What was written counts before what was chosen.
            Some(name) => drop(filled.entry(name.to_owned()).or_insert_with(|| value.to_owned())),
            None => drop(filled.insert(block.clone(), value.to_owned())),
        }
    }
    Some((meant, filled))
}

/// What is wrong with what was filled in, at its blocks.
pub(super) fn errors(faults: &Faults) -> Value {
    faults.iter().map(|(field, text)| (field.clone(), json!(clamp(text, 300)))).collect()
}

/// Leads, to be chosen from.
pub(super) fn suggestions(leads: &[(String, String)]) -> Value {
    let option = |(address, name): &(String, String)| {
        SlackBlockChoiceItem::new(plain(&format!("{name} · {address}"), 75), clamp(address, 150))
    };
    json!({ "options": leads.iter().take(100).map(option).collect::<Vec<_>>() })
}
