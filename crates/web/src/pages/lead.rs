//! One lead: who, why this score, what happened, what will.

use super::{
    frame::{Frame, SignedIn},
    refused::{refused, unknown},
    saying::{cut, day, hour, moment, number, words},
};
use crate::{Doors, html::page};
use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use chrono_tz::Tz;
use rekindle_core::{
    activity::Activity,
    alert::AlertState,
    consent::{Record, Says},
    enrollment::{Enrollment, RunState},
    ids::{ActivityId, LeadId},
    lead::Lead,
    observe::ago,
    playbook::Playbooks,
    prediction::Prediction,
    score::{self, Explanation},
    sequence::Step,
    team::{Handle, Member},
    time::Moment,
    zone::{ZoneFrom, zone_of},
};
use rekindle_storage::{Result, leads::Dossier, stages::Moved};
use serde_json::Value;
use std::collections::HashMap;

/// How many activities are shown; a lead may have thousands.
const ACTIVITIES: usize = 200;

#[derive(Template)]
#[template(path = "lead.html")]
struct Page {
    frame: Frame,
    name: String,
    email: String,
    title: String,
    company: String,
    score: String,
    fit: String,
    engagement: String,
    grade: String,
    hot: bool,
    journey: &'static str,
    lifecycle: &'static str,
    nurture: &'static str,
    nurture_why: String,
    consent: &'static str,
    basis: String,
    wishes: String,
    owner: String,
    local_time: String,
    people: String,
    lines: Vec<Line>,
    graded: String,
    crosses: String,
    predicted: String,
    moves: Vec<Went>,
    activities: Vec<Row>,
    more: String,
    enrollments: Vec<Run>,
    deliveries: Vec<Mail>,
    alerts: Vec<Asked>,
    consents: Vec<Said>,
    traits: Vec<Trait>,
}

struct Line {
    points: String,
    up: bool,
    what: String,
    when: String,
}

struct Went {
    ladder: &'static str,
    way: String,
    detail: String,
}

struct Row {
    name: String,
    detail: String,
    at: String,
    day: String,
    new_day: bool,
    points: String,
    human: bool,
}

struct Run {
    id: String,
    sequence: String,
    state: &'static str,
    step: String,
    due: String,
    reason: String,
}

struct Mail {
    id: String,
    kind: &'static str,
    step: String,
    state: &'static str,
    label: String,
    at: String,
    reason: String,
}

struct Asked {
    id: String,
    reason: String,
    state: &'static str,
    by: String,
    at: String,
}

struct Said {
    what: String,
    state: &'static str,
    words: String,
    detail: String,
}

struct Trait {
    name: String,
    value: String,
}

/// The page.
pub(super) async fn show(
    State(doors): State<Doors>,
    SignedIn(member): SignedIn,
    Path(id): Path<String>,
) -> Response {
    let Ok(id) = id.parse::<LeadId>() else { return unknown(&doors, &member, "lead", &id) };
    match lead(&doors, &member, id).await {
        Ok(lead) => page(StatusCode::OK, &lead),
        Err(error) => refused(&doors, &member, &error),
    }
}

