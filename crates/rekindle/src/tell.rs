//! What the terminal tells of a lead, its score and the outbox, as JSON for scripts and words for people.

use crate::{
    exit::{self, Doing, Done, Halt},
    house::House,
};
use chrono_tz::Tz;
use comfy_table::{CellAlignment, Table, presets::UTF8_HORIZONTAL_ONLY};
use rekindle_core::{
    company::Company,
    consent::{Record, Says},
    delivery::{Delivery, DeliveryState},
    enrollment::RunState,
    ids::ActivityId,
    lead::Lead,
    score::{Explanation, parts},
    time::Moment,
};
use rekindle_storage::{StoreError, leads::Dossier};
use serde_json::{Value, json};

/// The refusal of a verb as the command's.
pub fn refused(error: StoreError, house: &House) -> Halt {
    match error.refusal() {
        Some(refusal) => Halt::refused(refusal.text(house.config.team.zone)),
        None => Halt::Failed { doing: "ask the database".to_owned(), source: error.into() },
    }
}

/// A moment as scripts see it: RFC 3339 in UTC.
fn rfc(at: Moment) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}

/// The Message-ID of a mail as the relay's log has it, without its angle brackets.
fn message_id(house: &House, delivery: &Delivery) -> String {
    format!("{}@{}", delivery.message_id, house.config.mail.from.address.domain())
}

/// `lead show`
///
/// # Errors
/// When there is no such lead.
pub async fn lead(house: &House, name: &str, as_json: bool) -> Done {
    let store = &house.store;
    let lead = store.leads().named(name).await.map_err(|e| refused(e, house))?;
    let dossier = store.leads().dossier(lead.id).await.map_err(|e| refused(e, house))?;
    let explained = explained(house, &lead).await?;
    let sent = sequence_lengths(house, &dossier).await?;
    let value = dossier_json(house, &dossier, &explained, &sent);
    if as_json {
        return exit::json(&value);
    }
    exit::data(words_of(&dossier, &explained, house.config.team.zone, store.clock().calendar()))
}

/// The score of a lead, line by line.
///
/// # Errors
/// As the database says.
pub async fn explained(house: &House, lead: &Lead) -> Result<Explanation, Halt> {
    let playbooks = house.store.playbooks().await.doing("read the playbook")?;
    let history = house.store.leads().history(lead.id, &playbooks).await.doing("read the lead")?;
    Ok(playbooks.current().scoring.explain(lead, &history, house.store.clock().calendar()))
}

/// Who else is of a lead's company.
async fn company(house: &House, lead: &Lead) -> Result<Option<Company>, Halt> {
    let playbooks = house.store.playbooks().await.doing("read the playbook")?;
    let now = house.store.clock().calendar();
    house.store.leads().company(lead, playbooks.current(), now).await.doing("read the lead's company")
}

/// The words of each run's steps, for `step`.
async fn sequence_lengths(house: &House, dossier: &Dossier) -> Result<Vec<Option<String>>, Halt> {
    let playbooks = house.store.playbooks().await.doing("read the playbook")?;
    Ok(dossier
        .enrollments
        .iter()
        .map(|run| {
            let sequence = playbooks.of(run.version).sequence(&run.sequence)?;
            sequence.step.get(run.step).and_then(rekindle_core::sequence::Step::label)
        })
        .collect())
}

fn dossier_json(
    house: &House,
    dossier: &Dossier,
    explained: &Explanation,
    steps: &[Option<String>],
) -> Value {
    let lead = &dossier.lead;
    let points = |id| points_of(explained, id);
    json!({
        "id": lead.id,
        "email": lead.email,
        "name": lead.name,
        "title": lead.title,
        "company": lead.company,
        "country": lead.country,
        "zone": lead.zone,
        "score": explained.score,
        "fit": explained.fit,
        "engagement": explained.engagement,
        "grade": explained.grade,
        "hot": lead.hot,
        "journey": lead.journey,
        "lifecycle": lead.lifecycle,
        "nurture": lead.nurture,
        "nurture_why": lead.nurture_why,
        "consent": {
            "state": lead.consent.state,
            "basis": lead.consent.basis,
            "at": lead.consent.at.map(rfc),
            "until": lead.consent.until.map(rfc),
        },
        "consents": dossier.consents.iter().map(consent_json).collect::<Vec<_>>(),
        "preferences": lead.preferences,
        "owner": lead.owner,
        "tags": lead.tags,
        "traits": lead.traits,
        "last_human_at": lead.last_human_at.map(rfc),
        "activities": dossier.activities.iter().map(|a| json!({
            "name": a.name,
            "at": rfc(a.at),
            "source": a.source,
            "message_id": a.message_id,
            "path": a.path,
            "human": a.human,
            "points": points(a.id),
        })).collect::<Vec<_>>(),
        "enrollments": dossier.enrollments.iter().zip(steps).map(|(run, step)| json!({
            "id": run.id,
            "sequence": run.sequence,
            "state": run.state.word(),
            "step": run.step,
            "does": step,
            "due_at": match &run.state { RunState::Due { at } => Some(rfc(*at)), _ => None },
            "reason": run.reason,
        })).collect::<Vec<_>>(),
        "deliveries": dossier.deliveries.iter().map(|d| json!({
            "id": d.id,
            "kind": d.mail,
            "step": d.step,
            "state": d.state,
            "reason": d.reason,
            "at": rfc(d.moved_at),
            "message_id": message_id(house, d),
        })).collect::<Vec<_>>(),
        "alerts": dossier.alerts.iter().map(|a| json!({
            "id": a.id,
            "reason": a.reason,
            "state": a.state.word(),
            "by": a.state.by(),
            "at": rfc(a.first_claimed_at.unwrap_or(a.raised_at)),
        })).collect::<Vec<_>>(),
    })
}

