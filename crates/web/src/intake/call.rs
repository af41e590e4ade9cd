//! One item, read into an arrival, or refused.
//!
//! Source of the fields: Segment's "Spec: Common fields" and the pages of the six calls.

use super::{
    fault::Fault,
    fingerprint::Content,
    key::KeyFacts,
    path,
    skew::{self, Told},
};
use rekindle_core::{
    activity::{Activity, Kind, names},
    arrival::{Arrival, Who},
    email::EmailAddress,
    time::Moment,
};
use serde_json::{Map, Value, value::RawValue};
use std::collections::BTreeMap;

/// The most bytes of an item, as sent or without its white space. Segment's limit is 32 KB.
pub const ITEM_LIMIT: usize = 32 * 1024;
/// The most brackets within brackets, those of the item counted.
pub const DEPTH_LIMIT: usize = 32;
/// The most characters of an id or an event's name: they stand in indexes.
pub const ID_LIMIT: usize = 255;

/// What broken code sends in place of an id. Each would make one lead of many people.
const NO_IDS: [&str; 7] =
    ["null", "undefined", "none", "nil", "nan", "[object object]", "00000000-0000-0000-0000-000000000000"];

/// What the items of one body have in common.
#[derive(Debug, Clone, Copy)]
pub struct Round<'a> {
    /// Who sends.
    pub key: &'a KeyFacts,
    /// When the body came (calendar).
    pub received: Moment,
    /// When the body came (wall).
    pub wall: Moment,
    /// `sentAt` of the body.
    pub sent_at: Option<Moment>,
    /// `context` of a batch, for items that have none.
    pub context: Option<&'a Map<String, Value>>,
}

/// Reads one item, of the kind that the path names, or else its own `type`.
///
/// # Errors
/// Why it cannot be stored; [`Fault::quarantine`] keeps it then.
pub fn read(kind: Option<Kind>, raw: &str, index: usize, round: &Round) -> Result<Arrival, Fault> {
    arrival(kind, &object(raw)?, index, round)
}