async fn lead(doors: &Doors, member: &Member, id: LeadId) -> Result<Page> {
    let store = &doors.store;
    let zone = doors.settings.zone;
    let now = store.clock().calendar();
    let playbooks = store.playbooks().await?;
    let Dossier { lead, activities, enrollments, deliveries, alerts, consents } =
        store.leads().dossier(id).await?;
    let history = store.leads().history(id, &playbooks).await?;
    let explained = playbooks.current().scoring.explain(&lead, &history, now);
    let company = store.leads().company(&lead, playbooks.current(), now).await?;
    let prediction = store.predictions().of(id).await?;
    let moves = store.moves_of(id).await?;
    let more = activities.len().saturating_sub(ACTIVITIES);
    let mail = |d: rekindle_core::delivery::Delivery| Mail {
        id: d.id.to_string(),
        kind: d.kind.word(),
        step: d.mail,
        state: d.state.word(),
        label: words(d.state.word()),
        at: moment(d.moved_at, zone),
        reason: d.reason.or(d.answer).unwrap_or_default(),
    };
    let asked = |alert: rekindle_core::alert::Alert| Asked {
        id: alert.id.to_string(),
        reason: alert.because.first().cloned().unwrap_or_else(|| words(alert.reason.word())),
        by: match (&alert.state, alert.state.by()) {
            (AlertState::Closed { how, .. }, Some(by)) => format!("{}, {}", how.label(), by.name()),
            (_, by) => by.map(Handle::name).unwrap_or_default(),
        },
        state: alert.state.word(),
        at: moment(alert.raised_at, zone),
    };
    Ok(Page {
        frame: Frame::of(doors, member),
        name: lead.called().to_owned(),
        email: lead.email.as_ref().map(ToString::to_string).unwrap_or_default(),
        title: lead.title.clone().unwrap_or_default(),
        company: lead.company.clone().unwrap_or_default(),
        score: explained.score.to_string(),
        fit: explained.fit.to_string(),
        engagement: explained.engagement.to_string(),
        grade: explained.grade.clone(),
        hot: lead.hot,
        journey: lead.journey.word(),
        lifecycle: lead.lifecycle.word(),
        nurture: lead.nurture.word(),
        nurture_why: lead.nurture_why.clone().unwrap_or_default(),
        consent: lead.consent.state.word(),
        basis: lead.consent.basis.clone().unwrap_or_default(),
        wishes: lead.preferences.in_words(now),
        owner: lead.owner.as_ref().map(Handle::name).unwrap_or_default(),
        local_time: local_time(&lead, doors, now),
        people: company.map(|company| cut(&company.words(), 200)).unwrap_or_default(),
        lines: lines(&explained, now),
        graded: explained.graded.clone(),
        crosses: lead.crossing().map_or_else(String::new, |(how, at)| {
            format!("{how} {}, if nothing else happens", moment(at, zone))
        }),
        predicted: prediction.map(|prediction| predicted(&prediction, now)).unwrap_or_default(),
        moves: moves.into_iter().rev().map(|moved| went(moved, zone)).collect(),
        activities: timeline(&activities, &explained, doors),
        more: if more > 0 {
            format!("{} older ones are not shown.", number(i64::try_from(more).unwrap_or(0)))
        } else {
            String::new()
        },
        enrollments: enrollments.into_iter().map(|run| shown(run, &playbooks, doors)).collect(),
        deliveries: deliveries.into_iter().map(mail).collect(),
        alerts: alerts.into_iter().map(asked).collect(),
        consents: consents.into_iter().map(|record| said(record, now, zone)).collect(),
        traits: traits(&lead),
    })
}

/// What was said about writing to the lead, and whether it still counts.
fn said(record: Record, now: Moment, zone: Tz) -> Said {
    let (what, ends) = match &record.says {
        Says::Yes { basis, assessment: Some(id), .. } => (format!("{} {id}", basis.word()), None),
        Says::Yes { basis, expires_at, .. } => (basis.word().to_owned(), *expires_at),
        Says::No(state) => (state.word().to_owned(), None),
    };
    let state = match (record.withdrawn_at, ends) {
        (Some(_), _) => "withdrawn",
        (None, Some(ends)) if ends <= now => "expired",
        _ => "in force",
    };
    let proof = record.proof;
    let confirmed = proof.confirmed.then(|| "confirmed by mail".to_owned());
    let form = proof.form.map(|form| format!("form {form}"));
    let wording = proof.wording.map(|wording| format!("wording {wording}"));
    let ip = proof.ip.map(|ip| format!("from {ip}"));
    let ends = ends.map(|ends| format!("until {}", moment(ends, zone)));
    let detail =
        [Some(moment(record.obtained_at, zone)), Some(proof.source), form, wording, confirmed, ip, ends];
    let detail: Vec<String> = detail.into_iter().flatten().collect();
    Said { what, state, words: cut(&record.words, 160), detail: detail.join(" · ") }
}

/// What time it is where the lead is, where that is known.
fn local_time(lead: &Lead, doors: &Doors, now: Moment) -> String {
    match zone_of(lead.zone.as_deref(), lead.country.as_deref(), doors.settings.zone) {
        (_, ZoneFrom::Default | ZoneFrom::BadZone) => String::new(),
        (zone, _) => format!("{}, {}", hour(now, zone), zone.name().replace('_', " ")),
    }
}

