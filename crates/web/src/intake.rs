//! Intake: the calls of the Segment tracking spec, read from bytes into arrivals.
//!
//! In the order of a request: [`calls`] (the routes, which put the rest together), [`door`] (gunzip, the
//! size of a body), [`body`] (JSON, and which items are in it), [`key`] (who sends), [`cors`] (from
//! which page), [`rate`] (how fast), [`call`] (one item becomes an [`Arrival`], or is refused with a
//! [`fault::Fault`]), [`skew`] (when it happened), [`fingerprint`] (whether it is the same thing
//! again), [`writer`] (stored, many calls in one transaction), [`answer`] (what the sender is told).
//! Only `calls` and `writer` touch the database and the clock.
//!
//! The two official clients throw a batch away for ever on 400, 401 and 413, and send it again on
//! 429, 503 and a closed connection. So a bad item never disturbs its neighbours: it is kept in
//! quarantine, and the answer is 200.

pub mod answer;
pub mod body;
pub mod call;
pub mod calls;
pub mod cors;
pub mod door;
pub mod fault;
pub mod fingerprint;
pub mod key;
mod path;
pub mod skew;
pub mod writer;

use body::{BodyError, Endpoint, Envelope};
use key::KeyFacts;
use rekindle_core::{
    arrival::{Arrival, Quarantined},
    time::{Moment, whole_micros},
};

/// The items of one body, each with its place in the batch (0 for a call alone).
#[derive(Debug, Default, PartialEq)]
pub struct Parsed {
    /// Those that can be stored.
    pub good: Vec<(usize, Arrival)>,
    /// Those that cannot, with the reason.
    pub bad: Vec<(usize, Quarantined)>,
}

/// Reads a body, already gunzipped, in one go.
///
/// # Errors
/// Only when nothing of it can be saved: no JSON, too large, a batch without a list.
pub fn parse(
    endpoint: Endpoint,
    body: &[u8],
    key: &KeyFacts,
    received: Moment,
    wall: Moment,
) -> Result<Parsed, BodyError> {
    Ok(items(&Envelope::read(endpoint, body)?, key, received, wall))
}

/// Reads the items of a body whose key is known now. `received` is of the calendar.
pub fn items(envelope: &Envelope, key: &KeyFacts, received: Moment, wall: Moment) -> Parsed {
    let round = call::Round {
        key,
        received: whole_micros(received),
        wall: whole_micros(wall),
        sent_at: envelope.sent_at(),
        context: envelope.context(),
    };
    let mut parsed = Parsed::default();
    for (index, item) in envelope.items().iter().enumerate() {
        match call::read(envelope.kind(), item.get(), index, &round) {
            Ok(arrival) => parsed.good.push((index, arrival)),
            Err(fault) => parsed.bad.push((index, fault.quarantine(&key.name, item.get(), round.wall))),
        }
    }
    parsed
}

#[cfg(test)]
mod tests;
