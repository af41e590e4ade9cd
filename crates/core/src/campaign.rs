//! A campaign: one launch of a sequence at a segment, previewed before it is confirmed.
//!
//! ```text
//! draft --confirm--> running --hold--> held --resume--> running
//!                       \--stop--> stopped <--stop--/     \--all runs over--> done
//! ```

use crate::{ids::CampaignId, lead::words, refusal::Refusal, team::Handle, time::Moment};
use serde::{Deserialize, Serialize};

words! {
    /// Where a campaign stands.
    CampaignState {
        /// Previewed, not launched.
        Draft = "draft",
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

/// One launch of a sequence at a segment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Campaign {
    /// Ours; also what confirms the preview.
    pub id: CampaignId,
    /// Which plan.
    pub sequence: String,
    /// At whom: a segment's name, or a question.
    pub segment: String,
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
    /// How many leads were in at the preview.
    pub counted_in: i64,
    /// How many matched but were out, and why each.
    pub counted_out: i64,
    /// Grows with every change that its card shows.
    pub revision: i64,
}

/// How long a preview may be confirmed.
pub const PREVIEW_HOURS: i64 = 24;

impl Campaign {
    /// Launches what was previewed.
    ///
    /// # Errors
    /// [`Refusal::Not`] when it was launched already, or the preview is too old.
    pub fn launch(mut self, by: &Handle, now: Moment) -> Result<Self, Refusal> {
        if self.state != CampaignState::Draft {
            let text = format!("This campaign was launched before; it is {}.", self.state.word());
            return Err(Refusal::Not { code: "already_launched", text });
        }
        if now - self.made_at > chrono::TimeDelta::hours(PREVIEW_HOURS) {
            let text = format!("This preview is older than {PREVIEW_HOURS} hours; preview it again.");
            return Err(Refusal::Not { code: "preview_too_old", text });
        }
        self.launched_by = Some(by.clone());
        self.launched_at = Some(now);
        Ok(self.moved(CampaignState::Running))
    }

    /// Nothing leaves until it is resumed.
    ///
    /// # Errors
    /// [`Refusal::Not`] unless it is running.
    pub fn hold(self) -> Result<Self, Refusal> {
        self.only_from(&[CampaignState::Running], "held").map(|c| c.moved(CampaignState::Held))
    }

    /// Goes on.
    ///
    /// # Errors
    /// [`Refusal::Not`] unless it is held.
    pub fn resume(self) -> Result<Self, Refusal> {
        self.only_from(&[CampaignState::Held], "resumed").map(|c| c.moved(CampaignState::Running))
    }

    /// Ends it: no further mail of it leaves.
    ///
    /// # Errors
    /// [`Refusal::Not`] unless it is running or held.
    pub fn stop(self) -> Result<Self, Refusal> {
        let from = [CampaignState::Running, CampaignState::Held];
        self.only_from(&from, "stopped").map(|c| c.moved(CampaignState::Stopped))
    }

    /// All its runs are over.
    pub fn done(self) -> Self {
        match self.state {
            CampaignState::Running => self.moved(CampaignState::Done),
            _ => self,
        }
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
