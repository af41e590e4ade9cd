//! The operator's settings: the embedded default, under `DIR/rekindle.toml`, under the environment.
//!
//! This is the one file that reads the environment. What is unknown or wrong is refused, all of it at once, each with its
//! file and line or with the name of its variable, and with the nearest right name.

mod chat;
mod layers;
mod mail;
mod show;
mod values;

use crate::clock::SystemClock;
use chrono_tz::Tz;
use ipnet::IpNet;
use layers::Layers;
use rekindle_core::{
    campaign::Caution, chat::Secret, prediction::Needed, read::FileError, schedule::Schedule, span::Span,
    time::Moment,
};
use rekindle_mail::{
    dkim::{Signer, is_aligned},
    transport::Transport,
};
use serde::Deserialize;
use std::{
    io::ErrorKind,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    sync::Arc,
};

pub use chat::{Discord, DiscordTransport, Slack, SlackTransport};
pub use layers::Origin;
pub use mail::{Dkim, Hooks, Listened, Mail, Pace, Webhook};
pub use show::redacted;
pub use values::Mailbox;
pub(crate) use values::listen_address;

/// The file that is the default, as `rekindle init` writes it out.
pub const DEFAULT: &str = include_str!("../../../config/rekindle.toml");

/// What the names of our variables in the environment begin with.
pub const PREFIX: &str = "REKINDLE__";

/// Every setting, checked. `config/rekindle.toml` explains each.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `[database]`
    pub database: Database,
    /// `[web]`
    pub web: Web,
    /// `[bot]`
    pub bot: Bot,
    /// `[slack]`
    pub slack: Slack,
    /// `[discord]`
    pub discord: Discord,
    /// `[mail]`
    pub mail: Mail,
    /// `[pace]`
    pub pace: Pace,
    /// `[campaign]`
    pub campaign: Launching,
    /// `[webhook]`
    pub webhook: Webhook,
    /// `[inbox]`
    pub inbox: Listened,
    /// `[hooks]`
    pub hooks: Hooks,
    /// `[dkim]`
    pub dkim: Dkim,
    /// `[team]`
    pub team: Team,
    /// `[clock]`
    pub clock: Calendar,
    /// `[schedule]`
    pub schedule: CronTable,
    /// `[prediction]`
    pub prediction: Prediction,
    /// `[privacy]`
    pub privacy: Privacy,
    /// `[intake]`
    pub intake: Intake,
    /// `[log]`
    pub log: Log,
    /// Who signs our mails, by `[dkim]`.
    #[serde(skip)]
    pub signers: Arc<Vec<Signer>>,
    #[serde(skip)]
    layers: Layers,
}

/// Where everything is kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `sqlite://…` or `postgres://…`; none is a file in the data folder. Carries a password: never print it.
    #[serde(deserialize_with = "values::database_url")]
    pub url: Option<String>,
}

/// The door to the leads.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Web {
    /// Where it listens.
    #[serde(deserialize_with = "values::address")]
    pub listen: SocketAddr,
    /// How it is reached from outside, without a slash at the end; none is `http://` and `listen`.
    #[serde(deserialize_with = "values::public_url")]
    pub public_url: Option<String>,
    /// The proxies before it, whose `X-Forwarded-For` is believed.
    #[serde(deserialize_with = "values::networks")]
    pub proxies: Vec<IpNet>,
}

/// The door to the team, where it runs apart.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bot {
    /// Where it listens.
    #[serde(deserialize_with = "values::address")]
    pub listen: SocketAddr,
}

/// The team.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Team {
    /// Its zone.
    #[serde(deserialize_with = "values::zone")]
    pub zone: Tz,
}

/// The calendar, where it is not the wall.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    /// Where it starts.
    #[serde(deserialize_with = "values::moment")]
    pub start: Option<Moment>,
    /// How much faster than the wall it runs.
    #[serde(deserialize_with = "values::speed")]
    pub speed: f64,
}

/// When the daily work is done, by the clocks of [`Team::zone`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CronTable {
    /// Leads that went quiet are taken into re-engagement.
    pub cool_leads: Schedule,
    /// A new model is trained.
    pub train_model: Schedule,
    /// All leads that did something are predicted anew.
    pub predict_leads: Schedule,
}

/// What must be there before a prediction is shown.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prediction {
    /// Outcomes in all.
    #[serde(deserialize_with = "values::between::<_, 20, 1_000_000>")]
    pub outcomes: u32,
    /// Won, and lost, at least.
    #[serde(deserialize_with = "values::between::<_, 10, 500_000>")]
    pub of_each: u32,
    /// The AUC.
    #[serde(deserialize_with = "values::auc")]
    pub auc: f64,
}

