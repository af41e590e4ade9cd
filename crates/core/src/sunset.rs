//! The sunset policy: when silence means cold, who is protected, and what then happens.

use crate::{
    activity::Activity,
    enrollment::Planned,
    lead::{Lead, Lifecycle, Nurture},
    scene::{Change, Effect},
    sequence::Sequence,
    span::Span,
    time::Moment,
};
use chrono::TimeDelta;
use serde::{Deserialize, Deserializer, Serialize, de};

/// Who never goes cold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Protected {
    /// A rep has them.
    #[serde(rename = "claimed")]
    Claimed,
    /// They bought.
    #[serde(rename = "customer")]
    Customer,
    /// There is a deal to win.
    #[serde(rename = "opportunity")]
    Opportunity,
    /// Somebody of the team dealt with them of late: within [`Sunset::touched_within`].
    #[serde(rename = "touched")]
    Touched,
}

/// How long without a sign of life, by how often somebody is written to: who had more to answer goes cold sooner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Windows {
    /// Who gets a mail about every week, or more often.
    pub weekly: Span,
    /// Who gets one about every month.
    pub monthly: Span,
    /// Who gets less, or none.
    pub seldom: Span,
}

impl Windows {
    /// The same for everybody.
    pub const fn of(span: Span) -> Self {
        Self { weekly: span, monthly: span, seldom: span }
    }

    fn shortest(&self) -> Span {
        self.weekly.min(self.monthly).min(self.seldom)
    }
}

impl<'de> Deserialize<'de> for Windows {
    /// `"30d"` for everybody, or `{ weekly = "21d", monthly = "30d", seldom = "90d" }`.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Each {
            weekly: Span,
            monthly: Span,
            seldom: Span,
        }
        struct Written;
        impl<'de> de::Visitor<'de> for Written {
            type Value = Windows;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(
                    "a span such as \"30d\", or { weekly = \"21d\", monthly = \"30d\", seldom = \"90d\" }",
                )
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Windows, E> {
                Span::parse(text).map(Windows::of).map_err(E::custom)
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Windows, A::Error> {
                let Each { weekly, monthly, seldom } =
                    Each::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(Windows { weekly, monthly, seldom })
            }
        }
        deserializer.deserialize_any(Written)
    }
}

/// How often somebody was written to of late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cadence {
    /// About every week, or more often.
    Weekly,
    /// About every month.
    Monthly,
    /// Less.
    Seldom,
}

impl Cadence {
    /// How far back mails are counted: four weeks.
    pub const LOOKS_BACK: TimeDelta = TimeDelta::days(28);

    /// By the mails that left within [`Self::LOOKS_BACK`]: four are one a week.
    pub fn of(mails: i64) -> Self {
        match mails {
            4.. => Self::Weekly,
            1..4 => Self::Monthly,
            _ => Self::Seldom,
        }
    }

    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
            Self::Seldom => "seldom",
        }
    }
}

/// `sunset.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sunset {
    /// How long without a sign of life.
    pub quiet_for: Windows,
    /// What counts as a sign of life, by the names of activities, of what a person surely did; without, all of that.
    #[serde(default)]
    pub signals: Vec<String>,
    /// Who never goes cold.
    #[serde(default)]
    pub protect: Vec<Protected>,
    /// How long ago the team may have dealt with a lead that is protected by it.
    #[serde(default = "thirty_days")]
    pub touched_within: Span,
    /// The sequence that tries once more.
    pub enroll: String,
    /// The same lead is not tried again before this has passed since the last time.
    pub again_after: Span,
}

const fn thirty_days() -> Span {
    Span::days(30)
}

impl Sunset {
    /// The moment before which the last sign of life of whoever may go cold lies, however often they are written to.
    pub fn quiet_before(&self, now: Moment) -> Moment {
        now - self.quiet_for.shortest().delta()
    }

    /// How long somebody may be quiet who is written to so often.
    pub fn window(&self, cadence: Cadence) -> Span {
        match cadence {
            Cadence::Weekly => self.quiet_for.weekly,
            Cadence::Monthly => self.quiet_for.monthly,
            Cadence::Seldom => self.quiet_for.seldom,
        }
    }

    /// Whether an activity is a sign of life: a person surely made it, and it is one that counts.
    pub fn is_sign(&self, activity: &Activity) -> bool {
        activity.human && (self.signals.is_empty() || self.signals.contains(&activity.name))
    }

    /// What protects a lead, if anything.
    pub fn protects(&self, lead: &Lead, now: Moment) -> Option<Protected> {
        self.protect.iter().copied().find(|protected| match protected {
            Protected::Claimed => lead.owner.is_some(),
            Protected::Customer => lead.lifecycle == Lifecycle::Customer,
            Protected::Opportunity => lead.lifecycle == Lifecycle::Opportunity,
            Protected::Touched => lead.touched_at.is_some_and(|at| at + self.touched_within.delta() > now),
        })
    }
}

impl Lead {
    /// A cold lead whose re-engagement is over without a sign of life (it was stopped, its mail could not
    /// be sent, the plan ended without a goodbye) is archived.
    pub fn stay_cold_no_longer(&self, in_a_run: bool, now: Moment) -> Option<Change> {
        if self.nurture != Nurture::Cold || in_a_run {
            return None;
        }
        let mut lead = self.clone();
        let why = match self.may_be_mailed(now) {
            Ok(()) => "its re-engagement is over".to_owned(),
            Err(why) => why,
        };
        lead.move_nurture(Nurture::Archived, why, now);
        Some(Change { lead, effects: Vec::new() })
    }

