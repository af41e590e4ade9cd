//! The survey: the answer pressed in the mail is chosen on the page, and kept by the button; who is the wrong person may name the right one.

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
    email::EmailAddress,
    link::Purpose,
    sequence::{Consequence, Step, SurveyTerms},
};
use serde::Deserialize;
use serde_json::json;

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

/// Who is the right one, when they are not.
#[derive(Template)]
#[template(path = "survey_colleague.html")]
struct AskColleague {
    company: String,
    action: String,
    /// What was wrong with what they wrote; empty when nothing was.
    wrong: &'static str,
    name: String,
    email: String,
}

/// What the buttons send: an answer, or the colleague who is the right one.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Sent {
    Answer { answer: String },
    Colleague { colleague: String, email: String },
}

/// How long the name of a colleague may be, in characters.
const LONGEST_NAME: usize = 100;

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

/// Keeps the answer. Another answer than before is kept beside it, the same one is kept once. Whoever was forwarded the mail can
/// answer as well: the activity says so.
pub(super) async fn answer(
    State(doors): State<Doors>,
    token: Token,
    sent: Result<Form<Sent>, FormRejection>,
) -> Result<Response, Trouble> {
    let found = found(&doors, token).await?;
    let chosen = match sent {
        Ok(Form(Sent::Colleague { colleague, email })) => {
            return named(doors, found, &colleague, &email).await;
        }
        Ok(Form(Sent::Answer { answer })) => {
            found.terms.answers.iter().find(|known| known.key == answer).cloned()
        }
        Err(_) => None,
    };
    let Some(answer) = chosen else {
        // Nothing chosen, or nothing that was asked: ask again.
        return Ok(asked(doors, found, StatusCode::BAD_REQUEST));
    };
    let now = doors.store.clock().calendar();
    let id = format!("survey:{}:{}", found.delivery.id, answer.key);
    let more = [
        ("answer", json!(answer.key)),
        ("says", json!(answer.says)),
        ("points", json!(answer.points)),
        ("then", json!(answer.then())),
        ("bearer", json!(true)),
    ];
    let answered = in_mail(&found.delivery, names::ANSWERED, id, more, now);
    let what_next = match answer.then() {
        Some(Consequence::Stop) => {
            doors.store.leads().unsubscribe(found.delivery.id, now).await?;
            "You get no more mails from us about our products.".to_owned()
        }
        Some(Consequence::Again { after, .. }) => {
            let date = (now + after.delta()).with_timezone(&doors.settings.zone);
            format!("We write to you again in {}, and not before.", date.format("%B %Y"))
        }
        Some(Consequence::Colleague) | None => String::new(),
    };
    keep(&doors.store, &[answered]).await?;
    let company = doors.settings.company.clone();
    Ok(match answer.then() {
        Some(Consequence::Colleague) => colleague(doors, &found, StatusCode::OK, "", "", ""),
        _ => page(StatusCode::OK, &Thanks { company, answer: answer.says, what_next }),
    })
}

fn colleague(
    doors: Doors,
    found: &Found,
    status: StatusCode,
    wrong: &'static str,
    name: &str,
    email: &str,
) -> Response {
    let template = AskColleague {
        company: doors.settings.company,
        action: format!("/s/{}", found.token),
        wrong,
        name: name.to_owned(),
        email: email.to_owned(),
    };
    page(status, &template)
}

/// Keeps whom they name: for the team to talk to, who has agreed to nothing and gets no mail.
async fn named(doors: Doors, found: Found, name: &str, email: &str) -> Result<Response, Trouble> {
    let visible =
        |text: &str| text.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect::<String>();
    let (name, email) = (visible(name.trim()), email.trim());
    let asks = found.terms.answers.iter().any(|answer| answer.then() == Some(&Consequence::Colleague));
    if !asks {
        return Ok(asked(doors, found, StatusCode::BAD_REQUEST));
    }
    let address = (!email.is_empty()).then(|| EmailAddress::parse(email)).transpose();
    let wrong = match &address {
        Err(_) => "This is no e-mail address.",
        Ok(None) if name.is_empty() => "A name or an address is enough.",
        Ok(_) => "",
    };
    let (Ok(address), "") = (address, wrong) else {
        return Ok(colleague(doors, &found, StatusCode::BAD_REQUEST, wrong, &name, email));
    };
    let who: Vec<&str> = [name.as_str(), address.as_ref().map_or("", EmailAddress::as_str)]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    let (who, now) = (who.join(", "), doors.store.clock().calendar());
    let more = [("colleague", json!(who)), ("bearer", json!(true))];
    keep(
        &doors.store,
        &[in_mail(&found.delivery, names::COLLEAGUE, format!("colleague:{}", found.delivery.id), more, now)],
    )
    .await?;
    let what_next = "We will not write to you about this again.".to_owned();
    Ok(page(
        StatusCode::OK,
        &Thanks { company: doors.settings.company, answer: format!("ask {who}"), what_next },
    ))
}
