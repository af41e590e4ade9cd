//! The outbox, from the first claim to the last outcome: claim, render, gate, SMTP, outcome, by the
//! worker itself with ten sessions, against `smtp-source`, which sends as many mails of that length
//! into the same sink with ten sessions and keeps nothing.

use std::process::Stdio;
use std::time::Duration;

use rekindle_core::advance::{Plans, advance};
use rekindle_core::campaign::Caution;
use rekindle_core::email::EmailAddress;
use rekindle_core::team::Handle;
use rekindle_core::time::SharedClock;
use rekindle_core::trial::Decided;
use rekindle_mail::{smtp::Relay, templates::Templates, transport::Transport};
use rekindle_storage::Store;
use rekindle_storage::campaigns::Previewed;
use rekindle_worker::{Settings, Worker};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::bases::{Base, Engine, Place};
use crate::table::Rounds;
use crate::{Measured, Orders, intake, mails};

const SESSIONS: usize = 10;
/// How often it is looked whether all have left.
const LOOK: Duration = Duration::from_millis(20);
/// A mail that nobody sends must not keep this waiting for ever.
const LONGEST: Duration = Duration::from_secs(600);

const UNDER_WAY: &str =
    "SELECT count(*) FROM (SELECT 1 FROM delivery WHERE owner IS NOT NULL LIMIT 1) AS found";
const WAITING: &str =
    "SELECT count(*) FROM (SELECT 1 FROM delivery WHERE state = 'pending' LIMIT 1) AS found";

/// Measures and prints.
pub(crate) async fn measure(orders: &Orders, clock: &SharedClock) -> Measured<()> {
    let (rounds, count) = (orders.number("rounds")?, orders.number("mails")?);
    let mut source = Rounds::default();
    let mut bytes = 0;
    let mut lines: Vec<(Engine, Place, Rounds, Rounds)> = Engine::BOTH
        .into_iter()
        .flat_map(|engine| [Place::Memory, Place::Disk].map(|place| (engine, place)))
        .map(|(engine, place)| (engine, place, Rounds::default(), Rounds::default()))
        .collect();
    for _ in 0..rounds {
        let mut speeds = Vec::with_capacity(lines.len());
        for (engine, place, _, _) in &lines {
            let (took, length) = run(orders, *engine, *place, clock, count).await?;
            speeds.push(count as f64 / took.as_secs_f64());
            bytes = length;
        }
        let took = smtp_source(orders, clock, count, bytes).await?;
        let reference = count as f64 / took.as_secs_f64();
        source.push(reference);
        for ((_, _, ours, ratio), speed) in lines.iter_mut().zip(speeds) {
            ours.push(speed);
            ratio.push(speed / reference);
        }
    }
    println!("\nOutbox: {count} mails of {bytes} bytes, {SESSIONS} sessions, one smtp-sink for all");
    println!("smtp-source: {source} mails/s");
    println!("{:10}  {:11}  {:24}  ratio", "", "database on", "mails/s");
    for (engine, place, ours, ratio) in lines {
        println!("{engine:10}  {place:11}  {ours:24}  {ratio:.2}");
    }
    Ok(())
}

/// How long the worker takes for all mails, and how long the last of them was.
async fn run(
    orders: &Orders,
    engine: Engine,
    place: Place,
    clock: &SharedClock,
    count: usize,
) -> Measured<(Duration, usize)> {
    let base = Base::fresh(orders, engine, place, clock, &mails::playbook()).await?;
    intake::introduce(&base.store, count).await?;
    enqueue(&base.store).await?;
    let waiting = base.number("SELECT count(*) FROM delivery WHERE state = 'pending'").await?;
    if waiting != i64::try_from(count)? {
        return Err(format!("{waiting} mails wait in the outbox instead of {count}").into());
    }

    let templates = Templates::load(&mails::templates()).map_err(|errors| format!("{errors:?}"))?;
    let worker = Worker::new(base.store.clone(), settings(transport(orders)?)?, templates);
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let until = stop.clone();
    let began = clock.stopwatch();
    let work = tasks.spawn(worker.run(until));
    while base.number(UNDER_WAY).await? + base.number(WAITING).await? > 0 {
        if work.is_finished() || clock.stopwatch() - began > LONGEST {
            return Err("the worker has ended, or does not come to its end".into());
        }
        tokio::time::sleep(LOOK).await;
    }
    let took = clock.stopwatch() - began;
    stop.cancel();
    work.await??;

    let sent = base.number("SELECT count(*) FROM delivery WHERE state = 'sent'").await?;
    let bytes = base.number("SELECT CAST(max(length(bytes)) AS bigint) FROM frozen").await?;
    base.remove().await?;
    if sent != i64::try_from(count)? {
        return Err(format!("{sent} of {count} mails were sent").into());
    }
    Ok((took, usize::try_from(bytes)?))
}

