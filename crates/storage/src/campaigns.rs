//! Campaigns: previewed with their audience, launched, held, stopped.

mod audience;
mod preview;
mod tally;
mod waves;

pub use audience::{ASKED_AT_ONCE, Asked, Listed, Whom};
pub use preview::{Preview, Previewed};

use crate::{
    Result, Store,
    rows::{campaign, micros, put},
    transaction::{Writing, again},
};
use rekindle_core::{
    campaign::{Campaign, CampaignState, Caution},
    enrollment::Ended,
    ids::{CampaignId, LeadId},
    refusal::Refusal,
    team::Handle,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Value,
    prelude::Uuid,
};

/// How many rows one transaction of a campaign writes: few enough that who presses Hold waits for none.
const BATCH: i64 = 2_000;

/// The campaigns.
#[derive(Debug, Clone, Copy)]
pub struct Campaigns<'a>(&'a Store);

impl Store {
    /// The campaigns.
    pub fn campaigns(&self) -> Campaigns<'_> {
        Campaigns(self)
    }
}

/// A count of one reason.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Reason {
    /// In words.
    pub why: String,
    /// How many.
    pub count: i64,
}

#[derive(FromQueryResult)]
struct Id {
    id: Uuid,
}

impl Campaigns<'_> {
    /// Launches what was previewed, or asks for the second person: the first ones begin with it, and where there are none, the
    /// first batch of everybody. Who may no longer be written to is found out at the gate.
    ///
    /// # Errors
    /// [`Refusal`] when there is no such preview, it was launched before, or a second person is wanted.
    pub async fn launch(&self, id: CampaignId, by: &Handle, caution: &Caution) -> Result<Campaign> {
        again!(self.launch_once(id, by, caution))?;
        self.begin_rest(id).await?;
        self.named(&id.to_string()).await
    }

    async fn launch_once(&self, id: CampaignId, by: &Handle, caution: &Caution) -> Result<()> {
        let now = self.0.clock.calendar();
        let tx = self.0.begin().await?;
        let (campaign, begun_to) = locked(&tx, id).await?;
        let campaign = campaign.launch(by, caution, now)?;
        if campaign.state == CampaignState::Running && campaign.first > 0 {
            self.begin_first(&tx, &campaign, now).await?;
        }
        keep(&tx, &campaign, begun_to).await?;
        self.0.commit(tx, true).await
    }

    /// Moves a campaign: hold, resume, stop, done. It is committed at once, and then what waits for it is woken or ended, a batch
    /// at a time.
    ///
    /// # Errors
    /// [`Refusal`] when there is none, or it cannot be moved so.
    pub async fn moved<F>(&self, id: CampaignId, to: F) -> Result<Campaign>
    where
        F: Fn(Campaign) -> Result<Campaign, Refusal> + Send + Sync,
    {
        let campaign = again!(self.move_once(id, &to))?;
        match campaign.state {
            CampaignState::Running => {
                self.wake(id).await?;
                self.begin_rest(id).await?;
                self.named(&id.to_string()).await
            }
            CampaignState::Stopped => {
                while self.end_runs(id).await? > 0 {}
                Ok(campaign)
            }
            _ => Ok(campaign),
        }
    }

    async fn move_once<F>(&self, id: CampaignId, to: &F) -> Result<Campaign>
    where
        F: Fn(Campaign) -> Result<Campaign, Refusal> + Send + Sync,
    {
        let tx = self.0.begin().await?;
        let (campaign, begun_to) = locked(&tx, id).await?;
        let campaign = to(campaign)?;
        keep(&tx, &campaign, begun_to).await?;
        self.0.commit(tx, true).await?;
        Ok(campaign)
    }

    /// What a hold has put off looks again at once.
    async fn wake(&self, id: CampaignId) -> Result<()> {
        let held = "reason = 'the campaign is held'";
        for (table, at, state) in [("delivery", "not_before", "pending"), ("enrollment", "due_at", "due")] {
            let text = format!(
                "UPDATE {table} SET {at} = ? WHERE id IN (SELECT id FROM {table} WHERE campaign_id = ? AND state = '{state}' AND {at} > ? AND {held} LIMIT {BATCH})"
            );
            loop {
                let now = micros(self.0.clock.calendar());
                let values: Vec<Value> = vec![now.into(), id.0.into(), now.into()];
                let woken = again!(async {
                    let tx = self.0.begin().await?;
                    let woken = tx.execute_raw(self.0.sql(&text, values.clone())).await?.rows_affected();
                    self.0.commit(tx, woken > 0).await?;
                    Ok(woken)
                })?;
                if woken == 0 {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Ends runs of a campaign that was stopped, a batch of them; how many. The set-based form of `Enrollment::end`.
    ///
    /// # Errors
    /// As the database says.
    pub async fn end_runs(&self, id: CampaignId) -> Result<u64> {
        let now = micros(self.0.clock.calendar());
        let text = format!(
            "UPDATE enrollment SET state = ?, ended_at = ?, delivery_id = NULL, reason = 'the campaign was stopped' \
             WHERE id IN (SELECT id FROM enrollment WHERE campaign_id = ? AND state IN ('due', 'awaiting') LIMIT {BATCH})"
        );
        again!(async {
            let tx = self.0.begin().await?;
            let values: Vec<Value> = vec![Ended::Stopped.word().into(), now.into(), id.0.into()];
            let ended = tx.execute_raw(self.0.sql(&text, values)).await?.rows_affected();
            self.0.commit(tx, ended > 0).await?;
            Ok(ended)
        })
    }

    /// Campaigns that were stopped and have runs that are not ended yet.
    ///
    /// # Errors
    /// As the database says.
    pub async fn to_end(&self) -> Result<Vec<CampaignId>> {
        self.ids("c.state = 'stopped' AND EXISTS (SELECT 1 FROM enrollment e WHERE e.campaign_id = c.id AND e.state IN ('due', 'awaiting'))")
            .await
    }

    /// Whether a campaign has runs that are not ended.
    ///
    /// # Errors
    /// As the database says.
    pub async fn has_runs(&self, id: CampaignId) -> Result<bool> {
        let text =
            "SELECT 1 AS live FROM enrollment WHERE campaign_id = ? AND state IN ('due', 'awaiting') LIMIT 1";
        Ok(self.0.db.query_one_raw(self.0.sql(text, vec![id.0.into()])).await?.is_some())
    }

    /// Running campaigns that have no run left, and to which nobody can come.
    ///
    /// # Errors
    /// As the database says.
    pub async fn finished(&self) -> Result<Vec<CampaignId>> {
        self.ids("c.state = 'running' AND c.wave = 'all' AND c.follows IS NOT TRUE AND NOT EXISTS (SELECT 1 FROM enrollment e WHERE e.campaign_id = c.id AND e.state IN ('due', 'awaiting'))")
            .await
    }

    async fn ids(&self, which: &str) -> Result<Vec<CampaignId>> {
        let text = format!("SELECT c.id AS id FROM campaign c WHERE {which} ORDER BY c.id");
        let rows = Id::find_by_statement(self.0.sql(&text, Vec::new())).all(&self.0.db).await?;
        Ok(rows.into_iter().map(|row| CampaignId(row.id)).collect())
    }

    /// The campaign that a person means: by id, or the newest of a sequence.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] when there is none.
    pub async fn named(&self, name: &str) -> Result<Campaign> {
        let row = match name.trim().parse::<CampaignId>() {
            Ok(id) => campaign::Entity::find_by_id(id.0).one(&self.0.db).await?,
            Err(_) => {
                campaign::Entity::find()
                    .filter(campaign::Column::Sequence.eq(name.trim()))
                    .filter(campaign::Column::State.ne("draft"))
                    .order_by_desc(campaign::Column::Id)
                    .one(&self.0.db)
                    .await?
            }
        };
        let help = "; give its id (campaign_…) or the name of its sequence".to_owned();
        row.ok_or(Refusal::Unknown { what: "campaign", name: name.to_owned(), help })?.campaign()
    }

    /// Campaigns that were launched, newest first.
    ///
    /// # Errors
    /// As the database says.
    pub async fn launched(&self, most: u64) -> Result<Vec<Campaign>> {
        let rows = campaign::Entity::find()
            .filter(campaign::Column::State.ne("draft"))
            .order_by_desc(campaign::Column::Id)
            .limit(most)
            .all(&self.0.db)
            .await?;
        rows.into_iter().map(campaign::Model::campaign).collect()
    }

    /// Who was out at the preview, counted by reason, the most first.
    ///
    /// # Errors
    /// As the database says.
    pub async fn reasons_out(&self, id: CampaignId) -> Result<Vec<Reason>> {
        let text = "SELECT why_out AS why, count(*) AS count FROM audience WHERE campaign_id = ? AND why_out IS NOT NULL GROUP BY why_out ORDER BY count(*) DESC, why_out";
        Ok(Reason::find_by_statement(self.0.sql(text, vec![id.0.into()])).all(&self.0.db).await?)
    }

    /// Everybody whom a campaign was asked about, in or out.
    ///
    /// # Errors
    /// As the database says.
    pub async fn everybody(&self, id: CampaignId) -> Result<Vec<LeadId>> {
        let leads: Vec<Uuid> = campaign::audience::Entity::find()
            .select_only()
            .column(campaign::audience::Column::LeadId)
            .filter(campaign::audience::Column::CampaignId.eq(id.0))
            .into_tuple()
            .all(&self.0.db)
            .await?;
        Ok(leads.into_iter().map(LeadId).collect())
    }

    /// How far a campaign is: its deliveries by state, and its runs by state.
    ///
    /// # Errors
    /// As the database says.
    pub async fn progress(&self, id: CampaignId) -> Result<(Vec<Reason>, Vec<Reason>)> {
        let by_state = |rows: &str| {
            format!("SELECT state AS why, count(*) AS count FROM {rows} GROUP BY state ORDER BY state")
        };
        let deliveries = by_state("delivery WHERE campaign_id = ?");
        // Who is held out has a run for the reports, and is no part of what the campaign does.
        let runs = by_state("enrollment WHERE campaign_id = ? AND held_out IS NOT TRUE");
        let deliveries = Reason::find_by_statement(self.0.sql(&deliveries, vec![id.0.into()]));
        let runs = Reason::find_by_statement(self.0.sql(&runs, vec![id.0.into()]));
        Ok((deliveries.all(&self.0.db).await?, runs.all(&self.0.db).await?))
    }
}

/// A campaign under its lock, and up to whom its audience has begun.
async fn locked(tx: &Writing, id: CampaignId) -> Result<(Campaign, Option<Uuid>)> {
    let row =
        campaign::Entity::find_by_id(id.0).lock(sea_orm::sea_query::LockType::Update).one(&**tx).await?;
    let help = "; preview one with /campaign preview SEQUENCE SEGMENT".to_owned();
    let row = row.ok_or(Refusal::Unknown { what: "campaign", name: id.to_string(), help })?;
    let begun_to = row.begun_to;
    Ok((row.campaign()?, begun_to))
}

async fn keep(tx: &Writing, campaign: &Campaign, begun_to: Option<Uuid>) -> Result<()> {
    put::<campaign::Entity, _>(&**tx, vec![campaign::Model::of(campaign, begun_to)]).await
}
