//! By which a message that came back may be ours (rule B3): where it was sent, which envelope and which mail it speaks of.
//!
//! These are claims; they count when the token in them has our MAC.

use super::{
    addresses,
    open::{Head, Opened},
};

/// More traces of one message are not looked at.
const MOST: usize = 50;

/// Where our tokens may be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traces {
    /// Addresses that it was sent to (VERP).
    pub addresses: Vec<String>,
    /// Envelopes that it speaks of (ENVID, RFC 3461).
    pub envelopes: Vec<String>,
    /// Message-IDs of mails that it returns or answers, without angle brackets.
    pub message_ids: Vec<String>,
}

/// Fields that say where a message was sent.
const SENT_TO: &[&str] = &[
    "to",
    "delivered-to",
    "x-original-to",
    "envelope-to",
    "x-envelope-to",
    "x-delivered-to",
    "apparently-to",
    "cc",
];

pub(super) fn of(opened: &Opened) -> Traces {
    let mut traces = Traces::default();
    for field in SENT_TO {
        opened
            .head
            .all(field)
            .flat_map(addresses::of)
            .for_each(|address| put(&mut traces.addresses, address));
    }
    for received in opened.head.all("received") {
        if let Some((_, behind)) = received.split_once(" for ") {
            addresses::of(behind).into_iter().take(1).for_each(|address| put(&mut traces.addresses, address));
        }
    }
    for part in opened.parts.iter().filter(|part| part.kind.starts_with("message/")) {
        let fields = Head::read(part.text.trim_start());
        for id in fields.all("original-envelope-id") {
            put(&mut traces.envelopes, id.trim_matches(['<', '>', ' ']).to_owned());
        }
        fields.all("original-message-id").for_each(|ids| put_ids(&mut traces.message_ids, ids));
    }
    for field in ["in-reply-to", "references"] {
        opened.head.all(field).for_each(|ids| put_ids(&mut traces.message_ids, ids));
    }
    of_bodies(opened, &mut traces);
    traces
}

/// What the message returns: as a part, within the text, or within what it returns.
fn of_bodies(opened: &Opened, traces: &mut Traces) {
    for part in opened.parts.iter().filter(|part| part.kind.starts_with("text/")) {
        in_text(&part.text, traces);
    }
    for returned in &opened.returned {
        returned.head.all("message-id").for_each(|ids| put_ids(&mut traces.message_ids, ids));
        returned
            .head
            .all("return-path")
            .flat_map(addresses::of)
            .for_each(|address| put(&mut traces.addresses, address));
        of_bodies(returned, traces);
    }
}

/// Servers that know no parts return a mail within their text: its head stands there line by line.
fn in_text(text: &str, traces: &mut Traces) {
    let mut lines = text.lines().map(|line| line.trim_start_matches(['>', '|', ' ', '\t'])).peekable();
    while let Some(line) = lines.next() {
        let Some((name, value)) = line.split_once(':') else { continue };
        match name.trim().to_ascii_lowercase().as_str() {
            // A long id stands on a line of its own.
            "message-id" if value.trim().is_empty() => {
                if let Some(next) = lines.peek() {
                    put_ids(&mut traces.message_ids, next);
                }
            }
            "message-id" => put_ids(&mut traces.message_ids, value),
            "return-path" => {
                addresses::of(value).into_iter().for_each(|address| put(&mut traces.addresses, address));
            }
            _ => {}
        }
    }
}

fn put_ids(ids: &mut Vec<String>, text: &str) {
    let in_brackets = text.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(id, _)| id);
    in_brackets.for_each(|id| put(ids, id.split_whitespace().collect()));
}

fn put(known: &mut Vec<String>, one: String) {
    if known.len() < MOST && one.len() <= 500 && !known.contains(&one) {
        known.push(one);
    }
}
