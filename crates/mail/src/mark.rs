//! The marks by which what comes back is known as ours (rules B3 and E7): each carries the delivery and our MAC, so that nobody can
//! make one, and a mark of one kind is worth nothing as another.
//!
//! | mark | where it goes | where it comes back |
//! |---|---|---|
//! | `b+TOKEN@bounce.example.com` | MAIL FROM (VERP) | the recipient of a bounce; the returned mail's Return-Path |
//! | `TOKEN` | ENVID (RFC 3461) | Original-Envelope-Id of a report |
//! | `<TOKEN@example.com>` | Message-ID | the returned mail; In-Reply-To and References of an answer |
//! | `u+TOKEN@bounce.example.com` | `mailto:` of List-Unsubscribe | the recipient of a wish to stop |

use rekindle_core::{
    heard::{Reply, Report, Told, Word},
    ids::DeliveryId,
    link::{KeyRing, Purpose},
};

use crate::heard::{Cause, ComplaintKind, Heard, Traces, What};

/// The address that bounces of a mail go to. Its local part has 57 of the 64 octets that RFC 5321 allows, and no capitals.
pub fn envelope(ring: &KeyRing, delivery: DeliveryId, domain: &str) -> String {
    format!("b+{}@{domain}", ring.small_token(Purpose::Envelope, delivery.0))
}

/// The `mailto:` that stops the mail (rule U7).
pub fn unsubscribe_mailto(ring: &KeyRing, delivery: DeliveryId, domain: &str) -> String {
    let token = ring.small_token(Purpose::UnsubscribeByMail, delivery.0);
    format!("mailto:u+{token}@{domain}?subject=unsubscribe")
}

/// The delivery that a message which came back speaks of; `None` when it carries no mark of ours, and then it changes nothing.
pub fn whose(ring: &KeyRing, traces: &Traces) -> Option<DeliveryId> {
    let of = |purpose, token: &str| ring.check_small(purpose, token).map(DeliveryId);
    let by_address = traces.addresses.iter().filter_map(|address| token(address, "b+"));
    let by_envelope = traces.envelopes.iter().map(String::as_str);
    let by_id = traces.message_ids.iter().filter_map(|id| id.split('@').next());
    by_address
        .chain(by_envelope)
        .find_map(|token| of(Purpose::Envelope, token))
        .or_else(|| by_id.into_iter().find_map(|token| of(Purpose::MessageId, token)))
}

/// The delivery whose recipient wrote to its `mailto:` (rule U7).
pub fn asks_to_stop(ring: &KeyRing, traces: &Traces) -> Option<DeliveryId> {
    let mut tokens = traces.addresses.iter().filter_map(|address| token(address, "u+"));
    tokens.find_map(|token| ring.check_small(Purpose::UnsubscribeByMail, token)).map(DeliveryId)
}

/// What a message that came back tells of a mail of ours; `None` when it carries no mark of ours, or tells nothing that counts.
pub fn report(ring: &KeyRing, heard: &Heard) -> Option<Report> {
    let word = word(heard);
    let written = !matches!(heard.what, What::Fates(_) | What::Complaint(_) | What::Receipt);
    // Whatever is written to the address that stops the mail stops it: mail programs word it as they like.
    if let Some(mail) = asks_to_stop(ring, &heard.traces).filter(|_| written) {
        return Some(Report { mail, word: Word::Stop });
    }
    Some(Report { mail: whose(ring, &heard.traces)?, word: word? })
}

fn word(heard: &Heard) -> Option<Word> {
    Some(match &heard.what {
        What::Fates(told) => {
            let told = told.iter().map(|one| Told {
                address: one.address.clone(),
                fate: one.fate,
                by_policy: one.cause == Cause::Policy,
                why: match (one.status, one.diagnostic.is_empty()) {
                    (_, false) => one.diagnostic.clone(),
                    (Some(status), true) => status.to_string(),
                    (None, true) => "without a word".to_owned(),
                },
            });
            Word::Fates(told.collect())
        }
        What::Complaint(complaint) if complaint.kind == ComplaintKind::OptOut => Word::Stop,
        What::Complaint(complaint) if complaint.kind.stops() => Word::Complaint,
        What::Complaint(_) | What::Receipt => return None,
        What::AutoReply => Word::AutoReply,
        What::Stop => Word::Stop,
        What::Reply(said) => {
            Word::Reply(Reply { id: heard.id.clone(), from: heard.from.clone(), said: said.clone() })
        }
    })
}

fn token<'a>(address: &'a str, kind: &str) -> Option<&'a str> {
    let (local, _) = address.split_once('@')?;
    local.get(..kind.len()).filter(|start| start.eq_ignore_ascii_case(kind)).map(|_| &local[kind.len()..])
}
