//! Whether a thing is the same thing again.
//!
//! Between two tries the official clients change only `sentAt` of the batch; browser libraries also
//! put it, and their notes on the try (`_metadata`), into the item. So a fingerprint is taken of what
//! an item says, without what is said about its way here.

use rekindle_core::{activity::Kind, time::Moment};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// What tells nothing about what happened: the way here, and what is counted elsewhere.
const NOT_CONTENT: [&str; 10] = [
    "sentAt",
    "receivedAt",
    "_metadata",
    "writeKey",
    "integrations",
    "channel",
    "version",
    "messageId",
    "type",
    "context",
];
/// What of the context is content; the rest (library, network, address) is the way here.
const OF_CONTEXT: [&str; 2] = ["traits", "page"];

/// The digest of what an item says.
#[derive(Debug, Clone, Copy)]
pub struct Content([u8; 32]);

impl Content {
    /// Of an item of this kind, wherever its kind was told.
    pub fn of(kind: Kind, item: &Map<String, Value>) -> Self {
        let mut hash = Sha256::new();
        hash.update(kind.word());
        let context = item.get("context").and_then(Value::as_object);
        let told = item.iter().filter(|(key, _)| !NOT_CONTENT.contains(&key.as_str()));
        members(&mut hash, told);
        for field in OF_CONTEXT {
            if let Some(value) = context.and_then(|c| c.get(field)) {
                feed(&mut hash, value);
            }
            hash.update(b";");
        }
        Self(hash.finalize().into())
    }

    /// The first eight bytes, as both databases keep a number.
    pub fn fingerprint(&self) -> i64 {
        let mut first = [0; 8];
        first.copy_from_slice(&self.0[..8]);
        i64::from_be_bytes(first)
    }

    /// An id for an item that has none.
    ///
    /// It follows from the content alone where the item tells its time, so that a body sent twice is
    /// stored once. Where it does not, nothing can tell a second try from a second visit: then
    /// `came` (calendar, wall, place in the batch) makes each one its own, as Segment does.
    pub fn message_id(&self, came: Option<(Moment, Moment, usize)>) -> String {
        let mut hash = Sha256::new();
        hash.update(self.0);
        if let Some((received, wall, index)) = came {
            hash.update(received.timestamp_micros().to_be_bytes());
            hash.update(wall.timestamp_micros().to_be_bytes());
            hash.update(index.to_be_bytes());
        }
        let digest: [u8; 32] = hash.finalize().into();
        digest[..16].iter().fold("auto-".to_owned(), |id, byte| format!("{id}{byte:02x}"))
    }
}

/// Keys in their order, whatever order they came in; every text with its length, so that no two
/// different things read the same.
fn members<'a>(hash: &mut Sha256, members: impl Iterator<Item = (&'a String, &'a Value)>) {
    let mut members: Vec<_> = members.collect();
    members.sort_unstable_by_key(|(key, _)| *key);
    hash.update(format!("{{{}", members.len()));
    for (key, value) in members {
        text(hash, key);
        feed(hash, value);
    }
}

fn feed(hash: &mut Sha256, value: &Value) {
    match value {
        Value::Null => hash.update(b"n"),
        Value::Bool(yes) => hash.update(if *yes { b"t" } else { b"f" }),
        Value::Number(number) => hash.update(format!("#{number},")),
        Value::String(words) => text(hash, words),
        Value::Array(list) => {
            hash.update(format!("[{},", list.len()));
            list.iter().for_each(|one| feed(hash, one));
        }
        Value::Object(map) => members(hash, map.iter()),
    }
}

fn text(hash: &mut Sha256, words: &str) {
    hash.update(format!("\"{}:", words.len()));
    hash.update(words);
}
