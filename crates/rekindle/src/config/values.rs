//! How each kind of setting is read: strictly, with errors in words.

use super::{
    LogFormat,
    chat::{DiscordTransport, SlackTransport},
};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use ipnet::IpNet;
use rekindle_core::{
    chat::Secret,
    email::EmailAddress,
    nearest::did_you_mean,
    team::Role,
    time::{Moment, whole_micros},
    zone::parse_zone,
};
use rekindle_mail::{inbox::Inbox, smtp::Relay};
use serde::{Deserialize, Deserializer, de::Error};
use std::{
    collections::BTreeMap,
    fmt,
    net::{IpAddr, SocketAddr},
    path::Path,
};

/// The fastest calendar: eleven days in a second.
const FASTEST: f64 = 1_000_000.0;

/// Who writes: a name people read, and the address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// The name, if there is one.
    pub name: Option<String>,
    /// The address.
    pub address: EmailAddress,
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} <{}>", self.address.as_str()),
            None => f.write_str(self.address.as_str()),
        }
    }
}

/// A text without control characters; a line break in a postal address would be one in a mail's head elsewhere.
pub(super) fn words<'de, D: Deserializer<'de>>(d: D) -> Result<String, D::Error> {
    let text = String::deserialize(d)?;
    if text.trim().is_empty() {
        return Err(D::Error::custom("this may not be empty: it stands in every mail"));
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(D::Error::custom("there is a character in it that cannot be seen"));
    }
    Ok(text.trim().to_owned())
}

pub(super) fn text<'de, D: Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(d)?;
    let text = text.trim();
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

pub(super) fn database_url<'de, D: Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    let Some(url) = text(d)? else { return Ok(None) };
    let (scheme, rest) = url.split_once("://").unwrap_or(("", ""));
    match scheme {
        "sqlite" | "postgres" | "postgresql" if !rest.is_empty() => Ok(Some(url)),
        "sqlite" | "postgres" | "postgresql" => {
            Err(D::Error::custom("the address of the database ends after ://"))
        }
        _ => Err(D::Error::custom(
            "a database begins with sqlite:// or postgres://, or the setting is empty for a file in the data folder",
        )),
    }
}

pub(super) fn relay<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Relay>, D::Error> {
    let Some(url) = text(d)? else { return Ok(None) };
    Relay::parse(&url).map(Some).map_err(D::Error::custom)
}

/// An address of the web, or nothing.
pub(super) fn web_address<'de, D: Deserializer<'de>>(d: D) -> Result<Option<reqwest::Url>, D::Error> {
    let Some(url) = text(d)? else { return Ok(None) };
    let wrong = |error| {
        D::Error::custom(format!("this is no address ({error}); write https://shop.example.com/rekindle"))
    };
    url.parse().map(Some).map_err(wrong)
}

/// A secret of Standard Webhooks, or nothing.
pub(super) fn webhook_secret<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Secret>, D::Error> {
    let Some(secret) = text(d)?.map(Secret::new) else { return Ok(None) };
    match rekindle_core::webhook::key_of(&secret) {
        Some(_) => Ok(Some(secret)),
        None => Err(D::Error::custom(
            "a secret is whsec_ and base64 of 24 to 64 bytes: echo whsec_$(openssl rand -base64 32)",
        )),
    }
}

/// Mails in a minute by domain: a domain that should get none belongs elsewhere, so each is at least 1.
pub(super) fn paces<'de, D: Deserializer<'de>>(d: D) -> Result<BTreeMap<String, u32>, D::Error> {
    let written = BTreeMap::<String, u32>::deserialize(d)?;
    let pace = |(name, per_minute): (String, u32)| {
        let address = EmailAddress::parse(&format!("x@{name}"))
            .map_err(|_| D::Error::custom(format!("“{name}” is no domain, such as gmail.com")))?;
        match per_minute {
            0 => Err(D::Error::custom(format!("{name} would get no mail at all: at least 1 a minute"))),
            _ => Ok((address.domain().to_owned(), per_minute)),
        }
    };
    written.into_iter().map(pace).collect()
}

/// Mails by day: no day has fewer than the one before.
pub(super) fn warm_up<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<u32>, D::Error> {
    let days = Vec::<u32>::deserialize(d)?;
    if days.contains(&0) {
        return Err(D::Error::custom(
            "a day with 0 mails would never end: the next comes after one that sent",
        ));
    }
    match days.windows(2).position(|two| two[1] < two[0]) {
        Some(at) => Err(D::Error::custom(format!(
            "day {} has fewer mails ({}) than the day before ({}): a warm-up grows",
            at + 2,
            days[at + 1],
            days[at]
        ))),
        None => Ok(days),
    }
}

