//! Loads the scenes that decisions see, and writes the changes that they return.

use crate::{
    Result, Store, StoreError, mint,
    outbox::settle,
    predictions,
    rows::{self, activity, alert, campaign, enrollment, lead, micros, small},
    stages,
    transaction::{Writing, list_of, rounded},
    webhooks,
};
use rekindle_core::{
    activity::Activity,
    alert::Alert,
    attend::attend,
    begin::on_joined,
    consent::ConsentState,
    enrollment::{Enrollment, Outgoing},
    ids::{ActivityId, AlertId, CampaignId, DeliveryId, EnrollmentId, LeadId},
    lead::Lead,
    link::Purpose,
    membership::moved,
    playbook::Playbooks,
    scene::{Change, Effect, Scene},
    time::Moment,
    trial::Arm,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect, Value, sea_query::LockType,
};
use std::collections::{BTreeSet, HashMap};

#[derive(FromQueryResult)]
struct Began {
    lead_id: sea_orm::prelude::Uuid,
    sequence: String,
    key: String,
    at: i64,
}

impl Store {
    /// The scenes of these leads, locked in the order of their ids; leads that are gone are left out.
    pub(crate) async fn scenes(
        &self,
        tx: &Writing,
        ids: &[LeadId],
        playbooks: &Playbooks,
    ) -> Result<HashMap<LeadId, Scene>> {
        let mut uuids: Vec<_> = ids.iter().map(|id| id.0).collect();
        uuids.sort_unstable();
        uuids.dedup();
        let mut scenes = HashMap::with_capacity(uuids.len());
        for chunk in uuids.chunks(1000) {
            self.load(tx, chunk, playbooks, &mut scenes).await?;
        }
        Ok(scenes)
    }

    async fn load(
        &self,
        tx: &Writing,
        ids: &[sea_orm::prelude::Uuid],
        playbooks: &Playbooks,
        scenes: &mut HashMap<LeadId, Scene>,
    ) -> Result<()> {
        let ids = &rounded(ids.to_vec());
        let wanted = || ids.iter().copied();
        let leads = lead::Entity::find()
            .filter(lead::Column::Id.is_in(wanted()))
            .order_by_asc(lead::Column::Id)
            .lock(LockType::Update)
            .all(&**tx)
            .await?;
        let suppressed =
            suppressed(&**tx, leads.iter().filter_map(|l| l.address_hash.clone()).collect()).await?;
        for row in leads {
            let suppressed = row.address_hash.as_ref().is_some_and(|hash| suppressed.contains(hash));
            let lead = row.lead()?;
            scenes.insert(lead.id, Scene { suppressed, ..Scene::of(lead) });
        }
        self.memberships(&**tx, ids, playbooks.current(), scenes).await?;
        for (lead, consents) in self.consents(&**tx, ids).await? {
            if let Some(scene) = scenes.get_mut(&lead) {
                scene.consents = consents;
            }
        }
        for (lead, history) in self.histories(&**tx, ids, playbooks).await? {
            if let Some(scene) = scenes.get_mut(&lead) {
                scene.history = history;
            }
        }
        let alerts = alert::Entity::find()
            .filter(alert::Column::LeadId.is_in(wanted()))
            .filter(alert::Column::State.ne("closed"))
            .all(&**tx)
            .await?;
        for row in alerts {
            let alert = row.alert()?;
            if let Some(scene) = scenes.get_mut(&alert.lead) {
                scene.alert = Some(alert);
            }
        }
        let runs = enrollment::Entity::find()
            .filter(enrollment::Column::LeadId.is_in(wanted()))
            .filter(enrollment::Column::State.is_in(["due", "awaiting"]))
            .order_by_asc(enrollment::Column::Id)
            .all(&**tx)
            .await?;
        let mut campaigns: Vec<_> = runs.iter().filter_map(|run| run.campaign_id).collect();
        for row in runs {
            let run = row.run()?;
            if let Some(scene) = scenes.get_mut(&run.lead) {
                scene.runs.push(run);
            }
        }
        campaigns.sort_unstable();
        campaigns.dedup();
        if !campaigns.is_empty() {
            let states =
                campaign::Entity::find().filter(campaign::Column::Id.is_in(campaigns)).all(&**tx).await?;
            for row in states {
                let campaign = row.campaign()?;
                for scene in scenes.values_mut() {
                    scene.campaigns.insert(campaign.id, campaign.clone());
                }
            }
        }
        let text = format!(
            "SELECT lead_id, sequence, key, max(started_at) AS at FROM enrollment WHERE lead_id IN ({}) GROUP BY lead_id, sequence, key",
            list_of(ids.len())
        );
        let values: Vec<Value> = ids.iter().map(|id| (*id).into()).collect();
        for row in Began::find_by_statement(self.sql(&text, values)).all(&**tx).await? {
            if let Some(scene) = scenes.get_mut(&LeadId(row.lead_id)) {
                let key = (!row.key.is_empty()).then_some(row.key);
                scene.began.insert((row.sequence, key), rows::moment(row.at));
            }
        }
        Ok(())
    }

