//! The calls themselves: `POST /v1/{identify,track,page,screen,group,alias,batch}`.

use super::{
    answer::{Answer, Rejected},
    body::{Endpoint, Envelope},
    cors, door,
    key::{self, KeyFacts},
    writer::Inbox,
};
use axum::{
    Router,
    body::Bytes,
    extract::{Path, State, rejection::BytesRejection},
    response::{IntoResponse, Response},
    routing::post,
};
use http::{HeaderMap, StatusCode};
use rekindle_core::{
    activity::Trust,
    arrival::Received,
    pace::{Buckets, Pace},
};
use rekindle_storage::{Result, Store};
use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
};

/// What the handlers share.
#[derive(Clone)]
struct Calls {
    store: Store,
    inbox: Inbox,
    pace: Arc<Buckets>,
    keys: Arc<RwLock<HashMap<String, Arc<KeyFacts>>>>,
}

/// The routes of intake. `per_second` is how many items a key may send in a second; 0 for any.
pub fn router(store: Store, inbox: Inbox, per_second: u32) -> Router {
    let per_second = if per_second == 0 { f64::MAX } else { f64::from(per_second) };
    let pace = Pace { per_second, burst: per_second * 2.0 };
    let calls = Calls { store, inbox, pace: Arc::new(Buckets::new(pace)), keys: Arc::default() };
    let routes = Router::new().route("/v1/{call}", post(call).options(preflight)).with_state(calls);
    door::behind_the_door(routes)
}

async fn call(
    State(calls): State<Calls>,
    Path(word): Path<String>,
    headers: HeaderMap,
    body: std::result::Result<Bytes, BytesRejection>,
) -> Response {
    let Some(endpoint) = Endpoint::from_word(&word) else { return Answer::NoSuchCall(word).into_response() };
    let (cors, answer) = calls.take(endpoint, &headers, body).await;
    let mut response = answer.into_response();
    response.headers_mut().extend(cors);
    response
}

async fn preflight(State(calls): State<Calls>, headers: HeaderMap) -> Response {
    let origins = match calls.store.keys().origins().await {
        Ok(origins) => origins,
        Err(_) => return Answer::Away.into_response(),
    };
    match cors::preflight(&headers, &origins) {
        Some(cors) => (StatusCode::NO_CONTENT, cors).into_response(),
        None => {
            let origin = headers.get(http::header::ORIGIN).map(http::HeaderValue::as_bytes);
            let shown = String::from_utf8_lossy(origin.unwrap_or_default()).chars().take(200).collect();
            Answer::Foreign(cors::ForeignPage(shown)).into_response()
        }
    }
}

impl Calls {
    async fn take(
        &self,
        endpoint: Endpoint,
        headers: &HeaderMap,
        body: std::result::Result<Bytes, BytesRejection>,
    ) -> (HeaderMap, Answer) {
        let plain = |answer| (HeaderMap::new(), answer);
        let envelope = match door::whole(body).and_then(|body| Envelope::read(endpoint, &body)) {
            Ok(envelope) => envelope,
            Err(why) => return plain(Answer::Unusable(why)),
        };
        let Some(secret) = key::write_key(headers, envelope.write_key()) else {
            return plain(Answer::UnknownKey);
        };
        let key = match self.key(&secret).await {
            Ok(Some(key)) => key,
            Ok(None) => return plain(Answer::UnknownKey),
            Err(error) => {
                tracing::error!(%error, "cannot look up a write key");
                return plain(Answer::Away);
            }
        };
        let cors = match cors::admit(&key, headers) {
            Ok(cors) => cors,
            Err(foreign) => return plain(Answer::Foreign(foreign)),
        };
        let clock = self.store.clock();
        if let Err(wait) = self.pace.take(&key.name, envelope.len(), clock.stopwatch()) {
            return (cors, Answer::TooFast(wait));
        }
        let parsed = super::items(&envelope, &key, clock.calendar(), clock.wall());
        let mut rejected: Vec<Rejected> = parsed.bad.iter().map(|(i, bad)| Rejected::of(*i, bad)).collect();
        let (places, arrivals): (Vec<usize>, Vec<_>) = parsed.good.into_iter().unzip();
        let quarantined = parsed.bad.into_iter().map(|(_, bad)| bad).collect();
        let Some(received) = self.inbox.store(arrivals, quarantined).await else {
            return (cors, Answer::Away);
        };
        rejected.extend(places.iter().zip(&received).filter_map(|(place, received)| match received {
            Received::Stored(_) | Received::Duplicate => None,
            Received::Conflict => Some(Rejected::conflict(*place)),
            Received::Refused(why) => Some(Rejected::not_kept(*place, why)),
        }));
        rejected.sort_by_key(|rejected| rejected.index);
        (cors, Answer::Taken(rejected))
    }

    /// The key that a secret is; one that is not known is looked up again each time, so that a key
    /// works as soon as it was made.
    async fn key(&self, secret: &str) -> Result<Option<Arc<KeyFacts>>> {
        if let Some(known) = self.keys.read().expect("nothing panics while it is held").get(secret) {
            return Ok(Some(known.clone()));
        }
        let Some(found) = self.store.keys().find(secret).await? else { return Ok(None) };
        let facts = Arc::new(KeyFacts {
            name: found.name,
            trust: found.trust,
            basis: found.basis.filter(|_| found.trust == Trust::Server),
            origins: found.origins,
        });
        self.keys.write().expect("nothing panics while it is held").insert(secret.to_owned(), facts.clone());
        Ok(Some(facts))
    }
}
