//! The door of the calls: gunzip, and how many bytes come in.
//!
//! `Content-Encoding: gzip` is undone first and the limit counts what comes out, as it comes: a bomb
//! is dropped after [`BODY_LIMIT`] bytes. The limit is axum's own (`DefaultBodyLimit`), which speaks
//! up in the handler's extractor, and not the layer of tower-http, which answers a large
//! `Content-Length` by itself, in words of its own: so every 413 is one [`Answer`](super::answer::Answer).
//! Encodings other than gzip get 415 from the layer, and its body here.

use super::{
    answer::Answer,
    body::{BODY_LIMIT, BodyError},
};
use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Request, rejection::BytesRejection},
    middleware::{map_request, map_response},
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, StatusCode,
    header::{ACCEPT_ENCODING, CONTENT_ENCODING},
};
use tower_http::decompression::RequestDecompressionLayer;

/// Puts the door before the routes of intake. Their handlers take `Result<Bytes, BytesRejection>`
/// and give it to [`whole`]; the type of the content counts for nothing (browser libraries send
/// JSON as `text/plain`, which spares them a preflight).
pub fn behind_the_door<S: Clone + Send + Sync + 'static>(routes: Router<S>) -> Router<S> {
    // What is added later stands further out: gunzip, then the limit, then the handler.
    routes
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(RequestDecompressionLayer::new())
        .layer(map_request(in_small_letters))
        .layer(map_response(in_words))
}

/// Names of encodings have no case (RFC 9110 8.4.1), and the layer takes them as they are written.
async fn in_small_letters(mut request: Request) -> Request {
    if let Some(encoding) = request.headers_mut().get_mut(CONTENT_ENCODING)
        && let Ok(small) = HeaderValue::from_bytes(&encoding.as_bytes().to_ascii_lowercase())
    {
        *encoding = small;
    }
    request
}

/// The layer's own 415 says nothing.
async fn in_words(response: Response) -> Response {
    match response.status() {
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            let mut told = Answer::Unpackable.into_response();
            told.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
            told
        }
        _ => response,
    }
}

/// The body, if all of it came in.
///
/// # Errors
/// [`BodyError::TooLarge`], or [`BodyError::Broken`] for a gzip that is none and for a sender that
/// went away (who does not hear the answer).
pub fn whole(body: Result<Bytes, BytesRejection>) -> Result<Bytes, BodyError> {
    body.map_err(|why| match why.status() {
        StatusCode::PAYLOAD_TOO_LARGE => BodyError::TooLarge,
        _ => BodyError::Broken(why.body_text()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{body::Body, routing::post};
    use base64::{Engine, engine::general_purpose::STANDARD};
    use http::{Request, header::CONTENT_LENGTH};
    use tower::ServiceExt;

    /// `{"userId":"kim","event":"Pricing Page Viewed"}`
    const CALL: &str =
        "H4sIAAAAAAACA6tWKi1OLfJMUbJSys7MVdJRSi1LzSsB8gKKMpMz89IVAhLTUxXCMlPLU1OUagFgdiy0LgAAAA==";

    /// 600,000 spaces in 824 bytes.
    fn bomb() -> Vec<u8> {
        let (head, zeros, tail) =
            ("H4sIAAAAAAACA+3BMQEAAADCoCrrn9IaHkAB", "A".repeat(773), "PBosSe7/MAnCQA=");
        let text = format!("{head}{zeros}{tail}");
        STANDARD.decode(&text).unwrap()
    }

    async fn echo(body: Result<Bytes, BytesRejection>) -> Response {
        match whole(body) {
            Ok(bytes) => bytes.into_response(),
            Err(why) => Answer::Unusable(why).into_response(),
        }
    }

    async fn send(encoding: Option<&str>, body: impl Into<Body>, length: Option<usize>) -> (u16, Response) {
        let mut request = Request::post("/v1/track");
        if let Some(encoding) = encoding {
            request = request.header(CONTENT_ENCODING, encoding);
        }
        if let Some(length) = length {
            request = request.header(CONTENT_LENGTH, length);
        }
        let routes: Router = behind_the_door(Router::new().route("/v1/track", post(echo)));
        let response = routes.oneshot(request.body(body.into()).unwrap()).await.unwrap();
        (response.status().as_u16(), response)
    }

    async fn text(response: Response) -> String {
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn gzip_is_undone() {
        let packed = STANDARD.decode(CALL).unwrap();
        let length = packed.len();
        for encoding in ["gzip", "GZIP"] {
            let (status, response) = send(Some(encoding), packed.clone(), Some(length)).await;
            assert_eq!(
                (status, text(response).await.as_str()),
                (200, r#"{"userId":"kim","event":"Pricing Page Viewed"}"#)
            );
        }
    }

    #[tokio::test]
    async fn what_is_too_large_is_refused_in_our_words_packed_or_not() {
        let large = vec![b' '; BODY_LIMIT + 1];
        let length = large.len();
        for (encoding, body, length) in [
            (Some("gzip"), bomb(), None),
            (Some("gzip"), bomb(), Some(bomb().len())),
            (None, large.clone(), None),
            (None, large, Some(length)),
        ] {
            let (status, response) = send(encoding, body, length).await;
            assert_eq!(status, 413);
            assert!(text(response).await.contains(r#""code":"too_large""#));
        }
        let (status, _) = send(None, vec![b' '; BODY_LIMIT], None).await;
        assert_eq!(status, 200);
    }

    #[tokio::test]
    async fn a_gzip_that_is_none_is_said_so() {
        for body in [b"{}".to_vec(), STANDARD.decode(CALL).unwrap()[..40].to_vec()] {
            let (status, response) = send(Some("gzip"), body, None).await;
            assert_eq!(status, 400);
            assert!(text(response).await.contains(r#""code":"broken_body""#));
        }
        let (status, response) = send(Some("br"), "{}", None).await;
        assert_eq!(
            (status, &response.headers()[ACCEPT_ENCODING]),
            (415, &http::HeaderValue::from_static("gzip"))
        );
        assert!(text(response).await.contains(r#""code":"unknown_encoding""#));
    }
}
