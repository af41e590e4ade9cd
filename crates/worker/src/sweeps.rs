//! Everything that time does to the world, in one list.
//!
//! A sweep takes no input but now. It may run twice, or on two machines at once, and is its own retry: each looks for
//! rows whose time has come, decides about them as they stand under their lock, and finds nothing the second time.

mod advance_runs;
mod cool_leads;
mod cool_scores;
mod finish_campaigns;
mod follow_journeys;
mod follow_segments;
mod forget;
mod forget_fetches;
mod judge_trials;
mod keep_segments;
mod predict_cards;
mod predict_leads;
mod recount;
mod recover_outbox;
mod release_clicks;
mod tally_campaigns;
mod train_model;
mod unfold_campaigns;
mod wake_alerts;
mod watch_breakers;

use crate::{sending::Sending, settings::Settings};
use chrono_tz::Tz;
use rekindle_core::{
    ids::LeadId,
    playbook::Playbooks,
    prediction::Needed,
    scene::{Change, Scene},
    time::Moment,
};
use rekindle_storage::{Result, Store, StoreError};
use std::{collections::HashSet, time::Duration};
use tokio_util::sync::CancellationToken;

/// One thing that time does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sweep {
    /// Takes over from senders that died, and settles what nobody knows.
    RecoverOutbox,
    /// Mail that harms our name is held, and tries again.
    WatchBreakers,
    /// Clicks count once no machine can have made them.
    ReleaseClicks,
    /// Leads are counted by new rules.
    Recount,
    /// Who is in which segment is brought up to date.
    KeepSegments,
    /// Alerts that were put off ask again.
    WakeAlerts,
    /// Hot leads cool as their points decay.
    CoolScores,
    /// The journey of leads that show nothing more of it falls back.
    FollowJourneys,
    /// Leads that went quiet go cold.
    CoolLeads,
    /// The audiences of campaigns begin, the first ones before the rest.
    UnfoldCampaigns,
    /// Who has come to match begins what follows their segment.
    FollowSegments,
    /// Subjects and ways that are tried: the better one is declared.
    JudgeTrials,
    /// A new model is trained.
    TrainModel,
    /// Leads on cards are predicted.
    PredictCards,
    /// All leads are predicted.
    PredictLeads,
    /// Runs take their next step.
    AdvanceRuns,
    /// Campaigns without runs are done.
    FinishCampaigns,
    /// What has come of campaigns is counted.
    TallyCampaigns,
    /// What is too old to be kept is forgotten.
    Forget,
    /// What was fetched of our mails is forgotten after a day.
    ForgetFetches,
}

/// When a sweep looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// In every round.
    Always,
    /// At the start, and every so often by the stopwatch.
    Every(Duration),
    /// By the cron table.
    Cron,
}

impl Sweep {
    /// All of them, in the order of a round.
    pub const ALL: [Self; 20] = [
        Self::RecoverOutbox,
        Self::WatchBreakers,
        Self::ReleaseClicks,
        Self::Recount,
        Self::KeepSegments,
        Self::WakeAlerts,
        Self::CoolScores,
        Self::FollowJourneys,
        Self::CoolLeads,
        Self::UnfoldCampaigns,
        Self::FollowSegments,
        Self::JudgeTrials,
        Self::TrainModel,
        Self::PredictCards,
        Self::PredictLeads,
        Self::AdvanceRuns,
        Self::FinishCampaigns,
        Self::TallyCampaigns,
        Self::Forget,
        Self::ForgetFetches,
    ];

