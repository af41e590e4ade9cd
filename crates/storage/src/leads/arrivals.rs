//! What was told to the house is stored once, and found its lead.
//!
//! Promise: activities are idempotent by source and messageId, for ever, and acknowledged only once
//! they are durable. A group is one transaction; a group that fails is tried one by one.

use super::{Leads, joining::join, stored::stored};
use crate::{
    Result, StoreError, mint,
    rows::{self, activity, lead, micros, small},
    transaction::{Writing, again, rounded},
};
use rekindle_core::{
    activity::{Activity, Kind, Trust},
    arrival::{Arrival, Quarantined, Received, Who},
    ids::LeadId,
    lead::Lead,
    observe::observe,
    playbook::Playbooks,
    scene::Change,
    time::Moment,
};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, prelude::Uuid, sea_query::LockType,
};
use std::collections::{HashMap, HashSet};

impl Leads<'_> {
    /// Stores a group of arrivals and decides what they change, in one transaction. When that fails for
    /// a reason of its own, each arrival is tried alone, so that one cannot hold up its neighbours; what
    /// the database cannot keep goes to quarantine.
    ///
    /// # Errors
    /// [`StoreError::Away`] and [`StoreError::Busy`] when not everything could be stored: the sender must
    /// come again.
    pub async fn observe(&self, group: &[Arrival], playbooks: &Playbooks) -> Result<Vec<Received>> {
        match again!(self.observe_once(group, playbooks)) {
            Ok(received) => Ok(received),
            Err(StoreError::Away(why)) => Err(StoreError::Away(why)),
            Err(error) => {
                tracing::warn!(%error, count = group.len(), "a group of activities failed; storing them one by one");
                let mut received = Vec::with_capacity(group.len());
                for arrival in group {
                    let one = std::slice::from_ref(arrival);
                    match again!(self.observe_once(one, playbooks)) {
                        Ok(of_one) => received.extend(of_one),
                        Err(error @ (StoreError::Away(_) | StoreError::Busy(_))) => return Err(error),
                        Err(error) => received.push(self.refuse(arrival, &error).await?),
                    }
                }
                Ok(received)
            }
        }
    }

    async fn refuse(&self, arrival: &Arrival, error: &StoreError) -> Result<Received> {
        let reason = error.to_string();
        let quarantined = Quarantined {
            source: without_nul(arrival.source.clone()),
            message_id: Some(arrival.message_id.clone()),
            code: "not_kept".to_owned(),
            reason: reason.clone(),
            payload: serde_json::to_string(&arrival.properties).unwrap_or_default(),
            at: self.0.clock.wall(),
        };
        self.quarantine(vec![quarantined]).await?;
        Ok(Received::Refused(reason))
    }

    async fn observe_once(&self, group: &[Arrival], playbooks: &Playbooks) -> Result<Vec<Received>> {
        let now = self.0.clock.calendar();
        let tx = self.0.begin().await?;
        let mut received = self.known(&tx, group).await?;
        let fresh: Vec<usize> = (0..group.len()).filter(|i| received[*i].is_none()).collect();
        if fresh.is_empty() {
            // Nothing to write, but what is known is durable already.
            drop(tx);
            return Ok(received.into_iter().flatten().collect());
        }
        let mut book = AddressBook::load(&tx, fresh.iter().map(|i| &group[*i])).await?;
        book.lock(&tx).await?;
        for index in &fresh {
            let arrival = &group[*index];
            let id = book.place(arrival, now);
            received[*index] = Some(Received::Stored(id));
        }
        book.write(self, &tx, now).await?;

        let mut by_lead: HashMap<LeadId, Vec<Activity>> = HashMap::new();
        let mut bases: HashMap<LeadId, &str> = HashMap::new();
        let mut rows = Vec::with_capacity(fresh.len());
        for index in &fresh {
            let Some(Received::Stored(told)) = &mut received[*index] else { continue };
            *told = book.survivor(*told);
            let arrival = &group[*index];
            let mut activity = activity::of_arrival(arrival, mint::id());
            if let Some(email) = &arrival.who.email
                && book.find(&format!("e:{}", email.as_str())) != Some(*told)
            {
                // The address is another lead's: it is not this one's to learn.
                activity.properties.remove("email");
            }
            rows.push(activity::Model::of(&activity, *told, arrival.fingerprint, now));
            // A key's basis is for what was told with that key, and only a server tells of consent.
            if let (Some(basis), Kind::Identify | Kind::Import, Trust::Server) =
                (arrival.basis.as_deref(), arrival.kind, arrival.trust)
            {
                bases.entry(*told).or_insert(basis);
            }
            by_lead.entry(*told).or_default().push(activity);
        }
        rows::add::<activity::Entity, _>(&*tx, rows).await?;

        let ids: Vec<LeadId> = by_lead.keys().copied().collect();
        let scenes = self.0.scenes(&tx, &ids, playbooks).await?;
        let mut changes: Vec<(Change, _)> = Vec::with_capacity(scenes.len());
        for (id, scene) in &scenes {
            let Some(activities) = by_lead.remove(id) else { continue };
            let basis = bases.get(id).copied();
            changes.push((observe(scene, &activities, basis, playbooks, now), scene));
        }
        let loud = self.0.write(&tx, changes, playbooks, now).await?;
        self.0.commit(tx, loud).await?;
        Ok(received.into_iter().flatten().collect())
    }

    /// Which of a group are stored already, or stand twice in it.
    async fn known(&self, tx: &Writing, group: &[Arrival]) -> Result<Vec<Option<Received>>> {
        let names: HashSet<(&str, &str)> =
            group.iter().map(|arrival| (arrival.source.as_str(), arrival.message_id.as_str())).collect();
        let names: Vec<(&str, &str)> = names.into_iter().collect();
        let stored = stored(self.0, &**tx, &names).await?;
        let mut seen: HashMap<(String, String), i64> =
            stored.into_iter().map(|row| ((row.source, row.message_id), row.fingerprint)).collect();
        let mut received = Vec::with_capacity(group.len());
        for arrival in group {
            let key = (arrival.source.clone(), arrival.message_id.clone());
            received.push(match seen.get(&key) {
                Some(fingerprint) if *fingerprint == arrival.fingerprint => Some(Received::Duplicate),
                Some(_) => Some(Received::Conflict),
                None => {
                    seen.insert(key, arrival.fingerprint);
                    None
                }
            });
        }
        Ok(received)
    }

    /// Keeps what was refused, with the reason.
    ///
    /// # Errors
    /// As the database says.
    pub async fn quarantine(&self, items: Vec<Quarantined>) -> Result<()> {
        if items.is_empty() {
            return Ok(());
        }
        let rows: Vec<small::quarantine::ActiveModel> = items
            .into_iter()
            .map(|item| small::quarantine::ActiveModel {
                id: sea_orm::ActiveValue::NotSet,
                source: sea_orm::ActiveValue::Set(item.source),
                message_id: sea_orm::ActiveValue::Set(item.message_id.map(without_nul)),
                code: sea_orm::ActiveValue::Set(item.code),
                reason: sea_orm::ActiveValue::Set(without_nul(item.reason)),
                payload: sea_orm::ActiveValue::Set(without_nul(item.payload)),
                at: sea_orm::ActiveValue::Set(micros(item.at)),
            })
            .collect();
        let tx = self.0.begin().await?;
        for chunk in rows.chunks(500) {
            small::quarantine::Entity::insert_many(chunk.to_vec()).exec_without_returning(&*tx).await?;
        }
        self.0.commit(tx, false).await
    }
}

