//! The daemon: opens the doors that a command names, and closes them in peace.
//!
//! A first signal stops the listening, lets answers and mails in flight end, and leaves nothing
//! claimed; a second one leaves at once.

use crate::{
    chats,
    exit::{Doing, Done, Halt, say},
    fetch::Pages,
    files,
    house::House,
    mail_doctor,
    ready::Readiness,
    signin::{SignIn, behind_sign_in},
    simulate::Foresight,
    template,
};
use axum::{
    Router,
    extract::State,
    http::{StatusCode, Uri},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use rekindle_bot::{announcer::Announcer, console, desk::Desk, inbound::Inbound, teller::Teller};
use rekindle_core::{
    activity::Trust,
    team::{Member, Role},
    time::Anchor,
};
use rekindle_mail::templates::{TemplateError, Templates};
use rekindle_storage::keys::WriteKey;
use rekindle_web::{
    Doors, Mails,
    hooks::{Hooks, Keys},
    intake,
};
use rekindle_worker::Worker;
use std::{net::SocketAddr, sync::Arc};
use tokio::{
    net::TcpListener,
    signal::unix::{self, Signal, SignalKind},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Which doors are opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Which {
    /// Intake, links, dashboard.
    pub web: bool,
    /// Console, cards, commands.
    pub bot: bool,
    /// Mail and the daily work.
    pub worker: bool,
}

impl Which {
    /// All of them in one process.
    pub const ALL: Self = Self { web: true, bot: true, worker: true };
}

/// The doors, open.
#[derive(Debug)]
pub struct Running {
    /// Where it listens, when it does.
    pub address: Option<SocketAddr>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Running {
    /// Closes the doors and waits until all that was begun has ended.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Ends when somebody asks for the stop.
    pub async fn asked_to_stop(&self) {
        self.stop.cancelled().await;
    }
}

/// Takes the address that the doors are to listen at, where they do, and says in the database where the house is and
/// what its calendar shows. Nobody is answered yet.
///
/// # Errors
/// When the address is taken.
pub async fn bind(house: &House, which: Which) -> Result<Option<TcpListener>, Halt> {
    let config = &house.config;
    let listen = if which.web { config.web.listen } else { config.bot.listen };
    let listener = match which.web || which.bot {
        true => Some(TcpListener::bind(listen).await.doing(format!("listen at {listen}"))?),
        false => None,
    };
    if which.web {
        house.store.set_public_url(&config.public_url()).await.doing("say where the house is")?;
    }
    // Time passes where the worker is: it says what time it is to all others.
    if which.worker {
        let anchor = Anchor::of(&**house.store.clock());
        house.store.set_anchor(anchor).await.doing("say what the calendar shows")?;
    }
    Ok(listener)
}

/// Opens the doors.
///
/// # Errors
/// When mails and playbook are wrong.
pub async fn open(house: &House, which: Which, listener: Option<TcpListener>) -> Result<Running, Halt> {
    let config = &house.config;
    let tasks = TaskTracker::new();
    let stop = CancellationToken::new();
    let readiness = Arc::new(Readiness::new(house.store.clone(), tasks.clone()));

    let hearing = house.store.clone();
    let until = stop.clone();
    tasks.spawn(async move { until.run_until_cancelled(hearing.listen()).await });
    let (spooled, until) = (house.store.clone(), stop.clone());
    tasks.spawn(async move { until.run_until_cancelled(spooled.keep_spool_empty()).await });

    let mut router = Router::new()
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(is_ready))
        .with_state(readiness.clone());
    let mut staff = Router::new();
    if which.web {
        let (inbox, writer) = intake::writer::writer(house.store.clone(), config.intake.max_group as usize);
        tasks.spawn(writer.run());
        let doors = doors(house);
        router = router
            .merge(intake::calls::router(house.store.clone(), inbox, config.intake.rate_per_second))
            .merge(rekindle_web::links::lead_pages(doors.clone()))
            .merge(rekindle_web::forms::form_pages(doors.clone()))
            .merge(rekindle_web::redeem_call(doors.clone()))
            .merge(rekindle_web::hooks::router(hooks(house)?));
        staff = staff.merge(rekindle_web::pages::staff_pages(doors));
        router = router.route("/dashboard", get(|| async { Redirect::to("/") }));
    }
    if which.bot {
        let settings = bot_settings(house);
        let templates = Arc::new(house.templates()?);
        let desk = foreseeing_desk(house, templates);
        let inbound = Inbound::new(house.store.clone(), desk.clone(), tasks.clone());
        staff = staff.merge(console::router_until(house.store.clone(), desk, stop.clone()));
        let chats = chats::open(house, &inbound, &stop)?;
        router = router.merge(chats.router);
        for listening in chats.tasks {
            tasks.spawn(listening);
        }
        let announcer = Announcer::new(house.store.clone(), settings).with(chats.walls);
        let until = stop.clone();
        tasks.spawn(async move { announcer.run(until).await });
        let (teller, until) = (Teller::new(house.store.clone(), chats.ears), stop.clone());
        tasks.spawn(async move { teller.run(until).await });
    }
    if which.web || which.bot {
        let secure = config.public_url().starts_with("https://");
        router = router
            .merge(rekindle_web::pages::assets())
            .merge(behind_sign_in(staff, SignIn { store: house.store.clone(), secure }));
    }
    router = router.fallback(nothing_here);
    if which.worker {
        let worker = Worker::new(house.store.clone(), worker_settings(house), house.mails_in_force().await?);
        if let Some(settings) = config.webhook.settings() {
            let webhooks = rekindle_web::webhooks::Webhooks::new(house.store.clone(), settings)
                .doing("prepare the webhook")?;
            let until = stop.clone();
            tasks.spawn(async move { webhooks.run(until).await });
        }
        let until = stop.clone();
        tasks.spawn(async move {
            if let Err(error) = worker.run(until).await {
                tracing::error!(%error, "the worker has ended");
            }
        });
    }
    let address = match listener {
        None => None,
        Some(listener) => {
            let address = listener.local_addr().doing("listen")?;
            let until = stop.clone();
            let service = router.into_make_service_with_connect_info::<SocketAddr>();
            tasks.spawn(async move {
                let served = axum::serve(listener, service).with_graceful_shutdown(until.cancelled_owned());
                if let Err(error) = served.await {
                    tracing::error!(%error, "cannot serve");
                }
            });
            Some(address)
        }
    };
    readiness.open();
    Ok(Running { address, tasks, stop })
}

async fn is_ready(State(readiness): State<Arc<Readiness>>) -> (StatusCode, &'static str) {
    match readiness.is_ready().await {
        true => (StatusCode::OK, "ready\n"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "not ready\n"),
    }
}

/// An address that leads nowhere. Whoever typed it may look for the pages of the team.
async fn nothing_here(uri: Uri) -> Response {
    match uri.path().strip_prefix("/v1/") {
        Some(call) => intake::answer::Answer::NoSuchCall(call.to_owned()).into_response(),
        None => {
            let words = "There is nothing at this address. The dashboard is at /, the console at /console.\n";
            (StatusCode::NOT_FOUND, words).into_response()
        }
    }
}

/// What the doors of mail providers need of the settings.
fn hooks(house: &House) -> Result<Hooks, Halt> {
    let (config, keys) = (&house.config, &house.config.hooks);
    let keys = Keys {
        ses_topic: keys.ses_topic.clone(),
        sendgrid: keys.sendgrid_key.clone(),
        mailgun: keys.mailgun_key.clone(),
        postmark: keys.postmark_password.clone(),
        generic: keys.generic_secret.clone(),
    };
    let pages = Pages::new().doing("get ready to ask Amazon")?;
    Ok(Hooks::new(house.store.clone(), keys, config.inbox.out_of_office.delta(), Arc::new(pages)))
}

/// What the web door needs of the settings.
pub fn doors(house: &House) -> Doors {
    let config = &house.config;
    Doors {
        store: house.store.clone(),
        settings: rekindle_web::Settings {
            public_url: config.public_url(),
            proxies: config.web.proxies.clone().into(),
            company: config.mail.company.clone(),
            zone: config.team.zone,
            mail_folder: config.mail.relay.is_none().then(|| house.data.join("mail")),
            demo: config.clock.speed != 1.0,
            needed: house.config.prediction.needed(),
            mails: mails(house),
        },
    }
}

/// The mails as they lie in the folder whenever somebody looks.
fn mails(house: &House) -> Mails {
    let data = house.data.clone();
    Mails::new(template::sender(&house.config), move || match files::template_files(&data) {
        Ok(files) => Templates::read(&files),
        Err(errors) => {
            let told =
                errors.into_iter().map(|e| TemplateError { file: e.file, line: e.line, what: e.message });
            (Templates::default(), told.collect())
        }
    })
}

/// What the chat needs of the settings.
pub fn bot_settings(house: &House) -> rekindle_bot::desk::Settings {
    rekindle_bot::desk::Settings {
        zone: house.config.team.zone,
        public_url: house.config.public_url(),
        caution: house.config.campaign.caution(),
        needed: house.config.prediction.needed(),
    }
}

/// A desk of this house, at which campaigns begin when their mails will be believed.
pub(crate) fn desk(house: &House) -> Desk {
    let desk = Desk::new(house.store.clone(), bot_settings(house));
    desk.with_mail_check(mail_doctor::needed(&house.config))
}

/// The same with the mails: previews show their subjects, and what the plans will do.
pub(crate) fn foreseeing_desk(house: &House, templates: Arc<Templates>) -> Desk {
    let foresight = Foresight::new(house, templates.clone());
    desk(house).with_templates(templates).with_foresight(Arc::new(foresight))
}

/// What the worker needs of the settings.
pub fn worker_settings(house: &House) -> rekindle_worker::Settings {
    let config = &house.config;
    rekindle_worker::Settings {
        transport: config.transport(&house.data),
        from_name: config.mail.from.name.clone(),
        from: config.mail.from.address.clone(),
        bounce_domain: config.mail.bounce_domain.clone(),
        opens: config.mail.opens,
        pace: config.pace.limits(),
        at_once_to_domain: usize::try_from(config.pace.at_once_to_domain).ok().filter(|most| *most > 0),
        inbox: config.inbox.inbox.clone().map(|inbox| inbox.moving_to(config.inbox.handled.clone())),
        postmark: config.hooks.postmark_password.is_some(),
        out_of_office: config.inbox.out_of_office.delta(),
        signers: config.signers.clone(),
        reply_to: config.mail.reply_to.clone(),
        company: config.mail.company.clone(),
        postal_address: config.mail.postal_address.clone(),
        list_domain: config.list_domain().to_owned(),
        public_url: config.public_url(),
        zone: config.team.zone,
        sessions: config.mail.sessions as usize,
        journal: Some(house.data.join("outbox.journal")),
        cool_leads: config.schedule.cool_leads.clone(),
        train_model: Some(config.schedule.train_model.clone()),
        predict_leads: Some(config.schedule.predict_leads.clone()),
        needed: config.prediction.needed(),
        forget_archived_after: config.privacy.forget_after(),
    }
}

/// Serves until a signal, and ends in peace.
///
/// # Errors
/// What opening the doors says.
pub async fn serve(house: &House, which: Which, listener: Option<TcpListener>) -> Done {
    let mut signals = Signals::hear()?;
    let running = open(house, which, listener).await?;
    if let Some(address) = running.address {
        say(format_args!("Rekindle is at http://{address}"));
    } else {
        say("The worker is at work.");
    }
    signals.next().await;
    say("Stopping: what was begun is brought to its end. A second signal leaves at once.");
    tokio::select! {
        () = running.stop() => Ok(()),
        () = signals.next() => {
            Err(Halt::refused("left at once; mails in flight are looked after at the next start"))
        }
    }
}

/// Ctrl-C and SIGTERM. Heard from before anything is said, so that whoever answers it at once is heard.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Begins to hear.
    ///
    /// # Errors
    /// When this machine lets nobody hear.
    pub(crate) fn hear() -> Result<Self, Halt> {
        let hear = |kind| unix::signal(kind).doing("hear signals");
        Ok(Self { interrupt: hear(SignalKind::interrupt())?, terminate: hear(SignalKind::terminate())? })
    }

    /// Waits for the next of them.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// What a first start made: shown once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstStart {
    /// The write key.
    pub key: String,
    /// The link that signs the first admin in.
    pub link: String,
}

/// On a house without members and keys: a first admin, a first write key.
///
/// # Errors
/// As the database says.
pub async fn first_start(house: &House) -> Result<Option<FirstStart>, Halt> {
    let doing = "set up the first admin and the first key";
    let store = &house.store;
    let empty =
        store.team().all().await.doing(doing)?.is_empty() && !store.keys().any().await.doing(doing)?;
    if !empty {
        return Ok(None);
    }
    let admin = store.team().add("admin", Role::Admin).await.doing(doing)?;
    let key = WriteKey { name: "first".to_owned(), trust: Trust::Server, origins: Vec::new(), basis: None };
    let key = store.keys().make(key).await.doing(doing)?;
    Ok(Some(FirstStart { key, link: sign_in_link(house, &admin).await? }))
}

/// A one-time link for a member.
///
/// # Errors
/// As the database says.
pub async fn sign_in_link(house: &House, member: &Member) -> Result<String, Halt> {
    let doing = "make a sign-in link";
    let token = house.store.team().link(member).await.doing(doing)?;
    // A house that runs may listen elsewhere than the settings say (`--listen`).
    let url = house.store.public_url().await.doing(doing)?.unwrap_or_else(|| house.config.public_url());
    Ok(format!("{url}/in/{token}"))
}

/// What to do next, after a first start.
pub fn welcome(house: &House, first: &FirstStart) -> String {
    let url = house.config.public_url();
    format!(
        "\nThis is the first start. These two are shown once:\n\n\
         \x20 sign in as admin   {}\n\
         \x20 server write key   {}\n\n\
         Next, tell it what a lead does:\n\n\
         \x20 curl -u {}: {url}/v1/identify -H 'content-type: application/json' \\\n\
         \x20   -d '{{\"userId\": \"kim\", \"traits\": {{\"email\": \"kim@acme.test\", \"name\": \"Kim Park\", \"title\": \"VP Operations\", \"company\": \"Acme\"}}}}'\n\
         \x20 curl -u {}: {url}/v1/track -H 'content-type: application/json' \\\n\
         \x20   -d '{{\"userId\": \"kim\", \"event\": \"Demo Requested\"}}'\n\n\
         Mail goes to {}. `rekindle team add NAME --role sales` invites a colleague.\n",
        first.link,
        first.key,
        first.key,
        first.key,
        match &house.config.mail.relay {
            Some(relay) => format!("the relay {}", relay.host()),
            None => format!("{} (look at {url}/mail)", house.data.join("mail").display()),
        },
    )
}
