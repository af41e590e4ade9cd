//! Answers a question for one lead in memory. What SQL says must be the same.

use super::{
    Comparison, Deed, Field, Phrase, Points, Predicate, Standing, TextTest,
    words::{fold, same},
};
use crate::{
    activity::{self, Activity, wildcard},
    email::EmailAddress,
    lead::Lead,
    score::Explanation,
    team::Handle,
    time::Moment,
};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// What is known of a lead, as far as a segment can ask.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// The clamped sum, as of now, rounded.
    pub score: i64,
    /// Points for who they are.
    pub fit: i64,
    /// Points for what they do, as of now, rounded.
    pub engagement: i64,
    /// Their name.
    pub name: Option<&'a str>,
    /// Their address.
    pub email: Option<&'a str>,
    /// The domain of the company or of the address.
    pub domain: Option<&'a str>,
    /// Their job title.
    pub title: Option<&'a str>,
    /// The company's name.
    pub company: Option<&'a str>,
    /// The country, as it was told.
    pub country: Option<&'a str>,
    /// What else was told of them.
    pub traits: &'a Map<String, Value>,
    /// The tags they carry.
    pub tags: Vec<&'a str>,
    /// The word of the lifecycle stage.
    pub lifecycle: &'a str,
    /// The word of the journey stage.
    pub journey: &'a str,
    /// The word of the nurture status.
    pub nurture: &'a str,
    /// The grade, `A1` to `C3`.
    pub grade: &'a str,
    /// The word of the consent state.
    pub consent: &'a str,
    /// The rep who has them.
    pub owner: Option<&'a str>,
    /// Whether they are hot.
    pub hot: bool,
    /// When we first heard of them.
    pub created_at: Moment,
    /// When they last did something that a person surely did.
    pub last_human_at: Option<Moment>,
    /// What they did; may stay empty where [`Predicate::needs_activities`] says no.
    pub activities: &'a [Activity],
}

impl Predicate {
    /// What the lead answers, as of `now`.
    pub fn holds(&self, facts: &Facts<'_>, now: Moment) -> bool {
        match self {
            Self::Everyone => true,
            Self::All(parts) => parts.iter().all(|part| part.holds(facts, now)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(facts, now)),
            Self::Not(part) => !part.holds(facts, now),
            Self::Points { of, is, than } => is.holds(facts.points(*of), *than),
            Self::Text { of, is } => facts.text(of).is_some_and(|text| is.holds(&text)),
            Self::Standing { of, any_of } => {
                any_of.iter().any(|word| word.eq_ignore_ascii_case(facts.standing(*of)))
            }
            Self::Unowned => facts.owner.is_none(),
            Self::OwnedBy(names) => {
                facts.owner.is_some_and(|owner| names.iter().any(|name| same(name, owner)))
            }
            Self::Tagged(tag) => facts.tags.iter().any(|carried| same(carried, tag)),
            Self::Hot => facts.hot,
            Self::QuietFor(span) => now - facts.last_human_at.unwrap_or(facts.created_at) >= *span,
            Self::Did { what, within, times } => {
                let counts = |activity: &&Activity| {
                    activity.at <= now
                        && within.is_none_or(|span| now - activity.at < span)
                        && what.is(activity)
                };
                let enough = *times as usize;
                facts.activities.iter().filter(counts).take(enough).count() == enough
            }
            Self::Segment(_) => false,
        }
    }
}

impl<'a> Facts<'a> {
    /// What a lead and its activities say. `engagement` is as of now; the score is its plain sum with
    /// the fit, and the grade blank, until [`Facts::scored`] says what the rules make of them.
    pub fn of(lead: &'a Lead, activities: &'a [Activity], engagement: f64) -> Self {
        let fit = lead.points.fit;
        Self {
            score: whole(fit + engagement),
            fit: whole(fit),
            engagement: whole(engagement),
            name: lead.name.as_deref(),
            email: lead.email.as_ref().map(EmailAddress::as_str),
            domain: lead.email.as_ref().map(EmailAddress::domain),
            title: lead.title.as_deref(),
            company: lead.company.as_deref(),
            country: lead.country.as_deref(),
            traits: &lead.traits,
            tags: lead.tags.iter().map(String::as_str).collect(),
            lifecycle: lead.lifecycle.word(),
            journey: lead.journey.word(),
            nurture: lead.nurture.word(),
            grade: "",
            consent: lead.consent.state.word(),
            owner: lead.owner.as_ref().map(Handle::as_str),
            hot: lead.hot,
            created_at: lead.created_at,
            last_human_at: lead.last_human_at,
            activities,
        }
    }