    /// What leads did, as far as rules count it and questions ask about it, in every version that runs are on: named activities,
    /// and pages where anything looks at pages.
    pub(crate) async fn histories(
        &self,
        db: &impl ConnectionTrait,
        ids: &[sea_orm::prelude::Uuid],
        playbooks: &Playbooks,
    ) -> Result<HashMap<LeadId, Vec<Activity>>> {
        let names: BTreeSet<&str> =
            playbooks.all().flat_map(|playbook| playbook.deeds.names.iter().map(String::as_str)).collect();
        let mut counted = Condition::any().add(activity::Column::Name.is_in(names));
        if playbooks.all().any(|playbook| !playbook.deeds.pages.is_empty()) {
            counted = counted.add(activity::Column::Path.is_not_null());
        }
        let found = activity::Entity::find()
            .filter(activity::Column::LeadId.is_in(rounded(ids.to_vec())))
            .filter(counted)
            .order_by_asc(activity::Column::At)
            .all(db)
            .await?;
        let mut histories: HashMap<LeadId, Vec<Activity>> = HashMap::new();
        for row in found {
            let lead = LeadId(row.lead_id);
            let activity = row.activity()?;
            if playbooks.all().any(|playbook| playbook.deeds.look_at(&activity)) {
                histories.entry(lead).or_default().push(activity);
            }
        }
        Ok(histories)
    }

