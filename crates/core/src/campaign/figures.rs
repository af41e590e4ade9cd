//! What has come of a campaign: as its card and its report say it.

use crate::enrollment::Ended;
use serde::{Deserialize, Serialize};

/// What has come of a campaign so far. People, not events: who clicks twice counts once.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Figures {
    /// Leads that have begun.
    pub begun: i64,
    /// Runs by state, in the words of [`crate::enrollment::RunState::word`].
    pub runs: Vec<(String, i64)>,
    /// Mails by state, in the words of [`crate::delivery::DeliveryState::word`].
    pub mails: Vec<(String, i64)>,
    /// Mails that left, whatever became of them.
    pub sent: i64,
    /// Mails whose address was dead, or that were refused.
    pub bounced: i64,
    /// Mails that were reported as spam.
    pub complained: i64,
    /// People who followed a link in a mail of it.
    pub clicked: i64,
    /// People who answered a mail of it.
    pub replied: i64,
    /// People whom a mail of it made say that they want no more.
    pub unsubscribed: i64,
    /// Deals that were won with leads of it since it wrote to them.
    pub won: i64,
    /// Their amounts, by currency as the reps wrote it ("" where they wrote none).
    pub revenue: Vec<(String, f64)>,
    /// What came of each subject, where several are tried.
    pub variants: Vec<Variant>,
    /// What came of the first ones.
    pub first: FirstOnes,
}

/// What came of one subject of several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    /// Of which mail.
    pub mail: String,
    /// Which, from 0, in the order of the plan.
    pub number: usize,
    /// Mails with it that left.
    pub sent: i64,
    /// People who followed a link in one.
    pub clicked: i64,
}

impl Figures {
    /// Mails that arrived, as far as anybody has said.
    pub fn delivered(&self) -> i64 {
        self.sent - self.bounced
    }

    /// Leads whose run ended because they did what its sequence is for.
    pub fn reached(&self) -> i64 {
        self.runs.iter().find(|(state, _)| state == Ended::Goal.word()).map_or(0, |(_, leads)| *leads)
    }
}

/// What came of the mails of those who began first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FirstOnes {
    /// Mails that left.
    pub left: i64,
    /// Of them, those that bounced.
    pub bounced: i64,
    /// Of them, those that were reported as spam.
    pub complained: i64,
}

impl FirstOnes {
    /// What they did to our name, where that is more than the breakers allow ([`crate::breaker`]): one complaint, since of so
    /// few mails one is far above the rate; or one mail in twenty bounced, and more than one.
    pub fn harm(&self) -> Option<String> {
        let Self { left, bounced, complained } = *self;
        if complained > 0 {
            return Some(format!("{complained} of the first {left} mails reported as spam"));
        }
        (bounced > 1 && bounced * 20 >= left).then(|| format!("{bounced} of the first {left} mails bounced"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_few_mails_little_is_harm() {
        let harm = |left, bounced, complained| FirstOnes { left, bounced, complained }.harm();
        assert_eq!(harm(50, 2, 0), None);
        assert_eq!(harm(50, 3, 0).as_deref(), Some("3 of the first 50 mails bounced"));
        assert_eq!(harm(10, 1, 0), None, "one alone may be chance");
        assert_eq!(harm(50, 0, 1).as_deref(), Some("1 of the first 50 mails reported as spam"));
    }
}