/// What was said about writing to a lead, flat for scripts.
fn consent_json(record: &Record) -> Value {
    let (says, assessment, expires_at) = match &record.says {
        Says::Yes { basis, assessment, expires_at } => (basis.word(), assessment.as_deref(), *expires_at),
        Says::No(state) => (state.word(), None, None),
    };
    let proof = &record.proof;
    json!({
        "says": says, "assessment": assessment, "words": record.words, "obtained_at": rfc(record.obtained_at),
        "expires_at": expires_at.map(rfc), "withdrawn_at": record.withdrawn_at.map(rfc),
        "source": proof.source, "message_id": proof.message_id, "form": proof.form, "wording": proof.wording,
        "ip": proof.ip, "user_agent": proof.user_agent, "confirmed": proof.confirmed,
    })
}

/// What became of a record since: "until 3 March 2027", "withdrawn".
fn stands(record: &Record, zone: Tz) -> String {
    match (record.withdrawn_at, &record.says) {
        (Some(at), _) => format!("withdrawn {}", said(at, zone)),
        (None, Says::Yes { expires_at: Some(at), .. }) => format!("until {}", said(*at, zone)),
        _ => "in force".to_owned(),
    }
}

/// A moment as people say it, in the zone of the team: "Wed 25 Nov 2026, 13:30".
fn said(at: Moment, zone: Tz) -> String {
    at.with_timezone(&zone).format("%a %-d %b %Y, %H:%M").to_string()
}

/// What an activity was worth when it happened: nothing where no rule counts it, or no more.
fn points_of(explained: &Explanation, activity: ActivityId) -> i32 {
    let line = explained.lines.iter().find(|line| line.activity == Some(activity));
    line.filter(|line| line.limit.is_none()).map_or(0, |line| line.points)
}

fn words_of(dossier: &Dossier, explained: &Explanation, zone: Tz, now: Moment) -> String {
    let lead = &dossier.lead;
    let mut text = format!(
        "{}  {}  {} points ({} fit, {} engagement)\n",
        lead.called(),
        explained.grade,
        explained.score,
        explained.fit,
        explained.engagement
    );
    let work: Vec<&str> = [lead.title.as_deref(), lead.company.as_deref()].into_iter().flatten().collect();
    for (label, value) in [
        ("", Some(work.join(", "))),
        ("e-mail", lead.email.as_ref().map(ToString::to_string)),
        (
            "stages",
            Some(format!("{}, {}, {}", lead.lifecycle.word(), lead.journey.word(), lead.nurture.word())),
        ),
        ("because", lead.nurture_why.clone()),
        (
            "consent",
            Some(match &lead.consent.basis {
                Some(basis) => format!("{} ({basis})", lead.consent.state.word()),
                None => lead.consent.state.word().to_owned(),
            }),
        ),
        ("wishes", Some(lead.preferences.in_words(now))),
        ("owner", lead.owner.as_ref().map(rekindle_core::team::Handle::name)),
        ("id", Some(lead.id.to_string())),
    ] {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            text.push_str(&format!("  {label:<9}{value}\n"));
        }
    }
    let mut table = |title: &str, rows: Vec<[String; 4]>| {
        if rows.is_empty() {
            return;
        }
        let mut table = Table::new();
        table.load_style(UTF8_HORIZONTAL_ONLY);
        for row in rows.into_iter().take(20) {
            table.add_row(row);
        }
        text.push_str(&format!("\n{title}\n{table}\n"));
    };
    let points = |id| match points_of(explained, id) {
        0 => String::new(),
        points => format!("{points:+}"),
    };
    table(
        "Activities",
        dossier
            .activities
            .iter()
            .map(|a| [said(a.at, zone), points(a.id), rekindle_core::observe::described(a), a.source.clone()])
            .collect(),
    );
    table(
        "Runs",
        dossier
            .enrollments
            .iter()
            .map(|run| {
                [
                    run.sequence.clone(),
                    run.state.word().to_owned(),
                    format!("step {}", run.step),
                    run.reason.clone().unwrap_or_default(),
                ]
            })
            .collect(),
    );
    table(
        "Mails",
        dossier
            .deliveries
            .iter()
            .map(|d| {
                [
                    said(d.moved_at, zone),
                    d.mail.clone(),
                    d.state.word().to_owned(),
                    d.reason.clone().unwrap_or_default(),
                ]
            })
            .collect(),
    );
    table(
        "What allows mail",
        dossier
            .consents
            .iter()
            .map(|record| {
                let says = match &record.says {
                    Says::Yes { basis, .. } => basis.word(),
                    Says::No(state) => state.word(),
                };
                let words = format!("{} ({})", record.words, record.proof.source);
                [said(record.obtained_at, zone), says.to_owned(), words, stands(record, zone)]
            })
            .collect(),
    );
    table(
        "Alerts",
        dossier
            .alerts
            .iter()
            .map(|a| {
                [
                    said(a.raised_at, zone),
                    a.reason.word().to_owned(),
                    a.state.word().to_owned(),
                    a.state.by().map(rekindle_core::team::Handle::name).unwrap_or_default(),
                ]
            })
            .collect(),
    );
    text.trim_end().to_owned()
}