/// Networks, and addresses that stand alone.
pub(super) fn networks<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<IpNet>, D::Error> {
    let network = |text: String| {
        let alone = || text.parse::<IpAddr>().map(IpNet::from);
        text.parse::<IpNet>().or_else(|_| alone()).map_err(|_| {
            D::Error::custom(format!(
                "“{text}” is no address and no network, such as 10.0.0.7 or 10.0.0.0/24"
            ))
        })
    };
    Vec::<String>::deserialize(d)?.into_iter().map(network).collect()
}

pub(super) fn inbox<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Inbox>, D::Error> {
    let Some(url) = text(d)? else { return Ok(None) };
    Inbox::parse(&url).map(Some).map_err(D::Error::custom)
}

pub(super) fn address<'de, D: Deserializer<'de>>(d: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(d)?;
    listen_address(&text).map_err(D::Error::custom)
}

/// An address to listen at, for settings and arguments alike.
///
/// # Errors
/// What it should be, in words.
pub(crate) fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let text = text.trim().replacen("localhost:", "127.0.0.1:", 1);
    text.parse().map_err(|_| {
        format!("“{text}” is no address to listen at; write for example 127.0.0.1:8787, or 0.0.0.0:8787 for all networks")
    })
}

pub(super) fn public_url<'de, D: Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    let Some(url) = text(d)? else { return Ok(None) };
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let Some(rest) = rest else {
        return Err(D::Error::custom(format!(
            "“{url}” is no address of a site; write for example https://rekindle.example.com"
        )));
    };
    let host = rest.split('/').next().unwrap_or_default();
    if host.is_empty()
        || rest.contains(['?', '#', '@'])
        || rest.chars().any(|c| c.is_whitespace() || c.is_control())
    {
        return Err(D::Error::custom(format!(
            "“{url}” is more or less than https:// and a host; write for example https://rekindle.example.com"
        )));
    }
    Ok(Some(url.trim_end_matches('/').to_owned()))
}

pub(super) fn mailbox<'de, D: Deserializer<'de>>(d: D) -> Result<Mailbox, D::Error> {
    let text = words(d)?;
    let (name, address) = match text.strip_suffix('>').and_then(|inside| inside.rsplit_once('<')) {
        Some((name, address)) => (name.trim().trim_matches('"').trim(), address),
        None => ("", text.as_str()),
    };
    let address = EmailAddress::parse(address).map_err(D::Error::custom)?;
    Ok(Mailbox { name: (!name.is_empty()).then(|| name.to_owned()), address })
}

pub(super) fn reply_to<'de, D: Deserializer<'de>>(d: D) -> Result<Option<EmailAddress>, D::Error> {
    text(d)?.map(|address| EmailAddress::parse(&address).map_err(D::Error::custom)).transpose()
}

pub(super) fn domain<'de, D: Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    let Some(domain) = text(d)? else { return Ok(None) };
    match EmailAddress::parse(&format!("list@{domain}")) {
        Ok(address) => Ok(Some(address.domain().to_owned())),
        Err(_) => Err(D::Error::custom(format!("“{domain}” is no domain; write for example example.com"))),
    }
}

/// A DNS server: an address, with its port where that is not 53.
pub(super) fn dns_server<'de, D: Deserializer<'de>>(d: D) -> Result<Option<SocketAddr>, D::Error> {
    let Some(server) = text(d)? else { return Ok(None) };
    let told = server.parse().or_else(|_| server.parse().map(|ip| SocketAddr::new(ip, 53)));
    told.map(Some).map_err(|_| {
        D::Error::custom(format!(
            "“{server}” is no address of a DNS server; write for example 9.9.9.9, or 127.0.0.1:5353"
        ))
    })
}

pub(super) fn between<'de, D: Deserializer<'de>, const LEAST: u32, const MOST: u32>(
    d: D,
) -> Result<u32, D::Error> {
    let number = i64::deserialize(d)?;
    let fits = u32::try_from(number).ok().filter(|number| (LEAST..=MOST).contains(number));
    fits.ok_or_else(|| {
        D::Error::custom(format!("this is a number from {LEAST} to {MOST}, and {number} is not"))
    })
}

