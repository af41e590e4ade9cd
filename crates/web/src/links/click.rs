//! Following a link: straight to the stored address.

use super::{Token, Trouble, meant};
use crate::{Doors, html::page};
use askama::Template;
use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use rekindle_core::link::{BAIT, Purpose};

/// What stands behind the link that no person sees.
#[derive(Template)]
#[template(path = "bait.html")]
struct Bait;

/// 302 to where the link leads.
pub(super) async fn follow(State(doors): State<Doors>, token: Token) -> Result<Response, Trouble> {
    let (meant, _) = meant(&doors.store, Purpose::Click, token)?;
    if meant.number == BAIT {
        return Ok(page(StatusCode::OK, &Bait));
    }
    let destination = i32::try_from(meant.number).map_err(|_| Trouble::NoSuchLink)?;
    let url = doors.store.links().destination(destination).await?.ok_or(Trouble::NoSuchLink)?;
    let location = location(&url).ok_or(Trouble::NoSuchLink)?;
    Ok((StatusCode::FOUND, [(header::LOCATION, location)]).into_response())
}

/// The stored address and nothing but it: only http and https, and nothing that could end the header.
fn location(url: &str) -> Option<HeaderValue> {
    let lower = url.get(..8).unwrap_or(url).to_ascii_lowercase();
    (lower.starts_with("http://") || lower.starts_with("https://"))
        .then(|| HeaderValue::from_bytes(url.as_bytes()).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_are_followed() {
        for good in ["https://www.example.com/a?b=c#d", "HTTP://x.test", "https://x.test/ü"] {
            assert_eq!(location(good).unwrap().as_bytes(), good.as_bytes());
        }
        for bad in [
            "javascript:alert(1)",
            "//evil.test",
            "/x",
            "data:text/html,x",
            "https://x.test/\r\nSet-Cookie: a",
            "",
        ] {
            assert_eq!(location(bad), None, "{bad:?}");
        }
    }
}
