//! What begins a run by itself: an activity, or a segment that the lead comes to belong to.

use crate::{
    activity::{Activity, Kind},
    segment::Predicate,
    span::Span,
};
use serde::{Deserialize, Deserializer, Serialize, de::Error};

/// `enroll = { segment = "gone cold" }`, or `{ on = "Pricing Viewed", unless = '…' }`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Enroll {
    /// When a lead comes to belong to it.
    Segment {
        /// Its name.
        segment: String,
    },
    /// When a lead does something.
    On(Box<Trigger>),
}

/// What a lead does to begin a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trigger {
    /// Activities of these names ...
    pub on: Vec<String>,
    /// ... or at such a page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// Only who answers this with yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<Predicate>,
    /// Not who answers this with yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unless: Option<Predicate>,
    /// What happened longer ago, and is told only now, begins nothing.
    pub within: Span,
}

impl Trigger {
    /// Whether it is this activity that begins a run.
    pub fn is(&self, activity: &Activity) -> bool {
        activity.human
            && activity.kind != Kind::Import
            && (self.on.contains(&activity.name)
                || self.page.as_deref().is_some_and(|page| activity.is_at(page)))
    }
}

/// One name, or several.
#[derive(Deserialize)]
#[serde(untagged, expecting = "the name of an activity, or several in brackets")]
enum Names {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    segment: Option<String>,
    on: Option<Names>,
    page: Option<String>,
    when: Option<Predicate>,
    unless: Option<Predicate>,
    within: Option<Span>,
}

impl<'de> Deserialize<'de> for Enroll {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let keys = Keys::deserialize(deserializer)?;
        let (conditions, within) = (keys.when.is_some() || keys.unless.is_some(), keys.within);
        match (keys.segment, keys.on, keys.page) {
            (Some(segment), None, None) if !conditions && within.is_none() => Ok(Self::Segment { segment }),
            (Some(_), None, None) => Err(D::Error::custom(
                "`when`, `unless` and `within` go with `on` or `page`; a segment asks all that it wants itself",
            )),
            (None, on, page) if on.is_some() || page.is_some() => Ok(Self::On(Box::new(Trigger {
                on: match on {
                    Some(Names::One(name)) => vec![name],
                    Some(Names::Many(names)) => names,
                    None => Vec::new(),
                },
                page,
                when: keys.when,
                unless: keys.unless,
                within: within.unwrap_or(Span::days(1)),
            }))),
            _ => Err(D::Error::custom(
                "a sequence begins with a `segment`, or with an activity: `on` or `page`",
            )),
        }
    }
}
