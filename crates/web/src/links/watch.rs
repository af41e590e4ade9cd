//! Every look at an address of a mail leaves a trace, by which people are told from machines; who looks too fast has to wait.
//! The watch also learns keys that another process has made since this one began.
//!
//! A trace that cannot be kept is our loss alone: whoever looks gets their page.

use super::trouble;
use crate::{Doors, client::address_of};
use axum::{
    extract::{Request, State},
    http::{Method, header},
    middleware::Next,
    response::Response,
};
use rekindle_core::{
    ids::DeliveryId,
    link::{BAIT, Meant, Purpose},
    machine::Fetched,
    pace::{Buckets, Pace},
};
use rekindle_storage::fetches::Fetching;
use std::sync::Arc;

/// How fast one address may look: a company's mail filter, behind one address, fetches the mails of all its people at once.
const PACE: Pace = Pace { per_second: 50.0, burst: 2_000.0 };

/// What the watch needs.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    doors: Doors,
    buckets: Arc<Buckets>,
}

impl Watch {
    pub(super) fn of(doors: Doors) -> Self {
        Self { doors, buckets: Arc::new(Buckets::new(PACE)) }
    }
}

pub(super) async fn look(State(watch): State<Watch>, request: Request, next: Next) -> Response {
    let Watch { doors, buckets } = &watch;
    if let Some((_, token)) = parts(request.uri().path())
        && doors.store.ring().is_of_an_unknown_key(token)
        && let Err(error) = doors.store.learn_link_keys().await
    {
        tracing::warn!(%error, "the keys of links cannot be read");
    }
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        return next.run(request).await;
    }
    let from = address_of(request.extensions(), request.headers(), &doors.settings.proxies);
    if let Some(from) = from {
        let now = doors.store.clock().stopwatch();
        if let Err(wait) = buckets.take(&from.to_string(), 1, now) {
            return trouble::too_fast(wait);
        }
    }
    if let Some((meant, what)) = fetched(doors, request.uri().path()) {
        let agent = request.headers().get(header::USER_AGENT);
        let fetching = Fetching {
            what,
            destination: (what == Fetched::Link).then_some(meant.number).and_then(|n| i32::try_from(n).ok()),
            head: request.method() == Method::HEAD,
            agent: agent.map(|name| String::from_utf8_lossy(name.as_bytes()).into_owned()),
            from,
        };
        if let Err(error) = keep(doors, meant, fetching).await {
            tracing::warn!(%error, delivery = %DeliveryId(meant.row), "a look at a mail's link cannot be kept");
        }
    }
    next.run(request).await
}

async fn keep(doors: &Doors, meant: Meant, fetching: Fetching) -> rekindle_storage::Result<()> {
    match doors.store.links().delivery(DeliveryId(meant.row)).await? {
        Some(delivery) => doors.store.fetches().keep(fetching, &delivery).await,
        None => Ok(()),
    }
}

/// The door and the token of a path.
fn parts(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix('/')?.split_once('/')
}

/// What a path asks for, if its token is one of ours.
fn fetched(doors: &Doors, path: &str) -> Option<(Meant, Fetched)> {
    let (door, token) = parts(path)?;
    let (purpose, what) = match door {
        "c" => (Purpose::Click, Fetched::Link),
        "o" => (Purpose::Offer, Fetched::Offer),
        "s" => (Purpose::Survey, Fetched::Survey),
        "i" => (Purpose::Picture, Fetched::Picture),
        "u" => (Purpose::Unsubscribe, Fetched::WayOut),
        _ => return None,
    };
    let meant = doors.store.ring().check(purpose, token)?;
    let is_bait = purpose == Purpose::Click && meant.number == BAIT;
    Some((meant, if is_bait { Fetched::Bait } else { what }))
}
