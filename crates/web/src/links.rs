//! What a lead finds behind the links of a mail.
//!
//! Promise: a look changes nothing (GET and HEAD may come from scanners and previews, in any order and
//! number; a look only leaves a trace, and that of a click is held), and what a lead asks for with a button is durable before
//! the answer. A token says which delivery is meant, and that we made it; whatever is wrong with one,
//! the answer is the same.

mod click;
mod offer;
mod picture;
mod preferences;
mod survey;
mod told;
mod trouble;
mod unsubscribe;
mod watch;

use crate::{Doors, html};
use axum::{
    Router,
    extract::{Path, rejection::PathRejection},
    middleware::{from_fn_with_state, map_response},
    response::Response,
    routing::get,
};
use rekindle_core::{
    delivery::Delivery,
    ids::DeliveryId,
    link::{Meant, Purpose},
    sequence::Step,
};
use rekindle_storage::Store;
pub(crate) use trouble::Trouble;
use watch::Watch;

/// A token as it stands in the address, which may be no text at all.
pub(crate) type Token = Result<Path<String>, PathRejection>;

/// The routes behind the links of mails: `/c/TOKEN` follows one, `/u/` unsubscribes, `/p/` asks how they want to be written to, `/o/` shows and gives
/// the offer, `/s/` asks and keeps the answer of the survey. Public.
///
/// The number in a token is the id of the destination behind `/c/`, and the place of the answer in the
/// survey's `answers`, from 0, behind `/s/`.
pub fn lead_pages(doors: Doors) -> Router {
    Router::new()
        .route("/c/{token}", get(click::follow))
        .route("/u/{token}", get(unsubscribe::ask).post(unsubscribe::stop))
        .route("/p/{token}", get(preferences::ask).post(preferences::choose))
        .route("/o/{token}", get(offer::show).post(offer::take))
        .route("/i/{token}", get(picture::show))
        .route("/s/{token}", get(survey::ask).post(survey::answer))
        .route_layer(from_fn_with_state(Watch::of(doors.clone()), watch::look))
        .layer(map_response(html::for_leads))
        .with_state(doors)
}

/// The page for an address that leads nowhere: the same for all, so that it tells nothing.
pub fn not_found_page() -> Response {
    trouble::not_found()
}

/// What a token means, with the token itself: it is safe to stand in a page once it is checked.
pub(crate) fn meant(store: &Store, purpose: Purpose, token: Token) -> Result<(Meant, String), Trouble> {
    let Path(token) = token.map_err(|_| Trouble::NoSuchLink)?;
    let meant = store.ring().check(purpose, &token).ok_or(Trouble::NoSuchLink)?;
    Ok((meant, token))
}

/// The delivery that a link stands in.
async fn delivery_of(store: &Store, meant: Meant) -> Result<Delivery, Trouble> {
    store.links().delivery(DeliveryId(meant.row)).await?.ok_or(Trouble::NoSuchLink)
}

/// The mail step that a delivery came from, with its terms. A test mail stands in no run: it has the terms
/// of the first step that writes its mail, as the mail itself has.
async fn step_of(store: &Store, delivery: &Delivery) -> Result<Step, Trouble> {
    let writes_it = |step: &&Step| matches!(step, Step::Mail { mail, .. } if *mail == delivery.mail);
    let playbooks = store.playbooks().await?;
    let plan = store.outbox().plan_of(delivery).await?;
    let of_run = plan.and_then(|(sequence, version)| {
        let index = usize::try_from(delivery.step).ok()?;
        playbooks.of(version).sequence(&sequence)?.step.get(index).filter(writes_it)
    });
    let looks_like = || playbooks.current().sequences.values().flat_map(|plan| &plan.step).find(writes_it);
    of_run.or_else(looks_like).cloned().ok_or(Trouble::NoSuchLink)
}
