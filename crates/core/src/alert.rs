//! An alert: a request to the team to act on a lead. Exactly one member can claim it.
//!
//! ```text
//! open --claim--> claimed --won, lost, not a fit--> closed
//!   |               |  |\--pass--> claimed by another
//!   |               |  \--release--> open
//!   |--snooze--> snoozed --the time has come, claim--> open, claimed
//!   \--not a fit--> closed
//! ```
//! Every move consumes the alert and returns it moved, one revision on, or says why not.

use crate::{
    ids::{AlertId, LeadId},
    lead::words,
    refusal::Refusal,
    team::{Handle, Member, Role},
    time::Moment,
};
use serde::{Deserialize, Serialize};

words! {
    /// Why the team is asked.
    Reason {
        /// The score reached the threshold.
        Hot = "hot",
        /// Many points within a day, though not enough for the threshold.
        Surge = "surge",
        /// A sign of life from a lead gone cold or archived.
        Back = "back",
        /// They answered a mail.
        Reply = "reply",
        /// A sequence asks.
        Plan = "plan",
        /// A rep took the lead by hand.
        Hand = "hand",
    }
}

words! {
    /// How a claimed lead went.
    Outcome {
        /// Spoke with them; the work goes on.
        Connected = "connected",
        /// Tried in vain; the work goes on.
        NoAnswer = "no_answer",
        /// A meeting is set: there is an opportunity.
        Meeting = "meeting",
        /// They bought.
        Won = "won",
        /// They will not.
        Lost = "lost",
        /// They never could: wrong size, student, competitor.
        NotAFit = "not_a_fit",
    }
}

impl Outcome {
    /// Whether this ends the alert.
    pub fn ends(self) -> bool {
        matches!(self, Self::Won | Self::Lost | Self::NotAFit)
    }

    /// For people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::NoAnswer => "no answer",
            Self::Meeting => "meeting set",
            Self::Won => "won",
            Self::Lost => "lost",
            Self::NotAFit => "not a fit",
        }
    }
}

/// Where an alert stands. Times are on the wall.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum AlertState {
    /// Waits for somebody. Made by [`Alert::raise`], [`Alert::release`], [`Alert::wake`].
    Open,
    /// A rep has it. Made by [`Alert::claim`]; left by [`Alert::release`] and [`Alert::outcome`].
    Claimed {
        /// Who.
        by: Handle,
        /// Since when.
        at: Moment,
        /// The last word on it, when the work goes on.
        last: Option<Outcome>,
        /// Who passed it on to them.
        #[serde(default)]
        from: Option<Handle>,
    },
    /// Put off. Made by [`Alert::snooze`]; left by [`Alert::wake`] and [`Alert::claim`].
    Snoozed {
        /// By whom.
        by: Handle,
        /// Until when.
        until: Moment,
        /// Whether `by` had claimed it, and has it again when it wakes.
        kept: bool,
    },
    /// Over. Made by [`Alert::outcome`].
    Closed {
        /// How it ended.
        how: Outcome,
        /// What was added: the amount, the reason.
        note: Option<String>,
        /// By whom.
        by: Handle,
        /// When.
        at: Moment,
    },
}

impl AlertState {
    /// The word used in tables, JSON and pages.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Claimed { .. } => "claimed",
            Self::Snoozed { .. } => "snoozed",
            Self::Closed { .. } => "closed",
        }
    }

    /// Who moved it last, if anybody.
    pub fn by(&self) -> Option<&Handle> {
        match self {
            Self::Open => None,
            Self::Claimed { by, .. } | Self::Snoozed { by, .. } | Self::Closed { by, .. } => Some(by),
        }
    }
}

/// How many news of an alert are kept.
const NEWS: usize = 10;

/// A request to the team to act on a lead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Ours.
    pub id: AlertId,
    /// On whom.
    pub lead: LeadId,
    /// Why.
    pub reason: Reason,
    /// The reason in words, with what led to it; one line each.
    pub because: Vec<String>,
    /// What came of it since, in words, newest last: "hot: 104 points", "cooled: below 80 points".
    #[serde(default)]
    pub news: Vec<String>,
    /// Whom it concerns first: the old owner of a lead that came back.
    pub meant_for: Option<Handle>,
    /// When it was raised (wall).
    pub raised_at: Moment,
    /// When it was first claimed (wall): with `raised_at`, the speed-to-lead.
    pub first_claimed_at: Option<Moment>,
    /// Where it stands.
    pub state: AlertState,
    /// Grows with every change that the card shows.
    pub revision: i64,
}