    /// What silence makes of an active lead: nothing yet, cold with one more try, or archived at once
    /// where nobody may write, or was tried too short ago.
    pub fn cool(
        &self,
        sunset: &Sunset,
        plan: &Sequence,
        version: i64,
        suppressed: bool,
        cadence: Cadence,
        now: Moment,
    ) -> Option<Change> {
        let window = sunset.window(cadence);
        let due = self.nurture == Nurture::Active && self.quiet_since() < now - window.delta();
        if !due || sunset.protects(self, now).is_some() {
            return None;
        }
        let quiet = match sunset.quiet_for == Windows::of(window) {
            true => format!("quiet for {window}"),
            false => format!("quiet for {window}, written to {}", cadence.word()),
        };
        let tried = self.cooled_at.filter(|at| *at + sunset.again_after.delta() > now);
        let mut lead = self.clone();
        let unmailable = match tried {
            Some(_) => Err(format!("tried less than {} ago", sunset.again_after)),
            None => crate::enrollment::may_begin(self, plan, false, None, suppressed, now),
        };
        match unmailable {
            Ok(()) => {
                lead.move_nurture(Nurture::Cold, quiet, now);
                let planned = Planned::new(plan, version, &lead);
                Some(Change { lead, effects: vec![Effect::Enroll(planned)] })
            }
            Err(why) => {
                lead.move_nurture(Nurture::Archived, format!("{quiet}, and not written to: {why}"), now);
                Some(Change { lead, effects: Vec::new() })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::LeadId;

    fn policy(text: &str) -> Sunset {
        toml::from_str(&format!("{text}\nenroll = \"x\"\nagain_after = \"180d\"\n")).unwrap()
    }

    fn at(days: i64) -> Moment {
        Moment::UNIX_EPOCH + TimeDelta::days(days)
    }

    #[test]
    fn an_old_file_reads_and_a_new_one_tells_cadences_apart() {
        let old = policy("quiet_for = \"30d\"");
        assert_eq!(old.quiet_for, Windows::of(Span::days(30)));
        let new = policy("quiet_for = { weekly = \"21d\", monthly = \"30d\", seldom = \"90d\" }");
        let windows = [0, 1, 3, 4, 9].map(|mails| new.window(Cadence::of(mails)).to_string());
        assert_eq!(windows, ["90d", "30d", "30d", "3w", "3w"]);
        assert_eq!(new.quiet_before(at(100)), at(79));
        let wrong =
            toml::from_str::<Sunset>("quiet_for = { weekly = \"21d\", yearly = \"1d\" }").unwrap_err();
        assert!(wrong.to_string().contains("yearly"), "{wrong}");
        let wrong = toml::from_str::<Sunset>("quiet_for = 30").unwrap_err();
        assert!(wrong.to_string().contains("a span such as"), "{wrong}");
    }

    #[test]
    fn who_is_written_to_often_goes_cold_sooner_and_who_was_touched_does_not() {
        let sunset = policy(
            "quiet_for = { weekly = \"21d\", monthly = \"30d\", seldom = \"90d\" }\nprotect = [\"touched\"]\ntouched_within = \"14d\"",
        );
        let plan: Sequence =
            toml::from_str("name = \"x\"\npurpose = \"relationship\"\n[[step]]\nmail = \"x\"\n").unwrap();
        let mut lead = Lead::anonymous(LeadId(Default::default()), at(0));
        let cools = |lead: &Lead, cadence, now| lead.cool(&sunset, &plan, 1, false, cadence, now).is_some();
        assert!(!cools(&lead, Cadence::Weekly, at(21)) && cools(&lead, Cadence::Weekly, at(22)));
        assert!(!cools(&lead, Cadence::Monthly, at(22)) && cools(&lead, Cadence::Monthly, at(31)));
        assert!(!cools(&lead, Cadence::Seldom, at(90)) && cools(&lead, Cadence::Seldom, at(91)));
        let cold = lead.cool(&sunset, &plan, 1, false, Cadence::Weekly, at(22)).unwrap().lead;
        assert!(
            cold.nurture_why.as_deref().unwrap().starts_with("quiet for 3w, written to weekly"),
            "{cold:?}"
        );
        lead.touched_at = Some(at(20));
        assert_eq!(sunset.protects(&lead, at(33)), Some(Protected::Touched));
        assert!(!cools(&lead, Cadence::Weekly, at(33)) && cools(&lead, Cadence::Weekly, at(34)));
    }

    #[test]
    fn only_what_the_policy_names_is_a_sign_of_life() {
        let all = policy("quiet_for = \"30d\"");
        let few = policy("quiet_for = \"30d\"\nsignals = [\"Mail Clicked\", \"Mail Replied\"]");
        let did = |name: &str, human| Activity {
            id: crate::ids::ActivityId(Default::default()),
            source: "site".to_owned(),
            message_id: "1".to_owned(),
            kind: crate::activity::Kind::Track,
            name: name.to_owned(),
            path: None,
            at: at(0),
            properties: serde_json::Map::new(),
            human,
            trust: crate::activity::Trust::Server,
        };
        assert!(all.is_sign(&did("Page Viewed", true)) && !few.is_sign(&did("Page Viewed", true)));
        assert!(few.is_sign(&did("Mail Clicked", true)));
        assert!(!all.is_sign(&did("Mail Opened", false)), "no open is ever one");
    }
}
