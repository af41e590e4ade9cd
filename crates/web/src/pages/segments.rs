//! Segments: what each asks, who answers a question, and all of them as a file.

use super::{
    frame::{Frame, SignedIn},
    refused::refused,
    saying::number,
};
use crate::{Doors, html::page};
use askama::Template;
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use rekindle_core::{
    email::EmailAddress,
    lead::Lead,
    observe::ago,
    refusal::Refusal,
    team::{Deed, Handle, Member},
    time::Moment,
};
use rekindle_report::csv::{Cell, line};
use rekindle_storage::Result as Stored;
use serde::Deserialize;

/// How many of those who answer yes are shown.
const SHOWN: u64 = 25;
/// How many lines of a file are read at a time.
const LINES: usize = 1000;

/// What the address asks for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    q: String,
}

#[derive(Template)]
#[template(path = "segments.html")]
struct Segments {
    frame: Frame,
    query: String,
    /// What is wrong with the question, line by line.
    wrong: String,
    answer: Option<Answer>,
    segments: Vec<Named>,
    may_export: bool,
}

struct Answer {
    name: String,
    asks: String,
    leads: String,
    mailable: String,
    some: Vec<Row>,
}

struct Named {
    name: String,
    asks: String,
    saved: bool,
}

struct Row {
    id: String,
    name: String,
    company: String,
    score: i64,
    grade: &'static str,
    nurture: &'static str,
    owner: String,
    seen: String,
}

/// The page.
pub(super) async fn show(
    State(doors): State<Doors>,
    SignedIn(member): SignedIn,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let asked = asked.map(|Query(asked)| asked).unwrap_or_default();
    match segments(&doors, &member, asked.q.trim()).await {
        Ok(segments) => page(StatusCode::OK, &segments),
        Err(error) => refused(&doors, &member, &error),
    }
}

async fn segments(doors: &Doors, member: &Member, query: &str) -> Stored<Segments> {
    let playbooks = doors.store.load_playbooks().await?;
    let playbook = playbooks.current();
    let (mut wrong, mut answer) = (String::new(), None);
    if !query.is_empty() {
        match playbook.question(query) {
            Err(refusal) => wrong = refusal.text(doors.settings.zone),
            Ok((name, question)) => {
                let now = doors.store.clock().calendar();
                let asking = doors.store.segments();
                let counted = asking.count(&question, playbook, now).await?;
                let some = asking.sample(&question, playbook, now, SHOWN).await?;
                let row = |lead: &Lead| {
                    let stands = playbook.scoring.standing(lead, now);
                    Row {
                        id: lead.id.to_string(),
                        name: lead.called().to_owned(),
                        company: lead.company.clone().unwrap_or_default(),
                        score: stands.score,
                        grade: stands.grade,
                        nurture: lead.nurture.word(),
                        owner: lead.owner.as_ref().map(Handle::name).unwrap_or_default(),
                        seen: lead.last_human_at.map_or_else(|| "never".to_owned(), |seen| ago(seen, now)),
                    }
                };
                answer = Some(Answer {
                    name,
                    asks: question.to_string(),
                    leads: number(counted.leads),
                    mailable: number(counted.mailable),
                    some: some.iter().map(row).collect(),
                });
            }
        }
    }
    let named = playbook.segments.iter().map(|(name, question)| Named {
        name: name.clone(),
        asks: playbook.saved.get(name).unwrap_or(question).to_string(),
        saved: playbook.saved.contains_key(name),
    });
    Ok(Segments {
        frame: Frame::of(doors, member),
        query: query.to_owned(),
        wrong,
        answer,
        segments: named.collect(),
        may_export: member.may(Deed::Segment).is_ok(),
    })
}

/// Everybody who answers yes, as CSV.
pub(super) async fn csv(
    State(doors): State<Doors>,
    SignedIn(member): SignedIn,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let asked = asked.map(|Query(asked)| asked).unwrap_or_default();
    match listed(&doors, &member, asked.q.trim()).await {
        Ok((text, at)) => {
            let name = format!("attachment; filename=\"segment-{}.csv\"", at.format("%Y-%m-%d"));
            let headers = [
                (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
                (header::CONTENT_DISPOSITION, name),
            ];
            (headers, text).into_response()
        }
        Err(error) => refused(&doors, &member, &error),
    }
}

async fn listed(doors: &Doors, member: &Member, query: &str) -> Stored<(String, Moment)> {
    member.may(Deed::Segment)?;
    if query.is_empty() {
        let text = "Which segment? Its name, or a question, stands behind ?q= in the address.".to_owned();
        return Err(Refusal::Usage { text }.into());
    }
    let playbooks = doors.store.load_playbooks().await?;
    let playbook = playbooks.current();
    let (_, question) = playbook.question(query)?;
    let now = doors.store.clock().calendar();
    let heads = [
        "id",
        "name",
        "email",
        "company",
        "title",
        "country",
        "score",
        "grade",
        "lifecycle",
        "nurture",
        "consent",
        "owner",
    ];
    let mut text = line(&heads.map(|head| Cell::Text(head.to_owned())));
    let everybody = doors.store.segments().all(&question, playbook, now).await?;
    for some in everybody.chunks(LINES) {
        let mut leads = doors.store.leads().by_ids(some).await?;
        leads.sort_by_key(|lead| lead.id);
        for lead in leads {
            let stands = playbook.scoring.standing(&lead, now);
            let word = |word: Option<&str>| word.map_or(Cell::Empty, |word| Cell::Text(word.to_owned()));
            text.push_str(&line(&[
                Cell::Text(lead.id.to_string()),
                word(lead.name.as_deref()),
                word(lead.email.as_ref().map(EmailAddress::as_str)),
                word(lead.company.as_deref()),
                word(lead.title.as_deref()),
                word(lead.country.as_deref()),
                Cell::Number(stands.score),
                word(Some(stands.grade)),
                word(Some(lead.lifecycle.word())),
                word(Some(lead.nurture.word())),
                word(Some(lead.consent.state.word())),
                word(lead.owner.as_ref().map(Handle::as_str)),
            ]));
        }
    }
    Ok((text, now))
}
