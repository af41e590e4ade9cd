//! Campaigns: previewed with a frozen audience, launched, held, stopped.

use crate::{
    Result, Store, mint,
    rows::{add, campaign, enrollment, micros, put},
    transaction::again,
};
use rekindle_core::{
    campaign::{Campaign, CampaignState},
    enrollment::{Ended, Enrollment, HELD_OUT, Planned},
    ids::{CampaignId, EnrollmentId, LeadId},
    refusal::Refusal,
    team::Handle,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect, Value, prelude::Uuid,
};

/// The campaigns.
#[derive(Debug, Clone, Copy)]
pub struct Campaigns<'a>(&'a Store);

impl Store {
    /// The campaigns.
    pub fn campaigns(&self) -> Campaigns<'_> {
        Campaigns(self)
    }
}

/// A preview before it is kept.
#[derive(Debug, Clone)]
pub struct Previewed {
    /// Which plan.
    pub sequence: String,
    /// At whom.
    pub segment: String,
    /// In which version of the playbook.
    pub version: i64,
    /// Who asked.
    pub by: Handle,
    /// Who matched: in (`None`), or out and why.
    pub audience: Vec<(LeadId, Option<String>)>,
}

/// A count of one reason.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Reason {
    /// In words.
    pub why: String,
    /// How many.
    pub count: i64,
}

