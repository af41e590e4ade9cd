//! The dashboard: the figures of the day, and what wants a decision.

use super::{
    frame::{Frame, SignedIn},
    refused::refused,
    saying::{lasting, moment, number, percent, words},
};
use crate::{Doors, html::page};
use askama::Template;
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use rekindle_core::{
    delivery::DeliveryState,
    lead::Lead,
    observe::ago,
    team::{Deed, Member},
};
use rekindle_report::{
    Count, Overview,
    calibration::{self, Told},
    overview_in,
};
use rekindle_storage::Result;
use std::collections::HashMap;

#[derive(Template)]
#[template(path = "dashboard.html")]
struct Dashboard {
    frame: Frame,
    leads_total: String,
    nurture: Vec<Part>,
    hot_open: String,
    hot_oldest: String,
    hot: Vec<Hot>,
    speed_median: String,
    speed_p90: String,
    speed_claims: String,
    deliveries: Vec<Part>,
    unknown: Vec<Unknown>,
    unknown_more: String,
    may_settle: bool,
    campaigns: Vec<Campaign>,
    picture: String,
    calibration: Calibration,
}

/// How far what is predicted is to be trusted.
struct Calibration {
    says: Vec<String>,
    legend: &'static str,
    picture: String,
}

struct Part {
    state: &'static str,
    label: String,
    count: String,
    percent: i64,
}

struct Hot {
    id: String,
    name: String,
    company: String,
    score: String,
    grade: String,
    waiting: String,
}

struct Unknown {
    id: String,
    email: String,
    mail: String,
    at: String,
    answer: String,
}

struct Campaign {
    id: String,
    name: String,
    segment: String,
    state: &'static str,
    over: String,
    percent: i64,
    mails: String,
}

/// The page.
pub(super) async fn show(State(doors): State<Doors>, SignedIn(member): SignedIn) -> Response {
    match dashboard(&doors, &member).await {
        Ok(dashboard) => page(StatusCode::OK, &dashboard),
        Err(error) => refused(&doors, &member, &error),
    }
}

