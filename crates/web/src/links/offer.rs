//! The offer: shown as often as one likes, given once.

use super::{Token, Trouble, delivery_of, meant, step_of, told::keep};
use crate::{Doors, html::page};
use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use chrono::NaiveDate;
use chrono_tz::Tz;
use rekindle_core::{
    activity::names,
    arrival::in_mail,
    delivery::Delivery,
    link::Purpose,
    sequence::{OfferTerms, Step},
    zone::zone_of,
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

#[derive(Template)]
#[template(path = "offer_over.html")]
struct Over {
    company: String,
    expires: String,
}

/// An offer that a link leads to.
struct Found {
    delivery: Delivery,
    terms: OfferTerms,
    last_day: NaiveDate,
    is_over: bool,
    token: String,
}

async fn found(doors: &Doors, token: Token) -> Result<Found, Trouble> {
    let (meant, token) = meant(&doors.store, Purpose::Offer, token)?;
    let delivery = delivery_of(&doors.store, meant).await?;
    let Step::Mail { offer: Some(terms), .. } = step_of(&doors.store, &delivery).await? else {
        return Err(Trouble::NoSuchLink);
    };
    let lead = doors.store.leads().by_ids(&[delivery.lead]).await?.into_iter().next();
    let (zone, country) = lead.map_or((None, None), |lead| (lead.zone, lead.country));
    let (zone, _) = zone_of(zone.as_deref(), country.as_deref(), doors.settings.zone);
    let last_day = last_day(&delivery, &terms, zone);
    let is_over = doors.store.clock().calendar().with_timezone(&zone).date_naive() > last_day;
    Ok(Found { delivery, terms, last_day, is_over, token })
}

/// The last day it is good, whole, where the lead is. The mail names it, counted from when it was written;
/// it left after that, and so what is counted from its leaving never breaks the mail's word.
fn last_day(delivery: &Delivery, terms: &OfferTerms, zone: Tz) -> NaiveDate {
    let from = delivery.created_at.max(delivery.moved_at);
    (from + terms.expires.delta()).with_timezone(&zone).date_naive()
}

impl Found {
    fn expires(&self) -> String {
        self.last_day.format("%-d %B %Y").to_string()
    }

    fn over(&self, doors: Doors) -> Response {
        page(StatusCode::GONE, &Over { company: doors.settings.company, expires: self.expires() })
    }

    fn taken(&self, doors: Doors, used_before: bool) -> Response {
        let expires = self.expires();
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
    if found.is_over {
        return Ok(found.over(doors));
    }
    let expires = found.expires();
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
    if found.is_over && !doors.store.clicks().offer_taken(id).await? {
        return Ok(found.over(doors));
    }
    let code = doors.store.ring().offer_code(id.0);
    let first = take_once(&doors.store, &found.delivery, &code).await?;
    // Told also by who comes second: the first may have been cut off between the two.
    let gives = json!(found.terms.gives);
    let accepted = in_mail(&found.delivery, names::ACCEPTED, format!("offer:{id}"), [("gives", gives)], now);
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
