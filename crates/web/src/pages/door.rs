//! The pages at the door: the way in, and the way out.

use crate::html::{for_sign_in, page};
use askama::Template;
use axum::{http::StatusCode, response::Response};

#[derive(Template)]
#[template(path = "signin.html")]
struct SignIn<'a> {
    name: &'a str,
    action: &'a str,
}

#[derive(Template)]
#[template(path = "signed_out.html")]
struct SignedOut;

#[derive(Template)]
#[template(path = "link_chat.html")]
struct LinkChat<'a> {
    name: &'a str,
    platform: &'a str,
    user: &'a str,
    action: &'a str,
    done: bool,
}

#[derive(Template)]
#[template(path = "link_over.html")]
struct LinkOver;

/// Where a one-time link leads: a button that uses it up, and a script that presses it. `action` is the
/// page's own address. Carries its headers.
pub fn signin_page(name: &str, action: &str) -> Response {
    for_sign_in(page(StatusCode::OK, &SignIn { name, action }))
}

/// For whoever has no session: how to get a link. Carries its headers; the status is 200, and may be set
/// to another: `(StatusCode::UNAUTHORIZED, signed_out_page())`.
pub fn signed_out_page() -> Response {
    for_sign_in(page(StatusCode::OK, &SignedOut))
}

/// Where a signed-in member says who they are in a chat: a button that links `user` to `name`. Carries its headers.
pub fn link_chat_page(name: &str, platform: &str, user: &str, action: &str) -> Response {
    for_sign_in(page(StatusCode::OK, &LinkChat { name, platform, user, action, done: false }))
}

/// After they said so. Carries its headers.
pub fn chat_linked_page(name: &str, platform: &str) -> Response {
    for_sign_in(page(StatusCode::OK, &LinkChat { name, platform, user: "", action: "", done: true }))
}

/// Where such a link leads that is good no more. Carries its headers.
pub fn link_over_page() -> Response {
    for_sign_in(page(StatusCode::NOT_FOUND, &LinkOver))
}
