//! The offer: shown as often as one likes, given once.

use super::{
    Token, Trouble, delivery_of, meant, step_of,
    told::{keep, told},
};
use crate::{Doors, html::page};
use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use rekindle_core::{
    activity::names,
    delivery::Delivery,
    link::Purpose,
    sequence::{OfferTerms, Step},
    time::Moment,
};
use rekindle_storage::{Store, StoreError};
use serde_json::json;

#[derive(Template)]
#[template(path = "offer.html")]
struct Show {
    company: String,
    headline: String,
    body: String,
    button: String,
    action: String,
    expires: String,
}

#[derive(Template)]
#[template(path = "offer_used.html")]
struct Taken {
    company: String,
    code: String,
    expires: String,
    used_before: bool,
}

/// An offer that a link leads to.
struct Found {
    delivery: Delivery,
    terms: OfferTerms,
    until: Moment,
    token: String,
}

async fn found(doors: &Doors, token: Token) -> Result<Found, Trouble> {
    let (meant, token) = meant(&doors.store, Purpose::Offer, token)?;
    let delivery = delivery_of(&doors.store, meant).await?;
    let Step::Mail { offer: Some(terms), .. } = step_of(&doors.store, &delivery).await? else {
        return Err(Trouble::NoSuchLink);
    };
    let until = delivery.created_at + terms.expires.delta();
    Ok(Found { delivery, terms, until, token })
}

impl Found {
    fn day(&self, doors: &Doors) -> String {
        self.until.with_timezone(&doors.settings.zone).format("%-d %B %Y").to_string()
    }

    fn taken(&self, doors: Doors, used_before: bool) -> Response {
        let expires = self.day(&doors);
        let code = doors.store.ring().offer_code(self.delivery.id.0);
        page(StatusCode::OK, &Taken { company: doors.settings.company, code, expires, used_before })
    }
}

/// Shows it, or the code to whom has it; uses nothing up.
pub(super) async fn show(State(doors): State<Doors>, token: Token) -> Result<Response, Trouble> {
    let found = found(&doors, token).await?;
    if doors.store.clicks().offer_taken(found.delivery.id).await? {
        return Ok(found.taken(doors, true));
    }
    if found.until < doors.store.clock().calendar() {
        return Err(Trouble::NoSuchLink);
    }
    let expires = found.day(&doors);
    let template = Show {
        company: doors.settings.company,
        headline: found.terms.gives,
        body: "One click, and you have the code. It costs nothing, and nothing starts before you say so."
            .to_owned(),
        button: "Get my code".to_owned(),
        action: format!("/o/{}", found.token),
        expires,
    };
    Ok(page(StatusCode::OK, &template))
}

/// Gives it: to the first who asks in time, and the same code to whoever asks again.
pub(super) async fn take(State(doors): State<Doors>, token: Token) -> Result<Response, Trouble> {
    let found = found(&doors, token).await?;
    let id = found.delivery.id;
    let now = doors.store.clock().calendar();
    if found.until < now && !doors.store.clicks().offer_taken(id).await? {
        return Err(Trouble::NoSuchLink);
    }
    let code = doors.store.ring().offer_code(id.0);
    let first = take_once(&doors.store, &found.delivery, &code).await?;
    // Told also by who comes second: the first may have been cut off between the two.
    let gives = json!(found.terms.gives);
    let accepted = told(&found.delivery, names::ACCEPTED, format!("offer:{id}"), [("gives", gives)], now);
    keep(&doors.store, &[accepted]).await?;
    Ok(found.taken(doors, !first))
}

/// Whether it was taken now. "Not by you" is only believed when it is taken indeed: the database may
/// just have been busy.
async fn take_once(store: &Store, delivery: &Delivery, code: &str) -> Result<bool, Trouble> {
    for _ in 0..3 {
        if store.clicks().take_offer(delivery.id, code).await? {
            return Ok(true);
        }
        if store.clicks().offer_taken(delivery.id).await? {
            return Ok(false);
        }
    }
    Err(Trouble::Store(StoreError::Busy("an offer could be neither taken nor found taken".to_owned())))
}