pub(super) fn zone<'de, D: Deserializer<'de>>(d: D) -> Result<Tz, D::Error> {
    let name = String::deserialize(d)?;
    parse_zone(&name).ok_or_else(|| {
        let hint = did_you_mean(&name, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()));
        let hint =
            if hint.contains("did you mean") { hint } else { "; write for example Europe/Berlin".to_owned() };
        D::Error::custom(format!("there is no time zone “{name}”{hint}"))
    })
}

pub(super) fn moment<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Moment>, D::Error> {
    let Some(text) = text(d)? else { return Ok(None) };
    match DateTime::parse_from_rfc3339(&text) {
        Ok(at) => Ok(Some(whole_micros(at.with_timezone(&Utc)))),
        Err(_) => {
            Err(D::Error::custom(format!("“{text}” is no moment; write for example 2026-11-02T09:00:00Z")))
        }
    }
}

pub(super) fn speed<'de, D: Deserializer<'de>>(d: D) -> Result<f64, D::Error> {
    let speed = f64::deserialize(d)?;
    check_speed(speed).map_err(D::Error::custom)?;
    Ok(speed)
}

pub(super) fn check_speed(speed: f64) -> Result<(), String> {
    if speed.is_finite() && speed > 0.0 && speed <= FASTEST {
        return Ok(());
    }
    Err(format!("the speed of the calendar is more than 0 and at most {FASTEST}, and {speed} is not"))
}

/// How often a prediction must be right: better than a coin, and no better than always.
pub(super) fn auc<'de, D: Deserializer<'de>>(d: D) -> Result<f64, D::Error> {
    let auc = f64::deserialize(d)?;
    if (0.5..=1.0).contains(&auc) {
        return Ok(auc);
    }
    Err(D::Error::custom(format!("an AUC is from 0.5 (a coin) to 1.0 (never wrong), and {auc} is not")))
}

pub(super) fn log_format<'de, D: Deserializer<'de>>(d: D) -> Result<LogFormat, D::Error> {
    match String::deserialize(d)?.as_str() {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        other => Err(D::Error::custom(format!(
            "there is no log format “{other}”{}",
            did_you_mean(other, ["text", "json"])
        ))),
    }
}

pub(super) fn log_level<'de, D: Deserializer<'de>>(d: D) -> Result<String, D::Error> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let text = String::deserialize(d)?;
    for directive in text.split(',').map(str::trim) {
        let level = directive.rsplit_once('=').map_or(directive, |(_, level)| level);
        if !LEVELS.contains(&level) {
            return Err(D::Error::custom(format!(
                "there is no log level “{level}”{}",
                did_you_mean(level, LEVELS)
            )));
        }
    }
    tracing_subscriber::EnvFilter::builder().parse(&text).map_err(|_| {
        D::Error::custom(format!("“{text}” is no log level; write for example info,rekindle_mail=debug"))
    })?;
    Ok(text)
}

/// A text that opens doors, or the path of a file that holds it.
pub(super) fn secret<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Secret>, D::Error> {
    text(d)?.map(secret_or_file).transpose().map_err(D::Error::custom)
}

/// Keys by their names, each as a [`secret`].
pub(super) fn keys<'de, D: Deserializer<'de>>(d: D) -> Result<BTreeMap<String, Secret>, D::Error> {
    let keys = BTreeMap::<String, String>::deserialize(d)?;
    let keys = keys.into_iter().map(|(name, text)| Ok((name, secret_or_file(text)?)));
    keys.collect::<Result<_, String>>().map_err(D::Error::custom)
}

fn secret_or_file(text: String) -> Result<Secret, String> {
    if !text.starts_with('/') {
        return Ok(Secret::new(text));
    }
    secret_in(Path::new(&text)).map_err(|why| format!("{text}: {why}"))
}

fn secret_in(path: &Path) -> Result<Secret, String> {
    let words = |error: std::io::Error| format!("this file cannot be read: {error}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path).map_err(words)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err("others on this machine may read this file; chmod 600 keeps them out".to_owned());
        }
    }
    let text = std::fs::read_to_string(path).map_err(words)?;
    match text.trim() {
        "" => Err("there is nothing in this file".to_owned()),
        text => Ok(Secret::new(text)),
    }
}

