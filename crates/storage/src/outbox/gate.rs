//! Gate and fate in one transaction: what waits to leave is asked everything again, and what has
//! left or failed is written down. Whatever queued while the last one committed goes into the next.

use super::{Fate, Outbox, Sender, Ticket, settle};
use crate::{
    Result,
    rows::{campaign, delivery, enrollment, lead, micros, moment},
    scenes::suppressed,
    settings,
    transaction::{Writing, again, list_of, rounded, rows_of},
};
use chrono_tz::Tz;
use rekindle_core::{
    campaign::CampaignState,
    delivery::{DeliveryState, Event, MailKind},
    enrollment::{Ended, Enrollment, RunState},
    gate::{GateScene, ONE_MAIL_IN, Verdict, gate, is_hold},
    ids::{CampaignId, DeliveryId, LeadId},
    lead::Lead,
    playbook::Playbooks,
    time::Moment,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Value,
    prelude::Uuid, sea_query::LockType,
};
use std::collections::HashMap;

/// What the gate needs to know beside the rows.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// The plans.
    pub playbooks: &'a Playbooks,
    /// The zone of leads that have none.
    pub zone: Tz,
}

/// What became of a ticket at the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Passage {
    /// Its intent is committed: the dot may be sent, once.
    Go,
    /// It looks good; no intent was committed.
    Clear,
    /// It went back or ended, as the gate said: close the transaction without the dot.
    Stopped,
    /// Somebody else has it: this claim is over.
    Lost,
}

#[derive(FromQueryResult)]
struct LastMail {
    lead_id: Uuid,
    at: i64,
}

struct Loaded {
    leads: HashMap<LeadId, (Lead, bool)>,
    deliveries: HashMap<DeliveryId, delivery::Model>,
    runs: HashMap<Uuid, Enrollment>,
    campaigns: HashMap<CampaignId, CampaignState>,
    last_mail: HashMap<LeadId, Moment>,
    paused_by: Option<String>,
}

