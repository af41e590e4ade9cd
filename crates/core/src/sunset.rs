//! The sunset policy: when silence means cold, who is protected, and what then happens.

use crate::{
    enrollment::Planned,
    lead::{Lead, Lifecycle, Nurture},
    scene::{Change, Effect},
    sequence::Sequence,
    span::Span,
    time::Moment,
};
use serde::{Deserialize, Serialize};

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
}

/// `sunset.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sunset {
    /// How long without a human activity.
    pub quiet_for: Span,
    /// Who never goes cold.
    #[serde(default)]
    pub protect: Vec<Protected>,
    /// The sequence that tries once more.
    pub enroll: String,
    /// The same lead is not tried again before this has passed since the last time.
    pub again_after: Span,
}

impl Sunset {
    /// The moment before which the last human activity must lie.
    pub fn quiet_before(&self, now: Moment) -> Moment {
        now - self.quiet_for.delta()
    }

    /// What protects a lead, if anything.
    pub fn protects(&self, lead: &Lead) -> Option<Protected> {
        self.protect.iter().copied().find(|protected| match protected {
            Protected::Claimed => lead.owner.is_some(),
            Protected::Customer => lead.lifecycle == Lifecycle::Customer,
            Protected::Opportunity => lead.lifecycle == Lifecycle::Opportunity,
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
        now: Moment,
    ) -> Option<Change> {
        let due = self.nurture == Nurture::Active && self.quiet_since() < sunset.quiet_before(now);
        if !due || sunset.protects(self).is_some() {
            return None;
        }
        let quiet = format!("quiet for {}", sunset.quiet_for);
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
