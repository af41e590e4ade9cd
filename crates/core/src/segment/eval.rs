//! Answers a question for one lead in memory. What SQL says must be the same.

use super::{
    Comparison, Deed, Doing, Field, Having, Often, Phrase, Points, Predicate, Standing, TextTest, ValueTest,
    told::Told,
    words::{fold, same},
};
use crate::{
    activity::{self, Activity, wildcard},
    email::EmailAddress,
    freemail::is_free,
    lead::Lead,
    level::{Level, level_of},
    score::{Explanation, Scoring, whole},
    team::Handle,
    time::Moment,
};
use serde_json::{Map, Value};

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
    /// The time zone, as it was told.
    pub zone: Option<&'a str>,
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
            Self::FreeMail => facts.domain.is_some_and(is_free),
            Self::QuietFor(span) => now - facts.last_human_at.unwrap_or(facts.created_at) >= *span,
            Self::Did(doing) => doing.holds(facts.activities, now),
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
            zone: lead.zone.as_deref(),
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

    /// What a lead and its activities say, with the points that are kept of it as they stand at `now`. So they
    /// are asked by the database, too.
    pub fn kept(lead: &'a Lead, activities: &'a [Activity], scoring: &Scoring, now: Moment) -> Self {
        let stands = scoring.standing(lead, now);
        Self {
            score: stands.score,
            fit: stands.fit,
            engagement: stands.engagement,
            grade: stands.grade,
            ..Self::of(lead, activities, 0.0)
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

impl Facts<'_> {
    fn points(&self, of: Points) -> i64 {
        match of {
            Points::Score => self.score,
            Points::Fit => self.fit,
            Points::Engagement => self.engagement,
        }
    }

    pub(super) fn standing(&self, of: Standing) -> &str {
        match of {
            Standing::Lifecycle => self.lifecycle,
            Standing::Journey => self.journey,
            Standing::Nurture => self.nurture,
            Standing::Grade => self.grade,
            Standing::Consent => self.consent,
            Standing::Level => self.title.and_then(level_of).map_or("", Level::word),
        }
    }

    /// The text of a field, if there is one that is not blank.
    fn text(&self, of: &Field) -> Option<Told<'_>> {
        let text = match of {
            Field::Title => self.title,
            Field::Company => self.company,
            Field::Country => self.country,
            Field::Zone => self.zone,
            Field::Name => self.name,
            Field::Email => self.email,
            Field::Domain => self.domain,
            Field::Trait(name) => return Told::of(self.traits.get(name)?),
        };
        Told::text(text?)
    }
}

impl Doing {
    fn holds(&self, activities: &[Activity], now: Moment) -> bool {
        let meant = |activity: &&Activity| {
            activity.at <= now
                && self.what.is(activity)
                && self.having.iter().all(|having| having.holds(activity))
        };
        let in_time = |at: Moment| self.when.is_none_or(|when| when.holds(now - at));
        let mut times = activities.iter().filter(meant).map(|activity| activity.at);
        let count = |times: &mut dyn Iterator<Item = Moment>, most: u32| {
            times.filter(|at| in_time(*at)).take(most as usize).count() as u32
        };
        match self.how {
            Often::AtLeast(least) => count(&mut times, least) == least,
            Often::AtMost(most) => count(&mut times, most.saturating_add(1)) <= most,
            Often::Exactly(number) => count(&mut times, number.saturating_add(1)) == number,
            Often::First => times.min().is_some_and(in_time),
            Often::Last => times.max().is_some_and(in_time),
        }
    }
}

impl Having {
    pub(super) fn holds(&self, activity: &Activity) -> bool {
        let told = activity.properties.get(&self.property).and_then(Told::of);
        told.is_some_and(|told| self.is.holds(&told)) != self.denied
    }
}

impl TextTest {
    fn holds(&self, told: &Told<'_>) -> bool {
        match (self, told) {
            (Self::Value(test), told) => test.holds(told),
            (Self::Matches(phrases), Told::Text(text)) => {
                let ground = Phrase::ground(text);
                phrases.iter().any(|phrase| phrase.is_in(&ground))
            }
            (Self::Matches(_), Told::Number(_) | Told::Many) => false,
        }
    }
}

impl ValueTest {
    fn holds(&self, told: &Told<'_>) -> bool {
        match (self, told) {
            (Self::Exists, _) => true,
            (_, Told::Many) | (Self::Contains(_), Told::Number(_)) => false,
            (Self::Is(values), Told::Text(text)) => values.iter().any(|value| same(value, text)),
            (Self::Is(_), Told::Number(number)) => self.numbers().contains(number),
            (Self::Contains(part), Told::Text(text)) => fold(text).contains(&fold(part)),
            (Self::Number { is, than }, told) => {
                told.number().is_some_and(|number| is.holds(number, *than as f64))
            }
        }
    }

    /// The numbers among the values that are asked for.
    pub fn numbers(&self) -> Vec<f64> {
        let Self::Is(values) = self else { return Vec::new() };
        let read = |value: &String| value.trim().parse::<f64>().ok().filter(|number| number.is_finite());
        values.iter().filter_map(read).collect()
    }
}

impl Comparison {
    pub(super) fn holds<T: PartialOrd>(self, points: T, than: T) -> bool {
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
            // A click alone may turn out to be a machine's after it was taken in.
            Self::Named(name) => {
                activity.name == *name && (activity.human || name != activity::names::CLICKED)
            }
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
