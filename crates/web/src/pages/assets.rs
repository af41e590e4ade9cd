//! The files that pages refer to, carried inside the program.

use axum::{
    Router,
    extract::Path,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use rekindle_core::link::digest;
use std::sync::LazyLock;

/// A file: its name, its type, its text.
struct Asset {
    name: &'static str,
    kind: &'static str,
    text: &'static str,
}

const ASSETS: [Asset; 3] = [
    Asset {
        name: "pages.css",
        kind: "text/css; charset=utf-8",
        text: include_str!("../../assets/pages.css"),
    },
    Asset {
        name: "signin.js",
        kind: "text/javascript; charset=utf-8",
        text: include_str!("../../assets/signin.js"),
    },
    Asset { name: "logo.svg", kind: "image/svg+xml", text: include_str!("../../assets/logo.svg") },
];

/// The tag of each, by which a browser asks whether it has changed.
static TAGS: LazyLock<[String; 3]> = LazyLock::new(|| {
    ASSETS.each_ref().map(|asset| format!("\"{}\"", digest(asset.text).get(..16).unwrap_or_default()))
});

/// The route of the files, `/assets/NAME`. Public.
pub fn assets() -> Router {
    Router::new().route("/assets/{name}", get(one))
}

async fn one(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some(index) = ASSETS.iter().position(|asset| asset.name == name) else {
        return (StatusCode::NOT_FOUND, "There is no such file.\n").into_response();
    };
    let tag = &TAGS[index];
    let kept = [
        // Names stay over upgrades: an hour old at the most, then asked about.
        (header::CACHE_CONTROL, "public, max-age=3600"),
        (header::ETAG, tag),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // An SVG opened by itself is a document; this one has nothing to run.
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
    ];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, kept).into_response();
    }
    (kept, [(header::CONTENT_TYPE, ASSETS[index].kind)], ASSETS[index].text).into_response()
}
