//! Where ids and secrets are made: the only place with randomness.

use rekindle_core::time::Moment;
use sea_orm::DbBackend;
use uuid::Uuid;

/// A new id, later than all before it in this process.
#[expect(clippy::disallowed_methods, reason = "this is the place where ids are minted")]
pub(crate) fn id() -> Uuid {
    Uuid::now_v7()
}

/// An expression that makes a new id for each row of a statement, in the form of [`id`] (RFC 9562, UUIDv7): the moment in
/// milliseconds, then random bits, which the database draws.
pub(crate) fn in_sql(backend: DbBackend, now: Moment) -> String {
    let at = now.timestamp_millis();
    match backend {
        DbBackend::Postgres => format!(
            "CAST('{at:012x}7' || substr(md5(random()::text), 1, 3) || '8' || substr(replace(gen_random_uuid()::text, '-', ''), 18, 15) AS uuid)"
        ),
        _ => format!(
            "unhex('{at:012x}7' || substr(hex(randomblob(2)), 1, 3) || '8' || substr(hex(randomblob(8)), 1, 15))"
        ),
    }
}

/// The id of an alert that a decision may make.
pub fn new_alert_id() -> rekindle_core::ids::AlertId {
    rekindle_core::ids::AlertId(id())
}

/// A new secret for people or scripts to hold: 244 random bits, in hex, behind a word that says what it is.
#[expect(clippy::disallowed_methods, reason = "this is the place where secrets are minted")]
pub fn secret(word: &str) -> String {
    format!("{word}_{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

/// A new key of 256 bits for link tokens: 244 random bits, spread by a digest.
pub(crate) fn key() -> [u8; 32] {
    let hex = rekindle_core::link::digest(&secret("key"));
    let mut key = [0; 32];
    for (index, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[index * 2..index * 2 + 2], 16).expect("a digest is 64 hex digits");
    }
    key
}
