//! A card as Slack shows it: blocks, and the text beside them for notifications and screen readers.
//!
//! What a lead wrote stands in `plain_text` objects, which Slack does not parse; the text beside the blocks
//! is parsed, and is escaped. Every length is cut to the published limit
//! (<https://docs.slack.dev/reference/block-kit/blocks>).

use crate::{
    card::{AskKind, Button, Card, Choice, Style},
    reply::Reply,
    wall::Quote,
    wording::clamp,
};
use rekindle_report::Picture;
use slack_morphism::prelude::*;

/// The published limits, in characters.
mod limit {
    pub(super) const HEADER: usize = 150;
    pub(super) const SECTION: usize = 3000;
    pub(super) const FIELD: usize = 2000;
    pub(super) const FIELDS: usize = 10;
    /// Of the words of a link: with it, far below a field.
    pub(super) const LINKED: usize = 250;
    pub(super) const BUTTON: usize = 75;
    pub(super) const ACTIONS: usize = 25;
    pub(super) const PLACEHOLDER: usize = 150;
    /// More is cut by Slack at 40,000; more than this is split.
    pub(super) const TEXT: usize = 3900;
    /// Of a chart: of its title and its axes, and of the names of places and lines
    /// (<https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block>).
    pub(super) const CHART: usize = 50;
    pub(super) const IN_A_CHART: usize = 20;
    pub(super) const PLACES: usize = 20;
    /// As much as a notice says; however much of it is escaped, far below the 40,000.
    pub(super) const WORDS: usize = 1000;
}

/// What a message of Slack is made of.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub(super) struct Rendered {
    /// What is shown.
    pub(super) blocks: Vec<SlackBlock>,
    /// What is read out, and stands in notifications.
    pub(super) text: String,
}

/// Text that Slack parses, with nothing in it that Slack would take for more than text: exactly these three
/// (<https://docs.slack.dev/messaging/formatting-message-text#escaping>).
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A message of words alone to a channel: nothing in them is looked up, linked or unfolded.
pub(super) fn words(channel: &str, words: &str) -> serde_json::Value {
    serde_json::json!({
        "channel": channel,
        "text": filled(escape(&clamp(words, limit::WORDS))),
        "parse": "none",
        "link_names": false,
        "unfurl_links": false,
        "unfurl_media": false,
    })
}

/// What a lead wrote: in an object that Slack does not parse, and cut in what is read out.
pub(super) fn quote(quote: &Quote) -> Rendered {
    let said = format!("“{}”", clamp(&quote.said, limit::SECTION - 2));
    let text = escape(&clamp(&format!("{} {said}", quote.intro), limit::WORDS));
    Rendered { blocks: vec![section(&quote.intro), section(&said)], text }
}

fn plain(text: &str, most: usize) -> SlackBlockPlainTextOnly {
    SlackBlockPlainTextOnly::from(SlackBlockPlainText::new(filled(clamp(text, most))).with_emoji(false))
}

fn plain_text(text: &str, most: usize) -> SlackBlockText {
    SlackBlockText::Plain(SlackBlockPlainText::new(filled(clamp(text, most))).with_emoji(false))
}

/// Slack takes no empty texts.
fn filled(text: String) -> String {
    if text.trim().is_empty() { "–".to_owned() } else { text }
}

/// Renders a card. `words` say in a sentence what happened.
pub(super) fn card(card: &Card, words: &str) -> Rendered {
    let mut blocks = vec![header(card)];
    blocks.push(section(&headline(card)));
    if !card.lines.is_empty() {
        let lines: Vec<String> = card.lines.iter().map(|line| format!("• {line}")).collect();
        blocks.push(section(&lines.join("\n")));
    }
    if !card.facts.is_empty() {
        let facts = card.facts.iter().take(limit::FIELDS);
        let fields = facts.map(|fact| match &fact.link {
            // Only what is ours is parsed: the label and the value of a link are escaped, too.
            Some(link) => {
                let words = |text: &str| escape(&clamp(text, limit::LINKED)).replace('|', "¦");
                let text = format!("{}\n<{}|{}>", words(&fact.label), escape(link), words(&fact.value));
                SlackBlockText::MarkDown(SlackBlockMarkDownText::new(text).with_verbatim(true))
            }
            None => plain_text(&format!("{}\n{}", fact.label, fact.value), limit::FIELD),
        });
        blocks.push(SlackSectionBlock::new().with_fields(fields.collect()).into());
    }
    blocks.push(context(card));
    blocks.extend(actions(card));
    let text = format!("{} {}", escape(words), escape(&card.status));
    Rendered { blocks, text: clamp(&text, limit::TEXT) }
}

fn header(card: &Card) -> SlackBlock {
    let mut title = card.title.clone();
    if let Some(score) = card.score {
        title = format!("{title} · {score} points");
    }
    if let Some(badge) = &card.badge {
        title = format!("{title} ({badge})");
    }
    SlackHeaderBlock::new(plain(&title, limit::HEADER)).into()
}

fn headline(card: &Card) -> String {
    match &card.subtitle {
        Some(subtitle) => format!("{}\n{subtitle}", card.headline),
        None => card.headline.clone(),
    }
}

