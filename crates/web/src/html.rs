//! Templates become answers, and answers get the headers that their readers need.

use askama::Template;
use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};

/// What the browser may do on a page that a lead sees: show it, and post its one form back.
const LEAD_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What it may do on the team's pages: that, and the frame of a mail's preview.
const STAFF_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What it may do on the sign-in page: that, and run the one script that presses its button.
const SIGN_IN_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A template as a page.
pub(crate) fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => (status, Html(text)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page cannot be rendered");
            (StatusCode::INTERNAL_SERVER_ERROR, "This page cannot be shown.\n").into_response()
        }
    }
}

/// Headers of everything a lead gets: its address is a key, so it is told to nobody and kept nowhere.
pub(crate) async fn for_leads(mut response: Response) -> Response {
    guard(response.headers_mut(), LEAD_POLICY, "no-referrer");
    response
}

/// Headers of everything the team gets. A form's origin must be told, so that another site's is known.
pub(crate) async fn for_staff(mut response: Response) -> Response {
    guard(response.headers_mut(), STAFF_POLICY, "same-origin");
    response
}

/// Headers of the sign-in page.
pub(crate) fn for_sign_in(mut response: Response) -> Response {
    guard(response.headers_mut(), SIGN_IN_POLICY, "same-origin");
    response
}

fn guard(headers: &mut HeaderMap, policy: &'static str, referrer: &'static str) {
    let wanted: [(HeaderName, &'static str); 4] = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::REFERRER_POLICY, referrer),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in wanted {
        // A page that says otherwise knows why: a mail's preview has a policy of its own.
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}
