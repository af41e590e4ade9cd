//! The settings of mail: how it leaves and how fast, who signs it, where what comes back is heard, and whose program is told.

use super::values::{self, Mailbox};
use rekindle_core::{chat::Secret, email::EmailAddress, outflow::Limits, span::Span, webhook};
use rekindle_mail::{inbox::Inbox, smtp::Relay};
use serde::Deserialize;
use std::{collections::BTreeMap, net::SocketAddr};

/// How mail leaves, and in whose name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// The relay; none is a folder.
    #[serde(rename = "url", deserialize_with = "values::relay")]
    pub relay: Option<Relay>,
    /// Who writes.
    #[serde(deserialize_with = "values::mailbox")]
    pub from: Mailbox,
    /// Where answers go, if not to `from`.
    #[serde(deserialize_with = "values::reply_to")]
    pub reply_to: Option<EmailAddress>,
    /// The domain that bounces go to, if not to `from`.
    #[serde(deserialize_with = "values::domain")]
    pub bounce_domain: Option<String>,
    /// The organisation.
    #[serde(deserialize_with = "values::words")]
    pub company: String,
    /// Its postal address.
    #[serde(deserialize_with = "values::words")]
    pub postal_address: String,
    /// The domain of list ids, if not that of `from`.
    #[serde(deserialize_with = "values::domain")]
    pub list_id: Option<String>,
    /// Whether mails carry a picture that tells when they are opened.
    pub opens: bool,
    /// The DNS server that `doctor mail` asks, if not the machine's.
    #[serde(deserialize_with = "values::dns_server")]
    pub dns: Option<SocketAddr>,
    /// Open sessions with the relay at the most.
    #[serde(deserialize_with = "values::between::<_, 1, 64>")]
    pub sessions: u32,
}

/// How fast mail leaves. Nothing is limited where a number is 0.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pace {
    /// Mails in a minute, in all.
    #[serde(deserialize_with = "values::between::<_, 0, 10_000_000>")]
    pub per_minute: u32,
    /// Mails in a minute of one sender.
    #[serde(deserialize_with = "values::between::<_, 0, 10_000_000>")]
    pub per_minute_of_sender: u32,
    /// Mails in a minute to one recipient's domain.
    #[serde(deserialize_with = "values::between::<_, 0, 10_000_000>")]
    pub per_minute_to_domain: u32,
    /// The same for single domains.
    #[serde(deserialize_with = "values::paces")]
    pub domains: BTreeMap<String, u32>,
    /// Mails on their way to one recipient's domain at once.
    #[serde(deserialize_with = "values::between::<_, 0, 64>")]
    pub at_once_to_domain: u32,
    /// Mails on the first day of a sender, the second, ….
    #[serde(deserialize_with = "values::warm_up")]
    pub warm_up: Vec<u32>,
}

impl Pace {
    /// As the worker takes it.
    pub fn limits(&self) -> Limits {
        let limit = |number: u32| (number > 0).then_some(number);
        Limits {
            per_minute: limit(self.per_minute),
            per_minute_of_sender: limit(self.per_minute_of_sender),
            per_minute_to_domain: limit(self.per_minute_to_domain),
            domains: self.domains.clone(),
            warm_up: self.warm_up.clone(),
        }
    }
}

/// The operator's own program, which is told what happens.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Its address; none, and nobody is told.
    #[serde(deserialize_with = "values::web_address")]
    pub url: Option<reqwest::Url>,
    /// What the calls are signed with.
    #[serde(deserialize_with = "values::webhook_secret")]
    pub secret: Option<Secret>,
    /// Whether its address may be one within the house.
    pub inside: bool,
}

impl Webhook {
    /// As it is told, where there is one.
    pub fn settings(&self) -> Option<rekindle_web::webhooks::Settings> {
        let key = webhook::key_of(self.secret.as_ref()?)?;
        Some(rekindle_web::webhooks::Settings { url: self.url.clone()?, key, inside: self.inside })
    }

    /// The setting that is wrong, and why.
    pub(super) fn wrong(&self) -> Option<(&'static str, String)> {
        let url = self.url.as_ref()?;
        if self.secret.is_none() {
            let why = "webhook.secret is missing: without one nobody could tell that it is we who call; \
                       echo whsec_$(openssl rand -base64 32) makes one";
            return Some(("webhook.secret", why.to_owned()));
        }
        let why = rekindle_web::webhooks::may_be_called(url, self.inside).err()?;
        Some(("webhook.url", format!("webhook.url cannot be called: {why}; webhook.inside = true allows it")))
    }
}

/// What is done with what comes back.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listened {
    /// The mailbox where it comes; none is not read.
    #[serde(rename = "url", deserialize_with = "values::inbox")]
    pub inbox: Option<Inbox>,
    /// The folder that messages of ours are moved to when they were dealt with; none leaves them, marked as read.
    #[serde(deserialize_with = "values::text")]
    pub handled: Option<String>,
    /// How much longer the next step of a run waits when a machine has answered.
    pub out_of_office: Span,
}

/// By what the webhooks of mail providers are known; without it, a provider has none.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hooks {
    /// Amazon SES: the ARN of the SNS topic.
    #[serde(deserialize_with = "values::topic")]
    pub ses_topic: Option<String>,
    /// SendGrid: the public key.
    #[serde(deserialize_with = "values::sendgrid_key")]
    pub sendgrid_key: Option<String>,
    /// Mailgun: the signing key.
    #[serde(deserialize_with = "values::secret")]
    pub mailgun_key: Option<Secret>,
    /// Postmark: the password.
    #[serde(deserialize_with = "values::secret")]
    pub postmark_password: Option<Secret>,
    /// Anybody: the secret.
    #[serde(deserialize_with = "values::generic_secret")]
    pub generic_secret: Option<Secret>,
}

/// Who signs our mails; nobody without a key.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dkim {
    /// The domain that signs.
    #[serde(deserialize_with = "values::domain")]
    pub domain: Option<String>,
    /// The private keys, by selector.
    #[serde(deserialize_with = "values::keys")]
    pub keys: BTreeMap<String, Secret>,
}
