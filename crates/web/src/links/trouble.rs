//! Why a lead gets no page: the link is none of ours, or the database is away.

use crate::html::page;
use askama::Template;
use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use rekindle_storage::StoreError;
use std::time::Duration;

/// What a lead is told is the same for every bad link; why it is bad, nobody learns.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Unknown, forged, cut off, for another purpose, or too old.
    NoSuchLink,
    /// The link may be good, but it cannot be served now.
    Store(StoreError),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

#[derive(Template)]
#[template(path = "not_found.html")]
struct NotFound;

#[derive(Template)]
#[template(path = "away.html")]
struct Away;

/// Whoever looks this fast is asked to come again (RFC 6585, section 4).
pub(super) fn too_fast(wait: Duration) -> Response {
    let seconds = wait.as_secs().saturating_add(1).to_string();
    ([(header::RETRY_AFTER, seconds)], page(StatusCode::TOO_MANY_REQUESTS, &Away)).into_response()
}

pub(super) fn not_found() -> Response {
    page(StatusCode::NOT_FOUND, &NotFound)
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        match self {
            Self::NoSuchLink => not_found(),
            Self::Store(error) => {
                // 503 makes a mail program that unsubscribes by itself come again.
                tracing::error!(%error, "a link of a mail cannot be served");
                ([(header::RETRY_AFTER, "60")], page(StatusCode::SERVICE_UNAVAILABLE, &Away)).into_response()
            }
        }
    }
}
