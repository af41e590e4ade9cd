//! Who sends: the write key of a request, and what is known of it.

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use http::{HeaderMap, header::AUTHORIZATION};
use rekindle_core::activity::Trust;

/// The most characters of a write key that is worth looking up.
const LONGEST: usize = 200;
/// Base64 with or without its `=`, as hand-written senders have it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What intake needs to know of a write key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFacts {
    /// Its name, which becomes the source of what it sends.
    pub name: String,
    /// A server's, or one that stands in a page.
    pub trust: Trust,
    /// The basis of consent that it stands for.
    pub basis: Option<String>,
    /// From which pages a browser key may send, as `https://www.acme.test`.
    pub origins: Vec<String>,
}

/// The write key of a request: the user name of `Authorization: Basic` (its password counts for
/// nothing), or else `writeKey` of the body. A `Basic` that is malformed is no key, whatever the body
/// says; other schemes are not ours and are passed over.
pub fn write_key(headers: &HeaderMap, in_body: Option<&str>) -> Option<String> {
    let basic = headers.get(AUTHORIZATION).and_then(|value| {
        let (scheme, credentials) = value.to_str().ok()?.trim().split_once(' ')?;
        scheme.eq_ignore_ascii_case("basic").then_some(credentials.trim())
    });
    let key = match basic {
        Some(credentials) => user_name(credentials)?,
        None => in_body?.to_owned(),
    };
    let plausible = !key.is_empty() && key.len() <= LONGEST && !key.chars().any(char::is_control);
    plausible.then_some(key)
}

/// RFC 7617: base64 of `user:password`.
fn user_name(credentials: &str) -> Option<String> {
    let decoded = String::from_utf8(BASE64.decode(credentials).ok()?).ok()?;
    decoded.split_once(':').map(|(user, _password)| user.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn the_key_is_found_where_the_clients_put_it() {
        for (authorization, in_body, expected) in [
            (Some("Basic d2tfcHVibGljX3Rlc3Rfa2V5Og=="), None, Some("wk_public_test_key")),
            (Some("basic  d2tfcHVibGljX3Rlc3Rfa2V5Og"), None, Some("wk_public_test_key")),
            (Some("Basic a2V5OnBhc3N3b3JkOng="), Some("other"), Some("key")),
            (Some("Basic !!!"), Some("other"), None),
            (Some("Basic a2V5"), Some("other"), None),
            (Some("Basic Og=="), Some("other"), None),
            (Some("Basic /w=="), None, None),
            (Some("Bearer abc"), Some("other"), Some("other")),
            (None, Some("other"), Some("other")),
            (None, Some(""), None),
            (None, Some("a\nb"), None),
            (None, None, None),
        ] {
            let mut headers = HeaderMap::new();
            headers.extend(authorization.map(|v| (AUTHORIZATION, HeaderValue::from_static(v))));
            assert_eq!(write_key(&headers, in_body).as_deref(), expected, "{authorization:?} {in_body:?}");
        }
        assert_eq!(write_key(&HeaderMap::new(), Some(&"k".repeat(LONGEST + 1))), None);
    }

    #[test]
    fn bytes_that_are_no_text_are_no_key() {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_bytes(b"Basic \xff\xfe").unwrap());
        assert_eq!(write_key(&headers, None), None);
    }
}
