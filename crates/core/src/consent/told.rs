//! What an activity says about being written to: by the trait `consent`, or by the basis of its key.

use super::{ConsentState, Proof, Record};
use crate::{
    activity::{Activity, Kind, Trust, names},
    lead::word_of,
    time::Moment,
};
use serde_json::Value;

/// The record that an activity makes, if any. `basis` is what its key or import stands for, `addressed` whether
/// the lead has an address, without which a basis is about nobody. A browser's word never counts: anybody has it.
///
/// The trait is `true`, `"subscribed"` or `{"state": "subscribed", "basis": "…", "at": "2026-03-01T10:00:00Z",
/// "form": "…", "wording": "…", "ip": "…", "userAgent": "…"}`; of a yes all but the state is optional.
pub fn told(activity: &Activity, basis: Option<&str>, addressed: bool) -> Option<Record> {
    if activity.trust == Trust::Browser {
        return None;
    }
    let proof = Proof {
        source: activity.source.clone(),
        message_id: Some(activity.message_id.clone()),
        ..Proof::default()
    };
    match activity.kind {
        Kind::Mail if activity.name == names::UNSUBSCRIBED => {
            Some(Record::no(ConsentState::Unsubscribed, "a link in a mail", activity.at, proof))
        }
        Kind::Mail if activity.name == names::CONFIRMED => confirmed(activity, proof),
        Kind::Mail if activity.name == names::OBJECTED => {
            Some(Record::no(ConsentState::Objected, "the page of preferences", activity.at, proof))
        }
        Kind::Identify | Kind::Import => match activity.properties.get("consent") {
            Some(value) => by_trait(value, basis, activity.at, proof),
            None => basis.filter(|_| addressed).and_then(|basis| yes(basis, activity.at, proof)),
        },
        _ => None,
    }
}

fn by_trait(value: &Value, basis: Option<&str>, at: Moment, proof: Proof) -> Option<Record> {
    let state = match value {
        Value::Bool(true) => ConsentState::Subscribed,
        Value::Bool(false) => ConsentState::Unsubscribed,
        Value::String(word) => ConsentState::from_word(&word.to_lowercase())?,
        Value::Object(map) => map.get("state").and_then(Value::as_str).and_then(ConsentState::from_word)?,
        _ => return None,
    };
    let inside = |key: &str| value.get(key).and_then(word_of);
    let told = inside("basis");
    let said_at = value.get("at").and_then(Value::as_str).and_then(|at| at.parse::<Moment>().ok());
    // Who speaks of later speaks of now; who speaks of before knows.
    let at = said_at.map_or(at, |said| said.min(at));
    let proof = Proof {
        form: inside("form"),
        wording: inside("wording"),
        ip: inside("ip"),
        user_agent: inside("userAgent"),
        ..proof
    };
    match state {
        ConsentState::Unknown => None,
        ConsentState::Subscribed => yes(told.as_deref().or(basis).unwrap_or("told by identify"), at, proof),
        no => Some(Record::no(no, told.as_deref().unwrap_or("told by identify"), at, proof)),
    }
}

/// The yes of the mailbox to what a form asked.
fn confirmed(activity: &Activity, proof: Proof) -> Option<Record> {
    let told = |key: &str| activity.properties.get(key).and_then(word_of);
    let form = told("form")?;
    let line = format!("form {form}, confirmed by mail");
    let proof = Proof {
        form: Some(form),
        wording: told("wording"),
        ip: told("ip"),
        user_agent: told("userAgent"),
        confirmed: true,
        ..proof
    };
    yes(&line, activity.at, proof)
}

/// A line that cannot be read allows nothing.
fn yes(line: &str, at: Moment, proof: Proof) -> Option<Record> {
    Record::yes(line, at, proof).ok()
}
