//! The full stop: asked for on a page with one button, or by the mail program itself (RFC 8058).

use super::{Token, Trouble, meant, told::masked_email};
use crate::{Doors, html::page};
use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use rekindle_core::{ids::DeliveryId, lead::Lead, link::Purpose};
use rekindle_storage::Store;
use std::time::Duration;

/// How long the database may take: a mail program that unsubscribes by itself does not wait for ever.
const PATIENCE: Duration = Duration::from_secs(3);

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

/// Asks; changes nothing. The page is there while the database is away, too.
pub(super) async fn ask(State(doors): State<Doors>, token: Token) -> Result<Response, Trouble> {
    let (meant, token) = meant(&doors.store, Purpose::Unsubscribe, token)?;
    let lead = lead_of(&doors.store, DeliveryId(meant.row));
    let lead = tokio::time::timeout(PATIENCE, lead).await.ok().and_then(Result::ok).flatten();
    let email_masked = masked_email(lead.as_ref());
    let template = Ask { company: doors.settings.company, email_masked, action: format!("/u/{token}") };
    Ok(page(StatusCode::OK, &template))
}

async fn lead_of(store: &Store, delivery: DeliveryId) -> rekindle_storage::Result<Option<Lead>> {
    match store.links().delivery(delivery).await? {
        Some(delivery) => Ok(store.leads().by_ids(&[delivery.lead]).await?.pop()),
        None => Ok(None),
    }
}

/// Stops. The body is not read: whoever posts here wants no more mail, in whatever form they say so,
/// and stopping too much is the safe side. Never redirects, and asks for no cookie (RFC 8058, section 3.2).
/// What the database does not take, or not soon, goes to the spool, which no mail passes.
pub(super) async fn stop(State(doors): State<Doors>, token: Token) -> Result<Response, Trouble> {
    let (meant, _) = meant(&doors.store, Purpose::Unsubscribe, token)?;
    let (store, delivery) = (&doors.store, DeliveryId(meant.row));
    let at = store.clock().calendar();
    let lead = match tokio::time::timeout(PATIENCE, store.leads().unsubscribe(delivery, at)).await {
        Ok(Ok(lead)) => lead,
        slow_or_away => {
            if let Ok(Err(error)) = slow_or_away {
                tracing::error!(%error, %delivery, "the database does not take an unsubscribe; it goes to the spool");
            }
            store.spool_unsubscribe(delivery, at).await?;
            None
        }
    };
    let email_masked = masked_email(lead.as_ref());
    Ok(page(StatusCode::OK, &Done { company: doors.settings.company, email_masked }))
}
