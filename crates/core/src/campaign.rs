//! A campaign: one launch of a sequence at a segment, previewed before it is confirmed.
//!
//! ```text
//! draft --confirm--> running --hold--> held --resume--> running
//!   \--confirm, too many for one--> asked --another confirms--> running
//!                       \--stop--> stopped <--stop--/     \--all runs over--> done
//! ```
//! Of those who run, the first few begin, are looked at, and the rest follows: [`Wave`].

mod figures;
mod forecast;
mod subjects;
mod why;

pub use figures::{Figures, FirstOnes, Variant};
pub use forecast::{Collision, Day, Forecast, Reputation, first_mail};
pub use subjects::Subjects;
pub use why::{Case, Told, mail_story, run_story, why};

use crate::{ids::CampaignId, lead::words, refusal::Refusal, team::Handle, time::Moment};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

words! {
    /// Where a campaign stands.
    CampaignState {
        /// Previewed, not launched.
        Draft = "draft",
        /// Confirmed by who previewed it; waits for a second person.
        Asked = "asked",
        /// Its runs go on.
        Running = "running",
        /// Nothing leaves until it is resumed.
        Held = "held",
        /// Ended by the team.
        Stopped = "stopped",
        /// All its runs are over.
        Done = "done",
    }
}

words! {
    /// Who of the audience has begun.
    Wave {
        /// A few have, and are looked at.
        First = "first",
        /// The rest begins, a batch at a time.
        Rest = "rest",
        /// Everybody has.
        All = "all",
    }
}

/// One launch of a sequence at a segment.
#[derive(Debug, Clone, PartialEq)]
pub struct Campaign {
    /// Ours; also what confirms the preview.
    pub id: CampaignId,
    /// Which plan.
    pub sequence: String,
    /// At whom: a segment's name, or a question.
    pub segment: String,
    /// Whether those who come to match later begin it, too; otherwise the audience is that of the preview.
    pub follows: bool,
    /// What was typed in place of the plan's subjects for the first mail.
    pub subjects: Subjects,
    /// In which version of the playbook.
    pub version: i64,
    /// Where it stands.
    pub state: CampaignState,
    /// Who previewed it.
    pub made_by: Handle,
    /// When (calendar).
    pub made_at: Moment,
    /// Who launched it.
    pub launched_by: Option<Handle>,
    /// When (calendar).
    pub launched_at: Option<Moment>,
    /// How many leads are in.
    pub counted_in: i64,
    /// How many matched but were out, and why each.
    pub counted_out: i64,
    /// Who of the audience has begun.
    pub wave: Wave,
    /// How many begin before the others.
    pub first: i64,
    /// How long the first ones are looked at.
    pub pause: TimeDelta,
    /// When the rest begins (calendar); none while the first ones have not left.
    pub rest_at: Option<Moment>,
    /// What the first ones did to our name, where that held it.
    pub harm: Option<String>,
    /// What was foreseen at the preview.
    pub forecast: Forecast,
    /// What has come of it so far.
    pub figures: Figures,
    /// Grows with every change that its card shows.
    pub revision: i64,
}

/// How long a preview may be confirmed.
pub const PREVIEW_HOURS: i64 = 24;

/// How carefully a campaign is launched: `[campaign]` of the operator's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caution {
    /// With more leads than this, somebody else than who previewed it has to confirm; 0: nobody has.
    pub second_person_above: i64,
    /// How many begin before the others; 0: all at once.
    pub first: i64,
    /// How long they are looked at before the rest begins.
    pub pause: TimeDelta,
}

impl Caution {
    /// None: one person launches everything, and all begin at once.
    pub const NONE: Self = Self { second_person_above: 0, first: 0, pause: TimeDelta::zero() };

    /// Whether so many leads are for two people to decide.
    pub fn is_for_two(&self, leads: i64) -> bool {
        self.second_person_above > 0 && leads > self.second_person_above
    }
}

