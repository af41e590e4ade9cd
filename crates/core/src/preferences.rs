//! How a lead wants to be written to, as they said on the page that every mail leads to: less often, not now, only this.
//!
//! It narrows what consent allows, and never widens it. The full stop is not here: that is a no ([`crate::consent`]).

use crate::{lead::words, time::Moment};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

words! {
    /// What can be chosen on the page.
    Choice {
        /// At most one mail in 30 days.
        Monthly = "monthly",
        /// Nothing for 30 days.
        Pause30 = "pause-30",
        /// Nothing for 90 days.
        Pause90 = "pause-90",
        /// Only what the mail is about from which they came.
        Topic = "topic",
        /// As before there was a choice.
        All = "all",
    }
}

/// At most one mail in so many days, for who wants fewer.
pub const FEWER: TimeDelta = TimeDelta::days(30);

/// How a lead wants to be written to. By default as the plans have it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Preferences {
    /// At most one mail in [`FEWER`].
    pub fewer: bool,
    /// Nothing before this moment.
    pub paused_until: Option<Moment>,
    /// Only mail of this topic.
    pub only_topic: Option<String>,
}

impl Preferences {
    /// What a choice makes of it. `topic` is that of the mail from which they came.
    pub fn choose(&mut self, choice: Choice, topic: Option<&str>, at: Moment) {
        match choice {
            Choice::Monthly => self.fewer = true,
            Choice::Pause30 => self.paused_until = Some(at + TimeDelta::days(30)),
            Choice::Pause90 => self.paused_until = Some(at + TimeDelta::days(90)),
            Choice::Topic => self.only_topic = topic.map(str::to_owned).or_else(|| self.only_topic.take()),
            Choice::All => *self = Self::default(),
        }
    }

    /// Whether they want mail of this topic.
    ///
    /// # Errors
    /// What they want instead, in words that end a sentence.
    pub fn wants(&self, topic: &str) -> Result<(), String> {
        match &self.only_topic {
            Some(only) if only != topic => Err(format!("the lead wants mail about {only} only")),
            _ => Ok(()),
        }
    }

    /// Until when they want nothing at all, if that is to come.
    pub fn paused(&self, now: Moment) -> Option<Moment> {
        self.paused_until.filter(|until| *until > now)
    }

    /// In words, for the team: "at most one mail in 30 days, only about pricing"; empty where nothing was chosen.
    pub fn in_words(&self, now: Moment) -> String {
        let fewer = self.fewer.then(|| "at most one mail in 30 days".to_owned());
        let paused = self.paused(now).map(|until| format!("nothing before {}", until.format("%-d %B %Y")));
        let only = self.only_topic.as_ref().map(|topic| format!("only about {topic}"));
        [fewer, paused, only].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_add_up_and_all_takes_them_back() {
        let now: Moment = "2026-11-23T10:42:00Z".parse().unwrap();
        let mut wishes = Preferences::default();
        assert_eq!(wishes.in_words(now), "");
        for choice in [Choice::Monthly, Choice::Pause30, Choice::Topic] {
            wishes.choose(choice, Some("pricing"), now);
        }
        let said = "at most one mail in 30 days, nothing before 23 December 2026, only about pricing";
        assert_eq!(wishes.in_words(now), said);
        assert!(wishes.wants("pricing").is_ok());
        assert_eq!(wishes.wants("news").unwrap_err(), "the lead wants mail about pricing only");
        let end = wishes.paused_until.unwrap();
        assert_eq!((wishes.paused(end - TimeDelta::seconds(1)), wishes.paused(end)), (Some(end), None));
        wishes.choose(Choice::All, None, now);
        assert_eq!(wishes, Preferences::default());
    }
}