/// The figures as CSV, to keep or to compute with.
pub(super) async fn csv(State(doors): State<Doors>, SignedIn(member): SignedIn) -> Response {
    match figures(&doors).await {
        Ok(overview) => {
            let name = format!("attachment; filename=\"rekindle-{}.csv\"", overview.at.format("%Y-%m-%d"));
            let headers = [
                (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
                (header::CONTENT_DISPOSITION, name),
            ];
            (headers, overview.csv()).into_response()
        }
        Err(error) => refused(&doors, &member, &error),
    }
}

async fn figures(doors: &Doors) -> Result<Overview> {
    let clock = doors.store.clock();
    overview_in(&doors.store, doors.settings.zone, clock.calendar(), clock.wall()).await
}

async fn dashboard(doors: &Doors, member: &Member) -> Result<Dashboard> {
    let overview = figures(doors).await?;
    let queue = &overview.queue;
    let speed = overview.speed.as_ref();
    let unknown = unknown(doors).await?;
    let more = overview.unknown - i64::try_from(unknown.len()).unwrap_or(i64::MAX);
    Ok(Dashboard {
        frame: Frame::of(doors, member),
        leads_total: number(overview.leads()),
        nurture: parts(&overview.nurture, true),
        hot_open: number(queue.open),
        hot_oldest: queue.oldest_seconds.map(|s| format!("oldest waits {}", lasting(s))).unwrap_or_default(),
        hot: hot(doors).await?,
        speed_median: speed.map_or_else(|| "–".to_owned(), |s| lasting(s.median_seconds)),
        speed_p90: speed.map(|s| lasting(s.p90_seconds)).unwrap_or_default(),
        speed_claims: match speed {
            Some(speed) if speed.claims == 1 => "of 1 claim in 30 days".to_owned(),
            Some(speed) => format!("of {} claims in 30 days", speed.claims),
            None => "no claims yet".to_owned(),
        },
        deliveries: parts(&overview.deliveries, false),
        unknown_more: if more > 0 { format!("and {} more", number(more)) } else { String::new() },
        unknown,
        may_settle: member.may(Deed::Campaign).is_ok(),
        campaigns: campaigns(doors).await?,
        picture: overview.picture(),
        calibration: calibrated(doors).await?,
    })
}

async fn calibrated(doors: &Doors) -> Result<Calibration> {
    let told = calibration::told(&doors.store, &doors.settings.needed, doors.settings.zone).await?;
    Ok(match told {
        Told::Nothing { why, .. } => Calibration { says: vec![why], legend: "", picture: String::new() },
        Told::Model { model, words } => {
            let picture = calibration::picture(&model, String::new());
            Calibration { says: words, legend: picture.legend, picture: picture.svg }
        }
    })
}

/// Parts of a whole; those with nothing in them are left out unless all are wanted.
fn parts(counts: &[Count], all: bool) -> Vec<Part> {
    let whole = counts.iter().map(|c| c.count).sum();
    let part = |c: &Count| {
        let mut label = words(c.word);
        if let Some(first) = label.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        Part { state: c.word, label, count: number(c.count), percent: percent(c.count, whole) }
    };
    counts.iter().filter(|c| all || c.count > 0).map(part).collect()
}

async fn hot(doors: &Doors) -> Result<Vec<Hot>> {
    let store = &doors.store;
    let queue = store.alerts().queue(8).await?;
    let ids: Vec<_> = queue.iter().map(|alert| alert.lead).collect();
    let leads: HashMap<_, Lead> =
        store.leads().by_ids(&ids).await?.into_iter().map(|lead| (lead.id, lead)).collect();
    let playbooks = store.playbooks().await?;
    let histories = store.leads().histories(&ids, &playbooks).await?;
    let (now, wall) = (store.clock().calendar(), store.clock().wall());
    let rows = queue.iter().filter_map(|alert| {
        let lead = leads.get(&alert.lead)?;
        let history = histories.get(&lead.id).map_or(&[][..], Vec::as_slice);
        let explained = playbooks.current().scoring.explain(lead, history, now);
        Some(Hot {
            id: lead.id.to_string(),
            name: lead.called().to_owned(),
            company: lead.company.clone().unwrap_or_default(),
            score: explained.score.to_string(),
            grade: explained.grade,
            waiting: lasting((wall - alert.raised_at).num_seconds()),
        })
    });
    Ok(rows.collect())
}

async fn unknown(doors: &Doors) -> Result<Vec<Unknown>> {
    let now = doors.store.clock().calendar();
    let waiting = doors.store.outbox().list(&[DeliveryState::Unknown], 20).await?;
    let rows = waiting.into_iter().map(|one| {
        let at = one.delivery.moved_at;
        Unknown {
            id: one.delivery.id.to_string(),
            email: one.email.unwrap_or_else(|| "an address that is gone".to_owned()),
            mail: one.delivery.mail,
            at: format!("{} ({})", moment(at, doors.settings.zone), ago(at, now)),
            answer: one.delivery.answer.or(one.delivery.reason).unwrap_or_else(|| "no answer".to_owned()),
        }
    });
    Ok(rows.collect())
}

async fn campaigns(doors: &Doors) -> Result<Vec<Campaign>> {
    let mut rows = Vec::new();
    for campaign in doors.store.campaigns().launched(10).await? {
        let (deliveries, runs) = doors.store.campaigns().progress(campaign.id).await?;
        let ended = |state: &str| !matches!(state, "due" | "awaiting");
        let over: i64 = runs.iter().filter(|run| ended(&run.why)).map(|run| run.count).sum();
        let all: i64 = runs.iter().map(|run| run.count).sum();
        let sent: i64 = deliveries
            .iter()
            .filter(|d| DeliveryState::from_word(&d.why).is_some_and(DeliveryState::counts_as_mail))
            .map(|d| d.count)
            .sum();
        rows.push(Campaign {
            id: campaign.id.to_string(),
            name: campaign.sequence,
            segment: campaign.segment,
            state: campaign.state.word(),
            over: format!("{} of {} over", number(over), number(all)),
            percent: percent(over, all),
            mails: number(sent),
        });
    }
    Ok(rows)
}
