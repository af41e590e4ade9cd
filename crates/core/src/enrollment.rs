//! An enrollment: one lead's run through a sequence, one step after another.
//!
//! ```text
//! due(at) --a mail step--> awaiting(delivery) --its fate, from which the waits behind it count--> due(at) …
//!    \--archive, finish, the last step, an exit, a stop--> ended(how) --what ended it was a machine's--> due(at)
//! ```
//! A run stays on the version of the playbook that it began with.

use crate::{
    ids::{CampaignId, DeliveryId, EnrollmentId, LeadId},
    lead::{Lead, words},
    sequence::{Exit, Purpose, Reentry, Sequence, Step},
    time::Moment,
    trial::Arm,
};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

words! {
    /// How a run ended.
    Ended {
        /// It went through all its steps.
        Finished = "finished",
        /// It reached what it was for.
        Goal = "goal",
        /// It said goodbye: the lead stayed silent.
        Archived = "archived",
        /// The lead did something that ends it happily.
        Exited = "exited",
        /// Somebody of the team ended it, or the law did.
        Stopped = "stopped",
    }
}

/// Where a run stands. Times are on the calendar.
#[derive(Debug, Clone, PartialEq)]
pub enum RunState {
    /// The step is taken at `at`. Made by [`Enrollment::begin`] and [`Enrollment::delivered`].
    Due {
        /// When.
        at: Moment,
    },
    /// Waits for the fate of a mail. Made by [`Enrollment::awaits`].
    Awaiting {
        /// Which.
        delivery: DeliveryId,
        /// What follows, once the fate is known.
        then: Then,
    },
    /// Over. Made by [`Enrollment::end`].
    Ended {
        /// How.
        how: Ended,
        /// When.
        at: Moment,
        /// Where it stood before, for [`Enrollment::resume`]; nothing where that was not kept.
        left: Option<Left>,
    },
}

/// Where a run stood before it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// Its step would have been taken then.
    Due(Moment),
    /// A mail was on its way; this would have followed.
    Awaiting(Then),
}

impl RunState {
    /// The word used in tables and JSON.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Due { .. } => "due",
            Self::Awaiting { .. } => "awaiting",
            Self::Ended { how, .. } => how.word(),
        }
    }
}

/// How a run goes on behind a mail: the waits that stand there begin with the mail's fate, so they are added up as soon
/// as the mail is written, and the fate is all that is needed to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Then {
    /// The step that is due next.
    pub step: usize,
    /// How long after the fate of the mail.
    pub wait: TimeDelta,
}

impl Then {
    /// What follows the mail at a step.
    pub(crate) fn behind(step: usize, sequence: &Sequence) -> Self {
        let mut then = Self { step: step + 1, wait: TimeDelta::zero() };
        loop {
            match sequence.step.get(then.step) {
                Some(Step::Wait(span)) => then = Self { step: then.step + 1, wait: then.wait + span.delta() },
                Some(Step::Leap(to)) => then.step = *to,
                _ => return then,
            }
        }
    }
}

/// The mail of a run's step, ready for the outbox.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    /// The template's folder.
    pub mail: String,
    /// Which of its subjects it has, where there are several.
    pub arm: Option<Arm>,
    /// After this the mail is not worth sending.
    pub expires_at: Moment,
    /// How the run goes on.
    pub then: Then,
}

/// One lead's run through a sequence.
#[derive(Debug, Clone, PartialEq)]
pub struct Enrollment {
    /// Ours.
    pub id: EnrollmentId,
    /// Whose.
    pub lead: LeadId,
    /// Which plan.
    pub sequence: String,
    /// In which version of the playbook.
    pub version: i64,
    /// Launched by which campaign, if by one.
    pub campaign: Option<CampaignId>,
    /// The step that is due or awaited, from 0.
    pub step: usize,
    /// When it began (calendar).
    pub started_at: Moment,
    /// What was done after this counts as done in it (calendar): the activity that began it, or else its beginning.
    pub since: Moment,
    /// Of several runs of one sequence, which: the order, the trial, that the activity named which began it.
    pub key: Option<String>,
    /// Whether its lead is left alone, to see what the mails do for the others; none where that was not drawn: the lead was meant.
    pub held_out: Option<bool>,
    /// Where it stands.
    pub state: RunState,
    /// Why it stands there, in words: why it waits, why it ended.
    pub reason: Option<String>,
}

/// Why a lead is out of a campaign that leaves some alone to see what its mails do for the others.
pub const HELD_OUT: &str = "held out";

/// How often a run that is held looks again whether it may go on. It is also woken by what ends the hold.
pub const LOOK_AGAIN: TimeDelta = TimeDelta::hours(1);

impl Enrollment {
    /// A new run, due at once, or on its date.
    pub fn begin(id: EnrollmentId, lead: LeadId, plan: &Planned, now: Moment) -> Self {
        Self {
            id,
            lead,
            sequence: plan.sequence.clone(),
            version: plan.version,
            campaign: plan.campaign,
            step: 0,
            started_at: now,
            since: plan.since.unwrap_or(now),
            key: plan.key.clone(),
            held_out: plan.held_out,
            state: RunState::Due { at: plan.at.unwrap_or(now) },
            reason: None,
        }
    }

    /// Whether it still goes on.
    pub fn is_live(&self) -> bool {
        !matches!(self.state, RunState::Ended { .. })
    }

    /// Its mail is in the outbox: it waits for the fate of it.
    pub fn awaits(mut self, delivery: DeliveryId, then: Then) -> Self {
        self.state = RunState::Awaiting { delivery, then };
        self.reason = None;
        self
    }