    /// Writes leads and effects, and what they mean to the leads' runs. True when others should look: an alert, a run, a mail
    /// has changed.
    pub(crate) async fn write(
        &self,
        tx: &Writing,
        changes: Vec<(Change, &Scene)>,
        playbooks: &Playbooks,
        now: Moment,
    ) -> Result<bool> {
        let mut leads = Vec::with_capacity(changes.len());
        let mut alerts: Vec<Alert> = Vec::new();
        let mut runs: Vec<Enrollment> = Vec::new();
        let mut mails = Vec::new();
        let mut woken = Vec::new();
        let mut suppressions = Vec::new();
        let mut unsuppressed: Vec<String> = Vec::new();
        let mut said = Vec::new();
        let mut notices = Vec::new();
        let mut settled = Vec::new();
        let mut quotes = Vec::new();
        let mut moves = Vec::new();
        let mut asked = Vec::new();
        let mut objected = Vec::new();
        let mut stages = Vec::new();
        let (mut arms, mut recorded, mut calls) = (Vec::new(), Vec::new(), Vec::new());
        for (change, scene) in changes {
            let mut change = attend(scene, change, playbooks, now);
            let membership = moved(scene, &change, playbooks.current(), now);
            on_joined(scene, &mut change, &membership.news, playbooks, now);
            moves.push((change.lead.id, membership));
            let mut card = scene.alert.as_ref().map(|alert| alert.id);
            for effect in change.effects {
                match effect {
                    Effect::Raise(raised) => {
                        if card.is_none() {
                            let id = AlertId(mint::id());
                            card = Some(id);
                            asked.push(predictions::asked(id, &change.lead, now));
                            alerts.push(Alert::raise(id, change.lead.id, &raised, self.clock.wall()));
                        }
                    }
                    Effect::Alert(alert) => {
                        // Made by hand in this very change.
                        if scene.alert.is_none() && alert.is_live() {
                            asked.push(predictions::asked(alert.id, &change.lead, now));
                        }
                        alerts.push(alert);
                    }
                    Effect::Again(reason, words) => {
                        let last = last_alert(tx, change.lead.id).await?;
                        alerts.extend(last.map(|alert| alert.moved_on(reason, &words)));
                    }
                    Effect::Enroll(planned) => {
                        let id = EnrollmentId(mint::id());
                        runs.push(Enrollment::begin(id, change.lead.id, &planned, now));
                    }
                    Effect::Run(run) => runs.push(run),
                    Effect::Enqueue { run, mail } => {
                        let id = DeliveryId(mint::id());
                        let message_id = self.ring.small_token(Purpose::MessageId, id.0);
                        arms.extend(mail.arm.iter().map(|arm| tried(run.id, run.lead, arm, now)));
                        mails.push(enqueued(id, message_id, &run, &mail, now));
                        runs.push(run.awaits(id, mail.then));
                    }
                    Effect::Try { run, arm } => arms.push(tried(run, change.lead.id, &arm, now)),
                    Effect::Record(activity) => recorded.push((change.lead.id, activity)),
                    Effect::Call { event, data } => calls.push((change.lead.id, event, data)),
                    Effect::Wake => woken.push(change.lead.id),
                    Effect::Move(moved) => stages.push(stages::row(change.lead.id, moved, now)),
                    Effect::Tell(notice) => notices.push(notice),
                    Effect::Settle { mail, from, to, why } => settled.push((mail, (from, to), why)),
                    Effect::Quote(said) => quotes.extend(card.map(|card| small::quote::Model {
                        activity_id: said.0,
                        alert_id: card.0,
                        at: micros(self.clock.wall()),
                    })),
                    Effect::Suppress { reason } => {
                        // Two leads of one mailbox may say no at once: one row.
                        if let Some(address_hash) = lead::address_hash(&change.lead, &self.ring)
                            && !suppressions
                                .iter()
                                .any(|known: &small::suppression::Model| known.address_hash == address_hash)
                        {
                            suppressions.push(small::suppression::Model {
                                address_hash,
                                reason,
                                at: micros(now),
                            });
                        }
                    }
                    Effect::Unsuppress => unsuppressed.extend(lead::address_hash(&change.lead, &self.ring)),
                    Effect::Say(record) => said.push((change.lead.id, record)),
                }
            }
            if change.lead.consent.state == ConsentState::Objected {
                objected.push(change.lead.id);
            }
            if change.lead != scene.lead {
                leads.push(lead::Model::of(&change.lead, &self.ring));
            }
        }
        let loud = !(alerts.is_empty() && runs.is_empty() && woken.is_empty() && suppressions.is_empty());
        rows::put::<lead::Entity, _>(&**tx, leads).await?;
        self.write_members(tx, &moves, now).await?;
        rows::add::<small::stage_move::Entity, _>(&**tx, stages).await?;
        // An alert may be touched twice in one change: the last word stands.
        let mut last: Vec<Alert> = Vec::new();
        for alert in alerts {
            match last.iter_mut().find(|known| known.id == alert.id) {
                Some(known) => *known = alert,
                None => last.push(alert),
            }
        }
        rows::put::<alert::Entity, _>(&**tx, last.iter().map(alert::Model::of).collect()).await?;
        rows::put::<small::asked::Entity, _>(&**tx, asked).await?;
        predictions::forget(tx, &objected).await?;
        rows::put::<enrollment::Entity, _>(&**tx, runs.iter().map(enrollment::Model::of).collect()).await?;
        rows::add::<rows::delivery::Entity, _>(&**tx, mails).await?;
        if !unsuppressed.is_empty() {
            small::suppression::Entity::delete_many()
                .filter(small::suppression::Column::AddressHash.is_in(unsuppressed))
                .exec(&**tx)
                .await?;
        }
        rows::put::<small::suppression::Entity, _>(&**tx, suppressions).await?;
        self.say(tx, said).await?;
        self.notices().keep(tx, notices).await?;
        rows::add::<small::quote::Entity, _>(&**tx, quotes).await?;
        for (mail, way, why) in settled {
            settle::by_report(&self.outbox(), tx, mail, way, &why, now).await?;
        }
        rows::add::<small::arm::Entity, _>(&**tx, arms).await?;
        let recorded = recorded.into_iter().map(|(lead, activity)| {
            activity::Model::of(&Activity { id: ActivityId(mint::id()), ..activity }, lead, 0, now)
        });
        rows::add::<activity::Entity, _>(&**tx, recorded.collect()).await?;
        for (lead, event, data) in calls {
            webhooks::tell(self, tx, &event, Some(lead), data).await?;
        }
        self.wake(tx, &woken, now).await?;
        Ok(loud)
    }