/// PostgreSQL keeps no NUL in a text.
fn without_nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

/// What senders call the leads of one group, and who becomes whom.
struct AddressBook {
    by_key: HashMap<String, LeadId>,
    known: HashMap<LeadId, Known>,
    new_keys: Vec<(String, LeadId)>,
    new_leads: Vec<LeadId>,
    /// The visitor on the left turned out to be the lead on the right.
    joined: HashMap<LeadId, LeadId>,
    at: HashMap<LeadId, Moment>,
}

/// Whether a lead has a name of its own, or is only a device.
#[derive(Clone, Copy)]
struct Known {
    named: bool,
    addressed: bool,
}

fn keys_of(who: &Who) -> Vec<String> {
    let tagged = |tag: &str, value: &Option<String>| value.as_ref().map(|v| format!("{tag}:{v}"));
    [
        who.email.as_ref().map(|email| format!("e:{}", email.as_str())),
        tagged("u", &who.user_id),
        tagged("a", &who.anonymous_id),
        tagged("u", &who.previous_id),
        tagged("a", &who.previous_id),
    ]
    .into_iter()
    .flatten()
    .collect()
}

impl AddressBook {
    async fn load<'a>(tx: &Writing, arrivals: impl Iterator<Item = &'a Arrival>) -> Result<Self> {
        let wanted: HashSet<String> = arrivals.flat_map(|arrival| keys_of(&arrival.who)).collect();
        let wanted: Vec<String> = wanted.into_iter().collect();
        let mut by_key = HashMap::new();
        for chunk in wanted.chunks(1000) {
            let rows = small::identity::Entity::find()
                .filter(small::identity::Column::Key.is_in(rounded(chunk.to_vec())))
                .all(&**tx)
                .await?;
            by_key.extend(rows.into_iter().map(|row| (row.key, LeadId(row.lead_id))));
        }
        let mut known = HashMap::new();
        let ids: Vec<Uuid> =
            by_key.values().map(|id: &LeadId| id.0).collect::<HashSet<_>>().into_iter().collect();
        for chunk in ids.chunks(1000) {
            let rows = small::identity::Entity::find()
                .filter(small::identity::Column::LeadId.is_in(rounded(chunk.to_vec())))
                .all(&**tx)
                .await?;
            for row in rows {
                let entry =
                    known.entry(LeadId(row.lead_id)).or_insert(Known { named: false, addressed: false });
                entry.addressed |= row.key.starts_with("e:");
                entry.named |= !row.key.starts_with("a:");
            }
        }
        Ok(Self {
            by_key,
            known,
            new_keys: Vec::new(),
            new_leads: Vec::new(),
            joined: HashMap::new(),
            at: HashMap::new(),
        })
    }

    /// Locks the leads that are known here, in the order of their ids: nobody joins one into another
    /// while activities are added to it. One that was joined meanwhile is looked for again.
    async fn lock(&self, tx: &Writing) -> Result<()> {
        let mut ids: Vec<Uuid> = self.by_key.values().map(|id| id.0).collect();
        ids.sort_unstable();
        ids.dedup();
        for chunk in ids.chunks(1000) {
            let locked: Vec<Uuid> = lead::Entity::find()
                .select_only()
                .column(lead::Column::Id)
                .filter(lead::Column::Id.is_in(rounded(chunk.to_vec())))
                .order_by_asc(lead::Column::Id)
                .lock(LockType::Update)
                .into_tuple()
                .all(&**tx)
                .await?;
            if locked.len() < chunk.len() {
                return Err(StoreError::Busy("a lead was joined into another meanwhile".to_owned()));
            }
        }
        Ok(())
    }

    fn survivor(&self, id: LeadId) -> LeadId {
        self.joined.get(&id).copied().unwrap_or(id)
    }

    fn find(&self, key: &str) -> Option<LeadId> {
        self.by_key.get(key).map(|id| self.survivor(*id))
    }

    /// Whose an arrival is. The sender's user id says most, then the address, then the device; a
    /// visitor that nobody has named yet takes the name it is given, and keeps its history.
    fn place(&mut self, arrival: &Arrival, now: Moment) -> LeadId {
        let who = &arrival.who;
        if let Some(lead) = who.lead {
            return self.survivor(lead);
        }
        let user_key = who.user_id.as_ref().map(|id| format!("u:{id}"));
        let email_key = who.email.as_ref().map(|email| format!("e:{}", email.as_str()));
        let device_key = who.anonymous_id.as_ref().map(|id| format!("a:{id}"));
        let by_user = user_key.as_deref().and_then(|key| self.find(key));
        let by_email = email_key.as_deref().and_then(|key| self.find(key));
        let by_device = device_key.as_deref().and_then(|key| self.find(key));
        let unnamed_device = by_device.filter(|id| self.known.get(id).is_none_or(|known| !known.named));

        let lead = match (by_user, by_email) {
            (Some(user), _) => user,
            (None, Some(email)) => email,
            (None, None) if user_key.is_none() && email_key.is_none() => match by_device {
                Some(device) => device,
                None => self.new_lead(arrival.at.min(now)),
            },
            (None, None) => match unnamed_device {
                Some(device) => device,
                None => self.new_lead(arrival.at.min(now)),
            },
        };
        // Two leads that turn out to be one: a server's word joins them, a browser's joins devices only.
        let trusted = arrival.trust == Trust::Server;
        if let (Some(user), Some(email)) = (by_user, by_email)
            && user != email
            && trusted
            && !self.known.get(&user).is_some_and(|known| known.addressed)
        {
            self.join(user, email);
        }
        if let Some(device) = unnamed_device
            && trusted
            && self.survivor(device) != self.survivor(lead)
        {
            self.join(device, lead);
        }
        if let Some(previous) = &who.previous_id {
            let previous =
                self.find(&format!("u:{previous}")).or_else(|| self.find(&format!("a:{previous}")));
            if let Some(previous) = previous {
                let known =
                    self.known.get(&previous).copied().unwrap_or(Known { named: false, addressed: false });
                let both_devices =
                    !known.named && !self.known.get(&self.survivor(lead)).is_some_and(|k| k.named);
                let allowed = if trusted { !known.addressed } else { both_devices };
                if allowed && previous != self.survivor(lead) {
                    self.join(previous, lead);
                }
            }
        }
        let lead = self.survivor(lead);
        let addressed = self.known.get(&lead).is_some_and(|known| known.addressed);
        let may_name = trusted || !self.known.get(&lead).is_some_and(|known| known.named);
        for (key, is_email) in [(user_key, false), (email_key, true), (device_key, false)] {
            let Some(key) = key else { continue };
            if self.by_key.contains_key(&key) || (is_email && (addressed || !may_name)) {
                continue;
            }
            let entry = self.known.entry(lead).or_insert(Known { named: false, addressed: false });
            entry.addressed |= is_email;
            entry.named |= !key.starts_with("a:");
            self.by_key.insert(key.clone(), lead);
            self.new_keys.push((key, lead));
        }
        lead
    }

    fn new_lead(&mut self, at: Moment) -> LeadId {
        let id = LeadId(mint::id());
        self.new_leads.push(id);
        self.at.insert(id, at);
        id
    }

    fn join(&mut self, from: LeadId, into: LeadId) {
        let into = self.survivor(into);
        if from == into {
            return;
        }
        for target in self.joined.values_mut().filter(|target| **target == from) {
            *target = into;
        }
        self.joined.insert(from, into);
        if let Some(gone) = self.known.remove(&from) {
            let entry = self.known.entry(into).or_insert(gone);
            entry.named |= gone.named;
            entry.addressed |= gone.addressed;
        }
    }

    async fn write(&self, leads: &Leads<'_>, tx: &Writing, now: Moment) -> Result<()> {
        let fresh: Vec<lead::Model> = self
            .new_leads
            .iter()
            .filter(|id| !self.joined.contains_key(id))
            .map(|id| {
                let at = self.at.get(id).copied().unwrap_or(now);
                lead::Model::of(&Lead::anonymous(*id, at), &leads.0.ring)
            })
            .collect();
        rows::add::<lead::Entity, _>(&**tx, fresh).await?;
        for (from, into) in &self.joined {
            if self.new_leads.contains(from) {
                continue;
            }
            join(leads.0, tx, *from, *into, now).await?;
        }
        let keys = self
            .new_keys
            .iter()
            .map(|(key, id)| small::identity::Model { key: key.clone(), lead_id: self.survivor(*id).0 });
        rows::add::<small::identity::Entity, _>(&**tx, keys.collect()).await
    }
}
