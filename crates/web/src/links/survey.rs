//! The survey: the answer pressed in the mail is chosen on the page, and kept by the button.

use super::{Token, Trouble, delivery_of, meant, step_of, told::keep};
use crate::{Doors, html::page};
use askama::Template;
use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::StatusCode,
    response::Response,
};
use rekindle_core::{
    activity::names,
    arrival::in_mail,
    delivery::Delivery,
    link::Purpose,
    sequence::{Step, SurveyTerms},
};
use serde::Deserialize;
use serde_json::json;

/// The answer that is also a wish to get no more mail.
const STOP: &str = "stop";

#[derive(Template)]
#[template(path = "survey.html")]
struct Ask {
    company: String,
    question: String,
    action: String,
    options: Vec<Choice>,
}

struct Choice {
    value: String,
    label: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "survey_thanks.html")]
struct Thanks {
    company: String,
    answer: String,
    what_next: String,
}

/// What the button sends.
#[derive(Debug, Deserialize)]
pub(super) struct Sent {
    answer: String,
}

/// A survey that a link leads to.
struct Found {
    delivery: Delivery,
    terms: SurveyTerms,
    pressed: Option<usize>,
    token: String,
}

async fn found(doors: &Doors, token: Token) -> Result<Found, Trouble> {
    let (meant, token) = meant(&doors.store, Purpose::Survey, token)?;
    let delivery = delivery_of(&doors.store, meant).await?;
    let Step::Mail { survey: Some(terms), .. } = step_of(&doors.store, &delivery).await? else {
        return Err(Trouble::NoSuchLink);
    };
    Ok(Found { delivery, terms, pressed: usize::try_from(meant.number).ok(), token })
}

fn asked(doors: Doors, found: Found, status: StatusCode) -> Response {
    let choice = |(index, answer): (usize, rekindle_core::sequence::Answer)| Choice {
        chosen: Some(index) == found.pressed,
        value: answer.key,
        label: answer.says,
    };
    let template = Ask {
        company: doors.settings.company,
        question: found.terms.question,
        action: format!("/s/{}", found.token),
        options: found.terms.answers.into_iter().enumerate().map(choice).collect(),
    };
    page(status, &template)
}

/// Asks; keeps nothing.
pub(super) async fn ask(State(doors): State<Doors>, token: Token) -> Result<Response, Trouble> {
    let found = found(&doors, token).await?;
    Ok(asked(doors, found, StatusCode::OK))
}

/// Keeps the answer. Another answer than before is kept beside it, the same one is kept once. The answer
/// `stop` unsubscribes too. Whoever was forwarded the mail can answer as well: the activity says so.
pub(super) async fn answer(
    State(doors): State<Doors>,
    token: Token,
    sent: Result<Form<Sent>, FormRejection>,
) -> Result<Response, Trouble> {
    let found = found(&doors, token).await?;
    let known = |key: &str| found.terms.answers.iter().find(|answer| answer.key == key).cloned();
    let Some(answer) = sent.ok().and_then(|Form(sent)| known(&sent.answer)) else {
        // Nothing chosen, or nothing that was asked: ask again.
        return Ok(asked(doors, found, StatusCode::BAD_REQUEST));
    };
    let now = doors.store.clock().calendar();
    let id = format!("survey:{}:{}", found.delivery.id, answer.key);
    let more = [("answer", json!(answer.key)), ("says", json!(answer.says)), ("bearer", json!(true))];
    let mut what_next = String::new();
    if answer.key == STOP {
        doors.store.leads().unsubscribe(found.delivery.id, now).await?;
        what_next = "You get no more mails from us about our products.".to_owned();
    }
    keep(&doors.store, &[in_mail(&found.delivery, names::ANSWERED, id, more, now)]).await?;
    Ok(page(StatusCode::OK, &Thanks { company: doors.settings.company, answer: answer.says, what_next }))
}