impl Prediction {
    /// The same, as the rules want it.
    pub fn needed(&self) -> Needed {
        Needed { outcomes: self.outcomes.into(), of_each: self.of_each.into(), auc: self.auc }
    }
}

/// How carefully campaigns are launched.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Launching {
    /// With more leads than this a second person confirms; 0 is nobody.
    #[serde(deserialize_with = "values::between::<_, 0, 100_000_000>")]
    pub second_person_above: u32,
    /// How many begin before the others; 0 is all at once.
    #[serde(deserialize_with = "values::between::<_, 0, 1_000_000>")]
    pub first: u32,
    /// How long they are looked at.
    pub look: Span,
}

impl Launching {
    /// The same, as the rules want it.
    pub fn caution(&self) -> Caution {
        Caution {
            second_person_above: self.second_person_above.into(),
            first: self.first.into(),
            pause: self.look.delta(),
        }
    }
}

/// How long what is not needed any more is kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Privacy {
    /// Leads that were archived so long ago, and were quiet since, are erased; no time at all is never.
    pub forget_archived_after: Span,
}

impl Privacy {
    /// After how long archived leads are erased, if ever.
    pub fn forget_after(&self) -> Option<chrono::TimeDelta> {
        (self.forget_archived_after != Span::ZERO).then(|| self.forget_archived_after.delta())
    }
}

/// How calls are taken in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intake {
    /// Calls in one transaction at the most.
    #[serde(deserialize_with = "values::between::<_, 1, 10_000>")]
    pub max_group: u32,
    /// Activities of one write key in a second at the most; 0 is no limit.
    #[serde(deserialize_with = "values::between::<_, 0, 10_000_000>")]
    pub rate_per_second: u32,
}

/// What is logged, and how.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// For people or for machines.
    #[serde(deserialize_with = "values::log_format")]
    pub format: LogFormat,
    /// Directives of `tracing_subscriber::EnvFilter`, checked.
    #[serde(deserialize_with = "values::log_level")]
    pub level: String,
}

/// How a log line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

