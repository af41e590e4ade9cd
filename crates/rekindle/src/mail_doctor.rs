//! `rekindle doctor mail`: asks the DNS, the relay and our own address whether mail in our name will be believed, says so line by line,
//! and remembers it: campaigns begin only on a look that found nothing wrong.

use crate::{
    config::Config,
    exit::{self, Doing, Done, Halt, say},
    house::House,
};
use rekindle_core::mail_check::MailCheck;
use rekindle_mail::doctor::{Finding, Subject, Verdict, ask::Dns, examine};
use rekindle_mail::smtp::Relay;
use std::time::Duration;

/// How long our own address may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is looked at, in the settings that are in force; nothing where mail reaches nobody.
struct Looked<'a> {
    config: &'a Config,
    relay: &'a Relay,
    public_url: String,
}

impl<'a> Looked<'a> {
    fn at(config: &'a Config) -> Option<Self> {
        let relay = config.mail.relay.as_ref().filter(|_| config.reaches_people())?;
        Some(Self { config, relay, public_url: config.public_url() })
    }

    fn subject(&self) -> Subject<'_> {
        let from = self.config.mail.from.address.domain();
        Subject {
            from,
            envelope: self.config.mail.bounce_domain.as_deref().unwrap_or(from),
            signers: &self.config.signers,
            relay: self.relay.host(),
            public_url: &self.public_url,
        }
    }

    /// The settings in a line, by which a look is known to be of these and no others. No secret is among them.
    fn line(&self) -> String {
        let Subject { from, envelope, signers, relay, public_url } = self.subject();
        let keys: Vec<String> = signers.iter().map(rekindle_mail::dkim::Signer::record_name).collect();
        format!(
            "from {from}, envelope {envelope}, keys [{}], relay {relay}, links {public_url}",
            keys.join(" ")
        )
    }
}

/// Which settings a look must be of before a campaign may begin; `None` where mail goes to a folder or to a relay on this machine.
pub(crate) fn needed(config: &Config) -> Option<String> {
    Looked::at(config).map(|looked| looked.line())
}

/// Looks, says what was found, and remembers it.
///
/// # Errors
/// Refused when something is wrong; failed when it cannot be looked at or kept.
pub(crate) async fn run(house: &House) -> Done {
    let Some(looked) = Looked::at(&house.config) else {
        say(
            "Mail goes to a folder or to a relay on this machine, and reaches nobody: there is nothing to look at.",
        );
        return Ok(());
    };
    let dns = Dns::new(house.config.mail.dns).map_err(Halt::refused)?;
    let reached = reach(&looked.public_url).await;
    let subject = looked.subject();
    let answers = dns.answers(&subject, looked.relay, reached).await;
    let found = examine(&subject, &answers);
    let check = MailCheck {
        at: house.store.clock().wall(),
        of: looked.line(),
        wrong: found.iter().filter(|one| one.is_wrong()).map(|one| one.what.clone()).collect(),
    };
    house.store.set_mail_check(&check).await.doing("remember what was found")?;
    exit::data(found.iter().map(line).collect::<Vec<_>>().join("\n"))?;
    match check.wrong.len() {
        0 => Ok(()),
        many => Err(Halt::refused(format!(
            "{many} of {} would cost us mails; no campaign begins until they are mended and this was run again",
            found.len()
        ))),
    }
}

/// A finding as a line, and below it what would mend it.
fn line(finding: &Finding) -> String {
    let what = &finding.what;
    match &finding.verdict {
        Verdict::Works => format!("works   {what}"),
        Verdict::Advice(why) => format!("advice  {what}\n        {why}"),
        Verdict::Wrong(why) => format!("WRONG   {what}\n        {why}"),
    }
}

/// Whether our own address answers as ours: the way that links in mails take, through whatever stands before us.
async fn reach(public_url: &str) -> Result<(), String> {
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|e| e.to_string())?;
    match client.get(format!("{public_url}/healthz")).send().await {
        Ok(answer) if answer.status().is_success() => Ok(()),
        Ok(answer) => {
            Err(format!("{public_url}/healthz answers {}, and not as Rekindle does", answer.status()))
        }
        // Without the address, which stands before it.
        Err(error) => Err(format!("it cannot be reached from here: {}", innermost(&error.without_url()))),
    }
}

/// What lies at the bottom of an error: the sentence that says most.
fn innermost(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => innermost(cause),
        None => error.to_string(),
    }
}