impl Campaign {
    /// Launches what was previewed; where that is for two to decide, who previewed it asks for the other.
    ///
    /// # Errors
    /// [`Refusal::Not`] when it was launched already, the preview is too old, or the other is still missing.
    pub fn launch(mut self, by: &Handle, caution: &Caution, now: Moment) -> Result<Self, Refusal> {
        if !matches!(self.state, CampaignState::Draft | CampaignState::Asked) {
            let text = format!("This campaign was launched before; it is {}.", self.state.word());
            return Err(Refusal::Not { code: "already_launched", text });
        }
        if now - self.made_at > TimeDelta::hours(PREVIEW_HOURS) {
            let text = format!("This preview is older than {PREVIEW_HOURS} hours; preview it again.");
            return Err(Refusal::Not { code: "preview_too_old", text });
        }
        if caution.is_for_two(self.counted_in) && *by == self.made_by {
            return match self.state {
                CampaignState::Draft => Ok(self.moved(CampaignState::Asked)),
                _ => Err(Refusal::Not {
                    code: "second_person",
                    text: format!(
                        "{} leads are more than {}: somebody else has to confirm what you previewed.",
                        self.counted_in, caution.second_person_above
                    ),
                }),
            };
        }
        self.launched_by = Some(by.clone());
        self.launched_at = Some(now);
        let few_first = caution.first > 0 && self.counted_in > caution.first;
        (self.wave, self.first) = if few_first { (Wave::First, caution.first) } else { (Wave::Rest, 0) };
        self.pause = caution.pause;
        Ok(self.moved(CampaignState::Running))
    }

    /// Nothing leaves until it is resumed.
    ///
    /// # Errors
    /// [`Refusal::Not`] unless it is running.
    pub fn hold(self) -> Result<Self, Refusal> {
        self.only_from(&[CampaignState::Running], "held").map(|c| c.moved(CampaignState::Held))
    }

    /// Goes on. Where the first ones had held it, somebody has looked now: the rest begins.
    ///
    /// # Errors
    /// [`Refusal::Not`] unless it is held.
    pub fn resume(self) -> Result<Self, Refusal> {
        let mut resumed = self.only_from(&[CampaignState::Held], "resumed")?.moved(CampaignState::Running);
        if resumed.harm.is_some() && resumed.wave == Wave::First {
            resumed.wave = Wave::Rest;
        }
        Ok(resumed)
    }

    /// The rest begins without waiting for the pause to end.
    ///
    /// # Errors
    /// [`Refusal::Not`] unless it is running and the rest waits.
    pub fn send_rest(self) -> Result<Self, Refusal> {
        let running = self.only_from(&[CampaignState::Running], "sent to the rest")?;
        match running.wave {
            Wave::First => Ok(running.rest_begins()),
            Wave::Rest | Wave::All => {
                let text = "The rest has begun already.".to_owned();
                Err(Refusal::Not { code: "wrong_state", text })
            }
        }
    }

    /// Ends it: no further mail of it leaves.
    ///
    /// # Errors
    /// [`Refusal::Not`] unless it is running, held, or waits for a second person.
    pub fn stop(self) -> Result<Self, Refusal> {
        let from = [CampaignState::Running, CampaignState::Held, CampaignState::Asked];
        self.only_from(&from, "stopped").map(|c| c.moved(CampaignState::Stopped))
    }

    /// What the look at the first ones leads to, while it runs; `None` when nothing does yet. `left` says whether all of
    /// them that could leave have left.
    pub fn look(mut self, first: FirstOnes, left: bool, now: Moment) -> Option<Self> {
        if self.state != CampaignState::Running || self.wave != Wave::First {
            return None;
        }
        if let Some(harm) = first.harm() {
            self.harm = Some(harm);
            self.figures.first = first;
            return Some(self.moved(CampaignState::Held));
        }
        match self.rest_at {
            Some(at) if now >= at => Some(self.rest_begins()),
            None if left => {
                self.rest_at = Some(now + self.pause);
                self.figures.first = first;
                Some(self.moved(CampaignState::Running))
            }
            _ => None,
        }
    }

    /// This is foreseen of it.
    pub fn foreseen(mut self, forecast: Forecast) -> Self {
        self.forecast = forecast;
        self.revision += 1;
        self
    }

    /// Everybody of the audience has begun.
    pub fn all_begun(mut self) -> Self {
        self.wave = Wave::All;
        self.revision += 1;
        self
    }

    /// This has come of it so far; `None` when that is known.
    pub fn tallied(mut self, figures: Figures) -> Option<Self> {
        let is_new = self.figures != figures;
        self.figures = figures;
        self.revision += 1;
        is_new.then_some(self)
    }

    /// All its runs are over, and nobody can come.
    pub fn done(self) -> Self {
        match self.state {
            CampaignState::Running if self.wave == Wave::All && !self.follows => {
                self.moved(CampaignState::Done)
            }
            _ => self,
        }
    }

    fn rest_begins(mut self) -> Self {
        self.wave = Wave::Rest;
        self.moved(CampaignState::Running)
    }

    fn moved(mut self, to: CampaignState) -> Self {
        self.state = to;
        self.revision += 1;
        self
    }

