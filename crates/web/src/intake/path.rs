//! The path of a page, out of the places where senders put it.

use rekindle_core::activity::as_sent;
use serde_json::{Map, Value};

/// The most characters of a path; what is longer is cut.
const LONGEST: usize = 1_000;

/// `path` or `url` of the properties, or else of the page that the context tells.
pub(super) fn path(properties: &Map<String, Value>, context: Option<&Map<String, Value>>) -> Option<String> {
    let page = context.and_then(|c| c.get("page")?.as_object());
    [Some(properties), page]
        .into_iter()
        .flatten()
        .flat_map(|place| ["path", "url"].map(|field| place.get(field)))
        .find_map(|value| of(value?.as_str()?))
}

/// The path of an address or of a path: without host, question and anchor, with a slash in front.
fn of(address: &str) -> Option<String> {
    let address = address.trim();
    let bare = address.split(['?', '#']).next().unwrap_or_default();
    let path = match bare.split_once("//") {
        // `https://host/path`, and `//host/path` as pages write it.
        Some((scheme, rest)) if scheme.is_empty() || scheme.ends_with(':') => {
            rest.split_once('/').map_or("", |(_host, path)| path)
        }
        _ => bare,
    };
    if address.is_empty() {
        return None;
    }
    let path = path.strip_prefix('/').unwrap_or(path);
    Some(as_sent(&format!("/{path}")).chars().take(LONGEST).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_address_becomes_its_path() {
        for (address, expected) in [
            ("https://example.com/pricing?utm_source=x#top", "/pricing"),
            ("https://example.com", "/"),
            ("https://example.com?x=//y/z", "/"),
            ("//example.com/docs/a", "/docs/a"),
            ("/docs//a", "/docs//a"),
            ("docs", "/docs"),
            ("/", "/"),
            ("?a=1", "/"),
            ("app://home/deep", "/deep"),
            ("/über-uns", "/%C3%BCber-uns"),
            ("https://example.com/%C3%BCber-uns", "/%C3%BCber-uns"),
        ] {
            assert_eq!(of(address).as_deref(), Some(expected), "{address}");
        }
        assert_eq!(of("  "), None);
        assert_eq!(of(&"ä".repeat(5_000)).map(|p| p.chars().count()), Some(LONGEST));
    }

    #[test]
    fn the_nearest_place_counts() {
        let of =
            |properties: Value, context: Value| path(properties.as_object().unwrap(), context.as_object());
        let page = json!({"page": {"path": "/from-context", "url": "https://a.test/url"}});
        assert_eq!(of(json!({"path": "/a", "url": "https://a.test/b"}), page.clone()).as_deref(), Some("/a"));
        assert_eq!(of(json!({"path": "", "url": "https://a.test/b"}), page.clone()).as_deref(), Some("/b"));
        assert_eq!(of(json!({"path": 7}), page).as_deref(), Some("/from-context"));
        assert_eq!(of(json!({}), json!({"page": "x"})), None);
    }
}