    /// Mail and steps that wait for these leads may be looked at again at once.
    async fn wake(&self, tx: &Writing, leads: &[LeadId], now: Moment) -> Result<()> {
        for chunk in leads.chunks(1000) {
            let list = list_of(chunk.len());
            let values = |first: i64| -> Vec<Value> {
                [first.into(), first.into()].into_iter().chain(chunk.iter().map(|id| id.0.into())).collect()
            };
            let mails = format!(
                "UPDATE delivery SET not_before = ? WHERE state = 'pending' AND not_before > ? AND lead_id IN ({list})"
            );
            tx.execute_raw(self.sql(&mails, values(micros(now)))).await?;
            // Only runs that were held look again: one that waits out its days goes on waiting.
            let runs = format!(
                "UPDATE enrollment SET due_at = ? WHERE state = 'due' AND due_at > ? AND reason LIKE 'claimed by %' AND lead_id IN ({list})"
            );
            tx.execute_raw(self.sql(&runs, values(micros(now)))).await?;
        }
        Ok(())
    }
}

/// The alert that was raised last on a lead (index `ix_alert_lead`).
async fn last_alert(tx: &Writing, lead: LeadId) -> Result<Option<Alert>> {
    let raised = alert::Entity::find().filter(alert::Column::LeadId.eq(lead.0));
    let row = raised.order_by_desc(alert::Column::RaisedAt).one(&**tx).await?;
    row.map(alert::Model::alert).transpose()
}

/// A mail of a run's step, as it enters the outbox.
fn enqueued(
    id: DeliveryId,
    message_id: String,
    run: &Enrollment,
    mail: &Outgoing,
    now: Moment,
) -> rows::delivery::Model {
    rows::delivery::Model {
        id: id.0,
        lead_id: run.lead.0,
        enrollment_id: Some(run.id.0),
        campaign_id: run.campaign.map(|CampaignId(id)| id),
        step: i32::try_from(run.step).unwrap_or(i32::MAX),
        mail: mail.mail.clone(),
        // A run that goes over to another version may meet another mail at the same place.
        dedupe_key: format!("{}:{}:{}", run.id, run.version, run.step),
        message_id,
        kind: "campaign".to_owned(),
        state: "pending".to_owned(),
        generation: 0,
        owner: None,
        attempt: 0,
        not_before: micros(now),
        expires_at: micros(mail.expires_at),
        created_at: micros(now),
        moved_at: micros(now),
        committed_at: None,
        answer: None,
        reason: None,
        variant: mail.arm.as_ref().and_then(|arm| i32::try_from(arm.number).ok()),
    }
}

/// What a lead got of several.
fn tried(run: EnrollmentId, lead: LeadId, arm: &Arm, now: Moment) -> small::arm::Model {
    small::arm::Model {
        enrollment_id: run.0,
        trial: arm.trial.clone(),
        number: i32::try_from(arm.number).unwrap_or(i32::MAX),
        lead_id: lead.0,
        at: micros(now),
    }
}

/// Which of these address hashes may not be written to.
pub(crate) async fn suppressed(db: &impl ConnectionTrait, hashes: Vec<String>) -> Result<Vec<String>> {
    if hashes.is_empty() {
        return Ok(Vec::new());
    }
    let rows = small::suppression::Entity::find()
        .filter(small::suppression::Column::AddressHash.is_in(rounded(hashes)))
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|row| row.address_hash).collect())
}

/// The lead of a scene that must be there.
pub(crate) fn found(scenes: &HashMap<LeadId, Scene>, id: LeadId) -> Result<&Scene> {
    scenes
        .get(&id)
        .ok_or_else(|| StoreError::Refused(rekindle_core::refusal::Refusal::no_lead(&id.to_string())))
}

/// Leads by rows.
pub(crate) fn leads_of(rows: Vec<lead::Model>) -> Result<Vec<Lead>> {
    rows.into_iter().map(lead::Model::lead).collect()
}
