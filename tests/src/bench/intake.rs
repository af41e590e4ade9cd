//! Intake: durable `track` calls over HTTP, many in a commit, against the same handler with one
//! commit a call. Each answer of 200 comes after the commit that keeps the call.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use rekindle_core::activity::{Kind, Trust, names};
use rekindle_core::arrival::{Arrival, Who};
use rekindle_core::email::EmailAddress;
use rekindle_core::playbook::Files;
use rekindle_core::time::SharedClock;
use rekindle_storage::Store;
use rekindle_storage::keys::WriteKey;
use rekindle_web::intake::{calls, writer};
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::bases::{Base, Engine, Place};
use crate::callers::{self, Heard, Plan};
use crate::table::Rounds;
use crate::{Measured, Orders};

const CONNECTIONS: usize = 128;
const LEADS: usize = 2_000;
/// As many arrivals as a transaction takes by the default settings.
pub(crate) const GROUP: usize = 1024;

/// What the playbook of the shipped files is.
pub(crate) fn playbook() -> Files {
    let files = [
        ("scoring.toml", include_str!("../../../config/playbook/scoring.toml")),
        ("segments.toml", include_str!("../../../config/playbook/segments.toml")),
        ("sunset.toml", include_str!("../../../config/playbook/sunset.toml")),
        ("routing.toml", include_str!("../../../config/playbook/routing.toml")),
        (
            "sequences/re-engagement.toml",
            include_str!("../../../config/playbook/sequences/re-engagement.toml"),
        ),
    ];
    files.into_iter().map(|(file, text)| (file.to_owned(), text.to_owned())).collect()
}

/// Measures and prints.
pub(crate) async fn measure(orders: &Orders, clock: &SharedClock) -> Measured<()> {
    let rounds = orders.number("rounds")?;
    let time = Duration::from_secs(orders.number("seconds")? as u64);
    println!("\nIntake: durable track calls over {CONNECTIONS} connections, {LEADS} leads, real disk");
    println!(
        "{:10}  {:26}  {:26}  {:18}  {:17}  {:17}",
        "", "grouped calls/s", "one a commit, calls/s", "ratio", "p99 grouped, ms", "p99 one, ms"
    );
    for engine in Engine::BOTH {
        let mut figures: [Rounds; 5] = Default::default();
        for _ in 0..rounds {
            let grouped = run(orders, engine, clock, GROUP, time).await?;
            let single = run(orders, engine, clock, 1, time).await?;
            let speed = |heard: &Heard| heard.waits.len() as f64 / heard.took.as_secs_f64();
            let p99 = |heard: &Heard| heard.wait(0.99).as_secs_f64() * 1e3;
            let row = [
                speed(&grouped),
                speed(&single),
                speed(&grouped) / speed(&single),
                p99(&grouped),
                p99(&single),
            ];
            for (figures, figure) in figures.iter_mut().zip(row) {
                figures.push(figure);
            }
        }
        let [grouped, single, ratio, p99, p99_single] = figures;
        println!("{engine:10}  {grouped:26}  {single:26}  {ratio:18.2}  {p99:17.1}  {p99_single:17.1}");
    }
    Ok(())
}

async fn run(
    orders: &Orders,
    engine: Engine,
    clock: &SharedClock,
    max_group: usize,
    time: Duration,
) -> Measured<Heard> {
    let base = Base::fresh(orders, engine, Place::Disk, clock, &playbook()).await?;
    let intake = Intake::open(&base.store, clock, max_group, LEADS).await?;
    let warm_up = intake.calls(time / 5, 1).await?;
    let heard = intake.calls(time, 2).await?;
    intake.close().await;

    let refused = warm_up.refused + heard.refused;
    let stored = base.number("SELECT count(*) FROM activity WHERE source = 'bench'").await?;
    let asked = warm_up.waits.len() + heard.waits.len();
    base.remove().await?;
    if refused > 0 || stored != i64::try_from(asked)? {
        let text = format!("of {asked} calls {refused} were refused and {stored} are stored");
        return Err(text.into());
    }
    Ok(heard)
}

/// The real intake, open for calls about some leads.
pub(crate) struct Intake {
    plan: Plan,
    clock: SharedClock,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Intake {
    /// Opens it on a store, after having introduced the leads.
    pub(crate) async fn open(
        store: &Store,
        clock: &SharedClock,
        max_group: usize,
        leads: usize,
    ) -> Measured<Self> {
        introduce(store, leads).await?;
        let key = WriteKey { name: "bench".to_owned(), trust: Trust::Server, origins: vec![], basis: None };
        let key = store.keys().make(key).await?;
        let (inbox, writer) = writer::writer(store.clone(), max_group);
        let router = calls::router(store.clone(), inbox, 0);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        tasks.spawn(writer.run());
        let until = stop.clone();
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        tasks.spawn(async move {
            axum::serve(listener, service).with_graceful_shutdown(until.cancelled_owned()).await
        });
        let time = Duration::ZERO;
        let plan = Plan { address, key, connections: CONNECTIONS, time, leads, seed: 0 };
        Ok(Self { plan, clock: clock.clone(), tasks, stop })
    }

    /// Calls for a time; no two of one database with the same seed.
    pub(crate) async fn calls(&self, time: Duration, seed: u64) -> Measured<Heard> {
        Ok(callers::call(Plan { time, seed, ..self.plan.clone() }, self.clock.clone()).await?)
    }

    /// Closes it, after the last answer.
    pub(crate) async fn close(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Stores leads with address and consent, `lead-0`, `lead-1`, …
pub(crate) async fn introduce(store: &Store, count: usize) -> Measured<()> {
    let playbooks = store.playbooks().await?;
    let now = store.clock().calendar();
    let mut arrivals = Vec::with_capacity(count);
    for number in 0..count {
        let (email, id) = (format!("lead-{number}@acme.test"), format!("lead-{number}"));
        let traits = json!({
            "email": email, "firstName": "Kim", "lastName": "Park", "company": "Acme", "title": "Head of Operations",
        });
        arrivals.push(Arrival {
            source: "import".to_owned(),
            message_id: id.clone(),
            fingerprint: 1,
            who: Who { user_id: Some(id), email: Some(EmailAddress::parse(&email)?), ..Who::default() },
            kind: Kind::Identify,
            name: names::IDENTIFIED.to_owned(),
            path: None,
            at: now,
            properties: traits.as_object().cloned().unwrap_or_default(),
            human: false,
            trust: Trust::Server,
            basis: Some("customer".to_owned()),
        });
    }
    for group in arrivals.chunks(1000) {
        store.leads().observe(group, &playbooks).await?;
    }
    Ok(())
}
