//! What a lead did, as a question asks it: the deed, what was told with it, when, how often.

use super::ValueTest;
use crate::activity::Activity;
use chrono::TimeDelta;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A question about activities, none later than now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doing {
    /// What was done.
    pub what: Deed,
    /// What its properties must answer, all of them.
    pub having: Vec<Having>,
    /// When it happened; any time without.
    pub when: Option<When>,
    /// How often, or which of them it is that `when` is asked of.
    pub how: Often,
}

/// Something a lead did.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Deed {
    /// `did "Demo Requested"`: any activity of exactly this name, human or not; but no click that turned out to be a machine's.
    Named(String),
    /// `viewed "/pricing*"`: a human activity whose path this pattern means
    /// ([`wildcard`](crate::activity::wildcard)).
    Viewed(String),
    /// `clicked "offer"`: a human "Mail Clicked" whose property `link` or `mail` is this, by
    /// [`fold`](super::fold).
    Clicked(String),
}

/// `with plan = pro`: a property of an activity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Having {
    /// The top-level property of exactly this name.
    pub property: String,
    /// What is asked of it.
    pub is: ValueTest,
    /// Whether the opposite is asked: `plan != pro`, which holds where there is no plan, too.
    pub denied: bool,
}

/// When it happened. A whole number of minutes, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum When {
    /// `in last 14 days`: less than so long ago.
    Within(TimeDelta),
    /// `more than 30 days ago`: so long ago or longer, the opposite of `in last 30 days`.
    Before(TimeDelta),
}

impl When {
    /// Whether what is so old is meant.
    pub fn holds(self, age: TimeDelta) -> bool {
        match self {
            Self::Within(span) => age < span,
            Self::Before(span) => age >= span,
        }
    }
}

/// How often it happened. Numbers are never 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Often {
    /// `at least 3 times`; one time, where nothing is said.
    AtLeast(u32),
    /// `at most 3 times`; also not at all.
    AtMost(u32),
    /// `exactly 3 times`.
    Exactly(u32),
    /// `first did …`: the first time of all is when it is asked.
    First,
    /// `last did …`: the last time of all is when it is asked.
    Last,
}

impl Doing {
    /// Whether it was done at all.
    pub fn once(what: Deed) -> Self {
        Self { what, having: Vec::new(), when: None, how: Often::AtLeast(1) }
    }
}

/// What the properties of an activity must answer, all of it: `plan = pro and seats > 10`. Serialised as its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conditions(pub Vec<Having>);

impl Conditions {
    /// Whether an activity answers all of it.
    pub fn hold(&self, activity: &Activity) -> bool {
        self.0.iter().all(|having| having.holds(activity))
    }
}

impl Serialize for Conditions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Conditions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}
