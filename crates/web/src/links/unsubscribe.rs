//! The full stop: asked for on a page with one button, or by the mail program itself (RFC 8058).

use super::{
    Token, Trouble, meant,
    told::{keep, masked_email, nobody, unsubscribed},
};
use crate::{Doors, html::page};
use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use rekindle_core::{ids::DeliveryId, link::Purpose};

#[derive(Template)]
#[template(path = "unsubscribe.html")]
struct Ask {
    company: String,
    email_masked: String,
    action: String,
}

#[derive(Template)]
#[template(path = "unsubscribed.html")]
struct Done {
    company: String,
    email_masked: String,
}

/// Asks; changes nothing.
pub(super) async fn ask(State(doors): State<Doors>, token: Token) -> Result<Response, Trouble> {
    let (meant, token) = meant(&doors.store, Purpose::Unsubscribe, token)?;
    let email_masked = match doors.store.links().delivery(DeliveryId(meant.row)).await? {
        Some(delivery) => masked_email(&doors.store, &delivery).await?,
        None => nobody(),
    };
    let template = Ask { company: doors.settings.company, email_masked, action: format!("/u/{token}") };
    Ok(page(StatusCode::OK, &template))
}

/// Stops. The body is not read: whoever posts here wants no more mail, in whatever form they say so,
/// and stopping too much is the safe side. Never redirects, and asks for no cookie (RFC 8058, section 3.2).
pub(super) async fn stop(State(doors): State<Doors>, token: Token) -> Result<Response, Trouble> {
    let (meant, _) = meant(&doors.store, Purpose::Unsubscribe, token)?;
    // A token of ours whose delivery is gone is of a lead that was erased: nobody writes there any more.
    let email_masked = match doors.store.links().delivery(DeliveryId(meant.row)).await? {
        Some(delivery) => {
            let wish = unsubscribed(&delivery, doors.store.clock().calendar());
            keep(&doors.store, &[wish]).await?;
            masked_email(&doors.store, &delivery).await?
        }
        None => nobody(),
    };
    Ok(page(StatusCode::OK, &Done { company: doors.settings.company, email_masked }))
}
