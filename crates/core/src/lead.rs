//! A lead: a person who showed interest.

use crate::{
    consent::{self, Consent, ConsentState},
    email::EmailAddress,
    ids::LeadId,
    language::{Language, language_of},
    preferences::Preferences,
    score::Worth,
    team::Handle,
    time::Moment,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum $name { $($(#[$vdoc])* $variant,)* }
        impl $name {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];
            /// The word used in tables, JSON and commands.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
            /// What a word names.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    };
}
pub(crate) use words;

words! {
    /// What content helps a lead now.
    Journey {
        /// They find out that they have a problem.
        Awareness = "awareness",
        /// They compare ways to solve it.
        Consideration = "consideration",
        /// They choose whom to buy from.
        Decision = "decision",
    }
}
words! {
    /// How far sales is with a lead.
    Lifecycle {
        /// Known, no more.
        Lead = "lead",
        /// Marketing-qualified: was hot.
        Mql = "mql",
        /// Sales-qualified: a rep has claimed it.
        Sql = "sql",
        /// There is a deal to win.
        Opportunity = "opportunity",
        /// They bought.
        Customer = "customer",
    }
}
words! {
    /// Whether we write.
    Nurture {
        /// We do.
        Active = "active",
        /// Quiet for long: in re-engagement.
        Cold = "cold",
        /// Stayed silent: no campaign mails them, until they show a sign of life.
        Archived = "archived",
    }
}

/// Points as they stood at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Points {
    /// For who they are; does not decay.
    pub fit: f64,
    /// For what they do, decayed to `at`.
    pub engagement: f64,
    /// When they were counted.
    pub at: Moment,
}

/// The trait that says what a lead looked at last, in words that mails may use.
pub const TOPIC: &str = "topic";

/// A person who showed interest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lead {
    /// Ours.
    pub id: LeadId,
    /// Where to write; anonymous visitors have none.
    pub email: Option<EmailAddress>,
    /// Full name.
    pub name: Option<String>,
    /// First name, where known.
    pub first_name: Option<String>,
    /// Where they work.
    pub company: Option<String>,
    /// What they do there.
    pub title: Option<String>,
    /// ISO 3166 two-letter code.
    pub country: Option<String>,
    /// IANA time zone, as they told it; may be nonsense.
    pub zone: Option<String>,
    /// Everything else that was told about them.
    pub traits: Map<String, Value>,
    /// Labels the team gave.
    pub tags: Vec<String>,
    /// Whether somebody with a secret vouched for them: a server key, an import, a link in our mail.
    pub verified: bool,
    /// The points, as last counted.
    pub points: Points,
    /// What will become of them.
    #[serde(default)]
    pub worth: Worth,
    /// Reached the threshold, and has not cooled since.
    pub hot: bool,
    /// When time alone next takes the score over the line that matters ([`Scoring::crosses_at`](crate::score::Scoring::crosses_at)).
    pub crosses_at: Option<Moment>,
    /// When the team was last asked because of its points, or said that it is not a fit (calendar).
    #[serde(default)]
    pub rung_at: Option<Moment>,
    /// What content helps now; moved by [`Change::show`](crate::scene::Change::show).
    pub journey: Journey,
    /// When something last showed that they are so far on the journey, or further.
    pub journey_at: Moment,
    /// How far sales is; moved by [`Change::reach`](crate::scene::Change::reach).
    pub lifecycle: Lifecycle,
    /// When sales last said that it is less far than it was taken for (calendar): what spoke for more until then has been heard.
    #[serde(default)]
    pub fell_back_at: Option<Moment>,
    /// Whether we write.
    pub nurture: Nurture,
    /// Since when `nurture` is what it is.
    pub nurture_since: Moment,
    /// Why `nurture` is what it is, in words.
    pub nurture_why: Option<String>,
    /// When the lead last went cold: the sunset policy does not take the same lead twice in a season.
    pub cooled_at: Option<Moment>,
    /// May we write?
    pub consent: Consent,
    /// How they want to be written to.
    #[serde(default)]
    pub preferences: Preferences,
    /// The rep who claimed them.
    pub owner: Option<Handle>,
    /// The rep who had them last, for when they come back.
    pub last_owner: Option<Handle>,
    /// First seen (calendar).
    pub created_at: Moment,
    /// Last sign of life (calendar), as the sunset policy counts them.
    pub last_human_at: Option<Moment>,
    /// When somebody of the team last dealt with them (calendar): claimed, passed on, noted, said how it went.
    #[serde(default)]
    pub touched_at: Option<Moment>,
}

impl Lead {
    /// When time alone next takes it over a line, in words: "Hot until", with the moment.
    pub fn crossing(&self) -> Option<(&'static str, Moment)> {
        let how = if self.hot { "Hot until" } else { "Hot from" };
        self.crosses_at.map(|at| (how, at))
    }

    /// A visitor of whom nothing is known yet.
    pub fn anonymous(id: LeadId, at: Moment) -> Self {
        Self {
            id,
            email: None,
            name: None,
            first_name: None,
            company: None,
            title: None,
            country: None,
            zone: None,
            traits: Map::new(),
            tags: Vec::new(),
            verified: false,
            points: Points { fit: 0.0, engagement: 0.0, at },
            worth: Worth::default(),
            hot: false,
            crosses_at: None,
            rung_at: None,
            journey: Journey::Awareness,
            journey_at: at,
            lifecycle: Lifecycle::Lead,
            fell_back_at: None,
            nurture: Nurture::Active,
            nurture_since: at,
            nurture_why: None,
            cooled_at: None,
            consent: Consent::default(),
            preferences: Preferences::default(),
            owner: None,
            last_owner: None,
            created_at: at,
            last_human_at: None,
            touched_at: None,
        }
    }

    /// The best name to call them by: name, address, or "somebody".
    pub fn called(&self) -> &str {
        match (&self.name, &self.first_name, &self.email) {
            (Some(name), ..) => name,
            (None, Some(first), _) => first,
            (None, None, Some(email)) => email.as_str(),
            (None, None, None) => "an anonymous visitor",
        }
    }

    /// The first name to greet them by.
    pub fn greeting(&self) -> Option<&str> {
        greeting(self.first_name.as_deref(), self.name.as_deref())
    }

    /// In which language they are written to, where it is known.
    pub fn reads(&self) -> Option<Language> {
        language_of(language(|name| self.traits.get(name)), self.country.as_deref())
    }

    /// Since when nobody has seen a human sign of them.
    pub fn quiet_since(&self) -> Moment {
        self.last_human_at.unwrap_or(self.created_at)
    }

    /// Moves the nurture status, remembering when and why.
    pub fn move_nurture(&mut self, to: Nurture, why: impl Into<String>, now: Moment) {
        if self.nurture != to {
            self.nurture = to;
            self.nurture_since = now;
            self.nurture_why = Some(why.into());
            if to == Nurture::Cold {
                self.cooled_at = Some(now);
            }
        }
    }

    /// Whether marketing mail may be written at all at this moment, whatever the plan: the reason when not.
    ///
    /// # Errors
    /// The reason, in words that end a sentence ("… gets no mail: consent is unknown").
    pub fn may_be_mailed(&self, now: Moment) -> Result<(), String> {
        may_be_mailed(self.email.is_some(), self.nurture, self.consent.state, self.consent.until, now)
    }

    /// A visitor turned out to be this lead: what is known of it, and not of the lead, is the lead's.
    pub fn absorb(&mut self, gone: &Self) {
        self.learn(&gone.traits, true);
        if self.name.is_none() {
            self.name.clone_from(&gone.name);
            self.first_name = self.first_name.take().or_else(|| gone.first_name.clone());
        }
        let fill = |known: &mut Option<String>, other: &Option<String>| {
            if known.is_none() {
                known.clone_from(other);
            }
        };
        fill(&mut self.company, &gone.company);
        fill(&mut self.title, &gone.title);
        fill(&mut self.country, &gone.country);
        fill(&mut self.zone, &gone.zone);
        for tag in &gone.tags {
            if !self.tags.contains(tag) {
                self.tags.push(tag.clone());
            }
        }
        self.owner = self.owner.take().or_else(|| gone.owner.clone());
        self.last_owner = self.last_owner.take().or_else(|| gone.last_owner.clone());
        if gone.journey > self.journey {
            (self.journey, self.journey_at) = (gone.journey, gone.journey_at);
        } else if gone.journey == self.journey {
            self.journey_at = self.journey_at.max(gone.journey_at);
        }
        self.lifecycle = self.lifecycle.max(gone.lifecycle);
        self.fell_back_at = self.fell_back_at.max(gone.fell_back_at);
        self.created_at = self.created_at.min(gone.created_at);
        self.last_human_at = self.last_human_at.max(gone.last_human_at);
        self.rung_at = self.rung_at.max(gone.rung_at);
        self.touched_at = self.touched_at.max(gone.touched_at);
    }

    /// Learns from the traits of an `identify`, `group` or import row.
    ///
    /// Known names go to their fields, the others are kept as they come. With `fill_only` (a browser
    /// key, which anybody can hold) nothing that is known already is changed. What a trait says of consent is
    /// [`crate::consent::told`]'s.
    pub fn learn(&mut self, traits: &Map<String, Value>, fill_only: bool) {
        let set = |field: &mut Option<String>, value: Option<String>| {
            if let Some(value) = value
                && (field.is_none() || !fill_only)
            {
                *field = Some(value);
            }
        };
        let text = |names: &[&str]| names.iter().find_map(|name| word_of(traits.get(*name)?));
        let first = text(&["firstName", "first_name", "firstname"]);
        let last = text(&["lastName", "last_name", "lastname"]);
        let joined = match (&first, &last) {
            (Some(first), Some(last)) => Some(format!("{first} {last}")),
            _ => None,
        };
        set(&mut self.name, text(&["name", "fullName"]).or(joined));
        set(&mut self.first_name, first);
        set(&mut self.title, text(&["title", "jobTitle", "job_title", "position"]));
        set(&mut self.zone, text(&["timezone", "time_zone", "zone"]));
        let inside = |outer: &str, inner: &str| traits.get(outer).and_then(|v| word_of(v.get(inner)?));
        set(&mut self.company, text(&["company"]).or_else(|| inside("company", "name")));
        let country = text(&["country"]).or_else(|| inside("address", "country"));
        set(&mut self.country, country.map(|c| if c.len() == 2 { c.to_uppercase() } else { c }));
        if let (Some(email), None) =
            (text(&["email"]).and_then(|e| EmailAddress::parse(&e).ok()), &self.email)
        {
            self.email = Some(email);
        }
        for (key, value) in traits {
            if matches!(
                key.as_str(),
                "email" | "name" | "firstName" | "lastName" | "title" | "consent" | "timezone"
            ) {
                continue;
            }
            if !fill_only || !self.traits.contains_key(key) {
                self.traits.insert(key.clone(), value.clone());
            }
        }
        if !fill_only {
            self.verified |= self.email.is_some();
        }
    }
}

/// The rule behind [`Lead::greeting`], for whoever has no more of the lead than its names.
pub fn greeting<'a>(first_name: Option<&'a str>, name: Option<&'a str>) -> Option<&'a str> {
    first_name.or_else(|| name?.split_whitespace().next())
}

/// The language that a lead told, by the traits in which senders tell it.
pub fn language<'a>(of: impl Fn(&str) -> Option<&'a Value>) -> Option<&'a str> {
    ["language", "locale"].iter().find_map(|name| of(name)?.as_str())
}