impl Campaigns<'_> {
    /// Keeps a preview with its audience; nothing is launched.
    ///
    /// # Errors
    /// As the database says.
    pub async fn preview(&self, previewed: Previewed) -> Result<Campaign> {
        let counted_in = previewed.audience.iter().filter(|(_, why)| why.is_none()).count();
        let campaign = Campaign {
            id: CampaignId(mint::id()),
            sequence: previewed.sequence,
            segment: previewed.segment,
            version: previewed.version,
            state: CampaignState::Draft,
            made_by: previewed.by,
            made_at: self.0.clock.calendar(),
            launched_by: None,
            launched_at: None,
            counted_in: i64::try_from(counted_in).unwrap_or(i64::MAX),
            counted_out: i64::try_from(previewed.audience.len() - counted_in).unwrap_or(i64::MAX),
            revision: 1,
        };
        let rows = previewed.audience.into_iter().map(|(lead, why_out)| campaign::audience::Model {
            campaign_id: campaign.id.0,
            lead_id: lead.0,
            why_out,
        });
        let tx = self.0.begin().await?;
        put::<campaign::Entity, _>(&*tx, vec![campaign::Model::of(&campaign)]).await?;
        add::<campaign::audience::Entity, _>(&*tx, rows.collect()).await?;
        self.0.commit(tx, false).await?;
        Ok(campaign)
    }

    /// Launches what was previewed: everybody who was in begins the sequence, in one transaction, but those
    /// who began it meanwhile. Who may no longer be written to is found out at the gate.
    ///
    /// # Errors
    /// [`Refusal`] when there is no such preview, or it was launched before.
    pub async fn launch(&self, id: CampaignId, by: &Handle) -> Result<Campaign> {
        again!(self.launch_once(id, by))
    }

    async fn launch_once(&self, id: CampaignId, by: &Handle) -> Result<Campaign> {
        let now = self.0.clock.calendar();
        let tx = self.0.begin().await?;
        let campaign = locked(&tx, id).await?.launch(by, now)?;
        // Who is held out goes through the plan, too, and is written nothing.
        let audience: Vec<(Uuid, Option<String>)> = campaign::audience::Entity::find()
            .select_only()
            .column(campaign::audience::Column::LeadId)
            .column(campaign::audience::Column::WhyOut)
            .filter(campaign::audience::Column::CampaignId.eq(id.0))
            .filter(
                Condition::any()
                    .add(campaign::audience::Column::WhyOut.is_null())
                    .add(campaign::audience::Column::WhyOut.eq(HELD_OUT)),
            )
            .into_tuple()
            .all(&*tx)
            .await?;
        let busy: Vec<Uuid> = enrollment::Entity::find()
            .select_only()
            .column(enrollment::Column::LeadId)
            .filter(enrollment::Column::Sequence.eq(campaign.sequence.as_str()))
            .filter(enrollment::Column::State.is_in(["due", "awaiting"]))
            .into_tuple()
            .all(&*tx)
            .await?;
        let busy: std::collections::HashSet<Uuid> = busy.into_iter().collect();
        let planned = |held_out| Planned {
            sequence: campaign.sequence.clone(),
            version: campaign.version,
            campaign: Some(campaign.id),
            at: None,
            since: None,
            key: None,
            held_out,
        };
        let runs = audience.into_iter().filter(|(lead, _)| !busy.contains(lead)).map(|(lead, why_out)| {
            let planned = planned(Some(why_out.is_some()));
            let run = Enrollment::begin(EnrollmentId(mint::id()), LeadId(lead), &planned, now);
            enrollment::Model::of(&run)
        });
        add::<enrollment::Entity, _>(&*tx, runs.collect()).await?;
        put::<campaign::Entity, _>(&*tx, vec![campaign::Model::of(&campaign)]).await?;
        self.0.commit(tx, true).await?;
        Ok(campaign)
    }

    /// Moves a campaign: hold, resume, stop, done. What waits for it looks again at once; a stop ends its runs.
    ///
    /// # Errors
    /// [`Refusal`] when there is none, or it cannot be moved so.
    pub async fn moved<F>(&self, id: CampaignId, to: F) -> Result<Campaign>
    where
        F: Fn(Campaign) -> Result<Campaign, Refusal> + Send + Sync,
    {
        again!(self.move_once(id, &to))
    }

    async fn move_once<F>(&self, id: CampaignId, to: &F) -> Result<Campaign>
    where
        F: Fn(Campaign) -> Result<Campaign, Refusal> + Send + Sync,
    {
        let now = micros(self.0.clock.calendar());
        let tx = self.0.begin().await?;
        let campaign = to(locked(&tx, id).await?)?;
        put::<campaign::Entity, _>(&*tx, vec![campaign::Model::of(&campaign)]).await?;
        match campaign.state {
            CampaignState::Running => {
                let values = || -> Vec<Value> { vec![now.into(), now.into(), id.0.into()] };
                let mails = "UPDATE delivery SET not_before = ? WHERE state = 'pending' AND not_before > ? AND campaign_id = ? AND reason = 'the campaign is held'";
                tx.execute_raw(self.0.sql(mails, values())).await?;
                let runs = "UPDATE enrollment SET due_at = ? WHERE state = 'due' AND due_at > ? AND campaign_id = ? AND reason = 'the campaign is held'";
                tx.execute_raw(self.0.sql(runs, values())).await?;
            }
            CampaignState::Stopped => {
                // The set-based form of `Enrollment::end`.
                let text = "UPDATE enrollment SET state = ?, ended_at = ?, due_at = NULL, delivery_id = NULL, reason = 'the campaign was stopped' WHERE campaign_id = ? AND state IN ('due', 'awaiting')";
                let values = vec![Ended::Stopped.word().into(), now.into(), id.0.into()];
                tx.execute_raw(self.0.sql(text, values)).await?;
            }
            _ => {}
        }
        self.0.commit(tx, true).await?;
        Ok(campaign)
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
    pub async fn audience(&self, id: CampaignId) -> Result<Vec<LeadId>> {
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
        let by_state = |table: &str| {
            format!(
                "SELECT state AS why, count(*) AS count FROM {table} WHERE campaign_id = ? GROUP BY state ORDER BY state"
            )
        };
        let deliveries = Reason::find_by_statement(self.0.sql(&by_state("delivery"), vec![id.0.into()]));
        let runs = Reason::find_by_statement(self.0.sql(&by_state("enrollment"), vec![id.0.into()]));
        Ok((deliveries.all(&self.0.db).await?, runs.all(&self.0.db).await?))
    }

    /// Running campaigns that have no run left.
    ///
    /// # Errors
    /// As the database says.
    pub async fn finished(&self) -> Result<Vec<CampaignId>> {
        #[derive(FromQueryResult)]
        struct Id {
            id: Uuid,
        }
        let text = "SELECT c.id AS id FROM campaign c WHERE c.state = 'running' AND NOT EXISTS (SELECT 1 FROM enrollment e WHERE e.campaign_id = c.id AND e.state IN ('due', 'awaiting'))";
        let rows = Id::find_by_statement(self.0.sql(text, Vec::new())).all(&self.0.db).await?;
        Ok(rows.into_iter().map(|row| CampaignId(row.id)).collect())
    }
}

async fn locked(tx: &crate::transaction::Writing, id: CampaignId) -> Result<Campaign> {
    let row =
        campaign::Entity::find_by_id(id.0).lock(sea_orm::sea_query::LockType::Update).one(&**tx).await?;
    let help = "; preview one with /campaign preview SEQUENCE SEGMENT".to_owned();
    row.ok_or(Refusal::Unknown { what: "campaign", name: id.to_string(), help })?.campaign()
}