/// A campaign of the measured sequence at everybody.
pub(crate) fn previewed(version: i64) -> Measured<Previewed> {
    Ok(Previewed {
        sequence: mails::SEQUENCE.to_owned(),
        segment: "everyone".to_owned(),
        follows: false,
        subjects: Default::default(),
        version,
        by: Handle::of("bench").ok_or("no handle")?,
        forecast: Default::default(),
    })
}

/// Puts a mail to every lead into the outbox: a campaign, launched, whose runs take their first step.
async fn enqueue(store: &Store) -> Measured<()> {
    let playbooks = store.playbooks().await?;
    let mut preview = store.campaigns().begin_preview();
    let mut after = None;
    loop {
        let page = store.leads().page(after, 1000).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        preview.add(page.into_iter().map(|lead| (lead.id, None)).collect()).await?;
    }
    let campaign = preview.keep(previewed(playbooks.version())?).await?;
    store.campaigns().launch(campaign.id, &campaign.made_by, &Caution::NONE).await?;
    while store.campaigns().begin_rest(campaign.id).await? {}
    let decided = Decided::default();
    let plans = Plans { playbooks: &playbooks, decided: &decided, zone: chrono_tz::Tz::UTC };
    loop {
        let due = store.runs().due(store.clock().calendar(), 1000).await?;
        if due.is_empty() {
            return Ok(());
        }
        store.leads().decide_all(&due, &playbooks, |scene, now| advance(scene, plans, now)).await?;
    }
}

fn transport(orders: &Orders) -> Measured<Transport> {
    Ok(Transport::Smtp(Relay::parse(&format!("smtp://{}", orders.text("sink")?))?))
}

/// Of a worker that measures something.
pub(crate) fn settings(transport: Transport) -> Measured<Settings> {
    Ok(Settings {
        opens: false,
        pace: rekindle_core::outflow::Limits::default(),
        at_once_to_domain: None,
        bounce_domain: None,
        signers: std::sync::Arc::default(),
        transport,
        from_name: Some("Mia Chen".to_owned()),
        from: EmailAddress::parse("mia@example.com")?,
        reply_to: None,
        company: "Acme".to_owned(),
        postal_address: "Acme Ltd, 12 Harbour Street, Dublin 2, Ireland".to_owned(),
        list_domain: "example.com".to_owned(),
        public_url: "https://leads.example.com".to_owned(),
        zone: chrono_tz::UTC,
        sessions: SESSIONS,
        inbox: None,
        postmark: false,
        out_of_office: chrono::TimeDelta::days(7),
        journal: None,
        cool_leads: "0 3 * * *".parse()?,
        train_model: None,
        predict_leads: None,
        needed: rekindle_core::prediction::Needed::USUAL,
        forget_archived_after: None,
    })
}

/// How long `smtp-source` takes for as many mails of that length.
async fn smtp_source(orders: &Orders, clock: &SharedClock, count: usize, bytes: usize) -> Measured<Duration> {
    let mut command = tokio::process::Command::new(orders.text("source")?);
    command.args(["-d", "-s", &SESSIONS.to_string(), "-l", &bytes.to_string(), "-m", &count.to_string()]);
    command.arg(orders.text("sink")?).stdin(Stdio::null());
    let began = clock.stopwatch();
    let status = command.status().await?;
    let took = clock.stopwatch() - began;
    match status.success() {
        true => Ok(took),
        false => Err(format!("smtp-source ended with {status}").into()),
    }
}
