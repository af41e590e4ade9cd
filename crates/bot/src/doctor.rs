//! What a look at a chat finds: what works, and what would mend what does not.

use crate::wall::Trouble;
use chrono::{DateTime, TimeDelta};
use rekindle_core::time::Moment;

/// How far our clock may be from a platform's; an answer is on its way for a moment, and `Date` has whole seconds.
const CLOSE: TimeDelta = TimeDelta::seconds(5);

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What: "Slack: the channel C0123ABCD (hot-leads)".
    pub what: String,
    /// What is wrong with it, and what would mend it; `None` when it works.
    pub wrong: Option<String>,
}

impl Finding {
    /// It works.
    pub fn works(what: impl Into<String>) -> Self {
        Self { what: what.into(), wrong: None }
    }

    /// It does not.
    pub fn wrong(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { what: what.into(), wrong: Some(why.into()) }
    }

    /// It does not, as the platform says.
    pub fn troubled(what: impl Into<String>, trouble: &Trouble) -> Self {
        let why = match trouble {
            Trouble::Later { why, .. } | Trouble::Unknown { why } => format!("cannot be reached now: {why}"),
            Trouble::Gone => "is gone".to_owned(),
            Trouble::Broken { why } | Trouble::Refused { why } => why.clone(),
        };
        Self::wrong(what, why)
    }

    /// Our clock against a platform's, as the `Date` of its answer shows it (RFC 9110, 6.6.1): a request that is signed is good
    /// for five minutes, by our clock. `None` where the platform does not tell the time.
    pub fn of_clock(platform: &str, date: Option<&str>, wall: Moment) -> Option<Self> {
        let what = format!("{platform}: our clock");
        let theirs = DateTime::parse_from_rfc2822(date?).ok()?;
        let ahead = wall.signed_duration_since(theirs);
        if ahead.abs() <= CLOSE {
            return Some(Self::works(what));
        }
        let (seconds, how) =
            (ahead.num_seconds().abs(), if ahead > TimeDelta::zero() { "ahead of" } else { "behind" });
        let why = format!(
            "it is {seconds} s {how} {platform}'s: set it by the network (timedatectl set-ntp true). From five minutes on no request \
             that {platform} signs is taken, and times in cards are wrong already"
        );
        Some(Self::wrong(what, why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_some_seconds_off_is_close_enough() {
        let wall: Moment = "2026-11-25T09:00:00Z".parse().unwrap();
        let of = |date: &str| Finding::of_clock("Slack", Some(date), wall).map(|found| found.wrong);
        assert_eq!(of("Wed, 25 Nov 2026 08:59:55 GMT"), Some(None));
        let ahead = of("Wed, 25 Nov 2026 08:53:08 GMT").flatten().unwrap();
        assert!(ahead.starts_with("it is 412 s ahead of Slack's: set it by the network"), "{ahead}");
        let behind = of("Wed, 25 Nov 2026 09:00:06 GMT").flatten().unwrap();
        assert!(behind.starts_with("it is 6 s behind Slack's"), "{behind}");
        assert_eq!(of("yesterday"), None);
        assert_eq!(Finding::of_clock("Slack", None, wall), None);
    }
}
