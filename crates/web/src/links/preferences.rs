//! How a lead wants to be written to: the full stop first, then less of it, then the objection. A look changes nothing.

use super::{
    Token, Trouble, delivery_of, meant,
    told::{keep, masked_email},
};
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
    arrival::{Arrival, in_mail},
    consent::ConsentState,
    delivery::Delivery,
    lead::Lead,
    link::Purpose,
    preferences::{Choice, Preferences},
};
use serde::Deserialize;
use serde_json::json;

/// The choice that is an objection: no mail, and no profile (GDPR, Art. 21).
const OBJECT: &str = "object";

#[derive(Template)]
#[template(path = "preferences.html")]
struct Ask {
    company: String,
    email_masked: String,
    stop: String,
    action: String,
    now: String,
    stopped: bool,
    objected: bool,
    options: Vec<Offered>,
}

struct Offered {
    value: &'static str,
    label: String,
}

#[derive(Template)]
#[template(path = "preferences_saved.html")]
struct Saved {
    company: String,
    headline: &'static str,
    said: String,
    back: String,
}

/// What a button sends.
#[derive(Debug, Deserialize)]
pub(super) struct Sent {
    choice: String,
}

/// Whose preferences a link leads to.
struct Found {
    delivery: Delivery,
    lead: Lead,
    /// What the mail is about, where a plan wrote it.
    topic: Option<String>,
    token: String,
}

async fn found(doors: &Doors, token: Token) -> Result<Found, Trouble> {
    let (meant, token) = meant(&doors.store, Purpose::Preferences, token)?;
    let delivery = delivery_of(&doors.store, meant).await?;
    let leads = doors.store.leads().by_ids(&[delivery.lead]).await?;
    let lead = leads.into_iter().next().ok_or(Trouble::NoSuchLink)?;
    let playbooks = doors.store.playbooks().await?;
    let plan = doors.store.outbox().plan_of(&delivery).await?;
    let topic = plan
        .and_then(|(sequence, version)| Some(playbooks.of(version).sequence(&sequence)?.topic().to_owned()));
    Ok(Found { delivery, lead, topic, token })
}

impl Found {
    /// What a choice says to the lead.
    fn label(&self, choice: Choice) -> Option<String> {
        Some(match choice {
            Choice::Monthly => "At most one mail a month".to_owned(),
            Choice::Pause30 => "Nothing for 30 days".to_owned(),
            Choice::Pause90 => "Nothing for 90 days".to_owned(),
            Choice::Topic => format!("Only mails about {}", self.topic.as_ref()?),
            Choice::All => "As before".to_owned(),
        })
    }

    fn asked(self, doors: Doors, status: StatusCode) -> Response {
        let state = self.lead.consent.state;
        // There is nothing to take back where nothing was chosen.
        let chose = self.lead.preferences != Preferences::default();
        let offered = Choice::ALL
            .iter()
            .filter(|choice| chose || **choice != Choice::All)
            .filter_map(|choice| Some(Offered { value: choice.word(), label: self.label(*choice)? }));
        let template = Ask {
            options: offered.collect(),
            company: doors.settings.company,
            email_masked: masked_email(Some(&self.lead)),
            stop: format!("/u/{}", doors.store.ring().token(Purpose::Unsubscribe, self.delivery.id.0, 0)),
            action: format!("/p/{}", self.token),
            now: self.lead.preferences.in_words(doors.store.clock().calendar()),
            stopped: state.is_refusal(),
            objected: state == ConsentState::Objected,
        };
        page(status, &template)
    }
}

/// Asks; keeps nothing.
pub(super) async fn ask(State(doors): State<Doors>, token: Token) -> Result<Response, Trouble> {
    let found = found(&doors, token).await?;
    Ok(found.asked(doors, StatusCode::OK))
}

/// Keeps what was chosen.
pub(super) async fn choose(
    State(doors): State<Doors>,
    token: Token,
    sent: Result<Form<Sent>, FormRejection>,
) -> Result<Response, Trouble> {
    let found = found(&doors, token).await?;
    let now = doors.store.clock().calendar();
    let chosen = sent.map(|Form(sent)| sent.choice).unwrap_or_default();
    let back = format!("/p/{}", found.token);
    let company = doors.settings.company.clone();
    if chosen == OBJECT {
        let id = format!("objection:{}", found.delivery.id);
        keep(&doors.store, &[in_mail(&found.delivery, names::OBJECTED, id, [], now)]).await?;
        let said =
            "You get no more mails from us about our products, and we do not count what you do any more.";
        let headline = "We have stopped both";
        return Ok(page(StatusCode::OK, &Saved { company, headline, said: said.to_owned(), back }));
    }
    let Some((choice, label)) = Choice::from_word(&chosen).and_then(|c| Some((c, found.label(c)?))) else {
        // Nothing chosen, or nothing that was asked: ask again.
        return Ok(found.asked(doors, StatusCode::BAD_REQUEST));
    };
    let more = [("choice", json!(choice.word())), ("topic", json!(found.topic)), ("says", json!(label))];
    let id = format!("preference:{}:{chosen}:{}", found.delivery.id, now.timestamp_micros());
    // It says how they want to be written to, and is no sign of interest.
    let told = Arrival { human: false, ..in_mail(&found.delivery, names::PREFERRED, id, more, now) };
    keep(&doors.store, &[told]).await?;
    let said = format!("{label}: that is how we write to you from now on.");
    Ok(page(StatusCode::OK, &Saved { company, headline: "Done", said, back }))
}
