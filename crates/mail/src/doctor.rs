//! Whether mail in our name will be believed, decided from what the DNS, the relay and our own address say (rules S2 and S3): each finding
//! with what would mend it. What they say is asked in [`ask`].
//!
//! A record is read word by word and held strictly to its grammar: one slip in an SPF record makes receivers pass over all of it, and
//! parsers that are meant for receiving forgive what receivers do not.

pub mod ask;
mod keys;
mod policy;
mod spf;

use std::net::IpAddr;

use crate::dkim::Signer;

/// What is looked at.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The domain of the From header, which people read.
    pub from: &'a str,
    /// The domain of the envelope, to which bounces go.
    pub envelope: &'a str,
    /// Who signs here; empty where the relay has to.
    pub signers: &'a [Signer],
    /// The relay's host.
    pub relay: &'a str,
    /// The address in every link, without a slash at its end.
    pub public_url: &'a str,
}

/// What a server of names answered: nothing where there is no such record, or that it could not be asked.
pub type Answer<T> = Result<Vec<T>, String>;

/// What was asked, and answered.
#[derive(Debug)]
pub struct Answers {
    /// The texts at the envelope's domain.
    pub texts: Answer<String>,
    /// The texts at the name of each key, in the order of the signers.
    pub keys: Vec<Answer<String>>,
    /// The texts at `_dmarc` of the From domain and of each domain above it, up from the lowest.
    pub policies: Vec<(String, Answer<String>)>,
    /// The hosts that take mail for the envelope's domain.
    pub exchanges: Answer<String>,
    /// The relay's addresses, each with the names it has (PTR).
    pub addresses: Answer<(IpAddr, Vec<String>)>,
    /// Whether the relay let us in, and encrypted; otherwise why not.
    pub relay: Result<bool, String>,
    /// Whether the public address answers as ours; otherwise why not.
    pub public_url: Result<(), String>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What: "SPF of bounce.acme.test".
    pub what: String,
    /// How it stands.
    pub verdict: Verdict,
}

/// How a thing stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// As it should.
    Works,
    /// It may cost mails, or cannot be told from here: what would be better.
    Advice(String),
    /// Mails will be refused or not be believed: what would mend it. No campaign begins.
    Wrong(String),
}

impl Finding {
    fn new(what: impl Into<String>, verdict: Verdict) -> Self {
        Self { what: what.into(), verdict }
    }

    /// Whether it keeps campaigns from beginning.
    pub fn is_wrong(&self) -> bool {
        matches!(self.verdict, Verdict::Wrong(_))
    }
}

/// Everything that was looked at, in the order in which a mail meets it.
pub fn examine(subject: &Subject<'_>, answers: &Answers) -> Vec<Finding> {
    let mut found = vec![Finding::new(
        format!("SPF of {}", subject.envelope),
        heard(&answers.texts, |texts| spf::judge(subject, texts)),
    )];
    if subject.signers.is_empty() {
        let why = format!(
            "nobody signs here, so the relay has to: send yourself a mail and look for dkim=pass with d={0} in its \
             Authentication-Results; where that is missing, rekindle dkim new makes a key",
            subject.from
        );
        found.push(Finding::new("DKIM", Verdict::Advice(why)));
    }
    for (signer, answer) in subject.signers.iter().zip(&answers.keys) {
        let what = format!("DKIM at {}", signer.record_name());
        found.push(Finding::new(what, heard(answer, |texts| keys::judge(signer, texts))));
    }
    found.extend(policy::judge(subject, &answers.policies));
    let what = format!("MX of {}, where bounces go", subject.envelope);
    found.push(Finding::new(what, heard(&answers.exchanges, |hosts| exchanges(subject, hosts))));
    let what = format!("names of the relay's addresses ({})", subject.relay);
    found.push(Finding::new(what, heard(&answers.addresses, |known| names(subject, known))));
    found.push(Finding::new(format!("the relay {}", subject.relay), relay(&answers.relay)));
    found.push(Finding::new(
        format!("our address {}", subject.public_url),
        public(subject, &answers.public_url),
    ));
    found
}

/// What an answer means, if there is one.
fn heard<T>(answer: &Answer<T>, judge: impl FnOnce(&[T]) -> Verdict) -> Verdict {
    match answer {
        Ok(told) => judge(told),
        Err(why) => Verdict::Wrong(format!(
            "the DNS did not answer ({why}): try again, or ask another server (mail.dns in rekindle.toml)"
        )),
    }
}

fn exchanges(subject: &Subject<'_>, hosts: &[String]) -> Verdict {
    let domain = subject.envelope;
    match hosts {
        [] => Verdict::Wrong(format!(
            "there is none: bounces and complaints are lost, and receivers distrust a sender that takes no answer. Publish an MX for \
             {domain} that leads to your mailbox, or set mail.bounce_domain to a domain that has one"
        )),
        // RFC 7505: this domain takes no mail.
        [one] if one.trim_end_matches('.').is_empty() => Verdict::Wrong(format!(
            "it says that {domain} takes no mail (a null MX): publish one that leads to your mailbox, or set mail.bounce_domain"
        )),
        _ => Verdict::Works,
    }
}

fn names(subject: &Subject<'_>, known: &[(IpAddr, Vec<String>)]) -> Verdict {
    if known.is_empty() {
        return Verdict::Wrong(format!("the relay {} has no address: correct mail.url", subject.relay));
    }
    let nameless: Vec<String> =
        known.iter().filter(|(_, names)| names.is_empty()).map(|(address, _)| address.to_string()).collect();
    match nameless.as_slice() {
        [] => Verdict::Works,
        some => Verdict::Advice(format!(
            "{} has no name (PTR). If mail leaves from there, Gmail and Yahoo refuse it: ask whoever runs it for one that leads back",
            some.join(", ")
        )),
    }
}

fn relay(reached: &Result<bool, String>) -> Verdict {
    match reached {
        Ok(true) => Verdict::Works,
        Ok(false) => Verdict::Advice(
            "it is spoken to in the clear: take ?tls=none off mail.url, unless the network between is yours"
                .to_owned(),
        ),
        Err(why) => Verdict::Wrong(why.clone()),
    }
}

fn public(subject: &Subject<'_>, reached: &Result<(), String>) -> Verdict {
    if !subject.public_url.starts_with("https://") {
        return Verdict::Wrong(
            "it is no https address, and mail programs unsubscribe with one click over https alone (RFC 8058): set web.public_url to \
             one, with a proxy before it that has a certificate"
                .to_owned(),
        );
    }
    match reached {
        Ok(()) => Verdict::Works,
        Err(why) => Verdict::Wrong(format!(
            "{why}. Every link in every mail leads there: start rekindle up, see that the proxy leads to web.listen, or correct web.public_url"
        )),
    }
}