impl Alert {
    /// A new one, open.
    pub fn raise(id: AlertId, lead: LeadId, raised: &Raised, wall: Moment) -> Self {
        Self {
            id,
            lead,
            reason: raised.reason,
            because: raised.because.clone(),
            news: Vec::new(),
            meant_for: raised.meant_for.clone(),
            raised_at: wall,
            first_claimed_at: None,
            state: AlertState::Open,
            revision: 1,
        }
    }

    /// There is one more reason.
    pub fn because_too(mut self, words: &str) -> Self {
        if !self.because.iter().any(|known| known == words) {
            self.because.push(words.to_owned());
        }
        self.touched()
    }

    /// The lead's points have moved since: one that was surging may be hot now.
    pub fn moved_on(mut self, to: Reason, words: &str) -> Self {
        if (self.reason, to) == (Reason::Surge, Reason::Hot) {
            self.reason = to;
        }
        if self.news.last().is_none_or(|last| last != words) {
            self.news.push(words.to_owned());
        }
        let many = self.news.len().saturating_sub(NEWS);
        self.news.drain(..many);
        self.touched()
    }

    /// Its lead is another's, too, on whom there is an alert as well: who has that one has this, unless somebody has this already.
    pub fn joined(mut self, other: Self) -> Self {
        if self.holder().is_none() && other.holder().is_some() {
            self.state = other.state;
        }
        self.first_claimed_at = self.first_claimed_at.or(other.first_claimed_at);
        for words in &other.because {
            self = self.because_too(words);
        }
        self.touched()
    }

    /// Whether it still waits for something.
    pub fn is_live(&self) -> bool {
        !matches!(self.state, AlertState::Closed { .. })
    }

    /// The rep who has it now, also while they have put it off.
    pub fn holder(&self) -> Option<&Handle> {
        match &self.state {
            AlertState::Claimed { by, .. } | AlertState::Snoozed { by, kept: true, .. } => Some(by),
            _ => None,
        }
    }

    /// A member takes it.
    ///
    /// # Errors
    /// [`Refusal::AlreadyClaimed`] when somebody has it (also when it is the same member), [`Refusal::Closed`] when it is over.
    pub fn claim(mut self, by: &Handle, called: &str, wall: Moment) -> Result<Self, Refusal> {
        match &self.state {
            AlertState::Claimed { by: other, at, .. } => {
                return Err(Refusal::AlreadyClaimed { lead: called.to_owned(), by: other.clone(), at: *at });
            }
            AlertState::Snoozed { by: other, kept: true, .. } if other != by => {
                let at = self.first_claimed_at.unwrap_or(self.raised_at);
                return Err(Refusal::AlreadyClaimed { lead: called.to_owned(), by: other.clone(), at });
            }
            AlertState::Closed { how, by, .. } => return Err(Refusal::closed(*how, by)),
            AlertState::Open | AlertState::Snoozed { .. } => {}
        }
        self.first_claimed_at.get_or_insert(wall);
        self.state = AlertState::Claimed { by: by.clone(), at: wall, last: None, from: None };
        Ok(self.touched())
    }

    /// Passed on to another member: one that nobody has by anybody, else by who has it, or an admin.
    ///
    /// # Errors
    /// [`Refusal::AlreadyClaimed`] when it is theirs already, [`Refusal::NotYours`], [`Refusal::Closed`].
    pub fn pass(mut self, by: &Member, to: &Handle, called: &str, wall: Moment) -> Result<Self, Refusal> {
        if !self.is_live() || self.holder().is_some() {
            self.must_hold(by, called)?;
        }
        if self.holder() == Some(to) {
            let at = self.first_claimed_at.unwrap_or(self.raised_at);
            return Err(Refusal::AlreadyClaimed { lead: called.to_owned(), by: to.clone(), at });
        }
        self.first_claimed_at.get_or_insert(wall);
        let from = Some(by.handle.clone());
        self.state = AlertState::Claimed { by: to.clone(), at: wall, last: None, from };
        Ok(self.touched())
    }

    /// The rep gives it back to the team.
    ///
    /// # Errors
    /// [`Refusal::NotClaimed`], [`Refusal::NotYours`], [`Refusal::Closed`].
    pub fn release(mut self, by: &Member, called: &str) -> Result<Self, Refusal> {
        self.must_hold(by, called)?;
        self.state = AlertState::Open;
        Ok(self.touched())
    }