    fn only_from(self, from: &[CampaignState], what: &str) -> Result<Self, Refusal> {
        if from.contains(&self.state) {
            return Ok(self);
        }
        let text = format!("A campaign that is {} cannot be {what}.", self.state.word());
        Err(Refusal::Not { code: "wrong_state", text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAREFUL: Caution = Caution { second_person_above: 500, first: 50, pause: TimeDelta::minutes(10) };

    fn mia() -> Handle {
        Handle::of("mia").unwrap()
    }

    fn draft(counted_in: i64) -> Campaign {
        Campaign {
            id: CampaignId(Default::default()),
            sequence: "welcome".to_owned(),
            segment: "everyone".to_owned(),
            follows: false,
            subjects: Default::default(),
            version: 1,
            state: CampaignState::Draft,
            made_by: mia(),
            made_at: Moment::UNIX_EPOCH,
            launched_by: None,
            launched_at: None,
            counted_in,
            counted_out: 0,
            wave: Wave::All,
            first: 0,
            pause: TimeDelta::zero(),
            rest_at: None,
            harm: None,
            forecast: Forecast::default(),
            figures: Figures::default(),
            revision: 1,
        }
    }

    fn at(minutes: i64) -> Moment {
        Moment::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    #[test]
    fn above_the_limit_another_than_who_previewed_confirms() {
        let ben = Handle::of("ben").unwrap();
        let launched = draft(500).launch(&mia(), &CAREFUL, at(0)).unwrap();
        assert_eq!(launched.state, CampaignState::Running);
        let asked = draft(501).launch(&mia(), &CAREFUL, at(0)).unwrap();
        assert_eq!((asked.state, asked.launched_by.clone()), (CampaignState::Asked, None));
        assert_eq!(asked.clone().launch(&mia(), &CAREFUL, at(1)).unwrap_err().code(), "second_person");
        let launched = asked.clone().launch(&ben, &CAREFUL, at(2)).unwrap();
        assert_eq!((launched.state, launched.launched_by), (CampaignState::Running, Some(ben.clone())));
        assert_eq!(
            asked.clone().launch(&ben, &CAREFUL, at(24 * 60 + 1)).unwrap_err().code(),
            "preview_too_old"
        );
        assert_eq!(asked.stop().unwrap().state, CampaignState::Stopped);
        // Who comes across the preview of another may confirm it at once.
        assert_eq!(draft(501).launch(&ben, &CAREFUL, at(0)).unwrap().state, CampaignState::Running);
        assert_eq!(draft(9_999).launch(&mia(), &Caution::NONE, at(0)).unwrap().wave, Wave::Rest);
    }

    #[test]
    fn the_first_ones_leave_are_looked_at_and_the_rest_follows() {
        let clean = FirstOnes { left: 50, ..FirstOnes::default() };
        let first = draft(200).launch(&mia(), &CAREFUL, at(0)).unwrap();
        assert_eq!((first.wave, first.first), (Wave::First, 50));
        assert_eq!(
            first.clone().look(FirstOnes { left: 20, ..clean }, false, at(60)),
            None,
            "they have not left"
        );
        let looked = first.clone().look(clean, true, at(61)).unwrap();
        assert_eq!((looked.wave, looked.rest_at), (Wave::First, Some(at(71))));
        assert_eq!(looked.clone().look(clean, true, at(70)), None, "the pause goes on");
        let rest = looked.clone().look(clean, true, at(71)).unwrap();
        assert_eq!((rest.wave, rest.state), (Wave::Rest, CampaignState::Running));
        assert_eq!(rest.clone().look(clean, true, at(72)), None);
        assert_eq!(looked.clone().send_rest().unwrap().wave, Wave::Rest, "a press is enough");
        assert_eq!(rest.send_rest().unwrap_err().code(), "wrong_state");
        // A held one is not looked at; resumed, its pause counts on.
        let held = looked.hold().unwrap();
        assert_eq!(held.clone().look(clean, true, at(99)), None);
        assert_eq!(held.resume().unwrap().wave, Wave::First);
    }

    #[test]
    fn harm_among_the_first_holds_it_until_somebody_looked() {
        let looked = draft(200).launch(&mia(), &CAREFUL, at(0)).unwrap();
        let harmful = FirstOnes { left: 50, bounced: 3, ..FirstOnes::default() };
        let held = looked.look(harmful, true, at(5)).unwrap();
        assert_eq!(held.state, CampaignState::Held);
        assert_eq!(held.harm.as_deref(), Some("3 of the first 50 mails bounced"));
        let resumed = held.resume().unwrap();
        assert_eq!((resumed.state, resumed.wave), (CampaignState::Running, Wave::Rest));
        assert_eq!(resumed.look(harmful, true, at(6)), None, "it is not held for the same again");
    }
}
