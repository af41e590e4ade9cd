//! Why a member gets no page, in words.

use super::frame::Frame;
use crate::{Doors, html::page};
use askama::Template;
use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use rekindle_core::{refusal::Refusal, team::Member};
use rekindle_storage::StoreError;

#[derive(Template)]
#[template(path = "refused.html")]
struct Refused {
    frame: Frame,
    title: &'static str,
    text: String,
}

/// A no of the rules, or trouble with the database, as a page.
pub(super) fn refused(doors: &Doors, member: &Member, error: &StoreError) -> Response {
    let (status, title, text) = match error {
        StoreError::Refused(refusal) => {
            let (status, title) = match refusal {
                Refusal::Unknown { .. } => (StatusCode::NOT_FOUND, "Not here"),
                Refusal::NotAllowed { .. } | Refusal::NotYours { .. } => {
                    (StatusCode::FORBIDDEN, "Not yours to do")
                }
                Refusal::Usage { .. } => (StatusCode::BAD_REQUEST, "Not understood"),
                _ => (StatusCode::CONFLICT, "Not as things are"),
            };
            (status, title, refusal.text(doors.settings.zone))
        }
        error => {
            tracing::error!(%error, "a page of the team cannot be shown");
            let text = "The database does not answer as it should. The log says why; in a moment this page may work.";
            (StatusCode::SERVICE_UNAVAILABLE, "Please try again", text.to_owned())
        }
    };
    let answer = page(status, &Refused { frame: Frame::of(doors, member), title, text });
    match status {
        StatusCode::SERVICE_UNAVAILABLE => ([(header::RETRY_AFTER, "10")], answer).into_response(),
        _ => answer,
    }
}

/// There is no such thing.
pub(super) fn unknown(doors: &Doors, member: &Member, what: &'static str, name: &str) -> Response {
    let name = super::saying::cut(name, 80);
    refused(doors, member, &Refusal::Unknown { what, name, help: String::new() }.into())
}