    /// Put off until a moment on the wall: the rep who has it keeps it, an open one goes quiet.
    ///
    /// # Errors
    /// [`Refusal::NotYours`] when another has it, [`Refusal::Closed`], and [`Refusal::Not`] for a moment that has passed.
    pub fn snooze(mut self, by: &Member, called: &str, until: Moment, wall: Moment) -> Result<Self, Refusal> {
        if until <= wall {
            return Err(Refusal::Not {
                code: "past",
                text: "That moment has passed; give one to come.".to_owned(),
            });
        }
        let kept = match (&self.state, self.holder()) {
            (AlertState::Closed { how, by, .. }, _) => return Err(Refusal::closed(*how, by)),
            (_, Some(_)) => {
                self.must_hold(by, called)?;
                true
            }
            (_, None) => false,
        };
        self.state = AlertState::Snoozed { by: by.handle.clone(), until, kept };
        Ok(self.touched())
    }

    /// The moment it was put off to has come. `None` when it has not, or it was not put off.
    pub fn wake(mut self, wall: Moment) -> Option<Self> {
        let AlertState::Snoozed { by, until, kept } = &self.state else { return None };
        if *until > wall {
            return None;
        }
        self.state = if *kept {
            let at = self.first_claimed_at.unwrap_or(wall);
            AlertState::Claimed { by: by.clone(), at, last: None, from: None }
        } else {
            AlertState::Open
        };
        Some(self.touched())
    }

    /// How it went is told better: the amount of a deal that was won, the reason, or another end. By who closed it, or an admin.
    ///
    /// # Errors
    /// [`Refusal::NotYours`], [`Refusal::Closed`] where nothing is told anew, [`Refusal::NotClaimed`] while it is live.
    pub fn corrected(
        mut self,
        by: &Member,
        called: &str,
        how: Outcome,
        note: Option<String>,
    ) -> Result<Self, Refusal> {
        let AlertState::Closed { how: was, note: said, by: other, .. } = &mut self.state else {
            let live = Refusal::NotClaimed { lead: called.to_owned() };
            return Err(self.must_hold(by, called).err().unwrap_or(live));
        };
        if *other != by.handle && by.role != Role::Admin {
            return Err(Refusal::NotYours { lead: called.to_owned(), by: other.clone() });
        }
        let is_new = how != *was || note.is_some() && note != *said;
        if !is_new || !how.ends() {
            return Err(Refusal::closed(*was, other));
        }
        (*was, *said) = (how, note);
        Ok(self.touched())
    }

    /// How it went. "Not a fit" may be said of an open alert too, everything else by who has it.
    ///
    /// # Errors
    /// [`Refusal::NotClaimed`], [`Refusal::NotYours`], [`Refusal::Closed`].
    pub fn outcome(
        mut self,
        by: &Member,
        called: &str,
        how: Outcome,
        note: Option<String>,
        wall: Moment,
    ) -> Result<Self, Refusal> {
        let unclaimed = self.is_live() && self.holder().is_none();
        if !(unclaimed && how == Outcome::NotAFit) {
            self.must_hold(by, called)?;
        }
        self.state = if how.ends() {
            AlertState::Closed { how, note, by: by.handle.clone(), at: wall }
        } else {
            let holder = self.holder().cloned().unwrap_or_else(|| by.handle.clone());
            let at = self.first_claimed_at.unwrap_or(wall);
            AlertState::Claimed { by: holder, at, last: Some(how), from: None }
        };
        Ok(self.touched())
    }

    /// Something that the card shows has changed, though not the alert's state.
    pub fn touched(mut self) -> Self {
        self.revision += 1;
        self
    }

    fn must_hold(&self, by: &Member, called: &str) -> Result<(), Refusal> {
        match (&self.state, self.holder()) {
            (AlertState::Closed { how, by, .. }, _) => Err(Refusal::closed(*how, by)),
            (_, None) => Err(Refusal::NotClaimed { lead: called.to_owned() }),
            (_, Some(holder)) if *holder == by.handle || by.role == Role::Admin => Ok(()),
            (_, Some(holder)) => Err(Refusal::NotYours { lead: called.to_owned(), by: holder.clone() }),
        }
    }
}

/// What is asked of the team, before the alert has an id.
#[derive(Debug, Clone, PartialEq)]
pub struct Raised {
    /// Why.
    pub reason: Reason,
    /// In words.
    pub because: Vec<String>,
    /// Whom it concerns first.
    pub meant_for: Option<Handle>,
}