    /// The same with points and grade as the rules count them.
    #[must_use]
    pub fn scored(self, explanation: &'a Explanation) -> Self {
        Self {
            score: explanation.score,
            fit: explanation.fit,
            engagement: explanation.engagement,
            grade: &explanation.grade,
            ..self
        }
    }
}

/// Points as they are shown.
fn whole(points: f64) -> i64 {
    points.round() as i64
}

impl Facts<'_> {
    fn points(&self, of: Points) -> i64 {
        match of {
            Points::Score => self.score,
            Points::Fit => self.fit,
            Points::Engagement => self.engagement,
        }
    }

    fn standing(&self, of: Standing) -> &str {
        match of {
            Standing::Lifecycle => self.lifecycle,
            Standing::Journey => self.journey,
            Standing::Nurture => self.nurture,
            Standing::Grade => self.grade,
            Standing::Consent => self.consent,
        }
    }

    /// The text of a field, if there is one that is not blank.
    fn text(&self, of: &Field) -> Option<Told<'_>> {
        let text = match of {
            Field::Title => self.title,
            Field::Company => self.company,
            Field::Country => self.country,
            Field::Name => self.name,
            Field::Email => self.email,
            Field::Domain => self.domain,
            Field::Trait(name) => return Told::of(self.traits.get(name)?),
        };
        Told::text(text?)
    }
}

/// What was told of a lead under some name.
enum Told<'a> {
    /// A text, a number or a truth, as text.
    Text(Cow<'a, str>),
    /// A list or an object.
    Many,
}

impl<'a> Told<'a> {
    fn of(value: &'a Value) -> Option<Self> {
        match value {
            Value::Null => None,
            Value::String(text) => Self::text(text),
            Value::Bool(_) | Value::Number(_) => Some(Self::Text(value.to_string().into())),
            Value::Array(_) | Value::Object(_) => Some(Self::Many),
        }
    }

    fn text(text: &'a str) -> Option<Self> {
        (!text.trim().is_empty()).then_some(Self::Text(text.into()))
    }
}

impl TextTest {
    fn holds(&self, told: &Told<'_>) -> bool {
        match (self, told) {
            (Self::Exists, _) => true,
            (_, Told::Many) => false,
            (Self::Is(values), Told::Text(text)) => values.iter().any(|value| same(value, text)),
            (Self::Contains(part), Told::Text(text)) => fold(text).contains(&fold(part)),
            (Self::Matches(phrases), Told::Text(text)) => {
                let ground = Phrase::ground(text);
                phrases.iter().any(|phrase| phrase.is_in(&ground))
            }
        }
    }
}

impl Comparison {
    fn holds(self, points: i64, than: i64) -> bool {
        match self {
            Self::AtLeast => points >= than,
            Self::Above => points > than,
            Self::AtMost => points <= than,
            Self::Below => points < than,
            Self::Equal => points == than,
            Self::Different => points != than,
        }
    }
}

impl Deed {
    fn is(&self, activity: &Activity) -> bool {
        match self {
            Self::Named(name) => activity.name == *name,
            Self::Viewed(pattern) => {
                let path = activity.path.as_deref();
                activity.human && path.is_some_and(|path| wildcard(pattern, path))
            }
            Self::Clicked(link) => {
                let is = |key| activity.properties.get(key).and_then(Value::as_str);
                activity.human
                    && activity.name == activity::names::CLICKED
                    && [is("link"), is("mail")].into_iter().flatten().any(|text| same(text, link))
            }
        }
    }
}
