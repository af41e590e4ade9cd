//! A card as Discord shows it: an embed and rows of buttons. Pure: the same card gives the same message.
//!
//! What a lead wrote is escaped ([`super::text`]); lengths are held to Discord's limits
//! (<https://discord.com/developers/docs/resources/message#embed-object-embed-limits>, and those of
//! components); no message mentions anybody.

use super::{
    press::Press,
    text::{block, escaped, length, plain, said},
};
use crate::{
    card::{Ask, Button, Card, Fact, Style},
    form::{Faults, Field, FieldKind, Filled, Form},
    reply::Reply,
    wall::Quote,
    wording::capital,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rekindle_report::Picture;
use serde_json::Value;
use serenity::all::{ButtonStyle, InputTextStyle, Nonce};
use serenity::builder::{
    CreateActionRow, CreateAllowedMentions, CreateAttachment, CreateButton, CreateEmbed, CreateInputText,
    CreateInteractionResponseFollowup, CreateInteractionResponseMessage, CreateMessage, CreateModal,
    CreateSelectMenu, CreateSelectMenuKind, CreateSelectMenuOption, EditInteractionResponse, EditMessage,
};
use uuid::Uuid;

const CONTENT: usize = 2_000;
const TITLE: usize = 256;
const DESCRIPTION: usize = 4_096;
/// Of what is said of a file (<https://discord.com/developers/docs/resources/message#attachment-object>).
const DESCRIBED: usize = 1_024;
const FIELDS: usize = 25;
const FIELD_NAME: usize = 256;
/// Of the words of a link: with it, below a field's.
const LINKED: usize = 250;
const FIELD_VALUE: usize = 1_024;
/// All texts of the embeds of a message together.
const TOGETHER: usize = 6_000;
const BUTTONS_IN_A_ROW: usize = 5;
const ROWS: usize = 5;
const BUTTON_LABEL: usize = 80;
const OPTIONS: usize = 25;
const OPTION: usize = 100;
const MODAL_TITLE: usize = 45;
const INPUT_LABEL: usize = 45;
const INPUT_PLACEHOLDER: usize = 100;
/// Lines of a form.
const INPUTS: usize = 5;

/// What is chosen from a list to write another value than those in it.
pub(crate) const ANOTHER: &str = "another";

/// Nobody is mentioned, whatever the words are.
pub(crate) fn nobody() -> CreateAllowedMentions {
    CreateAllowedMentions::new()
}

/// A nonce as Discord takes it: at most 25 characters.
pub(crate) fn nonce_of(id: Uuid) -> String {
    URL_SAFE_NO_PAD.encode(id.as_bytes())
}

/// A new message that holds a card. By `nonce`, Discord posts it once within some minutes, however often it
/// is sent; and as it stands in the address of the title, too, it can be found for as long as the channel is.
pub(crate) fn message(card: &Card, words: &str, nonce: String, public_url: &str) -> CreateMessage {
    CreateMessage::new()
        .content(escaped(words, CONTENT))
        .embed(embed(card).url(address(public_url, &nonce)))
        .components(rows(card))
        .allowed_mentions(nobody())
        .nonce(Nonce::String(nonce))
        .enforce_nonce(true)
}

/// The same message, as the card stands now.
pub(crate) fn edited(card: &Card, words: &str, public_url: &str) -> EditMessage {
    EditMessage::new()
        .content(escaped(words, CONTENT))
        .embed(embed(card).url(address(public_url, &card.id)))
        .components(rows(card))
        .allowed_mentions(nobody())
}

/// Where the title of a card leads: to the console.
fn address(public_url: &str, mark: &str) -> String {
    format!("{}/console#{mark}", public_url.trim_end_matches('/'))
}

/// Whether this message, as Discord tells it, was posted with this nonce.
pub(crate) fn was_posted_with(message: &Value, nonce: &str) -> bool {
    let address = message["embeds"][0]["url"].as_str().unwrap_or_default();
    address.split_once('#').is_some_and(|(_, mark)| mark == nonce)
}

/// News of the house.
pub(crate) fn news(words: &str, nonce: String, public_url: &str) -> CreateMessage {
    told("Rekindle".to_owned(), escaped(words, CONTENT), nonce, public_url)
}

/// What a lead wrote. Escapes make it longer, and it is cut where Discord would.
pub(crate) fn quote(quote: &Quote, nonce: String, public_url: &str) -> CreateMessage {
    let said = escaped(&quote.said, CONTENT - 2);
    told(escaped(&quote.intro, TITLE), format!("“{said}”"), nonce, public_url)
}

/// Words that are posted once and found again as a card is, by the address of their title.
fn told(title: String, words: String, nonce: String, public_url: &str) -> CreateMessage {
    let embed = CreateEmbed::new().title(title).url(address(public_url, &nonce));
    CreateMessage::new()
        .embed(embed.description(words))
        .allowed_mentions(nobody())
        .nonce(Nonce::String(nonce))
        .enforce_nonce(true)
}

/// What one member is told alone. By `nonce`, Discord posts it once within some minutes.
pub(crate) fn notice(words: &str, nonce: String) -> CreateMessage {
    CreateMessage::new()
        .content(escaped(words, CONTENT))
        .allowed_mentions(nobody())
        .nonce(Nonce::String(nonce))
        .enforce_nonce(true)
}

/// What came of it, said beside the answer that was given first, for the eyes of whoever asked alone.
pub(crate) fn follow_up(reply: &Reply, public_url: &str) -> CreateInteractionResponseFollowup {
    CreateInteractionResponseFollowup::new()
        .content(words_of(reply, public_url))
        .allowed_mentions(nobody())
        .ephemeral(true)
}

fn words_of(reply: &Reply, public_url: &str) -> String {
    match (reply.mono, reply.text.is_empty()) {
        (_, true) => "Done.".to_owned(),
        (true, _) => block(&reply.text, CONTENT),
        (false, _) => said(&reply.text, public_url, CONTENT),
    }
}

/// What came of it, for the eyes of whoever asked alone; with the image of its picture, where there is one.
pub(crate) fn reply(
    reply: &Reply,
    image: Option<&CreateAttachment>,
    public_url: &str,
) -> EditInteractionResponse {
    let shown = reply.card.as_ref().filter(|_| reply.ok);
    let beside =
        reply.picture.as_ref().zip(image).map(|(picture, _)| said(&picture.words, public_url, CONTENT));
    let answer = EditInteractionResponse::new()
        .content(beside.unwrap_or_else(|| words_of(reply, public_url)))
        .embeds(shown.map(embed).into_iter().collect())
        .components(shown.map(rows).unwrap_or_default())
        .allowed_mentions(nobody());
    match image {
        Some(image) => answer.new_attachment(image.clone()),
        None => answer,
    }
}

/// A picture as a file; what it shows stands in it as words, too, for those who hear it.
pub(crate) fn image(picture: &Picture) -> Option<CreateAttachment> {
    let file = CreateAttachment::bytes(picture.png()?, format!("{}.png", picture.name));
    Some(file.description(plain(&format!("{}. {}", picture.title, picture.legend), DESCRIBED)))
}

/// What came of it, at once.
pub(crate) fn private_reply(reply: &Reply, public_url: &str) -> CreateInteractionResponseMessage {
    CreateInteractionResponseMessage::new()
        .content(words_of(reply, public_url))
        .allowed_mentions(nobody())
        .ephemeral(true)
}

/// Words for whoever asked alone, at once.
pub(crate) fn private(words: &str, public_url: &str) -> CreateInteractionResponseMessage {
    CreateInteractionResponseMessage::new()
        .content(said(words, public_url, CONTENT))
        .allowed_mentions(nobody())
        .ephemeral(true)
}

/// A list to choose the value of a button from, for whoever pressed it alone.
pub(crate) fn select(press: &Press, ask: &Ask) -> CreateInteractionResponseMessage {
    let options = ask
        .choices
        .iter()
        .take(OPTIONS - 1)
        .map(|choice| CreateSelectMenuOption::new(plain(&choice.label, OPTION), plain(&choice.value, OPTION)))
        .chain([CreateSelectMenuOption::new("Another …", ANOTHER)])
        .collect();
    let menu = CreateSelectMenu::new(press.to_string(), CreateSelectMenuKind::String { options });
    private(ask.label, "").components(vec![CreateActionRow::SelectMenu(menu)])
}

/// A form. `custom_id` is what it says when it comes back.
pub(crate) fn form(custom_id: String, form: &Form) -> CreateModal {
    let rows = form.fields.iter().take(INPUTS).map(|field| CreateActionRow::InputText(input(field)));
    CreateModal::new(custom_id, plain(&form.title, MODAL_TITLE)).components(rows.collect())
}

/// A line to be filled in: a form of Discord has no menus, so the choices are named.
fn input(field: &Field) -> CreateInputText {
    let choices: Vec<&str> = field.choices.iter().map(|choice| choice.value.as_ref()).collect();
    let hint = if choices.is_empty() { field.hint.clone() } else { choices.join(", ") };
    let style = match field.kind {
        FieldKind::Lines => InputTextStyle::Paragraph,
        _ => InputTextStyle::Short,
    };
    let room = field.kind.room();
    let input = CreateInputText::new(style, plain(&field.label, INPUT_LABEL), &field.name)
        .placeholder(plain(&hint, INPUT_PLACEHOLDER))
        .max_length(room)
        .required(field.required);
    match &field.value {
        Some(value) => input.value(plain(value, room.into())),
        None => input,
    }
}

/// What is wrong with a form that was filled in, for whoever filled it in alone; the button opens it again, with what
/// stood in it, which this message keeps.
pub(crate) fn faulty(
    custom_id: String,
    filled: &Filled,
    faults: &Faults,
) -> CreateInteractionResponseMessage {
    let said: Vec<String> = faults
        .iter()
        .map(|(field, text)| format!("**{}**: {}", escaped(&capital(field), FIELD_NAME), escaped(text, 300)))
        .collect();
    let fields = filled.iter().take(INPUTS);
    let embed = fields.fold(CreateEmbed::new().title("You wrote"), |embed, (name, value)| {
        embed.field(filled_in(&capital(name)), filled_in(value), false)
    });
    let again = CreateButton::new(custom_id).label("Correct it").style(ButtonStyle::Primary);
    CreateInteractionResponseMessage::new()
        .content(plain(&said.join("\n"), CONTENT))
        .embed(embed)
        .components(vec![CreateActionRow::Buttons(vec![again])])
        .allowed_mentions(nobody())
        .ephemeral(true)
}

/// What was filled in, as it was: it is only shown to whoever wrote it, and goes back into the form.
fn filled_in(value: &str) -> String {
    filled(plain(value, FIELD_VALUE))
}

fn embed(card: &Card) -> CreateEmbed {
    let mut title = escaped(&card.title, 160);
    let marks = [card.badge.clone(), card.score.map(|score| format!("{score} points"))];
    for mark in marks.into_iter().flatten() {
        title.push_str(" · ");
        title.push_str(&escaped(&mark, 40));
    }
    let title = plain(&title, TITLE);
    let description = description(card);
    let mut room = TOGETHER - length(&title) - length(&description);
    let mut embed = CreateEmbed::new().title(title).description(description).colour(colour(card));
    let email =
        card.email.iter().map(|email| Fact { label: "Address".to_owned(), value: email.clone(), link: None });
    for fact in email.chain(card.facts.iter().cloned()).take(FIELDS) {
        let name = filled(escaped(&fact.label, FIELD_NAME));
        let value = match &fact.link {
            Some(link) => format!("[{}]({})", filled(escaped(&fact.value, LINKED)), link.replace(')', "%29")),
            None => filled(escaped(&fact.value, FIELD_VALUE)),
        };
        let Some(left) = room.checked_sub(length(&name) + length(&value)) else { break };
        room = left;
        embed = embed.field(name, value, true);
    }
    embed
}

/// Discord refuses a field without words.
fn filled(text: String) -> String {
    if text.trim().is_empty() { "\u{200b}".to_owned() } else { text }
}

fn description(card: &Card) -> String {
    let mut lines = vec![format!("**{}**", escaped(&card.headline, 300))];
    lines.extend(card.subtitle.iter().map(|subtitle| escaped(subtitle, 300)));
    lines.extend(card.lines.iter().take(10).map(|line| format!("• {}", escaped(line, 250))));
    lines.push(format!("\n**{}**", escaped(&card.status, 600)));
    debug_assert!(lines.iter().map(|line| length(line) + 1).sum::<usize>() <= DESCRIPTION);
    lines.join("\n")
}

/// Red waits for somebody, amber is in work, grey waits for a date, green is done. The words say it, too.
fn colour(card: &Card) -> u32 {
    match (card.state, card.accent) {
        ("open", "back") => 0xE8_91_2D,
        ("open", "hand") => 0x1D_9B_D1,
        ("open", _) => 0xE0_1E_5A,
        ("claimed" | "held", _) => 0xDA_A0_38,
        ("running" | "draft", _) => 0x1D_9B_D1,
        ("done", _) => 0x2E_B8_86,
        ("closed", _) => 0x2E_B8_86,
        _ => 0x95_A5_A6,
    }
}

fn rows(card: &Card) -> Vec<CreateActionRow> {
    let button = |button: &Button| {
        let press =
            Press { intent: button.intent.to_owned(), card: card.id.clone(), revision: card.revision };
        let style = match button.style {
            Style::Primary => ButtonStyle::Primary,
            Style::Plain => ButtonStyle::Secondary,
            Style::Danger => ButtonStyle::Danger,
        };
        CreateButton::new(press.to_string()).label(plain(button.label, BUTTON_LABEL)).style(style)
    };
    let row = |buttons: &[Button]| CreateActionRow::Buttons(buttons.iter().map(button).collect());
    card.buttons.chunks(BUTTONS_IN_A_ROW).take(ROWS).map(row).collect()
}

#[cfg(test)]
mod tests;
