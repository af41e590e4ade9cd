//! Signing in: a one-time link becomes a session, and a session tells who asks.
//!
//! The link's page does nothing by itself; its button spends the token, so that what only looks at
//! links cannot use one up. The session's secret is in a cookie that no script can read. Whoever has a
//! session may say who they are in a chat, by a one-time link that the chat gave them.

use axum::{
    Extension, Router,
    extract::{Path, Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use rekindle_core::team::Member;
use rekindle_storage::Store;
use rekindle_web::pages;
use reqwest::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use tower_http::csrf::CsrfLayer;

const COOKIE_NAME: &str = "rekindle_session";

/// What signing in needs.
#[derive(Clone)]
pub struct SignIn {
    /// Sessions are rows.
    pub store: Store,
    /// Whether the house is reached by https: then the cookie never goes over http.
    pub secure: bool,
}

/// Puts the sign-in before the staff's routes: whoever has a session is known to them as
/// `Extension<Member>`, whoever has none is not. Other sites cannot post in a member's name.
pub fn behind_sign_in(staff: Router, sign_in: SignIn) -> Router {
    let links = Router::new()
        .route("/in/{token}", get(page).post(enter))
        .route("/sign-out", post(leave))
        .route("/link-chat/{token}", get(ask_who).post(say_who))
        .with_state(sign_in.clone());
    staff
        .merge(links)
        .layer(middleware::from_fn_with_state(sign_in, know))
        .layer(CsrfLayer::new())
        .layer(middleware::map_response(guarded))
}

async fn know(State(sign_in): State<SignIn>, mut request: Request, next: Next) -> Response {
    if let Some(secret) = secret_of(request.headers())
        && let Ok(Some(member)) = sign_in.store.team().of_session(&secret).await
    {
        request.extensions_mut().insert(member);
    }
    next.run(request).await
}

async fn page(State(sign_in): State<SignIn>, Path(token): Path<String>) -> Response {
    match sign_in.store.team().of_link(&token).await {
        Ok(Some(member)) => pages::signin_page(&member.name, &format!("/in/{token}")).into_response(),
        Ok(None) => pages::signed_out_page().into_response(),
        Err(error) => away(&error),
    }
}

async fn enter(State(sign_in): State<SignIn>, Path(token): Path<String>) -> Response {
    match sign_in.store.team().sign_in(&token).await {
        Ok(Some(secret)) => {
            let secure = if sign_in.secure { "; Secure" } else { "" };
            let lasts = rekindle_storage::team::SESSION_LASTS.num_seconds();
            let cookie =
                format!("{COOKIE_NAME}={secret}; Path=/; HttpOnly; SameSite=Lax; Max-Age={lasts}{secure}");
            ([(SET_COOKIE, cookie)], Redirect::to("/console")).into_response()
        }
        Ok(None) => pages::signed_out_page().into_response(),
        Err(error) => away(&error),
    }
}

async fn leave(State(sign_in): State<SignIn>, headers: HeaderMap) -> Response {
    if let Some(secret) = secret_of(&headers)
        && let Err(error) = sign_in.store.team().sign_out(&secret).await
    {
        return away(&error);
    }
    let cookie = format!("{COOKIE_NAME}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    ([(SET_COOKIE, cookie)], Redirect::to("/")).into_response()
}

async fn ask_who(
    State(sign_in): State<SignIn>,
    member: Option<Extension<Member>>,
    Path(token): Path<String>,
) -> Response {
    let Some(Extension(member)) = member else { return pages::signed_out_page() };
    match sign_in.store.chat().of_invite(&token).await {
        Ok(Some(user)) => {
            let action = format!("/link-chat/{token}");
            pages::link_chat_page(&member.name, user.platform.name(), &user.id, &action)
        }
        Ok(None) => pages::link_over_page(),
        Err(error) => away(&error),
    }
}

async fn say_who(
    State(sign_in): State<SignIn>,
    member: Option<Extension<Member>>,
    Path(token): Path<String>,
) -> Response {
    let Some(Extension(member)) = member else { return pages::signed_out_page() };
    match sign_in.store.chat().accept(&token, &member).await {
        Ok(Some(user)) => pages::chat_linked_page(&member.name, user.platform.name()),
        Ok(None) => pages::link_over_page(),
        Err(error) => away(&error),
    }
}

fn secret_of(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE_NAME)
        .map(|(_, value)| value.to_owned())
}

fn away(error: &rekindle_storage::StoreError) -> Response {
    tracing::error!(%error, "cannot sign in");
    (axum::http::StatusCode::SERVICE_UNAVAILABLE, "The database is away; try again in a moment.\n")
        .into_response()
}

/// What every page of the staff carries, unless it says otherwise itself.
async fn guarded(mut response: Response) -> Response {
    const GUARDS: [(&str, &str); 5] = [
        (
            "content-security-policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
             form-action 'self'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'",
        ),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cache-control", "no-store"),
        ("x-frame-options", "SAMEORIGIN"),
    ];
    for (name, value) in GUARDS {
        if !response.headers().contains_key(name) {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
    }
    response
}
