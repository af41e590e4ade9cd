//! Following a link: straight to the stored address, and a click that waits until no machine made it.

use super::{Token, Trouble, delivery_of, meant};
use crate::Doors;
use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use rekindle_core::link::Purpose;
use rekindle_storage::clicks::Click;

/// 302 to where the link leads. A HEAD is a machine's: it is told the same, and nothing is held.
pub(super) async fn follow(
    State(doors): State<Doors>,
    token: Token,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Trouble> {
    let (meant, _) = meant(&doors.store, Purpose::Click, token)?;
    let destination = i32::try_from(meant.number).map_err(|_| Trouble::NoSuchLink)?;
    let url = doors.store.clicks().destination(destination).await?.ok_or(Trouble::NoSuchLink)?;
    let location = location(&url).ok_or(Trouble::NoSuchLink)?;
    if method == Method::GET
        && let Ok(delivery) = delivery_of(&doors.store, meant).await
    {
        let agent = headers.get(header::USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()));
        let click = Click { delivery: delivery.id, destination, user_agent: agent.map(Into::into) };
        // The lead wants the page; a click that cannot be kept is our loss alone.
        if let Err(error) = doors.store.clicks().hold(click, &delivery, &url).await {
            tracing::warn!(%error, delivery = %delivery.id, "a click cannot be held");
        }
    }
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