    /// The mail whose fate it waits for.
    pub fn awaited(&self) -> Option<DeliveryId> {
        match self.state {
            RunState::Awaiting { delivery, .. } => Some(delivery),
            _ => None,
        }
    }

    /// It is due at another time.
    pub fn due(mut self, step: usize, at: Moment, why: Option<String>) -> Self {
        self.step = step;
        self.state = RunState::Due { at };
        self.reason = why;
        self
    }

    /// What follows waits so much longer.
    pub fn put_off(mut self, by: TimeDelta, why: &str) -> Self {
        match &mut self.state {
            RunState::Due { at } => *at += by,
            RunState::Awaiting { then, .. } => then.wait += by,
            RunState::Ended { .. } => return self,
        }
        self.reason = Some(why.to_owned());
        self
    }

    /// The fate of the awaited mail is known: the waits behind it begin, whatever the fate was.
    /// `None` when it awaited another, or nothing.
    pub fn delivered(self, delivery: DeliveryId, fate: &str, now: Moment) -> Option<Self> {
        match self.state {
            RunState::Awaiting { delivery: awaited, then } if awaited == delivery => {
                Some(self.due(then.step, now + then.wait, Some(fate.to_owned())))
            }
            _ => None,
        }
    }

    /// Whether its lead is left alone.
    pub fn is_held_out(&self) -> bool {
        self.held_out == Some(true)
    }

    /// It is over.
    pub fn end(mut self, how: Ended, why: &str, now: Moment) -> Self {
        let left = match self.state {
            RunState::Due { at } => Left::Due(at),
            RunState::Awaiting { then, .. } => Left::Awaiting(then),
            RunState::Ended { .. } => return self,
        };
        self.state = RunState::Ended { how, at: now, left: Some(left) };
        self.reason = Some(why.to_owned());
        self
    }

    /// It goes on as it would have, for what ended it never was: with the step that was due, when it was; where a mail was on its
    /// way, which the end has kept in, with what follows that, counted from now. `None` where it goes on already, or nobody knows how.
    pub fn resume(self, why: &str, now: Moment) -> Option<Self> {
        let RunState::Ended { left: Some(left), .. } = self.state else { return None };
        let (step, at) = match left {
            Left::Due(at) => (self.step, at),
            Left::Awaiting(then) => (then.step, now + then.wait),
        };
        Some(self.due(step, at, Some(why.to_owned())))
    }

    /// Whether something a person did at `at` ends this run. `visit` says whether it began a visit, or came of a mail.
    pub fn left_by_activity(&self, sequence: &Sequence, at: Moment, visit: bool) -> bool {
        at > self.since
            && sequence.exit_when.iter().any(|exit| match exit {
                Exit::AnyHumanActivity => true,
                Exit::ComesBack => visit,
                Exit::Unsubscribed | Exit::When(_) => false,
            })
    }
}

/// A run that is to begin, before it has an id.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// Which plan.
    pub sequence: String,
    /// In which version of the playbook.
    pub version: i64,
    /// Launched by which campaign, if by one.
    pub campaign: Option<CampaignId>,
    /// When its first step is due; at once without a date.
    pub at: Option<Moment>,
    /// When that happened which began it; when the run begins, where nothing did.
    pub since: Option<Moment>,
    /// Of several runs of one sequence, which.
    pub key: Option<String>,
    /// Whether its lead is held out; none where that was not drawn.
    pub held_out: Option<bool>,
}

impl Planned {
    /// A lead's run through a sequence, at once.
    pub fn new(sequence: &Sequence, version: i64, lead: &Lead) -> Self {
        Self {
            sequence: sequence.name.clone(),
            version,
            campaign: None,
            at: None,
            since: None,
            key: None,
            held_out: Some(sequence.holds_out(lead)),
        }
    }

    /// Launched by a campaign.
    #[must_use]
    pub fn by_campaign(self, campaign: CampaignId) -> Self {
        Self { campaign: Some(campaign), ..self }
    }

    /// For this lead, whom somebody meant or was promised it: never held out.
    #[must_use]
    pub fn meant(self) -> Self {
        Self { held_out: None, ..self }
    }

    /// With its first step on a date.
    #[must_use]
    pub fn on(self, at: Moment) -> Self {
        Self { at: Some(at), ..self }
    }
}

/// Whether a lead may begin a run: the reason when not.
///
/// `last` is when its last run of this sequence began, `live` whether one goes on: of the same key, where a sequence runs once for each.
///
/// # Errors
/// The reason, in words that follow "is out: ".
pub fn may_begin(
    lead: &Lead,
    sequence: &Sequence,
    live: bool,
    last: Option<Moment>,
    suppressed: bool,
    now: Moment,
) -> Result<(), String> {
    if sequence.purpose == Purpose::Marketing {
        lead.may_be_mailed(now)?;
        lead.preferences.wants(sequence.topic())?;
    } else if lead.email.is_none() {
        return Err("no e-mail address".to_owned());
    }
    if suppressed {
        return Err("the address is suppressed".to_owned());
    }
    if let Some(owner) = &lead.owner
        && sequence.purpose == Purpose::Marketing
    {
        return Err(format!("claimed by {}", owner.name()));
    }
    if live {
        return Err("already in this sequence".to_owned());
    }
    match (&sequence.reentry, last) {
        (Reentry::Once | Reentry::Per(_), Some(_)) => Err("was in this sequence before".to_owned()),
        (Reentry::After(span), Some(last)) if last + span.delta() > now => {
            Err(format!("was in this sequence less than {span} ago"))
        }
        _ => Ok(()),
    }
}
