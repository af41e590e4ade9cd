//! The picture that tells an open, where the operator has it put into mails: kept with who seems to have loaded it, and worth nothing.

use super::{Token, Trouble, delivery_of, meant, told::keep};
use crate::Doors;
use axum::{
    extract::State,
    http::{HeaderMap, Method, header},
    response::{IntoResponse, Response},
};
use rekindle_core::{
    activity::names,
    arrival::{Arrival, in_mail},
    delivery::DeliveryState,
    link::Purpose,
    machine::{Opener, opener_of},
};
use serde_json::json;

/// One transparent pixel (GIF89a).
const PIXEL: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

/// Shows it. Each sort of opener is kept once for a mail.
pub(super) async fn show(
    State(doors): State<Doors>,
    token: Token,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Trouble> {
    let (meant, _) = meant(&doors.store, Purpose::Picture, token)?;
    if method == Method::GET
        && let Ok(delivery) = delivery_of(&doors.store, meant).await
    {
        let now = doors.store.clock().calendar();
        let agent = headers.get(header::USER_AGENT).and_then(|name| name.to_str().ok());
        let taken_at = (delivery.state == DeliveryState::Sent).then_some(delivery.moved_at);
        let opener: Opener = opener_of(agent, now, taken_at);
        let id = format!("open:{}:{}", delivery.id, opener.word());
        let opened = Arrival {
            human: false,
            ..in_mail(&delivery, names::OPENED, id, [("opener", json!(opener.word()))], now)
        };
        if let Err(why) = keep(&doors.store, &[opened]).await {
            tracing::warn!(?why, delivery = %delivery.id, "an open cannot be kept");
        }
    }
    Ok(([(header::CONTENT_TYPE, "image/gif")], PIXEL).into_response())
}
