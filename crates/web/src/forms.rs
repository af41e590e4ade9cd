//! Forms: a page of ours, a place to post to for the pages of others, and the button in the mail that asks back.
//!
//! Promise: whoever fills one in learns nothing about the address, and it allows no mail but one that asks
//! whether it was them; only the button behind that mail makes consent. A machine finds a field that people do not see,
//! and is faster than they are.

use crate::{
    Doors,
    client::address_of,
    html::{self, page},
    intake::{cors, key::KeyFacts},
    links::{Token, Trouble, meant},
};
use askama::Template;
use axum::{
    Form as Posted, Json, Router,
    extract::{Path, State, rejection::FormRejection},
    http::{Extensions, HeaderMap, StatusCode, header},
    middleware::map_response,
    response::{IntoResponse, Response},
    routing::get,
};
use chrono::TimeDelta;
use rekindle_core::{
    activity::{Kind, Trust, names},
    arrival::{Arrival, Received, Who},
    email::EmailAddress,
    form::Form,
    ids::DeliveryId,
    lead::word_of,
    link::{Purpose, digest},
};
use rekindle_storage::confirmations::Whence;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Faster than this nobody fills in a form.
const FASTEST: TimeDelta = TimeDelta::seconds(2);
/// A page that was opened before this is opened anew.
const SLOWEST: TimeDelta = TimeDelta::hours(24);
/// The field that people do not see.
const HONEYPOT: &str = "website";

/// The routes of forms: `/f/NAME` shows and takes one, `/y/TOKEN` is where the mail that asks back leads. Public.
pub fn form_pages(doors: Doors) -> Router {
    Router::new()
        .route("/f/{form}", get(show).post(take))
        .route("/y/{token}", get(ask).post(confirm))
        .layer(map_response(html::for_leads))
        .with_state(doors)
}

#[derive(Template)]
#[template(path = "form.html")]
struct Show {
    company: String,
    title: String,
    wording: String,
    action: String,
    began: String,
    problem: String,
    email: String,
    fields: Vec<Asked>,
}

struct Asked {
    name: String,
    label: String,
    value: String,
}

#[derive(Template)]
#[template(path = "form_sent.html")]
struct Sent {
    company: String,
    thanks: String,
}

#[derive(Template)]
#[template(path = "confirm.html")]
struct Ask {
    company: String,
    title: String,
    action: String,
}

#[derive(Template)]
#[template(path = "confirmed.html")]
struct Confirmed {
    company: String,
    title: String,
}

async fn form_of(doors: &Doors, name: &str) -> Result<Form, Trouble> {
    let playbooks = doors.store.playbooks().await?;
    playbooks.current().form(name).cloned().ok_or(Trouble::NoSuchLink)
}

/// The form, with what was filled in, and what is wrong with it.
fn shown(
    doors: Doors,
    form: &Form,
    told: &BTreeMap<String, String>,
    problem: &str,
    status: StatusCode,
) -> Response {
    let began = u32::try_from(doors.store.clock().wall().timestamp()).unwrap_or(0);
    let value = |name: &str| told.get(name).cloned().unwrap_or_default();
    let template = Show {
        title: form.title.clone(),
        wording: form.wording.clone(),
        action: format!("/f/{}", form.name),
        began: doors.store.ring().token(Purpose::Form, Default::default(), began),
        problem: problem.to_owned(),
        email: value("email"),
        fields: form
            .fields
            .iter()
            .map(|field| Asked {
                name: field.name.clone(),
                label: field.label.clone(),
                value: value(&field.name),
            })
            .collect(),
        company: doors.settings.company,
    };
    page(status, &template)
}

async fn show(State(doors): State<Doors>, Path(name): Path<String>) -> Result<Response, Trouble> {
    let form = form_of(&doors, &name).await?;
    Ok(shown(doors, &form, &BTreeMap::new(), "", StatusCode::OK))
}

