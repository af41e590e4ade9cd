//! The offer: shown as often as one likes, given once.

use super::{Token, Trouble, delivery_of, meant, step_of, told::keep};
use crate::{Doors, html::page};
use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use chrono::TimeDelta;
use chrono_tz::Tz;
use rekindle_core::{
    activity::names,
    arrival::in_mail,
    delivery::Delivery,
    link::Purpose,
    offer::{last_day, over_at},
    sequence::Step,
    zone::zone_of,
};
use rekindle_storage::offers::Offer;
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

#[derive(Template)]
#[template(path = "offer_over.html")]
struct Over {
    company: String,
    expires: String,
}

/// An offer that a link leads to.
struct Found {
    delivery: Delivery,
    offer: Offer,
    zone: Tz,
    is_over: bool,
    token: String,
}

async fn found(doors: &Doors, token: Token) -> Result<Found, Trouble> {
    let (meant, token) = meant(&doors.store, Purpose::Offer, token)?;
    let delivery = delivery_of(&doors.store, meant).await?;
    let lead = doors.store.leads().by_ids(&[delivery.lead]).await?.into_iter().next();
    let (zone, country) = lead.map_or((None, None), |lead| (lead.zone, lead.country));
    let (zone, _) = zone_of(zone.as_deref(), country.as_deref(), doors.settings.zone);
    let offer = match doors.store.offers().of(delivery.id).await? {
        Some(offer) => offer,
        None => promised_late(doors, &delivery, zone).await?,
    };
    let is_over = doors.store.clock().calendar() >= offer.over_at;
    Ok(Found { delivery, offer, zone, is_over, token })
}

/// The offer of a mail that was written by a version which kept none: as its plan says.
async fn promised_late(doors: &Doors, delivery: &Delivery, zone: Tz) -> Result<Offer, Trouble> {
    let Step::Mail { offer: Some(terms), .. } = step_of(&doors.store, delivery).await? else {
        return Err(Trouble::NoSuchLink);
    };
    let offer = Offer {
        delivery: delivery.id,
        lead: delivery.lead,
        code: doors.store.ring().offer_code(delivery.id.0),
        over_at: over_at(last_day(&terms, delivery.created_at.max(delivery.moved_at), zone), zone),
        gives: terms.gives,
        taken_at: None,
        redeemed_at: None,
    };
    doors.store.offers().promise(std::slice::from_ref(&offer)).await?;
    Ok(offer)
}

impl Found {
    fn expires(&self) -> String {
        let last = (self.offer.over_at - TimeDelta::seconds(1)).with_timezone(&self.zone);
        last.format("%-d %B %Y").to_string()
    }

    fn over(&self, doors: Doors) -> Response {
        page(StatusCode::GONE, &Over { company: doors.settings.company, expires: self.expires() })
    }

    fn taken(&self, doors: Doors, used_before: bool) -> Response {
        let (expires, code) = (self.expires(), self.offer.code.clone());
        page(StatusCode::OK, &Taken { company: doors.settings.company, code, expires, used_before })
    }
}

/// Shows it, or the code to whom has it; uses nothing up.
pub(super) async fn show(State(doors): State<Doors>, token: Token) -> Result<Response, Trouble> {
    let found = found(&doors, token).await?;
    if found.offer.taken_at.is_some() {
        return Ok(found.taken(doors, true));
    }
    if found.is_over {
        return Ok(found.over(doors));
    }
    let expires = found.expires();
    let template = Show {
        company: doors.settings.company,
        headline: found.offer.gives,
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
    if found.is_over && found.offer.taken_at.is_none() {
        return Ok(found.over(doors));
    }
    let first = doors.store.offers().take(id).await?;
    // Told also by who comes second: the first may have been cut off between the two.
    let (gives, now) = (json!(found.offer.gives), doors.store.clock().calendar());
    let accepted = in_mail(&found.delivery, names::ACCEPTED, format!("offer:{id}"), [("gives", gives)], now);
    keep(&doors.store, &[accepted]).await?;
    Ok(found.taken(doors, !first))
}