impl Raised {
    /// It is asked for another reason, too: that the lead is hot goes before all others.
    pub fn too(&mut self, reason: Reason, because: Vec<String>) {
        if reason == Reason::Hot {
            self.reason = reason;
        }
        for words in because {
            if !self.because.contains(&words) {
                self.because.push(words);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::MemberId;
    use chrono::TimeDelta;
    use uuid::Uuid;

    fn member(name: &str) -> Member {
        let handle = Handle::of(name).unwrap();
        Member { id: MemberId(Uuid::nil()), handle, name: name.to_owned(), role: Role::Sales, active: true }
    }
    fn open() -> Alert {
        let raised = Raised { reason: Reason::Hot, because: vec![], meant_for: None };
        Alert::raise(AlertId(Uuid::nil()), LeadId(Uuid::nil()), &raised, Moment::UNIX_EPOCH)
    }

    #[test]
    fn the_second_to_claim_is_told_who_was_first() {
        let (ana, ben) = (member("Ana"), member("Ben"));
        let at = Moment::UNIX_EPOCH + TimeDelta::minutes(642);
        let claimed = open().claim(&ana.handle, "Kim", at).unwrap();
        let refusal = claimed.clone().claim(&ben.handle, "Kim", at).unwrap_err();
        assert_eq!(refusal.text(chrono_tz::UTC), "Ana has had this lead since 10:42.");
        assert_eq!(refusal.code(), "already_claimed");
        let refusal = claimed.release(&ben, "Kim").unwrap_err();
        assert_eq!(refusal.code(), "not_yours");
    }

    #[test]
    fn what_is_put_off_comes_back_to_who_had_it() {
        let ana = member("Ana");
        let now = Moment::UNIX_EPOCH;
        let later = now + TimeDelta::hours(1);
        let snoozed = open().claim(&ana.handle, "Kim", now).unwrap().snooze(&ana, "Kim", later, now).unwrap();
        assert!(snoozed.clone().wake(now).is_none());
        assert_eq!(snoozed.wake(later).unwrap().holder(), Some(&ana.handle));
        let open = open().snooze(&ana, "Kim", later, now).unwrap().wake(later).unwrap();
        assert_eq!(open.state, AlertState::Open);
    }

    #[test]
    fn how_it_went_may_be_told_better_by_who_told_it() {
        let (ana, ben) = (member("Ana"), member("Ben"));
        let now = Moment::UNIX_EPOCH;
        let claimed = open().claim(&ana.handle, "Kim", now).unwrap();
        let told = |alert: &Alert, by: &Member, how, note: Option<&str>| {
            alert.clone().corrected(by, "Kim", how, note.map(str::to_owned))
        };
        let refused = |alert: &Alert, by: &Member, how, note| told(alert, by, how, note).unwrap_err();
        assert_eq!(refused(&claimed, &ana, Outcome::Won, Some("5000")).code(), "not_claimed");
        let won = claimed.outcome(&ana, "Kim", Outcome::Won, None, now).unwrap();
        assert_eq!(refused(&won, &ben, Outcome::Won, Some("5000")).code(), "not_yours");
        let amount = told(&won, &ana, Outcome::Won, Some("5000")).unwrap();
        assert!(matches!(&amount.state, AlertState::Closed { note: Some(note), .. } if note == "5000"));
        for (how, note) in [(Outcome::Won, None), (Outcome::Won, Some("5000")), (Outcome::Meeting, None)] {
            let refusal = refused(&amount, &ana, how, note);
            assert_eq!(refusal.text(chrono_tz::UTC), "This alert is closed: won, by Ana.");
        }
        let lost = told(&amount, &ana, Outcome::Lost, Some("contract cancelled")).unwrap();
        assert!(matches!(lost.state, AlertState::Closed { how: Outcome::Lost, at, .. } if at == now));
        assert!(lost.revision > amount.revision);
    }

    #[test]
    fn what_is_over_stays_over() {
        let ana = member("Ana");
        let now = Moment::UNIX_EPOCH;
        assert_eq!(open().outcome(&ana, "Kim", Outcome::Won, None, now).unwrap_err().code(), "not_claimed");
        let closed = open().outcome(&ana, "Kim", Outcome::NotAFit, Some("student".into()), now).unwrap();
        for again in [
            closed.clone().claim(&ana.handle, "Kim", now),
            closed.clone().release(&ana, "Kim"),
            closed.outcome(&ana, "Kim", Outcome::Won, None, now),
        ] {
            assert_eq!(again.unwrap_err().code(), "closed");
        }
    }
}