/// Takes a form that was filled in. The answer is the same for every address.
async fn take(
    State(doors): State<Doors>,
    Path(name): Path<String>,
    extensions: Extensions,
    headers: HeaderMap,
    told: Result<Posted<BTreeMap<String, String>>, FormRejection>,
) -> Result<Response, Trouble> {
    let form = form_of(&doors, &name).await?;
    let told = told.map(|Posted(told)| told).unwrap_or_default();
    let Some(page_of) = whose_page(&doors, &form, &headers) else {
        return Ok((StatusCode::FORBIDDEN, "This form may not be used on that page.\n").into_response());
    };
    let Ok(email) = EmailAddress::parse(told.get("email").map_or("", String::as_str)) else {
        let problem = "Please look at the address again: it should look like ann@example.com.";
        return Ok(shown(doors, &form, &told, problem, StatusCode::BAD_REQUEST));
    };
    if page_of == PageOf::Ours && !took_its_time(&doors, told.get("began").map_or("", String::as_str)) {
        return Ok(shown(
            doors,
            &form,
            &told,
            "One more press, please: this page had just been opened.",
            StatusCode::OK,
        ));
    }
    if told.get(HONEYPOT).is_none_or(String::is_empty) {
        keep(&doors, &form, &email, &told, &whence(&doors, &extensions, &headers)).await?;
    }
    Ok(thanked(doors, form, page_of, &headers))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum PageOf {
    Ours,
    Theirs,
}

/// Whose page a form was filled in on: ours, or one of the sites that the form names. `None` for all others. Our own
/// pages tell no referrer, so that browsers say `null` for where they are.
fn whose_page(doors: &Doors, form: &Form, headers: &HeaderMap) -> Option<PageOf> {
    let Some(origin) = headers.get(header::ORIGIN).filter(|origin| *origin != "null") else {
        return Some(PageOf::Ours);
    };
    match (cors::listed(origin, &form.origins), cors::listed(origin, [&doors.settings.public_url])) {
        (true, _) => Some(PageOf::Theirs),
        (false, true) => Some(PageOf::Ours),
        (false, false) => None,
    }
}

fn took_its_time(doors: &Doors, began: &str) -> bool {
    let Some(meant) = doors.store.ring().check(Purpose::Form, began) else { return false };
    let took = doors.store.clock().wall().timestamp() - i64::from(meant.number);
    (FASTEST.num_seconds()..=SLOWEST.num_seconds()).contains(&took)
}

/// From where somebody speaks, as proof.
fn whence(doors: &Doors, extensions: &Extensions, headers: &HeaderMap) -> Whence {
    let agent = headers.get(header::USER_AGENT).and_then(|name| name.to_str().ok());
    Whence {
        ip: address_of(extensions, headers, &doors.settings.proxies).map(|address| address.to_string()),
        user_agent: agent.map(|name| name.chars().filter(|c| !c.is_control()).take(300).collect()),
    }
}

/// Keeps what was told, as anybody could have told it, and asks back by mail.
async fn keep(
    doors: &Doors,
    form: &Form,
    email: &EmailAddress,
    told: &BTreeMap<String, String>,
    whence: &Whence,
) -> Result<(), Trouble> {
    let store = &doors.store;
    let now = store.clock().calendar();
    let mut traits = Map::from_iter([("email".to_owned(), json!(email.as_str()))]);
    for field in &form.fields {
        let value = told.get(&field.name).map(|text| Value::from(text.as_str()));
        traits.extend(value.as_ref().and_then(word_of).map(|text| (field.name.clone(), text.into())));
    }
    // The same form of the same address is one thing a day, however often a machine sends it.
    let id = digest(&format!("{} {} {}", form.name, email.as_str(), now.date_naive()));
    let arrival = |kind: Kind, name: &str, part: &str, properties: Map<String, Value>| Arrival {
        source: "form".to_owned(),
        message_id: format!("{}:{part}", &id[..32]),
        fingerprint: 0,
        who: Who { email: Some(email.clone()), ..Who::default() },
        kind,
        name: name.to_owned(),
        path: None,
        at: now,
        properties,
        human: kind == Kind::Track,
        trust: Trust::Browser,
        basis: None,
    };
    let submitted = Map::from_iter([("form".to_owned(), json!(form.name))]);
    let group = [
        arrival(Kind::Identify, names::IDENTIFIED, "who", traits),
        arrival(Kind::Track, names::SUBMITTED, "what", submitted),
    ];
    let playbooks = store.playbooks().await?;
    let received = store.leads().observe(&group, &playbooks).await?;
    let lead = match received.first() {
        Some(Received::Stored(lead)) => *lead,
        _ => match store.leads().named(email.as_str()).await {
            Ok(lead) => lead.id,
            Err(error) if error.refusal().is_some() => return Ok(()),
            Err(error) => return Err(error.into()),
        },
    };
    store.confirmations().ask(lead, form, whence).await?;
    Ok(())
}

/// The answer: for a script, for another site's page, for ours.
fn thanked(doors: Doors, form: Form, page_of: PageOf, headers: &HeaderMap) -> Response {
    let wants_json =
        headers.get(header::ACCEPT).is_some_and(|accept| accept.as_bytes().starts_with(b"application/json"));
    let answer = match (wants_json, page_of, form.thanks) {
        (true, ..) => Json(json!({"success": true})).into_response(),
        (false, PageOf::Theirs, Some(thanks)) => {
            (StatusCode::SEE_OTHER, [(header::LOCATION, thanks)]).into_response()
        }
        (false, _, thanks) => {
            let template = Sent { company: doors.settings.company, thanks: thanks.unwrap_or_default() };
            page(StatusCode::OK, &template)
        }
    };
    let site = KeyFacts { name: form.name, trust: Trust::Browser, basis: None, origins: form.origins };
    match cors::admit(&site, headers) {
        Ok(readable) => (readable, answer).into_response(),
        Err(_) => answer,
    }
}

/// Asks; confirms nothing.
async fn ask(State(doors): State<Doors>, token: Token) -> Result<Response, Trouble> {
    let (meant, token) = meant(&doors.store, Purpose::Confirm, token)?;
    let asked = doors.store.confirmations().asked(DeliveryId(meant.row)).await?.ok_or(Trouble::NoSuchLink)?;
    let company = doors.settings.company;
    Ok(match asked.confirmed {
        true => page(StatusCode::OK, &Confirmed { company, title: asked.form }),
        false => page(StatusCode::OK, &Ask { company, title: asked.form, action: format!("/y/{token}") }),
    })
}

/// Confirms: consent, with its proof.
async fn confirm(
    State(doors): State<Doors>,
    token: Token,
    extensions: Extensions,
    headers: HeaderMap,
) -> Result<Response, Trouble> {
    let (meant, _) = meant(&doors.store, Purpose::Confirm, token)?;
    let (confirmations, id) = (doors.store.confirmations(), DeliveryId(meant.row));
    let asked = confirmations.asked(id).await?.ok_or(Trouble::NoSuchLink)?;
    if !confirmations.confirm(id, &whence(&doors, &extensions, &headers)).await? {
        return Err(Trouble::NoSuchLink);
    }
    Ok(page(StatusCode::OK, &Confirmed { company: doors.settings.company, title: asked.form }))
}