    /// Its name, in the cron table and in logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RecoverOutbox => "recover_outbox",
            Self::WatchBreakers => "watch_breakers",
            Self::ReleaseClicks => "release_clicks",
            Self::Recount => "recount",
            Self::KeepSegments => "keep_segments",
            Self::WakeAlerts => "wake_alerts",
            Self::CoolScores => "cool_scores",
            Self::FollowJourneys => "follow_journeys",
            Self::CoolLeads => "cool_leads",
            Self::UnfoldCampaigns => "unfold_campaigns",
            Self::FollowSegments => "follow_segments",
            Self::JudgeTrials => "judge_trials",
            Self::TrainModel => "train_model",
            Self::PredictCards => "predict_cards",
            Self::PredictLeads => "predict_leads",
            Self::AdvanceRuns => "advance_runs",
            Self::FinishCampaigns => "finish_campaigns",
            Self::TallyCampaigns => "tally_campaigns",
            Self::Forget => "forget",
            Self::ForgetFetches => "forget_fetches",
        }
    }

    /// When it looks.
    pub const fn when(self) -> When {
        match self {
            Self::RecoverOutbox | Self::WatchBreakers => When::Every(Duration::from_secs(30)),
            Self::TallyCampaigns | Self::PredictCards => When::Every(Duration::from_secs(5)),
            Self::FollowSegments | Self::FollowJourneys => When::Every(Duration::from_secs(60)),
            Self::Forget => When::Every(Duration::from_secs(3600)),
            Self::JudgeTrials => When::Every(Duration::from_secs(60)),
            Self::ForgetFetches => When::Every(Duration::from_secs(600)),
            Self::CoolLeads | Self::TrainModel | Self::PredictLeads => When::Cron,
            _ => When::Always,
        }
    }

    /// Whether it may take minutes, and nothing waits for it: rounds go on meanwhile.
    pub(crate) const fn takes_long(self) -> bool {
        matches!(self, Self::TrainModel | Self::PredictLeads)
    }

    /// Does it. Returns how much it has changed.
    ///
    /// # Errors
    /// As the database says.
    pub(crate) async fn run(self, at: &Round<'_>) -> Result<usize> {
        match self {
            Self::RecoverOutbox => recover_outbox::sweep(at).await,
            Self::WatchBreakers => watch_breakers::sweep(at).await,
            Self::ReleaseClicks => release_clicks::sweep(at).await,
            Self::Recount => recount::sweep(at).await,
            Self::KeepSegments => keep_segments::sweep(at).await,
            Self::WakeAlerts => wake_alerts::sweep(at).await,
            Self::CoolScores => cool_scores::sweep(at).await,
            Self::FollowJourneys => follow_journeys::sweep(at).await,
            Self::CoolLeads => cool_leads::sweep(at).await,
            Self::UnfoldCampaigns => unfold_campaigns::sweep(at).await,
            Self::FollowSegments => follow_segments::sweep(at).await,
            Self::JudgeTrials => judge_trials::sweep(at).await,
            Self::TrainModel => train_model::sweep(at).await,
            Self::PredictCards => predict_cards::sweep(at).await,
            Self::PredictLeads => predict_leads::sweep(at).await,
            Self::AdvanceRuns => advance_runs::sweep(at).await,
            Self::FinishCampaigns => finish_campaigns::sweep(at).await,
            Self::TallyCampaigns => tally_campaigns::sweep(at).await,
            Self::Forget => forget::sweep(at).await,
            Self::ForgetFetches => forget_fetches::sweep(at).await,
        }
    }
}

/// What the sweeps of one round work with.
pub(crate) struct Round<'a> {
    pub(crate) store: &'a Store,
    pub(crate) playbooks: &'a Playbooks,
    pub(crate) sending: &'a Sending,
    /// After how long archived leads are erased, if ever.
    pub(crate) forget_after: Option<chrono::TimeDelta>,
    /// What must be there before a prediction is shown.
    pub(crate) needed: Needed,
    /// The zone of leads that have none.
    pub(crate) zone: Tz,
    /// Heard between two pages: what is left is found again at the next start.
    pub(crate) stop: &'a CancellationToken,
}

impl<'a> Round<'a> {
    /// A round of a worker that is told so.
    pub(crate) fn of(
        store: &'a Store,
        settings: &Settings,
        sending: &'a Sending,
        playbooks: &'a Playbooks,
        stop: &'a CancellationToken,
    ) -> Self {
        let forget_after = settings.forget_archived_after;
        let (needed, zone) = (settings.needed, settings.zone);
        Self { store, playbooks, sending, forget_after, needed, zone, stop }
    }

    /// Now, on the calendar.
    pub(crate) fn now(&self) -> Moment {
        self.store.clock().calendar()
    }

    /// Decides about the leads of one page after the other, until there is none that was not looked at already: a lead
    /// that is due again at once waits for the next round. Returns how many have changed.
    pub(crate) async fn decide_pages<P, L, F>(&self, page: P, decide: F) -> Result<usize>
    where
        P: Fn() -> L,
        L: Future<Output = Result<Vec<LeadId>>>,
        F: Fn(&Scene, Moment) -> Option<Change> + Send + Sync,
    {
        let mut looked_at = HashSet::new();
        let mut changed = 0;
        while !self.stop.is_cancelled() {
            let mut leads = page().await?;
            leads.retain(|lead| looked_at.insert(*lead));
            match self.decide(&leads, &decide).await? {
                0 => break,
                count => changed += count,
            }
        }
        Ok(changed)
    }

    /// Decides about leads in one transaction. When that fails for a reason of its own, each is tried alone, so that one
    /// cannot hold up its neighbours. Returns how many have changed.
    pub(crate) async fn decide<F>(&self, ids: &[LeadId], decide: F) -> Result<usize>
    where
        F: Fn(&Scene, Moment) -> Option<Change> + Send + Sync,
    {
        let leads = self.store.leads();
        match leads.decide_all(ids, self.playbooks, &decide).await {
            Err(error) if !matches!(error, StoreError::Away(_)) && ids.len() > 1 => {
                tracing::warn!(%error, count = ids.len(), "a group of leads failed; deciding one by one");
            }
            decided => return decided,
        }
        let mut changed = 0;
        for id in ids {
            if self.stop.is_cancelled() {
                break;
            }
            match leads.decide_all(std::slice::from_ref(id), self.playbooks, &decide).await {
                Ok(count) => changed += count,
                Err(StoreError::Away(why)) => return Err(StoreError::Away(why)),
                Err(error) => tracing::error!(%error, lead = %id, "cannot decide about a lead"),
            }
        }
        Ok(changed)
    }
}
