//! Who of a campaign's audience begins when: the first ones with the launch, the rest a batch at a time.
//!
//! A batch is one statement over a part of the audience, in the order of its leads, and the campaign's row says behind which
//! lead the next one begins. Each is a transaction of its own under the lock on the campaign: a hold waits for one batch at
//! the most, and after whatever crash the next batch is the exact remainder.

use super::{BATCH, Campaigns, keep, locked};
use crate::{
    Result, mint,
    rows::{campaign, micros},
    transaction::{Writing, again, list_of},
};
use rekindle_core::{
    campaign::{Campaign, CampaignState, FirstOnes, Wave},
    enrollment::HELD_OUT,
    ids::{CampaignId, LeadId},
    time::Moment,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, Value, prelude::Uuid,
};

#[derive(FromQueryResult)]
struct Lead {
    lead_id: Uuid,
}

impl Campaigns<'_> {
    /// Campaigns whose audience has not all begun.
    ///
    /// # Errors
    /// As the database says.
    pub async fn unfolding(&self) -> Result<Vec<Campaign>> {
        let rows = campaign::Entity::find()
            .filter(campaign::Column::State.eq("running"))
            .filter(campaign::Column::Wave.ne("all"))
            .order_by_asc(campaign::Column::Id)
            .all(&self.0.db)
            .await?;
        rows.into_iter().map(campaign::Model::campaign).collect()
    }

    /// The first ones begin: every so-manieth of the audience, so that they are like the rest.
    pub(super) async fn begin_first(&self, tx: &Writing, campaign: &Campaign, now: Moment) -> Result<()> {
        let first = self.spread(&**tx, campaign, campaign.first).await?;
        self.begin(tx, campaign, &Part::These(&first), now).await?;
        Ok(())
    }

    /// Some of those who are in, so many or fewer, who stand for all.
    ///
    /// # Errors
    /// As the database says.
    pub async fn some(&self, campaign: &Campaign, most: i64) -> Result<Vec<LeadId>> {
        Ok(self.spread(&self.0.db, campaign, most).await?.into_iter().map(LeadId).collect())
    }

    /// Every so-manieth of those who are in.
    async fn spread(&self, db: &impl ConnectionTrait, campaign: &Campaign, most: i64) -> Result<Vec<Uuid>> {
        let step = (campaign.counted_in / most).max(1);
        let text = "SELECT lead_id FROM (SELECT lead_id, row_number() OVER (ORDER BY lead_id) AS place FROM audience \
                    WHERE campaign_id = ? AND why_out IS NULL) AS placed WHERE place % ? = 0 ORDER BY lead_id LIMIT ?";
        let values = vec![campaign.id.0.into(), step.into(), most.into()];
        let rows = Lead::find_by_statement(self.0.sql(text, values)).all(db).await?;
        Ok(rows.into_iter().map(|row| row.lead_id).collect())
    }

    /// The next batch of the rest begins; whether there may be more.
    ///
    /// # Errors
    /// As the database says.
    pub async fn begin_rest(&self, id: CampaignId) -> Result<bool> {
        again!(self.begin_rest_once(id))
    }

    async fn begin_rest_once(&self, id: CampaignId) -> Result<bool> {
        let now = self.0.clock.calendar();
        let tx = self.0.begin().await?;
        let (campaign, begun_to) = locked(&tx, id).await?;
        if campaign.state != CampaignState::Running || campaign.wave != Wave::Rest {
            return Ok(false);
        }
        let from = begun_to.unwrap_or_default();
        let text = "SELECT lead_id FROM audience WHERE campaign_id = ? AND why_out IS NULL AND lead_id > ? ORDER BY lead_id LIMIT 1 OFFSET ?";
        let values = vec![id.0.into(), from.into(), (BATCH - 1).into()];
        let to = Lead::find_by_statement(self.0.sql(text, values)).one(&*tx).await?.map(|row| row.lead_id);
        self.begin(&tx, &campaign, &Part::Between(from, to.unwrap_or(Uuid::max())), now).await?;
        match to {
            Some(_) => keep(&tx, &campaign, to).await?,
            None => keep(&tx, &campaign.all_begun(), None).await?,
        }
        self.0.commit(tx, true).await?;
        Ok(to.is_some())
    }

    /// These leads have come to match: they begin, too, where the campaign runs. How many did.
    ///
    /// # Errors
    /// As the database says.
    pub async fn join(&self, id: CampaignId, newcomers: &[(LeadId, Option<String>)]) -> Result<u64> {
        again!(self.join_once(id, newcomers))
    }

    async fn join_once(&self, id: CampaignId, newcomers: &[(LeadId, Option<String>)]) -> Result<u64> {
        let now = self.0.clock.calendar();
        let tx = self.0.begin().await?;
        let (mut campaign, begun_to) = locked(&tx, id).await?;
        if campaign.state != CampaignState::Running || !campaign.follows {
            return Ok(0);
        }
        let mut begun = 0;
        for chunk in newcomers.chunks(500) {
            // Who was out when they were asked before may be in now; who is in stays in.
            let text = format!(
                "INSERT INTO audience (campaign_id, lead_id, why_out) VALUES {} ON CONFLICT (campaign_id, lead_id) DO UPDATE SET why_out = excluded.why_out WHERE audience.why_out IS NOT NULL",
                crate::transaction::rows_of(chunk.len(), 3)
            );
            let values = chunk
                .iter()
                .flat_map(|(lead, why)| [Value::from(id.0), lead.0.into(), why.clone().into()])
                .collect();
            tx.execute_raw(self.0.sql(&text, values)).await?;
            let those_in: Vec<Uuid> = chunk
                .iter()
                .filter(|(_, why)| why.as_deref().is_none_or(|why| why == HELD_OUT))
                .map(|(lead, _)| lead.0)
                .collect();
            begun += self.begin(&tx, &campaign, &Part::These(&those_in), now).await?;
        }
        (campaign.counted_in, campaign.counted_out) = (0, 0);
        let counted = "SELECT count(*) AS count, CASE WHEN why_out IS NULL THEN 'in' ELSE 'out' END AS why FROM audience WHERE campaign_id = ? GROUP BY 2";
        for row in super::Reason::find_by_statement(self.0.sql(counted, vec![id.0.into()])).all(&*tx).await? {
            match row.why.as_str() {
                "in" => campaign.counted_in = row.count,
                _ => campaign.counted_out = row.count,
            }
        }
        campaign.revision += 1;
        keep(&tx, &campaign, begun_to).await?;
        self.0.commit(tx, begun > 0).await?;
        Ok(begun)
    }

    /// A part of the audience begins: the set form of `Enrollment::begin`. Left out are those who have begun this campaign
    /// already, who began its sequence in another way since the preview, and who are in it now. Who is held out goes through the plan,
    /// too, and is written nothing.
    async fn begin(&self, tx: &Writing, campaign: &Campaign, part: &Part<'_>, now: Moment) -> Result<u64> {
        let which = match part {
            Part::These([]) => return Ok(0),
            Part::These(leads) => format!("a.lead_id IN ({})", list_of(leads.len())),
            Part::Between(..) => "a.lead_id > ? AND a.lead_id <= ?".to_owned(),
        };
        let text = format!(
            "INSERT INTO enrollment (id, lead_id, sequence, version, campaign_id, step, started_at, state, due_at, held_out) \
             SELECT {}, a.lead_id, ?, ?, a.campaign_id, 0, ?, 'due', ?, a.why_out IS NOT NULL FROM audience a \
             WHERE a.campaign_id = ? AND (a.why_out IS NULL OR a.why_out = '{HELD_OUT}') AND {which} \
             AND EXISTS (SELECT 1 FROM lead l WHERE l.id = a.lead_id) \
             AND NOT EXISTS (SELECT 1 FROM enrollment e WHERE e.lead_id = a.lead_id AND (e.campaign_id = a.campaign_id OR (e.sequence = ? AND e.started_at > ?))) \
             ORDER BY a.lead_id ON CONFLICT DO NOTHING",
            mint::in_sql(self.0.db.get_database_backend(), now),
        );
        let (sequence, now) = (campaign.sequence.as_str(), micros(now));
        let mut values: Vec<Value> =
            vec![sequence.into(), campaign.version.into(), now.into(), now.into(), campaign.id.0.into()];
        match part {
            Part::These(leads) => values.extend(leads.iter().map(|lead| Value::from(*lead))),
            Part::Between(from, to) => values.extend([Value::from(*from), (*to).into()]),
        }
        values.extend([sequence.into(), micros(campaign.made_at).into()]);
        Ok(tx.execute_raw(self.0.sql(&text, values)).await?.rows_affected())
    }

    /// What came of the first ones, and whether all of them that can leave now have left: some have, or none has anything to send.
    ///
    /// # Errors
    /// As the database says.
    pub async fn first_ones(&self, id: CampaignId, now: Moment) -> Result<(FirstOnes, bool)> {
        let now = micros(now);
        let mails = "SELECT count(CASE WHEN state IN ('claimed', 'committing') OR (state = 'pending' AND not_before <= ?) THEN 1 END) AS going, \
                     count(CASE WHEN state IN ('sent', 'sent_assumed', 'failed', 'unknown') THEN 1 END) AS left_, \
                     count(CASE WHEN state = 'failed' THEN 1 END) AS bounced, \
                     (SELECT count(DISTINCT h.delivery_id) FROM heard h JOIN delivery m ON m.id = h.delivery_id WHERE m.campaign_id = ? AND h.kind = 'complaint') AS complained \
                     FROM delivery WHERE campaign_id = ?";
        let values = vec![now.into(), id.0.into(), id.0.into()];
        let mails = self.numbers(mails, values).await?;
        let runs = "SELECT count(CASE WHEN state = 'due' AND due_at <= ? THEN 1 END) AS going, count(CASE WHEN state IN ('due', 'awaiting') THEN 1 END) AS live FROM enrollment WHERE campaign_id = ?";
        let runs = self.numbers(runs, vec![now.into(), id.0.into()]).await?;
        let ([going, left, bounced, complained], [due, live]) = (mails, runs);
        let all_left = going == 0 && due == 0 && (left > 0 || live == 0);
        Ok((FirstOnes { left, bounced, complained }, all_left))
    }

    /// The numbers of a row of counts.
    pub(super) async fn numbers<const N: usize>(&self, text: &str, values: Vec<Value>) -> Result<[i64; N]> {
        let mut numbers = [0; N];
        if let Some(row) = self.0.db.query_one_raw(self.0.sql(text, values)).await? {
            for (at, number) in numbers.iter_mut().enumerate() {
                *number = row.try_get_by_index(at)?;
            }
        }
        Ok(numbers)
    }
}

/// Which part of an audience.
enum Part<'a> {
    /// These leads.
    These(&'a [Uuid]),
    /// Those behind one lead, up to another.
    Between(Uuid, Uuid),
}