/// The sender's id of an item, even of one that cannot be read.
pub(super) fn sender_id(raw: &str) -> Option<String> {
    let mut item: BTreeMap<String, Box<RawValue>> = serde_json::from_str(raw).ok()?;
    match serde_json::from_str(item.remove("messageId")?.get()).ok()? {
        Value::String(id) => Some(id),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

/// The item as an object whose every part can be stored.
fn object(raw: &str) -> Result<Map<String, Value>, Fault> {
    within_limits(raw)?;
    let value: Value = serde_json::from_str(raw).map_err(|e| Fault::Unreadable(e.to_string()))?;
    if raw.len() > ITEM_LIMIT && value.to_string().len() > ITEM_LIMIT {
        return Err(Fault::TooLarge);
    }
    let Value::Object(item) = value else { return Err(Fault::NotObject) };
    if has_nul(item.iter()) { Err(Fault::Nul) } else { Ok(item) }
}

/// Whether raw JSON is shallow enough to be read. Counts brackets, so that no depth can hurt.
pub(super) fn within_limits(raw: &str) -> Result<(), Fault> {
    let (mut depth, mut in_text, mut escaped) = (0usize, false, false);
    for byte in raw.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => depth += 1,
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_LIMIT {
            return Err(Fault::TooDeep);
        }
    }
    Ok(())
}

/// Whether a NUL is anywhere, in keys or in texts.
pub(super) fn has_nul<'a>(members: impl Iterator<Item = (&'a String, &'a Value)>) -> bool {
    fn within(value: &Value) -> bool {
        match value {
            Value::String(text) => text.contains('\0'),
            Value::Array(list) => list.iter().any(within),
            Value::Object(map) => has_nul(map.iter()),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }
    members.into_iter().any(|(key, value)| key.contains('\0') || within(value))
}

fn arrival(
    kind: Option<Kind>,
    item: &Map<String, Value>,
    index: usize,
    round: &Round,
) -> Result<Arrival, Fault> {
    let kind = kind.map_or_else(|| kind_of(item), Ok)?;
    let context = map(item, "context")?.or(round.context);
    let traits = map(item, "traits")?.or_else(|| context.and_then(|c| c.get("traits")?.as_object()));
    let mut properties = map(item, "properties")?.cloned().unwrap_or_default();
    let path = match kind {
        Kind::Track | Kind::Page | Kind::Screen => path::path(&properties, context),
        _ => None,
    };
    let who = who(kind, item, traits)?;
    let name = match kind {
        Kind::Track => text(item, "event")?.ok_or(Fault::NoEvent)?,
        Kind::Page => names::PAGE.to_owned(),
        Kind::Screen => names::SCREEN.to_owned(),
        Kind::Group => names::GROUPED.to_owned(),
        Kind::Alias => names::ALIASED.to_owned(),
        Kind::Identify | Kind::Mail | Kind::Import | Kind::Plan => names::IDENTIFIED.to_owned(),
    };
    match kind {
        Kind::Identify => properties = traits.cloned().unwrap_or_default(),
        Kind::Group => {
            properties = map(item, "traits")?.cloned().unwrap_or_default();
            let group = id(item, "groupId")?.ok_or(Fault::NoGroup)?;
            properties.insert("groupId".to_owned(), group.into());
        }
        Kind::Page | Kind::Screen => {
            for word in ["name", "category"] {
                let told = item.get(word).filter(|told| !told.is_null());
                properties.extend(told.map(|told| (word.to_owned(), told.clone())));
            }
        }
        _ => {}
    }
    let content = Content::of(kind, item);
    let told = Told::of(item, round.sent_at);
    let message_id = match id(item, "messageId")? {
        Some(id) => id,
        None => content.message_id((!told.has_time()).then_some((round.received, round.wall, index))),
    };
    Ok(Arrival {
        source: round.key.name.clone(),
        message_id,
        fingerprint: content.fingerprint(),
        who,
        kind,
        human: Activity::is_human(kind, &name),
        name,
        path,
        at: skew::happened(&told, round.received, round.key.trust),
        properties,
        trust: round.key.trust,
        basis: round.key.basis.clone(),
    })
}

fn kind_of(item: &Map<String, Value>) -> Result<Kind, Fault> {
    match item.get("type") {
        None | Some(Value::Null) => Err(Fault::NoType),
        Some(Value::String(word)) => match Kind::from_word(&word.to_ascii_lowercase()) {
            // These have doors of their own, which nobody outside opens.
            None | Some(Kind::Mail | Kind::Import | Kind::Plan) => Err(Fault::UnknownType(word.clone())),
            Some(kind) => Ok(kind),
        },
        Some(_) => Err(Fault::BadType { field: "type", wanted: "a text" }),
    }
}

fn who(kind: Kind, item: &Map<String, Value>, traits: Option<&Map<String, Value>>) -> Result<Who, Fault> {
    let known = |field| Ok(id(item, field)?.filter(|id| !NO_IDS.contains(&id.to_lowercase().as_str())));
    let mut who = Who {
        lead: None,
        user_id: known("userId")?,
        anonymous_id: known("anonymousId")?,
        email: None,
        previous_id: None,
    };
    // The traits of a group are the company's: their address is nobody's.
    let told = traits
        .filter(|_| kind != Kind::Group)
        .and_then(|t| t.get("email")?.as_str())
        .map(EmailAddress::parse);
    let named = who.user_id.as_deref().and_then(|id| EmailAddress::parse(id).ok());
    who.email = told.clone().and_then(Result::ok).or(named);
    if kind == Kind::Alias {
        who.previous_id = known("previousId")?.or_else(|| who.anonymous_id.clone());
        if who.previous_id.is_none() || who.user_id.is_none() {
            return Err(Fault::HalfAlias);
        }
    }
    match told {
        Some(Err(why)) if who.is_nobody() => Err(Fault::OnlyBadEmail(why)),
        _ if who.is_nobody() => Err(Fault::NoId),
        _ => Ok(who),
    }
}

/// An id: a text, or a whole number, which many senders have for one. Empty is absent. Other numbers
/// are refused, since two of them may look the same once they are read.
fn id(item: &Map<String, Value>, field: &'static str) -> Result<Option<String>, Fault> {
    match item.get(field) {
        Some(Value::Number(n)) if n.is_i64() || n.is_u64() => Ok(Some(n.to_string())),
        Some(Value::String(_)) | Some(Value::Null) | None => text(item, field),
        Some(_) => Err(Fault::BadType { field, wanted: "a text or a whole number" }),
    }
}

/// A text that is not blank, without the white space around it.
fn text(item: &Map<String, Value>, field: &'static str) -> Result<Option<String>, Fault> {
    match item.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => match text.trim() {
            "" => Ok(None),
            text if text.chars().count() > ID_LIMIT => Err(Fault::TooLong(field)),
            text => Ok(Some(text.to_owned())),
        },
        Some(_) => Err(Fault::BadType { field, wanted: "a text" }),
    }
}

/// An object. `[]` is how PHP writes one that is empty.
fn map<'a>(
    item: &'a Map<String, Value>,
    field: &'static str,
) -> Result<Option<&'a Map<String, Value>>, Fault> {
    match item.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(map)) => Ok(Some(map)),
        Some(Value::Array(list)) if list.is_empty() => Ok(None),
        Some(_) => Err(Fault::BadType { field, wanted: "an object" }),
    }
}