impl Config {
    /// Reads the settings of a data folder, and of the environment.
    ///
    /// # Errors
    /// Everything that is wrong. A folder or file that is not there is no error.
    pub fn load(data: &Path) -> Result<Self, Vec<FileError>> {
        let path = data.join("rekindle.toml");
        let name = path.display().to_string();
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            // Without the file the same is said of it as if it were empty.
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) if error.kind() == ErrorKind::NotADirectory => {
                let why = "--data names a file, and a folder is wanted";
                return Err(vec![FileError::whole(&data.display().to_string(), why)]);
            }
            Err(error) => {
                return Err(vec![FileError::whole(&name, format!("this file cannot be read: {error}"))]);
            }
        };
        Self::read(Some((&name, &text)), &environment())
    }

    /// Reads the settings from a file (its name and text) and variables (name and value).
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn read(
        file: Option<(&str, &str)>,
        environment: &[(String, String)],
    ) -> Result<Self, Vec<FileError>> {
        let mut layers = Layers::of_default(DEFAULT);
        let mut errors = Vec::new();
        if let Some((name, text)) = file {
            errors.extend(layers.lay_file(name, text));
        }
        errors.extend(layers.lay_environment(PREFIX, environment));
        let config = layers.settle::<Self>(&mut errors);
        let Some(mut config) = config else { return Err(errors) };
        config.layers = layers;
        errors.extend(config.contradictions());
        errors.extend(config.webhook.wrong().map(|(setting, why)| config.layers.error(setting, why)));
        match config.read_signers() {
            Ok(signers) => config.signers = Arc::new(signers),
            Err((setting, why)) => errors.push(config.layers.error(setting, why)),
        }
        if errors.is_empty() { Ok(config) } else { Err(errors) }
    }

    /// Whether mail goes to a relay on another machine.
    pub fn reaches_people(&self) -> bool {
        self.mail.relay.as_ref().is_some_and(|relay| !relay.is_loopback())
    }

    /// What is right alone and wrong together.
    fn contradictions(&self) -> Vec<FileError> {
        let missing = chat::missing(&self.slack, &self.discord).into_iter();
        let mut errors: Vec<FileError> =
            missing.map(|(setting, why)| self.layers.error(setting, why)).collect();
        let Some(relay) = self.mail.relay.as_ref().filter(|_| self.reaches_people()) else {
            return errors;
        };
        let host = relay.host();
        for (setting, moved) in
            [("clock.start", self.clock.start.is_some()), ("clock.speed", self.clock.speed != 1.0)]
        {
            if moved {
                let why = format!(
                    "{setting} moves the calendar, and mail.url is a relay on another machine ({host}): people would be \
                     written to at the wrong time; move the calendar only while mail goes to a folder or to a relay on \
                     this machine"
                );
                errors.push(self.layers.error(setting, why));
            }
        }
        let example = Self::read(None, &[]).map(|shipped| shipped.mail);
        if let Ok(example) = example {
            for (setting, unchanged) in [
                ("mail.from", self.mail.from == example.from),
                ("mail.postal_address", self.mail.postal_address == example.postal_address),
            ] {
                if unchanged {
                    let why = format!(
                        "{setting} is still the example, and mail.url is a relay that reaches people ({host}): write your own"
                    );
                    errors.push(self.layers.error(setting, why));
                }
            }
        }
        errors
    }

    /// Listens somewhere else than the settings say: `--listen`.
    pub fn listen_at(&mut self, address: SocketAddr) {
        self.web.listen = address;
        self.layers.argue("web.listen", &address.to_string(), "--listen");
    }

    /// Runs the calendar at another speed than the settings say: `demo --speed`.
    ///
    /// # Errors
    /// When that is no speed, or mail reaches people.
    pub fn run_at(&mut self, speed: f64) -> Result<(), Vec<FileError>> {
        values::check_speed(speed).map_err(|why| vec![FileError::whole("--speed", why)])?;
        self.clock.speed = speed;
        self.layers.argue("clock.speed", &speed.to_string(), "--speed");
        let errors = self.contradictions();
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// The address by which we are reached from outside, without a slash at the end.
    pub fn public_url(&self) -> String {
        self.web.public_url.clone().unwrap_or_else(|| {
            let ip = match self.web.listen.ip() {
                IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
                ip => ip,
            };
            format!("http://{}", SocketAddr::new(ip, self.web.listen.port()))
        })
    }

    /// Where the database is, for `storage`. Carries a password: never print it.
    ///
    /// # Errors
    /// When the folder we are in is gone.
    pub fn database_url(&self, data: &Path) -> std::io::Result<String> {
        match &self.database.url {
            Some(url) => Ok(url.clone()),
            None => Ok(format!("sqlite://{}", std::path::absolute(data.join("rekindle.db"))?.display())),
        }
    }

    /// Where mail goes.
    pub fn transport(&self, data: &Path) -> Transport {
        match &self.mail.relay {
            Some(relay) => Transport::Smtp(relay.clone()),
            None => Transport::Folder(data.join("mail")),
        }
    }

    /// Who signs our mails; or the setting that is wrong, and why: no domain, one that does not vouch for `mail.from`, or a key that
    /// cannot sign.
    fn read_signers(&self) -> Result<Vec<Signer>, (&'static str, String)> {
        let Dkim { domain, keys } = &self.dkim;
        let from = self.mail.from.address.domain();
        match domain {
            None if keys.is_empty() => Ok(Vec::new()),
            None => Err((
                "dkim.domain",
                format!("dkim.domain is missing: the keys sign for a domain, such as {from}"),
            )),
            Some(_) if keys.is_empty() => Err((
                "dkim.keys",
                "dkim.keys is empty, and dkim.domain is set: rekindle dkim new makes a key".to_owned(),
            )),
            Some(domain) if !is_aligned(from, domain) => {
                let why = format!(
                    "dkim.domain is {domain}, and mail.from is at {from}: a signature vouches only for its own domain (DMARC); write {from}"
                );
                Err(("dkim.domain", why))
            }
            Some(domain) => {
                let signer = |(selector, pem): (&String, &Secret)| {
                    Signer::new(domain, selector, pem.reveal())
                        .map_err(|why| ("dkim.keys", format!("{selector}: {why}")))
                };
                keys.iter().map(signer).collect()
            }
        }
    }

    /// The domain of list ids.
    pub fn list_domain(&self) -> &str {
        self.mail.list_id.as_deref().unwrap_or_else(|| self.mail.from.address.domain())
    }

    /// The clock that these settings ask for, started now.
    pub fn clock(&self) -> Arc<SystemClock> {
        Arc::new(SystemClock::new(self.clock.start, self.clock.speed))
    }

    /// The settings in force as TOML, each with where it comes from; passwords are left out.
    pub fn show(&self) -> String {
        show::of(&self.layers)
    }

    /// Where a setting comes from ("mail.url"); `None` when there is no such setting.
    pub fn origin(&self, setting: &str) -> Option<&Origin> {
        self.layers.origin(setting)
    }
}

/// Our variables of the environment. Others are not looked at: `vars_os`, since `vars` would panic on one of those that
/// is not Unicode.
fn environment() -> Vec<(String, String)> {
    let ours = std::env::vars_os().filter_map(|(name, value)| {
        let name = name.to_str().filter(|name| name.starts_with(PREFIX))?.to_owned();
        Some((name, value.to_string_lossy().into_owned()))
    });
    let mut ours: Vec<_> = ours.collect();
    ours.sort();
    ours
}

#[cfg(test)]
mod tests;
