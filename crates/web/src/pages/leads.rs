//! Everybody Rekindle knows, a page at a time, searched by name, address or company.

use super::{
    frame::{Frame, SignedIn},
    refused::refused,
    saying::number,
};
use crate::{Doors, html::page};
use askama::Template;
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::StatusCode,
    response::Response,
};
use rekindle_core::{
    observe::ago,
    team::{Handle, Member},
};
use rekindle_storage::StoreError;
use serde::Deserialize;

/// How many stand on a page.
const A_PAGE: u64 = 50;

/// What the address asks for. What cannot be read is as if it were not there.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    page: String,
}

#[derive(Template)]
#[template(path = "leads.html")]
struct Leads {
    frame: Frame,
    query: String,
    found: String,
    leads: Vec<Row>,
    older: Option<u64>,
    newer: Option<u64>,
}

struct Row {
    id: String,
    name: String,
    email: String,
    company: String,
    score: String,
    grade: String,
    hot: bool,
    lifecycle: &'static str,
    nurture: &'static str,
    consent: &'static str,
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
    match leads(&doors, &member, &asked).await {
        Ok(leads) => page(StatusCode::OK, &leads),
        Err(error) => refused(&doors, &member, &error),
    }
}

async fn leads(doors: &Doors, member: &Member, asked: &Asked) -> Result<Leads, StoreError> {
    let store = &doors.store;
    let query: String = asked.q.chars().filter(|c| !c.is_control()).take(200).collect();
    let query = query.trim().to_owned();
    let at = asked.page.parse::<u64>().unwrap_or(1).clamp(1, 1_000_000);
    let (leads, count) = store.leads().search(&query, (at - 1) * A_PAGE, A_PAGE).await?;
    let ids: Vec<_> = leads.iter().map(|lead| lead.id).collect();
    let playbooks = store.playbooks().await?;
    let histories = store.leads().histories(&ids, &playbooks).await?;
    let now = store.clock().calendar();
    let rows = leads.iter().map(|lead| {
        let history = histories.get(&lead.id).map_or(&[][..], Vec::as_slice);
        let explained = playbooks.current().scoring.explain(lead, history, now);
        let email = lead.email.as_ref().map(ToString::to_string).unwrap_or_default();
        Row {
            id: lead.id.to_string(),
            name: lead.called().to_owned(),
            email: if lead.called() == email { String::new() } else { email },
            company: lead.company.clone().unwrap_or_default(),
            score: explained.score.to_string(),
            grade: explained.grade,
            hot: lead.hot,
            lifecycle: lead.lifecycle.word(),
            nurture: lead.nurture.word(),
            consent: lead.consent.state.word(),
            owner: lead.owner.as_ref().map(Handle::name).unwrap_or_default(),
            seen: lead.last_human_at.map_or_else(|| "never".to_owned(), |seen| ago(seen, now)),
        }
    });
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    Ok(Leads {
        frame: Frame::of(doors, member),
        query,
        found: if count == 1 { "1 lead".to_owned() } else { format!("{} leads", number(count)) },
        leads: rows.collect(),
        older: (i64::try_from(at * A_PAGE).unwrap_or(i64::MAX) < count).then_some(at + 1),
        newer: (at > 1).then(|| at - 1),
    })
}
