//! One campaign: the lists behind its counts, who is in and who is out for which reason.

use super::{
    frame::{Frame, SignedIn},
    refused::refused,
    saying::{moment, number},
};
use crate::{Doors, html::page};
use askama::Template;
use axum::{
    extract::{Path, Query, State, rejection::QueryRejection},
    http::StatusCode,
    response::Response,
};
use rekindle_core::team::{Handle, Member};
use rekindle_storage::{StoreError, campaigns::Whom};
use serde::Deserialize;

/// How many stand on a page.
const A_PAGE: u64 = 50;

/// What the address asks for. What cannot be read is as if it were not there.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    whom: String,
    why: Option<String>,
    #[serde(default)]
    page: String,
}

#[derive(Template)]
#[template(path = "campaign.html")]
struct Campaign {
    frame: Frame,
    id: String,
    name: String,
    segment: String,
    state: &'static str,
    made: String,
    parts: Vec<Part>,
    /// What the pager's links say beside the page.
    query: String,
    leads: Vec<Row>,
    further: Option<u64>,
    back: Option<u64>,
}

/// A part of the audience, to choose.
struct Part {
    label: String,
    count: String,
    query: String,
    chosen: bool,
}

struct Row {
    id: String,
    name: String,
    email: String,
    why: String,
}

/// The page.
pub(super) async fn show(
    State(doors): State<Doors>,
    SignedIn(member): SignedIn,
    Path(id): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let asked = asked.map(|Query(asked)| asked).unwrap_or_default();
    match campaign(&doors, &member, &id, asked).await {
        Ok(campaign) => page(StatusCode::OK, &campaign),
        Err(error) => refused(&doors, &member, &error),
    }
}

async fn campaign(doors: &Doors, member: &Member, id: &str, asked: Asked) -> Result<Campaign, StoreError> {
    let campaigns = doors.store.campaigns();
    let campaign = campaigns.named(id).await?;
    let whom = match (asked.whom.as_str(), asked.why) {
        ("matched", _) => Whom::Matched,
        ("out", why) => Whom::Out(why),
        _ => Whom::In,
    };
    let at = asked.page.parse::<u64>().unwrap_or(1).clamp(1, 1_000_000);
    let listed = campaigns.audience(campaign.id, &whom, (at - 1) * A_PAGE, A_PAGE).await?;
    let part = |label: &str, count: i64, part: Whom| Part {
        label: label.to_owned(),
        count: number(count),
        chosen: part == whom,
        query: query_of(&part),
    };
    let mut parts = vec![
        part("Match", campaign.counted_in + campaign.counted_out, Whom::Matched),
        part("In", campaign.counted_in, Whom::In),
        part("Out", campaign.counted_out, Whom::Out(None)),
    ];
    for reason in campaigns.reasons_out(campaign.id).await? {
        parts.push(part(&reason.why, reason.count, Whom::Out(Some(reason.why.clone()))));
    }
    let row = |(lead, why): (rekindle_core::lead::Lead, Option<String>)| {
        let email = lead.email.as_ref().map(ToString::to_string).unwrap_or_default();
        Row {
            id: lead.id.to_string(),
            name: lead.called().to_owned(),
            email: if lead.called() == email { String::new() } else { email },
            why: why.map_or_else(|| "in".to_owned(), |why| format!("out: {why}")),
        }
    };
    let by = campaign.launched_by.as_ref().map(Handle::name);
    let made = match (by, campaign.launched_at) {
        (Some(by), Some(when)) => format!("launched by {by}, {}", moment(when, doors.settings.zone)),
        _ => format!(
            "previewed by {}, {}",
            campaign.made_by.name(),
            moment(campaign.made_at, doors.settings.zone)
        ),
    };
    Ok(Campaign {
        frame: Frame::of(doors, member),
        id: campaign.id.to_string(),
        name: campaign.sequence,
        segment: campaign.segment,
        state: campaign.state.word(),
        made,
        parts,
        query: query_of(&whom),
        further: (at * A_PAGE < listed.count).then_some(at + 1),
        back: (at > 1).then(|| at - 1),
        leads: listed.leads.into_iter().map(row).collect(),
    })
}

/// A part of an audience as the address names it.
fn query_of(whom: &Whom) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    match whom {
        Whom::Matched => query.append_pair("whom", "matched"),
        Whom::In => query.append_pair("whom", "in"),
        Whom::Out(why) => query.append_pair("whom", "out").extend_pairs(why.iter().map(|why| ("why", why))),
    };
    query.finish()
}
