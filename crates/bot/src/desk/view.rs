//! Cards as they stand: loads what belongs to an alert or a campaign, and renders it.

use super::{Desk, Settings};
use crate::{
    card::{self, Card, Note, Scenery, Surroundings},
    command::{self, Command, Lead as LeadCommand},
};
use rekindle_core::{
    alert::Alert,
    campaign::Campaign,
    company::Company,
    ids::{AlertId, CampaignId, LeadId},
    lead::Lead,
    score::Explanation,
    team::Handle,
};
use rekindle_storage::{Result, Store};

/// Renders cards from a database.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) store: &'a Store,
    pub(crate) settings: &'a Settings,
}

/// How many activities are looked through for those that a person surely did.
const LOOKED_THROUGH: usize = 30;

impl View<'_> {
    /// The card of an alert.
    pub(crate) async fn alert(&self, alert: &Alert) -> Result<Card> {
        let lead = self.store.leads().by_id(alert.lead).await?;
        let explanation = self.explained(&lead).await?;
        let mut activities = self.store.leads().activities(&[lead.id], LOOKED_THROUGH).await?;
        let mut recent = activities.remove(&lead.id).unwrap_or_default();
        recent.retain(|activity| activity.human);
        let notes = self.notes(lead.id).await?;
        let company = self.company(&lead).await?;
        let scenery = Scenery {
            lead: &lead,
            explanation: &explanation,
            company: company.as_ref(),
            recent: &recent,
            notes: &notes,
            now: self.store.clock().calendar(),
            zone: self.settings.zone,
        };
        Ok(card::of_alert(alert, &scenery))
    }

    /// The card of a campaign.
    pub(crate) async fn campaign(&self, campaign: &Campaign) -> Result<Card> {
        let playbooks = self.store.playbooks().await?;
        let plan = playbooks.of(campaign.version).sequence(&campaign.sequence);
        let house = Surroundings {
            plan,
            caution: self.settings.caution,
            zone: self.settings.zone,
            public_url: &self.settings.public_url,
        };
        Ok(card::of_campaign(campaign, &house))
    }

    /// The score of a lead as of now, with its lines.
    pub(crate) async fn explained(&self, lead: &Lead) -> Result<Explanation> {
        let playbooks = self.store.playbooks().await?;
        let history = self.store.leads().history(lead.id, &playbooks).await?;
        Ok(playbooks.current().scoring.explain(lead, &history, self.store.clock().calendar()))
    }

    /// Who else is of a lead's company.
    pub(crate) async fn company(&self, lead: &Lead) -> Result<Option<Company>> {
        let playbooks = self.store.playbooks().await?;
        self.store.leads().company(lead, playbooks.current(), self.store.clock().calendar()).await
    }

    /// What reps wrote about a lead, newest first. The audit keeps the words as they were given.
    pub(crate) async fn notes(&self, lead: LeadId) -> Result<Vec<Note>> {
        // Only what may be a note is read: a lead that changes hands often has hundreds of other lines.
        let mut entries = self.store.audited_with(lead, "note", 20).await?;
        entries.extend(self.store.audited_with(lead, "pass", 20).await?);
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.at));
        let notes = entries.into_iter().filter_map(|entry| match command::parse(&entry.deed) {
            Ok(Command::Lead(
                LeadCommand::Note { text, .. } | LeadCommand::Pass { note: Some(text), .. },
            )) => {
                let by = Handle::of(&entry.actor).map_or(entry.actor, |handle| handle.name());
                Some(Note { by, at: entry.at, text })
            }
            _ => None,
        });
        Ok(notes.collect())
    }
}

impl Desk {
    pub(crate) fn view(&self) -> View<'_> {
        View { store: &self.store, settings: &self.settings }
    }

    /// The card with this id as it stands; `None` when there is none.
    pub(super) async fn card(&self, id: &str) -> Result<Option<Card>> {
        if let Ok(id) = id.parse::<AlertId>() {
            let alert = self.store.alerts().by_id(id).await?;
            return self.view().alert(&alert).await.map(Some);
        }
        if let Ok(id) = id.parse::<CampaignId>() {
            let campaign = self.store.campaigns().named(&id.to_string()).await?;
            return self.view().campaign(&campaign).await.map(Some);
        }
        Ok(None)
    }
}
