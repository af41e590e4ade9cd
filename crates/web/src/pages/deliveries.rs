//! What a person decides about a mail of which nobody knows whether it was sent.

use super::{frame::SignedIn, refused::refused};
use crate::Doors;
use axum::{
    Form,
    extract::{Path, State, rejection::FormRejection},
    response::{IntoResponse, Redirect, Response},
};
use rekindle_core::{
    delivery::Event,
    ids::{DeliveryId, LeadId},
    nearest::did_you_mean,
    refusal::Refusal,
    team::{Deed, Member},
};
use rekindle_storage::{StoreError, audit::Entry};
use serde::Deserialize;

/// What the buttons send.
#[derive(Debug, Deserialize)]
pub(super) struct Sent {
    verdict: String,
}

const VERDICTS: [&str; 3] = ["sent", "again", "drop"];

/// Takes the verdict: `sent` (it was sent), `again` (send it again), `drop` (never send it). Written to
/// the audit whether it is allowed or not.
pub(super) async fn decide(
    State(doors): State<Doors>,
    SignedIn(member): SignedIn,
    Path(id): Path<String>,
    sent: Result<Form<Sent>, FormRejection>,
) -> Response {
    let verdict = sent.map(|Form(sent)| sent.verdict).unwrap_or_default();
    let mut about = None;
    let decided = decided(&doors, &member, &id, &verdict, &mut about).await;
    let result = match &decided {
        Ok(()) => "ok",
        Err(StoreError::Refused(refusal)) => refusal.code(),
        Err(_) => "failed",
    };
    let entry = Entry {
        at: doors.store.clock().wall(),
        actor: member.handle.to_string(),
        place: "dashboard".to_owned(),
        deed: format!("delivery {} {}", super::saying::cut(&id, 60), super::saying::cut(&verdict, 20)),
        lead: about,
        result: result.to_owned(),
    };
    let audited = doors.store.audit(entry).await;
    match decided.and(audited) {
        Ok(()) => Redirect::to("/").into_response(),
        Err(error) => refused(&doors, &member, &error),
    }
}

async fn decided(
    doors: &Doors,
    member: &Member,
    id: &str,
    verdict: &str,
    about: &mut Option<LeadId>,
) -> Result<(), StoreError> {
    member.may(Deed::Campaign)?;
    let unknown =
        || Refusal::Unknown { what: "delivery", name: super::saying::cut(id, 60), help: String::new() };
    let id: DeliveryId = id.parse().map_err(|_| unknown())?;
    let event = match verdict {
        "sent" => Event::AssumedSent,
        "again" => Event::SendAgain,
        "drop" => Event::Drop,
        other => {
            let wrong = super::saying::cut(other, 60);
            let text = match wrong.is_empty() {
                true => format!("Say what became of the mail: {}.", VERDICTS.join(", ")),
                false => {
                    let help = did_you_mean(other, VERDICTS);
                    let end = if help.ends_with('?') { "" } else { "." };
                    format!("“{wrong}” is no verdict on a mail{help}{end}")
                }
            };
            return Err(Refusal::Usage { text }.into());
        }
    };
    let delivery = doors.store.links().delivery(id).await?.ok_or_else(unknown)?;
    *about = Some(delivery.lead);
    doors.store.outbox().decide(id, event).await?;
    Ok(())
}