/// `score explain`
///
/// # Errors
/// When there is no such lead.
pub async fn score(house: &House, name: &str, as_json: bool) -> Done {
    let lead = house.store.leads().named(name).await.map_err(|e| refused(e, house))?;
    let explained = explained(house, &lead).await?;
    let prediction = house.store.predictions().of(lead.id).await.doing("read the prediction")?;
    let company = company(house, &lead).await?;
    if as_json {
        let mut value = serde_json::to_value(&explained).doing("write JSON")?;
        value["email"] = json!(lead.email);
        value["hot"] = json!(lead.hot);
        value["crosses_at"] = json!(lead.crosses_at.map(rfc));
        value["company"] = json!(company);
        value["prediction"] = json!(prediction);
        return exit::json(&value);
    }
    let words = score_words(&lead, &explained, company.as_ref(), house.config.team.zone);
    let predicted = prediction.map(|prediction| format!("Predicted: {}\n", prediction.said()));
    exit::data(format_args!("{}{words}", predicted.unwrap_or_default()))
}

/// Every line of a score, with tenths of points that add up to the whole.
fn score_words(lead: &Lead, explained: &Explanation, company: Option<&Company>, zone: Tz) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY).set_header(["What", "When", "Then", "Now", ""]);
    let tenths = |tenths: i64| tenths as f64 / 10.0;
    let shown = parts(explained.lines.iter().map(|line| line.now * 10.0));
    for (line, points) in explained.lines.iter().zip(&shown) {
        table.add_row([
            line.what.clone(),
            line.at.map(|at| said(at, zone)).unwrap_or_default(),
            line.activity.map(|_| format!("{:+}", line.points)).unwrap_or_default(),
            line.limit.map_or_else(|| format!("{:+.1}", tenths(*points)), |_| "–".to_owned()),
            line.limit.map(|limit| limit.to_string()).unwrap_or_default(),
        ]);
    }
    let sum = format!("{:.1}", tenths(shown.iter().sum()));
    table.add_row(["Together", "", "", &sum, &format!("rounded: {}", explained.score)]);
    for column in table.column_iter_mut().skip(2).take(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut text = format!(
        "{} has {} points and is {}.\n{}\n",
        lead.called(),
        explained.score,
        if lead.hot { "hot" } else { "not hot" },
        explained.graded,
    );
    if let Some(company) = company {
        text.push_str(&format!("Company: {}.\n", company.words()));
    }
    if let Some((how, at)) = lead.crossing() {
        text.push_str(&format!("{how} {}, if nothing else happens.\n", said(at, zone)));
    }
    format!("{text}{table}")
}

/// `outbox`
///
/// # Errors
/// As the database says.
pub async fn outbox(house: &House, state: Option<DeliveryState>, as_json: bool) -> Done {
    let undone: Vec<DeliveryState> = DeliveryState::ALL.iter().copied().filter(|s| !s.is_final()).collect();
    let states = state.map_or(undone, |state| vec![state]);
    let waiting = house.store.outbox().list(&states, 1000).await.doing("read the outbox")?;
    let now = house.store.clock().calendar();
    if as_json {
        let list: Vec<Value> = waiting
            .iter()
            .map(|w| {
                let d = &w.delivery;
                json!({
                    "id": d.id, "lead": d.lead, "email": w.email, "kind": d.mail, "step": d.step, "state": d.state,
                    "age_seconds": (now - d.moved_at).num_seconds(), "at": rfc(d.moved_at), "not_before": rfc(d.not_before),
                    "answer": d.answer, "reason": d.reason, "message_id": message_id(house, d), "attempt": d.attempt,
                })
            })
            .collect();
        return exit::json(&list);
    }
    if waiting.is_empty() {
        exit::say("Nothing stands there.");
        return Ok(());
    }
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY).set_header([
        "Mail",
        "To",
        "State",
        "Since",
        "The relay's last answer, or why",
    ]);
    for w in &waiting {
        let d = &w.delivery;
        let why = d.answer.clone().or_else(|| d.reason.clone()).unwrap_or_default();
        let to = w.email.clone().unwrap_or_default();
        table.add_row([
            d.mail.clone(),
            to,
            d.state.word().to_owned(),
            rekindle_core::observe::ago(d.moved_at, now),
            why,
        ]);
    }
    exit::data(table)
}