fn token<'de, D: Deserializer<'de>>(d: D, begins: &str, what: &str) -> Result<Option<Secret>, D::Error> {
    let token = secret(d)?;
    match &token {
        Some(token) if !token.reveal().starts_with(begins) => {
            Err(D::Error::custom(format!("this is no {what}: those begin with {begins}")))
        }
        _ => Ok(token),
    }
}

pub(super) fn generic_secret<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Secret>, D::Error> {
    token(d, "whsec_", "secret of a webhook")
}

pub(super) fn topic<'de, D: Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    match text(d)? {
        Some(topic) if !topic.starts_with("arn:aws") || topic.split(':').count() != 6 => {
            Err(D::Error::custom(format!(
                "“{topic}” is no topic of SNS; those look like arn:aws:sns:eu-west-1:123456789012:bounces"
            )))
        }
        topic => Ok(topic),
    }
}

pub(super) fn sendgrid_key<'de, D: Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    match text(d)? {
        Some(key) if !key.starts_with("MFkw") => Err(D::Error::custom(
            "this is no verification key of SendGrid: those begin with MFkw (Mail Settings, Event Webhook, Signed Event Webhook)",
        )),
        key => Ok(key),
    }
}

pub(super) fn slack_bot_token<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Secret>, D::Error> {
    token(d, "xoxb-", "bot token of Slack")
}

pub(super) fn slack_app_token<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Secret>, D::Error> {
    token(d, "xapp-", "app-level token of Slack")
}

pub(super) fn slack_transport<'de, D: Deserializer<'de>>(d: D) -> Result<SlackTransport, D::Error> {
    one_of(d, &[("socket", SlackTransport::Socket), ("http", SlackTransport::Http)])
}

pub(super) fn discord_transport<'de, D: Deserializer<'de>>(d: D) -> Result<DiscordTransport, D::Error> {
    one_of(d, &[("gateway", DiscordTransport::Gateway), ("http", DiscordTransport::Http)])
}

fn one_of<'de, D: Deserializer<'de>, T: Copy>(d: D, known: &[(&str, T)]) -> Result<T, D::Error> {
    let word = String::deserialize(d)?;
    let found = known.iter().find(|(name, _)| *name == word);
    found.map(|(_, meant)| *meant).ok_or_else(|| {
        let hint = did_you_mean(&word, known.iter().map(|(name, _)| *name));
        D::Error::custom(format!("there is no transport “{word}”{hint}"))
    })
}

/// An id as Slack and Discord give them: letters and digits.
fn is_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= 40 && id.chars().all(|c| c.is_ascii_alphanumeric())
}

pub(super) fn ids<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<String>, D::Error> {
    let ids = Vec::<String>::deserialize(d)?;
    match ids.iter().find(|id| !is_id(id)) {
        Some(wrong) => Err(D::Error::custom(format!("“{wrong}” is no id: those are letters and digits"))),
        None => Ok(ids),
    }
}

pub(super) fn channels<'de, D: Deserializer<'de>>(d: D) -> Result<BTreeMap<String, String>, D::Error> {
    let channels = BTreeMap::<String, String>::deserialize(d)?;
    match channels.iter().find(|(_, id)| !is_id(id)) {
        Some((name, wrong)) => Err(D::Error::custom(format!(
            "{name}: “{wrong}” is no id of a channel; the chat shows it under the channel's details"
        ))),
        None => Ok(channels),
    }
}

pub(super) fn roles<'de, D: Deserializer<'de>>(d: D) -> Result<BTreeMap<String, Role>, D::Error> {
    let roles = BTreeMap::<String, String>::deserialize(d)?;
    let role = |(group, word): (String, String)| match Role::from_word(&word) {
        Some(role) => Ok((group, role)),
        None => Err(D::Error::custom(format!(
            "{group}: there is no role “{word}”; there are {}",
            Role::ALL.map(Role::word).join(", ")
        ))),
    };
    roles.into_iter().map(role).collect()
}

/// Tokens go to this address: one on another machine would be somebody who collects them.
pub(super) fn api_url<'de, D: Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    let Some(url) = public_url(d)? else { return Ok(None) };
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let place = rest.split('/').next().unwrap_or_default();
    let host = match place.strip_prefix('[') {
        Some(six) => six.split(']').next().unwrap_or_default(),
        None => place.split(':').next().unwrap_or_default(),
    };
    let here = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    match here {
        true => Ok(Some(url)),
        false => Err(D::Error::custom(format!(
            "our tokens would go to {host}: this is for tests, and must be on this machine (127.0.0.1)"
        ))),
    }
}