impl Outbox<'_> {
    /// Asks everything again for `tickets`, and writes down `fates`. With `commit`, the intents of those
    /// that may go are committed: after this returns, their dots may be sent.
    ///
    /// # Errors
    /// As the database says; then no intent was committed, and no fate written.
    pub async fn pass(
        &self,
        sender: &Sender,
        tickets: &[Ticket],
        fates: &[Fate],
        commit: bool,
        rules: Rules<'_>,
    ) -> Result<Vec<Passage>> {
        again!(self.pass_once(sender, tickets, fates, commit, rules))
    }

    async fn pass_once(
        &self,
        sender: &Sender,
        tickets: &[Ticket],
        fates: &[Fate],
        commit: bool,
        rules: Rules<'_>,
    ) -> Result<Vec<Passage>> {
        let now = self.0.clock.calendar();
        let tx = self.0.begin().await?;
        let mut loud = settle::write(self, &tx, sender, fates, now).await?;
        let mut passages = Vec::with_capacity(tickets.len());
        if !tickets.is_empty() {
            let mut loaded = self.load(&tx, tickets, now).await?;
            let mut going: Vec<Uuid> = Vec::new();
            let mut later: Vec<(Uuid, i64, i64, String)> = Vec::new();
            let mut never: Vec<(Uuid, Event, String)> = Vec::new();
            for ticket in tickets {
                let held = loaded.deliveries.get(&ticket.id).filter(|row| {
                    row.state == DeliveryState::Claimed.word()
                        && row.generation == ticket.generation
                        && row.owner == Some(sender.id())
                });
                let (Some(row), Some((lead, suppressed))) = (held, loaded.leads.get(&ticket.lead)) else {
                    passages.push(Passage::Lost);
                    continue;
                };
                let verdict = judge(row, lead, *suppressed, &loaded, rules, now);
                passages.push(match verdict {
                    Verdict::Go => {
                        going.push(row.id);
                        if row.kind == MailKind::Campaign.word() {
                            loaded.last_mail.insert(ticket.lead, now);
                        }
                        if commit { Passage::Go } else { Passage::Clear }
                    }
                    Verdict::Later { until, why, ageless } => {
                        let ahead = if ageless { micros(until) - micros(now) } else { 0 };
                        later.push((row.id, micros(until), expires_at(row, now) + ahead, why));
                        Passage::Stopped
                    }
                    Verdict::Never { event, why } => {
                        never.push((row.id, event, why));
                        Passage::Stopped
                    }
                });
            }
            if commit && !going.is_empty() {
                let going = rounded(going);
                let text = format!(
                    "UPDATE delivery SET state = 'committing', committed_at = ?, moved_at = ?, reason = NULL WHERE id IN ({})",
                    list_of(going.len())
                );
                let mut values: Vec<Value> = vec![micros(now).into(), micros(now).into()];
                values.extend(going.into_iter().map(Value::from));
                tx.execute_raw(self.0.sql(&text, values)).await?;
            }
            self.put_back(&tx, later, now).await?;
            loud |= self.end_all(&tx, never, now).await?;
        }
        self.0.commit(tx, loud).await?;
        Ok(passages)
    }

    async fn load(&self, tx: &Writing, tickets: &[Ticket], now: Moment) -> Result<Loaded> {
        let mut lead_ids: Vec<Uuid> = tickets.iter().map(|t| t.lead.0).collect();
        lead_ids.sort_unstable();
        lead_ids.dedup();
        let lead_ids = rounded(lead_ids);
        // The lock on the lead orders an unsubscribe before or after this gate.
        let rows = lead::Entity::find()
            .filter(lead::Column::Id.is_in(lead_ids.iter().copied()))
            .order_by_asc(lead::Column::Id)
            .lock(LockType::Update)
            .all(&**tx)
            .await?;
        let refused =
            suppressed(&**tx, rows.iter().filter_map(|row| row.address_hash.clone()).collect()).await?;
        let mut leads = HashMap::with_capacity(rows.len());
        for row in rows {
            let is_refused = row.address_hash.as_ref().is_some_and(|hash| refused.contains(hash));
            let lead = row.lead()?;
            leads.insert(lead.id, (lead, is_refused));
        }
        let deliveries = delivery::Entity::find()
            .filter(delivery::Column::Id.is_in(rounded(tickets.iter().map(|t| t.id.0).collect())))
            .order_by_asc(delivery::Column::Id)
            .lock(LockType::Update)
            .all(&**tx)
            .await?;
        let mut runs = HashMap::new();
        let run_ids: Vec<Uuid> = tickets.iter().filter_map(|t| Some(t.enrollment?.0)).collect();
        if !run_ids.is_empty() {
            for row in enrollment::Entity::find()
                .filter(enrollment::Column::Id.is_in(rounded(run_ids)))
                .all(&**tx)
                .await?
            {
                runs.insert(row.id, row.run()?);
            }
        }
        let mut campaigns = HashMap::new();
        let mut campaign_ids: Vec<Uuid> = deliveries.iter().filter_map(|row| row.campaign_id).collect();
        campaign_ids.sort_unstable();
        campaign_ids.dedup();
        if !campaign_ids.is_empty() {
            for row in campaign::Entity::find()
                .filter(campaign::Column::Id.is_in(rounded(campaign_ids)))
                .all(&**tx)
                .await?
            {
                let campaign = row.campaign()?;
                campaigns.insert(campaign.id, campaign.state);
            }
        }
        let text = format!(
            "SELECT lead_id, max(committed_at) AS at FROM delivery WHERE lead_id IN ({}) AND committed_at > ? AND kind = 'campaign' AND state IN ('sent', 'sent_assumed', 'unknown', 'committing') GROUP BY lead_id",
            list_of(lead_ids.len())
        );
        let mut values: Vec<Value> = lead_ids.iter().map(|id| (*id).into()).collect();
        values.push(micros(now - ONE_MAIL_IN).into());
        let mails = LastMail::find_by_statement(self.0.sql(&text, values)).all(&**tx).await?;
        Ok(Loaded {
            leads,
            deliveries: deliveries.into_iter().map(|row| (DeliveryId(row.id), row)).collect(),
            runs,
            campaigns,
            last_mail: mails.into_iter().map(|row| (LeadId(row.lead_id), moment(row.at))).collect(),
            paused_by: settings::pause(&**tx).await?.map(|pause| pause.by.name()),
        })
    }

    /// Back to waiting, until another moment.
    async fn put_back(&self, tx: &Writing, later: Vec<(Uuid, i64, i64, String)>, now: Moment) -> Result<()> {
        for chunk in later.chunks(200) {
            let text = format!(
                "WITH v(id, until, expires_at, why) AS (VALUES {}) UPDATE delivery SET state = 'pending', owner = NULL, attempt = attempt - 1, not_before = v.until, expires_at = v.expires_at, reason = v.why, moved_at = ? FROM v WHERE delivery.id = v.id",
                rows_of(chunk.len(), 4)
            );
            let mut values: Vec<Value> = Vec::with_capacity(chunk.len() * 4 + 1);
            for (id, until, expires_at, why) in chunk {
                values.extend([(*id).into(), (*until).into(), (*expires_at).into(), why.clone().into()]);
            }
            values.push(micros(now).into());
            tx.execute_raw(self.0.sql(&text, values)).await?;
        }
        Ok(())
    }

    /// It will not be sent: its run ends with it, but for one that came too late, which goes on.
    pub(super) async fn end_all(
        &self,
        tx: &Writing,
        never: Vec<(Uuid, Event, String)>,
        now: Moment,
    ) -> Result<bool> {
        for (id, event, why) in &never {
            let Some(state) = DeliveryState::Claimed.after(*event) else { continue };
            let text = "UPDATE delivery SET state = ?, owner = NULL, reason = ?, moved_at = ? WHERE id = ?";
            let values = vec![state.word().into(), why.clone().into(), micros(now).into(), (*id).into()];
            tx.execute_raw(self.0.sql(text, values)).await?;
            if *event == Event::Expire {
                settle::advance(self, tx, &[*id], "expired", now).await?;
            } else {
                let text = "UPDATE enrollment SET state = ?, ended_at = ?, delivery_id = NULL, reason = ? WHERE state = 'awaiting' AND delivery_id = ?";
                let values =
                    vec![Ended::Stopped.word().into(), micros(now).into(), why.clone().into(), (*id).into()];
                tx.execute_raw(self.0.sql(text, values)).await?;
            }
        }
        Ok(!never.is_empty())
    }
}

