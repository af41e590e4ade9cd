//! From which page: what a browser may read of our answers, and which pages may use a browser key.
//!
//! `Access-Control-Allow-Origin` is one origin or nothing, never `*`, and credentials are never
//! allowed: a key in the call says who sends, no cookie does.

use super::key::KeyFacts;
use http::{
    HeaderMap, HeaderValue,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ORIGIN, VARY,
    },
};
use rekindle_core::activity::Trust;

/// A page used a browser key that is not meant for it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this key may not be used on pages of {0}")]
pub struct ForeignPage(pub String);

/// The headers with which a call is answered, once its key is known.
///
/// A call without `Origin` comes from no page and passes: whoever can leave it out can also forge it,
/// so the list keeps a key from being used on somebody else's site and nothing more.
///
/// # Errors
/// When a browser key came from a page that is not on its list.
pub fn admit(key: &KeyFacts, headers: &HeaderMap) -> Result<HeaderMap, ForeignPage> {
    let Some(origin) = headers.get(ORIGIN) else { return Ok(HeaderMap::new()) };
    match (key.trust, listed(origin, &key.origins)) {
        (Trust::Browser, true) => Ok(readable_by(origin)),
        (Trust::Browser, false) => {
            let shown = String::from_utf8_lossy(origin.as_bytes()).chars().take(200).collect();
            Err(ForeignPage(shown))
        }
        // A server key works from anywhere, but a page that holds one shall not be made comfortable.
        (Trust::Server, _) => Ok(HeaderMap::new()),
    }
}

/// The headers that answer a browser's question before a call (`OPTIONS`). It comes without the key,
/// so it is answered for pages that any key is meant for: `origins` are those of all browser keys.
/// `None` for other pages: an answer without these headers, and the browser does not send the call.
pub fn preflight<'a>(
    headers: &HeaderMap,
    origins: impl IntoIterator<Item = &'a String>,
) -> Option<HeaderMap> {
    let origin = headers.get(ORIGIN).filter(|origin| listed(origin, origins))?;
    let mut answer = readable_by(origin);
    answer.remove(ACCESS_CONTROL_EXPOSE_HEADERS);
    answer.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
    answer.insert(
        ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("authorization, content-encoding, content-type"),
    );
    answer.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    Some(answer)
}

fn readable_by(origin: &HeaderValue) -> HeaderMap {
    let mut answer = HeaderMap::new();
    answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("retry-after"));
    answer.insert(VARY, HeaderValue::from_static("origin"));
    answer
}

/// Whether an origin is on a list. Letter case, a slash at the end and the port that goes without
/// saying make no difference.
pub(crate) fn listed<'a>(origin: &HeaderValue, origins: impl IntoIterator<Item = &'a String>) -> bool {
    let Some(origin) = origin.to_str().ok().and_then(spelled) else { return false };
    origins.into_iter().filter_map(|known| spelled(known)).any(|known| known == origin)
}

/// The one spelling of an origin; `None` for what is none, such as the `null` of a sandboxed frame.
fn spelled(origin: &str) -> Option<String> {
    let lower = origin.trim().trim_end_matches('/').to_ascii_lowercase();
    let (scheme, host) = lower.split_once("://")?;
    let port = match scheme {
        "https" => ":443",
        "http" => ":80",
        _ => return None,
    };
    let host = host.strip_suffix(port).unwrap_or(host);
    let plain = !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ', '*', ',']);
    plain.then(|| format!("{scheme}://{host}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(trust: Trust) -> KeyFacts {
        let origins = vec!["https://www.acme.test/".to_owned(), "http://localhost:3000".to_owned()];
        KeyFacts { name: "site".to_owned(), trust, basis: None, origins }
    }
    fn from(origin: &str) -> HeaderMap {
        HeaderMap::from_iter([(ORIGIN, HeaderValue::from_str(origin).unwrap())])
    }

    #[test]
    fn a_browser_key_works_on_its_own_pages_only() {
        for (origin, admitted) in [
            ("https://www.acme.test", true),
            ("https://WWW.acme.test:443", true),
            ("http://localhost:3000", true),
            ("http://www.acme.test", false),
            ("https://www.acme.test:444", false),
            ("https://www.acme.test.evil.test", false),
            ("https://evil.test/https://www.acme.test", false),
            ("https://evil.test@www.acme.test", false),
            ("https://*", false),
            ("http://localhost", false),
            ("null", false),
            ("*", false),
            ("", false),
        ] {
            let answer = admit(&key(Trust::Browser), &from(origin));
            assert_eq!(answer.is_ok(), admitted, "{origin}");
            assert_eq!(
                preflight(&from(origin), &key(Trust::Browser).origins).is_some(),
                admitted,
                "{origin}"
            );
            if let Ok(headers) = answer {
                assert_eq!(headers[ACCESS_CONTROL_ALLOW_ORIGIN], origin);
                assert_eq!(headers[VARY], "origin");
                assert!(!headers.contains_key(http::header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
            }
        }
    }

    #[test]
    fn what_comes_from_no_page_passes_and_a_page_cannot_read_answers_to_a_server_key() {
        assert_eq!(admit(&key(Trust::Browser), &HeaderMap::new()), Ok(HeaderMap::new()));
        assert_eq!(admit(&key(Trust::Server), &from("https://www.acme.test")), Ok(HeaderMap::new()));
        assert_eq!(preflight(&HeaderMap::new(), &key(Trust::Browser).origins), None);
    }
}
