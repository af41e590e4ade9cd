//! `POST /v1/offers/redeem`: the shop asks whether the code of an offer is good, and uses it up.
//!
//! With a server key, as the calls of intake: `{"code": "0ABC-1DEF-GH1K"}`. 200 once; 409 when it was used before, 410 when it is over,
//! 404 when there is none. Codes are taken however they are typed.

use crate::{
    Doors,
    intake::{answer::Answer, key::write_key},
};
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, State},
    response::{IntoResponse, Response},
    routing::post,
};
use http::{HeaderMap, StatusCode};
use rekindle_core::{
    activity::{Kind, Trust, names},
    arrival::{Arrival, Who},
    offer::code_of,
};
use rekindle_storage::{
    StoreError,
    offers::{Offer, Redemption},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The longest body: a code, and room.
const LONGEST: usize = 4 * 1024;

/// The call. Public; who may use it is asked by its key.
pub fn redeem_call(doors: Doors) -> Router {
    Router::new()
        .route("/v1/offers/redeem", post(redeem))
        .layer(DefaultBodyLimit::max(LONGEST))
        .with_state(doors)
}

#[derive(Debug, Deserialize)]
struct Asked {
    code: String,
}

async fn redeem(State(doors): State<Doors>, headers: HeaderMap, body: String) -> Response {
    match redeemed(&doors, &headers, &body).await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(%error, "the code of an offer cannot be redeemed");
            said(
                StatusCode::SERVICE_UNAVAILABLE,
                "away",
                "The database cannot be reached; try again in a moment.",
            )
        }
    }
}

async fn redeemed(doors: &Doors, headers: &HeaderMap, body: &str) -> Result<Response, StoreError> {
    let key = match write_key(headers, None) {
        Some(secret) => doors.store.keys().find(&secret).await?,
        None => None,
    };
    let Some(key) = key else { return Ok(Answer::UnknownKey.into_response()) };
    if key.trust != Trust::Server {
        let why = "A browser key cannot redeem: whoever reads the page's source has it. Use a server key, from your shop's own program.";
        return Ok(said(StatusCode::FORBIDDEN, "browser_key", why));
    }
    let Ok(asked) = serde_json::from_str::<Asked>(body) else {
        return Ok(said(StatusCode::BAD_REQUEST, "bad_body", r#"The body is {"code": "0ABC-1DEF-GH1K"}."#));
    };
    let redemption = match code_of(&asked.code) {
        Some(code) => doors.store.offers().redeem(&code, &key.name).await?,
        None => Redemption::Unknown,
    };
    Ok(match redemption {
        Redemption::Redeemed(offer) => {
            keep(doors, &offer).await?;
            (StatusCode::OK, Json(shown(&offer))).into_response()
        }
        Redemption::Before(offer) => {
            // Told again: who redeemed it may have been cut off before it was.
            keep(doors, &offer).await?;
            said(StatusCode::CONFLICT, "redeemed_before", "This code was used before.")
        }
        Redemption::Over(offer) => {
            let over = offer.over_at.with_timezone(&doors.settings.zone).format("%-d %B %Y %H:%M");
            said(StatusCode::GONE, "over", &format!("This offer was over on {over}."))
        }
        Redemption::Unknown => {
            said(StatusCode::NOT_FOUND, "unknown_code", "There is no offer with this code.")
        }
    })
}

fn said(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({"error": {"code": code, "message": message}}))).into_response()
}

fn shown(offer: &Offer) -> Value {
    json!({"code": offer.code, "gives": offer.gives, "lead": offer.lead.to_string()})
}

/// The lead did it: once, however often it is told.
async fn keep(doors: &Doors, offer: &Offer) -> Result<(), StoreError> {
    let (id, at) = (offer.delivery, offer.redeemed_at.unwrap_or_else(|| doors.store.clock().calendar()));
    let redeemed = Arrival {
        source: "mail".to_owned(),
        message_id: format!("redeemed:{id}"),
        fingerprint: 0,
        who: Who { lead: Some(offer.lead), ..Who::default() },
        kind: Kind::Mail,
        name: names::REDEEMED.to_owned(),
        path: None,
        at,
        properties: Map::from_iter([
            ("gives".to_owned(), json!(offer.gives)),
            ("delivery".to_owned(), json!(id.to_string())),
        ]),
        human: true,
        trust: Trust::Server,
        basis: None,
    };
    let playbooks = doors.store.playbooks().await?;
    doors.store.leads().observe(&[redeemed], &playbooks).await?;
    Ok(())
}