/// When it becomes too late for a mail. One that the team held has not aged while nobody asked for it.
fn expires_at(row: &delivery::Model, now: Moment) -> i64 {
    let held = row.reason.as_deref().is_some_and(is_hold);
    row.expires_at + if held { (micros(now) - row.not_before).max(0) } else { 0 }
}

/// Whether nobody and nothing has ended the run before its last step.
fn goes_on(run: &Enrollment) -> bool {
    run.is_live() || matches!(run.state, RunState::Ended { how: Ended::Finished, .. })
}

fn judge(
    row: &delivery::Model,
    lead: &Lead,
    suppressed: bool,
    loaded: &Loaded,
    rules: Rules<'_>,
    now: Moment,
) -> Verdict {
    let kind = MailKind::from_word(&row.kind).unwrap_or(MailKind::Campaign);
    let run = row.enrollment_id.and_then(|id| loaded.runs.get(&id));
    let awaited = match (row.enrollment_id, run) {
        (None, _) => Ok(()),
        (Some(_), None) => Err("its run is gone".to_owned()),
        (Some(_), Some(run)) if run.state == (RunState::Awaiting { delivery: DeliveryId(row.id) }) => Ok(()),
        // Sent again by decision: the run has gone on when nobody knew, and does not await it any more.
        (Some(_), Some(run)) if row.committed_at.is_some() && goes_on(run) => Ok(()),
        (Some(_), Some(run)) => Err(run.reason.clone().unwrap_or_else(|| "its run is over".to_owned())),
    };
    let sequence = run.and_then(|run| rules.playbooks.of(run.version).sequence(&run.sequence));
    let scene = GateScene {
        lead,
        suppressed,
        kind,
        sequence,
        run: awaited,
        campaign: row.campaign_id.and_then(|id| loaded.campaigns.get(&CampaignId(id)).copied()),
        paused_by: loaded.paused_by.as_deref(),
        last_mail_at: loaded.last_mail.get(&lead.id).copied(),
        expires_at: moment(expires_at(row, now)),
        zone: rules.zone,
    };
    gate(&scene, now)
}
