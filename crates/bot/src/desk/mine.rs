//! What one member has: loads what belongs to it, for `/lead mine` and for the home that a platform has for each.

use super::{Desk, View};
use crate::{
    home::{self, Home, Owned},
    reply::Reply,
};
use rekindle_core::{ids::LeadId, team::Member};
use rekindle_storage::Result;
use std::collections::BTreeSet;

impl View<'_> {
    /// What a member has now.
    pub(crate) async fn home(&self, member: &Member) -> Result<Home> {
        let (store, clock) = (self.store, self.store.clock());
        let alerts = store.alerts().held_by(&member.handle).await?;
        let mut leads = store.leads().owned_by(&member.handle).await?;
        let owned: BTreeSet<LeadId> = leads.iter().map(|lead| lead.id).collect();
        let others: Vec<LeadId> =
            alerts.iter().map(|alert| alert.lead).filter(|lead| !owned.contains(lead)).collect();
        leads.extend(store.leads().by_ids(&others).await?);

        let playbooks = store.playbooks().await?;
        let ids: Vec<LeadId> = leads.iter().map(|lead| lead.id).collect();
        let histories = store.leads().histories(&ids, &playbooks).await?;
        let owned: Vec<Owned> = leads
            .into_iter()
            .map(|lead| {
                let history = histories.get(&lead.id).map(Vec::as_slice).unwrap_or_default();
                let scored = playbooks.current().scoring.explain(&lead, history, clock.calendar());
                let alert = alerts.iter().find(|alert| alert.lead == lead.id).cloned();
                Owned { lead, alert, score: scored.score, grade: scored.grade }
            })
            .collect();
        let taken = store.figures().taken_by(&member.handle, clock.wall() - home::SPAN).await?;
        Ok(home::of(&owned, &taken, clock.wall(), self.settings.zone))
    }
}

impl Desk {
    /// What a member has, as a table.
    pub(super) async fn mine(&self, member: &Member) -> Result<Reply> {
        let home = self.view().home(member).await?;
        match home.is_empty() {
            true => Ok(Reply::done(format!("{}\n{}", home::NOTHING, home.figures))),
            false => Ok(Reply::table(home.said())),
        }
    }
}
