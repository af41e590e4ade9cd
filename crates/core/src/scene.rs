//! What a decision sees, and what it returns.
//!
//! Storage loads a [`Scene`], a plain function of this crate decides, and storage writes the
//! [`Change`] in the same transaction: row and effects together, or neither.

use crate::{
    activity::Activity,
    alert::{Alert, Raised, Reason},
    campaign::Campaign,
    consent::{self, Record, Says},
    delivery::DeliveryState,
    enrollment::{Enrollment, Outgoing, Planned},
    ids::{ActivityId, CampaignId, DeliveryId, EnrollmentId},
    lead::Lead,
    membership::Membership,
    notice::Notice,
    stage::Move,
    time::Moment,
    trial::Arm,
};
use serde_json::Value;
use std::collections::HashMap;

/// A lead with what the rules need to decide about it.
#[derive(Debug, Clone)]
pub struct Scene {
    /// The lead, locked.
    pub lead: Lead,
    /// What it did, as far as rules count it and segments ask about it, oldest first.
    pub history: Vec<Activity>,
    /// The alert that is still live.
    pub alert: Option<Alert>,
    /// The runs that still go on.
    pub runs: Vec<Enrollment>,
    /// When its last run of each sequence began, and of each key in one.
    pub began: HashMap<(String, Option<String>), Moment>,
    /// The campaigns of its runs.
    pub campaigns: HashMap<CampaignId, Campaign>,
    /// Whether its address is suppressed.
    pub suppressed: bool,
    /// What was said about writing to it, oldest first.
    pub consents: Vec<Record>,
    /// In which segments it is.
    pub membership: Membership,
}

/// What is to change: the lead as it will stand, and everything else.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The lead, whole.
    pub lead: Lead,
    /// The rest, in order.
    pub effects: Vec<Effect>,
}

/// One thing that is to change beside the lead.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Ask the team; nothing when an alert on this lead is live.
    Raise(Raised),
    /// The alert moved.
    Alert(Alert),
    /// What the team was asked about not long ago is so again: the card that was says so; nothing when there never was one.
    Again(Reason, String),
    /// Begin a run.
    Enroll(Planned),
    /// A run moved.
    Run(Enrollment),
    /// Put the mail of a run's step into the outbox; the run then awaits it.
    Enqueue {
        /// The run whose step it is.
        run: Enrollment,
        /// The mail.
        mail: Outgoing,
    },
    /// The lead got one of several: what is tried, and which.
    Try {
        /// The run.
        run: EnrollmentId,
        /// Which.
        arm: Arm,
    },
    /// A step of a plan did something that counts as an activity; its id is given when it is written.
    Record(Activity),
    /// Tell the operator's own program.
    Call {
        /// What happened.
        event: String,
        /// What is told of it.
        data: Value,
    },
    /// Mail that waits for this lead may be looked at again at once.
    Wake,
    /// The lead moved from one stage to another.
    Move(Move),
    /// Tell one member.
    Tell(Notice),
    /// What came back says what became of a mail; nothing when it is not in that state any more.
    Settle {
        /// The mail, as it stands.
        mail: DeliveryId,
        /// In which state it is.
        from: DeliveryState,
        /// Where that moves it: [`DeliveryState::after`].
        to: DeliveryState,
        /// In words.
        why: String,
    },
    /// Say what the lead wrote, under the card of the alert that is live or raised with this.
    Quote(ActivityId),
    /// Never write to this address again, whatever becomes of the lead.
    Suppress {
        /// Why, in a word: "unsubscribed", "bounced", …
        reason: String,
    },
    /// Whoever reads this mailbox wants mail again.
    Unsuppress,
    /// Something was said about writing to this lead; it takes back what [`Record::takes_back`] says.
    Say(Record),
}

impl Scene {
    /// A lead of whom nothing else is known.
    pub fn of(lead: Lead) -> Self {
        Self {
            lead,
            history: Vec::new(),
            alert: None,
            runs: Vec::new(),
            began: HashMap::new(),
            campaigns: HashMap::new(),
            suppressed: false,
            consents: Vec::new(),
            membership: Membership::default(),
        }
    }

    /// No change yet, to be built on.
    pub fn unchanged(&self) -> Change {
        Change { lead: self.lead.clone(), effects: Vec::new() }
    }

    /// The run with this id, while it goes on.
    pub fn run(&self, id: EnrollmentId) -> Option<&Enrollment> {
        self.runs.iter().find(|run| run.id == id)
    }

    /// Whether a run of this sequence, and of this key in it, goes on.
    pub fn runs_in(&self, sequence: &str, key: Option<&str>) -> bool {
        let is_it = |run: &&Enrollment| run.sequence == sequence && run.key.as_deref() == key;
        self.runs.iter().filter(is_it).any(Enrollment::is_live)
    }

    /// When its last run of this sequence, and of this key in it, began.
    pub fn began(&self, sequence: &str, key: Option<&str>) -> Option<Moment> {
        self.began.get(&(sequence.to_owned(), key.map(str::to_owned))).copied()
    }
}

impl Change {
    /// Somebody of the team dealt with the lead.
    #[must_use]
    pub fn touched(mut self, now: Moment) -> Self {
        self.lead.touched_at = Some(now);
        self
    }

    /// The live alert, as it will stand.
    pub fn alert(&self, scene: &Scene) -> Option<Alert> {
        let moved = self.effects.iter().rev().find_map(|effect| match effect {
            Effect::Alert(alert) if alert.is_live() => Some(alert),
            _ => None,
        });
        moved.or(scene.alert.as_ref()).cloned()
    }

    /// What this very change asks of the team by a new alert: a lead has one at a time, so that whoever else asks joins in.
    pub fn raised(&mut self) -> Option<&mut Raised> {
        self.effects.iter_mut().find_map(|effect| match effect {
            Effect::Raise(raised) => Some(raised),
            _ => None,
        })
    }

    /// Takes down what was said about writing to the lead: the record, the state that follows from all of them
    /// ([`consent::standing`]), and what becomes of the address. False where it changes nothing.
    pub fn hear(&mut self, scene: &Scene, said: Record) -> bool {
        let mut records = scene.consents.clone();
        for effect in &self.effects {
            if let Effect::Say(before) = effect {
                consent::hear(&mut records, before.clone());
            }
        }
        if !consent::hear(&mut records, said.clone()) {
            return false;
        }
        self.lead.consent = consent::standing(&records);
        match said.says {
            Says::No(state) if state.suppresses() => {
                self.effects.push(Effect::Suppress { reason: state.word().to_owned() });
            }
            Says::No(_) => {}
            Says::Yes { .. } if said.proof.confirmed => self.effects.push(Effect::Unsuppress),
            Says::Yes { .. } => {}
        }
        self.effects.push(Effect::Say(said));
        true
    }
}