/// The rule behind [`Lead::may_be_mailed`], for whoever has no more of the lead than this.
pub(crate) fn may_be_mailed(
    has_address: bool,
    nurture: Nurture,
    consent: ConsentState,
    until: Option<Moment>,
    now: Moment,
) -> Result<(), String> {
    if !has_address {
        return Err("no e-mail address".to_owned());
    }
    if nurture == Nurture::Archived {
        return Err("archived".to_owned());
    }
    consent::allows(consent, until, now)
}

/// A trait as a short text without control characters; numbers and booleans as written, blanks and
/// structures as nothing.
pub fn word_of(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(s) => s.clone(),
        Value::Number(n) => n.to_string(),
        Value::Bool(b) => b.to_string(),
        _ => return None,
    };
    let text: String = text.chars().filter(|c| !c.is_control()).take(200).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lead() -> Lead {
        Lead::anonymous(LeadId(uuid::Uuid::nil()), Moment::UNIX_EPOCH)
    }
    fn learn(lead: &mut Lead, traits: Value, fill_only: bool) {
        lead.learn(traits.as_object().unwrap(), fill_only);
    }

    #[test]
    fn traits_go_to_their_fields() {
        let mut lead = lead();
        learn(
            &mut lead,
            json!({"email": "Kim@Acme.test", "firstName": "Kim", "lastName": "Park", "company": {"name": "Acme"},
                   "address": {"country": "th"}, "plan": "pro"}),
            false,
        );
        assert_eq!(lead.name.as_deref(), Some("Kim Park"));
        assert_eq!(lead.company.as_deref(), Some("Acme"));
        assert_eq!(lead.country.as_deref(), Some("TH"));
        assert_eq!(lead.traits["plan"], "pro");
    }

    #[test]
    fn a_browser_changes_nothing_that_is_known() {
        let mut lead = lead();
        learn(&mut lead, json!({"email": "kim@acme.test", "name": "Kim"}), false);
        learn(&mut lead, json!({"email": "evil@x.test", "name": "Evil", "city": "Trang"}), true);
        assert_eq!(lead.name.as_deref(), Some("Kim"));
        assert_eq!(lead.email.as_ref().unwrap().as_str(), "kim@acme.test");
        assert_eq!(lead.traits["city"], "Trang");
    }
}
