//! A body: is it JSON, and which items are in it?
//!
//! The items are kept as raw text and read one by one later, so that one that cannot be read
//! (`1e400`, half of a surrogate pair, ten thousand brackets) spoils only itself. What a body may
//! not be is very little: the clients would drop it for ever.

use super::skew;
use rekindle_core::{activity::Kind, time::Moment};
use serde_json::{Map, Value, value::RawValue};
use std::{borrow::Cow, collections::BTreeMap};

/// The most bytes of a body, after gunzip. Segment's limit is 500 KB; its clients stop at 480 KiB.
pub const BODY_LIMIT: usize = 500 * 1024;
/// The most items of a batch. No number is in the spec, and nothing that is worth storing comes near
/// this within [`BODY_LIMIT`]: it only keeps `[{},{},{},…` from filling the quarantine.
pub const ITEMS_LIMIT: usize = 10_000;

/// Which of the seven calls a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// One item, of this kind.
    One(Kind),
    /// A list of items, each with its own `type`.
    Batch,
}

impl Endpoint {
    /// The call that a path names, after `/v1/`: the word, or the initial that the browser library
    /// uses (`/v1/t`).
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "track" | "t" => Self::One(Kind::Track),
            "page" | "p" => Self::One(Kind::Page),
            "screen" | "s" => Self::One(Kind::Screen),
            "identify" | "i" => Self::One(Kind::Identify),
            "group" | "g" => Self::One(Kind::Group),
            "alias" | "a" => Self::One(Kind::Alias),
            "batch" | "b" => Self::Batch,
            _ => return None,
        })
    }
}

/// Why nothing of a body can be saved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// 400: no JSON at all.
    #[error("the body is no JSON: {0}")]
    NotJson(String),
    /// 400: JSON, but no object.
    #[error(
        "the body is not a JSON object; write for example {{\"userId\": \"42\", \"event\": \"Signed Up\"}}"
    )]
    NotObject,
    /// 400: a batch without its list.
    #[error("the body has no list \"batch\"; write {{\"batch\": [{{\"type\": \"track\", …}}]}}")]
    NoBatch,
    /// 400: the body stopped in the middle, or its gzip is broken.
    #[error("the body did not come through whole: {0}")]
    Broken(String),
    /// 413: too many bytes.
    #[error("the body is larger than {} KB; send smaller batches", BODY_LIMIT / 1024)]
    TooLarge,
    /// 413: too many items.
    #[error("the batch has more than {ITEMS_LIMIT} items; send smaller batches")]
    TooMany,
}

impl BodyError {
    /// The status it is answered with.
    pub fn status(&self) -> http::StatusCode {
        match self {
            Self::NotJson(_) | Self::NotObject | Self::NoBatch | Self::Broken(_) => {
                http::StatusCode::BAD_REQUEST
            }
            Self::TooLarge | Self::TooMany => http::StatusCode::PAYLOAD_TOO_LARGE,
        }
    }

    /// For scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotJson(_) => "not_json",
            Self::NotObject => "not_object",
            Self::NoBatch => "no_batch",
            Self::Broken(_) => "broken_body",
            Self::TooLarge => "too_large",
            Self::TooMany => "too_many",
        }
    }
}

/// A body taken apart as far as needed to know who sends it.
#[derive(Debug)]
pub struct Envelope {
    kind: Option<Kind>,
    items: Vec<Box<RawValue>>,
    write_key: Option<String>,
    sent_at: Option<Moment>,
    context: Option<Map<String, Value>>,
}

impl Envelope {
    /// Takes a body apart. Of a key given twice, the last wins; bytes that are no UTF-8 become `�`.
    ///
    /// # Errors
    /// When nothing of it can be saved.
    pub fn read(endpoint: Endpoint, body: &[u8]) -> Result<Self, BodyError> {
        if body.len() > BODY_LIMIT {
            return Err(BodyError::TooLarge);
        }
        let text = String::from_utf8_lossy(body);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let text = &*without_raw_nul(text);
        let whole: Box<RawValue> =
            serde_json::from_str(text).map_err(|e| BodyError::NotJson(e.to_string()))?;
        if !whole.get().starts_with('{') {
            return Err(BodyError::NotObject);
        }
        let mut top: BTreeMap<String, Box<RawValue>> =
            serde_json::from_str(whole.get()).map_err(|e| BodyError::NotJson(e.to_string()))?;
        let (kind, items) = match endpoint {
            Endpoint::One(kind) => (Some(kind), vec![whole]),
            Endpoint::Batch => (None, batch(top.remove("batch"))?),
        };
        Ok(Self {
            kind,
            items,
            write_key: top.get("writeKey").and_then(|raw| serde_json::from_str(raw.get()).ok()),
            // A call alone tells its own, like any item.
            sent_at: top.get("sentAt").and_then(|raw| skew::moment(&serde_json::from_str(raw.get()).ok()?)),
            context: match endpoint {
                Endpoint::One(_) => None,
                Endpoint::Batch => top.get("context").and_then(|raw| readable_object(raw.get())),
            },
        })
    }

    /// `writeKey`, where the body has one.
    pub fn write_key(&self) -> Option<&str> {
        self.write_key.as_deref()
    }

    /// How many items there are, for the pace.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none: an empty batch, which is no error.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(super) fn kind(&self) -> Option<Kind> {
        self.kind
    }
    pub(super) fn items(&self) -> &[Box<RawValue>] {
        &self.items
    }
    pub(super) fn sent_at(&self) -> Option<Moment> {
        self.sent_at
    }
    pub(super) fn context(&self) -> Option<&Map<String, Value>> {
        self.context.as_ref()
    }
}

/// The text with each NUL that stands raw inside quotes written as JSON has it: then it spoils its own item, not the body.
fn without_raw_nul(text: &str) -> Cow<'_, str> {
    if !text.contains('\0') {
        return text.into();
    }
    let mut written = String::with_capacity(text.len() + 16);
    let (mut in_text, mut escaped) = (false, false);
    for c in text.chars() {
        match c {
            // Behind a backslash it stays what no JSON has.
            '\0' if in_text && !escaped => written.push_str("\\u0000"),
            c => written.push(c),
        }
        match c {
            _ if escaped => escaped = false,
            '\\' if in_text => escaped = true,
            '"' => in_text = !in_text,
            _ => {}
        }
    }
    written.into()
}

fn batch(raw: Option<Box<RawValue>>) -> Result<Vec<Box<RawValue>>, BodyError> {
    let raw = raw.ok_or(BodyError::NoBatch)?;
    let items: Vec<Box<RawValue>> = serde_json::from_str(raw.get()).map_err(|_| BodyError::NoBatch)?;
    if items.len() > ITEMS_LIMIT { Err(BodyError::TooMany) } else { Ok(items) }
}

/// The context of a whole batch counts for items that have none; one that cannot be read says nothing.
fn readable_object(raw: &str) -> Option<Map<String, Value>> {
    let object: Map<String, Value> =
        super::call::within_limits(raw).ok().and_then(|()| serde_json::from_str(raw).ok())?;
    (!super::call::has_nul(object.iter())).then_some(object)
}