fn section(text: &str) -> SlackBlock {
    SlackSectionBlock::new().with_text(plain_text(text, limit::SECTION)).into()
}

fn context(card: &Card) -> SlackBlock {
    let mut elements = vec![small(&card.status)];
    elements.extend(card.email.as_deref().map(small));
    SlackContextBlock::new(elements).into()
}

/// A line in small letters.
fn small(text: &str) -> SlackContextBlockElement {
    SlackContextBlockElement::Plain(
        SlackBlockPlainText::new(filled(clamp(text, limit::FIELD))).with_emoji(false),
    )
}

/// The buttons of a card; none where nothing can be done.
fn actions(card: &Card) -> Option<SlackBlock> {
    let elements: Vec<SlackActionBlockElement> =
        card.buttons.iter().take(limit::ACTIONS).map(|button| element(card, button)).collect();
    if elements.is_empty() {
        return None;
    }
    Some(SlackActionsBlock::new(elements).with_block_id(format!("card:{}", card.id).into()).into())
}

/// A button; one that asks for a choice is a menu of them. What it asks in words is asked when it is pressed.
fn element(card: &Card, button: &Button) -> SlackActionBlockElement {
    if let Some(ask) =
        button.ask.as_ref().filter(|ask| ask.kind == AskKind::Choice && !ask.choices.is_empty())
    {
        let placeholder = format!("{}: {}", button.label, ask.label);
        return SlackBlockStaticSelectElement::new()
            .with_action_id(button.intent.into())
            .with_placeholder(plain(&placeholder, limit::PLACEHOLDER))
            .with_options(with_another(options(&ask.choices)))
            .into();
    }
    let element = SlackBlockButtonElement::new(plain(button.label, limit::BUTTON))
        .with_action_id(button.intent.into())
        .with_value(card.id.clone());
    match button.style {
        Style::Primary => element.with_style(SlackBlockButtonStyle::Primary),
        Style::Danger => element.with_style(SlackBlockButtonStyle::Danger),
        Style::Plain => element,
    }
    .into()
}

/// What a menu says when none of its answers fits: a form asks on.
pub(super) const ANOTHER: &str = "another";

fn with_another(
    mut options: Vec<SlackBlockChoiceItem<SlackBlockPlainTextOnly>>,
) -> Vec<SlackBlockChoiceItem<SlackBlockPlainTextOnly>> {
    options.truncate(99);
    options.push(SlackBlockChoiceItem::new(plain("Another …", limit::BUTTON), ANOTHER.to_owned()));
    options
}

/// Answers to choose from.
pub(super) fn options(choices: &[Choice]) -> Vec<SlackBlockChoiceItem<SlackBlockPlainTextOnly>> {
    let option = |choice: &Choice| {
        SlackBlockChoiceItem::new(
            plain(&choice.label, limit::BUTTON),
            clamp(&choice.value, limit::PLACEHOLDER),
        )
    };
    choices.iter().take(100).map(option).collect()
}

/// An answer to one person. What waits for a confirmation shows its buttons.
pub(super) fn reply(reply: &Reply) -> Rendered {
    let words = clamp(&reply.text, limit::SECTION - 100);
    // A fence inside would end ours.
    let text = match reply.mono {
        true => format!("```\n{}\n```", clamp(&escape(&words.replace("```", "'''")), limit::TEXT - 8)),
        false => clamp(&escape(&words), limit::TEXT),
    };
    let mut blocks = Vec::new();
    if let Some(card) = reply.card.as_ref().filter(|_| reply.confirm.is_some()) {
        blocks.push(header(card));
        blocks.push(section(&words));
        blocks.extend(actions(card));
    }
    if let Some(picture) = &reply.picture {
        blocks.push(section(&picture.words));
        blocks.push(chart(picture));
        blocks.push(SlackContextBlock::new(vec![small(picture.legend)]).into());
    }
    Rendered { blocks, text: filled(text) }
}

/// A picture as Slack draws it by itself: lines over names.
fn chart(picture: &Picture) -> SlackBlock {
    let named = |name: &str| clamp(name, limit::IN_A_CHART);
    let Picture { chart, title, .. } = picture;
    let places: Vec<String> = chart.places.iter().take(limit::PLACES).map(|place| named(place)).collect();
    let series = chart.lines.iter().map(|(name, values)| {
        let point = |(place, value): (&String, &f64)| {
            let value = serde_json::Number::from_f64(*value).unwrap_or_else(|| 0.into());
            SlackChartDataPoint::new(place.clone(), value)
        };
        SlackChartDataSeries::new(named(name), places.iter().zip(values).map(point).collect())
    });
    let series = series.collect();
    let axes = SlackChartAxisConfig::new(places.clone())
        .with_x_label(clamp(chart.across, limit::CHART))
        .with_y_label(clamp(chart.up, limit::CHART));
    let lines = SlackChart::Line(SlackSeriesChart::new(series, axes));
    SlackDataVisualizationBlock::new(clamp(title, limit::CHART), lines).into()
}

pub(super) mod home;
#[cfg(test)]
mod tests;
pub(super) mod unfurl;
