//! Whether mail in our name will be believed, as it was last looked at, and what that means for a campaign (rule S2).

use crate::{refusal::Refusal, time::Moment};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// How long a look that found nothing wrong is trusted. Records seldom change, and then by somebody who knows; but domains lapse,
/// providers move and keys are tidied away, and a month of a campaign that nobody believes costs a domain its name.
pub const TRUSTED_DAYS: i64 = 30;

/// The last look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailCheck {
    /// When (wall).
    pub at: Moment,
    /// Of which settings: domains, keys, relay, public address. A look at others says nothing of these.
    pub of: String,
    /// What was wrong, each in words; nothing when all was right.
    pub wrong: Vec<String>,
}

/// Whether a campaign may begin, with the settings that are in force.
///
/// # Errors
/// [`Refusal::Not`] with what would let it.
pub fn may_launch(last: Option<&MailCheck>, of: &str, wall: Moment) -> Result<(), Refusal> {
    let why = match last {
        None => "nobody has looked yet whether mail in our name will be believed".to_owned(),
        Some(check) if check.of != of => {
            "the settings of mail have changed since somebody last looked whether it will be believed"
                .to_owned()
        }
        Some(check) if !check.wrong.is_empty() => format!(
            "mail in our name will be refused or not be believed: {}{}",
            check.wrong[0],
            match check.wrong.len() {
                1 => String::new(),
                2 => ", and one thing more".to_owned(),
                many => format!(", and {} things more", many - 1),
            }
        ),
        Some(check) if wall - check.at > TimeDelta::days(TRUSTED_DAYS) => format!(
            "it is {} days since somebody last looked whether mail in our name will be believed",
            (wall - check.at).num_days()
        ),
        Some(_) => return Ok(()),
    };
    let text = format!(
        "Not launched: {why}. Let an operator run: rekindle doctor mail. To launch all the same, which is remembered with your name, add \
         --despite-mail-doctor"
    );
    Err(Refusal::Not { code: "mail_doctor", text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_campaign_begins_only_on_a_fresh_look_that_found_nothing_wrong() {
        let now: Moment = "2026-11-26T09:00:00Z".parse().unwrap();
        let look = |days: i64, of: &str, wrong: &[&str]| MailCheck {
            at: now - TimeDelta::days(days),
            of: of.to_owned(),
            wrong: wrong.iter().map(|wrong| (*wrong).to_owned()).collect(),
        };
        let told = |check: Option<MailCheck>| match may_launch(check.as_ref(), "acme", now) {
            Ok(()) => String::new(),
            Err(Refusal::Not { code: "mail_doctor", text }) => text,
            Err(other) => panic!("{other:?}"),
        };
        assert_eq!(told(Some(look(0, "acme", &[]))), "");
        assert_eq!(told(Some(look(TRUSTED_DAYS, "acme", &[]))), "");
        for (check, words) in [
            (None, "nobody has looked yet"),
            (Some(look(0, "other", &[])), "have changed since"),
            (Some(look(TRUSTED_DAYS + 1, "acme", &[])), "31 days since"),
            (Some(look(0, "acme", &["SPF of acme.test"])), "believed: SPF of acme.test. Let"),
            (Some(look(0, "acme", &["SPF", "DKIM", "MX"])), "SPF, and 2 things more."),
        ] {
            let text = told(check);
            assert!(text.contains(words) && text.contains("--despite-mail-doctor"), "{text}");
        }
    }
}
