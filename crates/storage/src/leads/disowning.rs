//! What was taken for a person's and has counted turns out to be a machine's: it is told so, and what followed from it is undone,
//! in one transaction.

use super::{Leads, stored::stored};
use crate::{
    Result, StoreError,
    fetches::{CLICKS, Exposed},
    rows::{activity, enrollment},
    transaction::again,
};
use rekindle_core::{
    activity::Activity, disowned::disowned, enrollment::Enrollment, ids::LeadId, machine::Sign,
    playbook::Playbooks,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, prelude::Uuid, sea_query::Expr};
use std::collections::HashMap;

impl Leads<'_> {
    /// Takes back the clicks among these that have counted; how many those were. Most never have: they were held. One that cannot be
    /// taken back keeps none of its neighbours from it, nor those that wait behind them.
    ///
    /// # Errors
    /// As the database says, where it is away or busy.
    pub async fn disown(&self, found: &[Exposed], playbooks: &Playbooks) -> Result<usize> {
        if found.is_empty() {
            return Ok(0);
        }
        match again!(self.disown_once(found, playbooks)) {
            Err(StoreError::Away(why)) => return Err(StoreError::Away(why)),
            Err(error) => {
                tracing::warn!(%error, count = found.len(), "clicks could not be taken back; doing it one by one");
            }
            taken => return taken,
        }
        let mut taken = 0;
        for one in found {
            match again!(self.disown_once(std::slice::from_ref(one), playbooks)) {
                Ok(count) => taken += count,
                Err(StoreError::Away(why)) => return Err(StoreError::Away(why)),
                Err(error) => {
                    tracing::error!(%error, delivery = %one.delivery, "a machine's click could not be taken back");
                }
            }
        }
        Ok(taken)
    }

    async fn disown_once(&self, found: &[Exposed], playbooks: &Playbooks) -> Result<usize> {
        let signs: HashMap<&str, Sign> =
            found.iter().map(|one| (one.message_id.as_str(), one.sign)).collect();
        let clicks: Vec<(&str, &str)> = signs.keys().map(|message| (CLICKS, *message)).collect();
        let mut counted = stored(self.0, &self.0.db, &clicks).await?;
        counted.retain(|row| row.human);
        if counted.is_empty() {
            return Ok(0);
        }
        let now = self.0.clock.calendar();
        let mut leads: Vec<LeadId> = counted.iter().map(|row| LeadId(row.lead_id)).collect();
        leads.sort_unstable();
        leads.dedup();
        let ids: Vec<Uuid> = counted.iter().map(|row| row.id).collect();
        let tx = self.0.begin().await?;
        let mut scenes = self.0.scenes(&tx, &leads, playbooks).await?;
        if scenes.len() < leads.len() {
            return Err(StoreError::Busy("a lead was joined into another meanwhile".to_owned()));
        }
        activity::Entity::update_many()
            .col_expr(activity::Column::Human, Expr::value(false))
            .filter(activity::Column::Id.is_in(ids.clone()))
            .exec(&*tx)
            .await?;
        // All that they did: when a person last did something is asked of it, too.
        let all = activity::Entity::find()
            .filter(activity::Column::LeadId.is_in(leads.iter().map(|lead| lead.0)))
            .order_by_asc(activity::Column::At)
            .all(&*tx)
            .await?;
        scenes.values_mut().for_each(|scene| scene.history.clear());
        for row in all {
            let lead = LeadId(row.lead_id);
            if let Some(scene) = scenes.get_mut(&lead) {
                scene.history.push(row.activity()?);
            }
        }
        // Their runs that ended since the first of these.
        let ended = enrollment::Entity::find()
            .filter(enrollment::Column::LeadId.is_in(leads.iter().map(|lead| lead.0)))
            .filter(enrollment::Column::State.is_in(["goal", "exited"]))
            .filter(enrollment::Column::EndedAt.gte(counted.iter().map(|row| row.at).min()))
            .order_by_asc(enrollment::Column::Id)
            .all(&*tx)
            .await?;
        let mut left: HashMap<LeadId, Vec<Enrollment>> = HashMap::new();
        for row in ended {
            left.entry(LeadId(row.lead_id)).or_default().push(row.run()?);
        }
        let mut changes = Vec::with_capacity(scenes.len());
        for scene in scenes.values() {
            let of_it = |activity: &&Activity| ids.contains(&activity.id.0);
            let gone: Vec<(Activity, Sign)> = scene
                .history
                .iter()
                .filter(of_it)
                .filter_map(|activity| Some((activity.clone(), *signs.get(activity.message_id.as_str())?)))
                .collect();
            let left = left.get(&scene.lead.id).map_or(&[][..], Vec::as_slice);
            changes.push((disowned(scene, &gone, left, playbooks, now), scene));
        }
        let loud = self.0.write(&tx, changes, playbooks, now).await?;
        self.0.commit(tx, loud).await?;
        Ok(counted.len())
    }
}