/// How likely they are to be won, by which model, and how old that is.
fn predicted(prediction: &Prediction, now: Moment) -> String {
    let (said, version) = (cut(&prediction.said(), 300), prediction.version);
    format!("{said}, says model {version}, {}", ago(prediction.at, now))
}

/// A move from stage to stage, with what showed it.
fn went(moved: Moved, zone: Tz) -> Went {
    let way = moved.way();
    let Moved { ladder, evidence, at, .. } = moved;
    let by = evidence.by.map(|by| format!(" · {}", by.name())).unwrap_or_default();
    Went {
        ladder: ladder.word(),
        way,
        detail: format!("{}{by} · {}", moment(at, zone), cut(&evidence.why, 160)),
    }
}

/// The lines of the score, those of one kind together, those that say most first.
fn lines(explained: &Explanation, now: Moment) -> Vec<Line> {
    let said = explained.together().into_iter().map(|line| Line {
        points: format!("{:+}", line.now),
        up: line.now >= 0,
        what: cut(&line.words(), 200),
        when: line.last.map(|at| ago(at, now)).unwrap_or_default(),
    });
    said.collect()
}

/// The points of each activity, those that are told alone as they are told: numbers of one page must not differ.
fn told_points(explained: &Explanation) -> HashMap<ActivityId, i64> {
    let together = explained.together();
    let told = |line: &score::Line| {
        let alone =
            together.iter().find(|one| one.times == 1 && one.kind == line.kind && one.what == line.what);
        alone.filter(|_| line.limit.is_none()).map_or(line.now.round() as i64, |one| one.now)
    };
    explained.lines.iter().filter_map(|line| Some((line.activity?, told(line)))).collect()
}

fn timeline(activities: &[Activity], explained: &Explanation, doors: &Doors) -> Vec<Row> {
    let zone = doors.settings.zone;
    let points = told_points(explained);
    let mut last = String::new();
    let rows = activities.iter().take(ACTIVITIES).map(|activity| {
        let day = day(activity.at, zone);
        let new_day = day != last;
        last.clone_from(&day);
        Row {
            name: cut(&activity.name, 120),
            detail: detail(activity),
            at: hour(activity.at, zone),
            day,
            new_day,
            points: match points.get(&activity.id).copied() {
                Some(points) if points != 0 => format!("{points:+}"),
                _ => String::new(),
            },
            human: activity.human,
        }
    });
    rows.collect()
}

/// What else says which one it was: the page, the link, the answer, the mail.
fn detail(activity: &Activity) -> String {
    let told =
        ["says", "link", "gives", "mail"].iter().find_map(|key| activity.properties.get(*key)?.as_str());
    let detail = activity.path.as_deref().or(told).map(|text| cut(text, 160));
    match (detail, activity.source.as_str()) {
        (Some(detail), source) => format!("{detail} · {source}"),
        (None, source) => source.to_owned(),
    }
}

fn shown(run: Enrollment, playbooks: &Playbooks, doors: &Doors) -> Run {
    let plan = playbooks.of(run.version).sequence(&run.sequence);
    let step = plan.and_then(|plan| plan.step.get(run.step)).and_then(Step::label);
    let zone = doors.settings.zone;
    Run {
        id: run.id.to_string(),
        state: run.state.word(),
        step: if run.is_live() { step.unwrap_or_default() } else { String::new() },
        due: match run.state {
            RunState::Due { at } => format!("next {}", moment(at, zone)),
            RunState::Awaiting { .. } => "waits for its mail to leave".to_owned(),
            RunState::Ended { at, .. } => moment(at, zone),
        },
        reason: run.reason.unwrap_or_default(),
        sequence: run.sequence,
    }
}

fn traits(lead: &Lead) -> Vec<Trait> {
    let own = [("country", &lead.country), ("zone", &lead.zone)];
    let own = own.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)));
    let tags = (!lead.tags.is_empty()).then(|| ("tags".to_owned(), lead.tags.join(", ")));
    let told = lead.traits.iter().filter(|(name, _)| !matches!(name.as_str(), "country" | "company")).map(
        |(name, value)| {
            let value = match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            (name.clone(), value)
        },
    );
    let all = own.chain(tags).chain(told);
    all.map(|(name, value)| Trait { name: cut(&name, 80), value: cut(&value, 300) }).collect()
}
