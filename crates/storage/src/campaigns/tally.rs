//! What has come of campaigns: counted from the rows, and kept on the campaign's, from which its card is rendered.

use super::{Campaigns, Reason, keep, locked};
use crate::{
    Result,
    figures::Deals,
    rows::{campaign, micros},
    transaction::again,
};
use chrono::TimeDelta;
use rekindle_core::{
    activity::names,
    campaign::{Campaign, CampaignState, Figures, Variant},
    ids::CampaignId,
};
use sea_orm::{ColumnTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter, Value};

/// How long after its launch it is still counted what comes of a campaign that is over: people answer late.
const COUNTED_FOR: TimeDelta = TimeDelta::days(30);

#[derive(FromQueryResult)]
struct Tried {
    mail: String,
    number: i32,
    sent: i64,
    clicked: i64,
}

#[derive(FromQueryResult)]
struct Won {
    note: Option<String>,
}

impl Campaigns<'_> {
    /// Campaigns of which something may still come.
    ///
    /// # Errors
    /// As the database says.
    pub async fn to_tally(&self) -> Result<Vec<CampaignId>> {
        let since = micros(self.0.clock.calendar() - COUNTED_FOR);
        self.ids(&format!(
            "c.state IN ('running', 'held') OR (c.state IN ('stopped', 'done') AND c.launched_at > {since})"
        ))
        .await
    }

    /// Campaigns that try what was typed for them, and of which something may still come.
    ///
    /// # Errors
    /// As the database says.
    pub async fn trying(&self) -> Result<Vec<Campaign>> {
        let still = self.to_tally().await?;
        let rows = campaign::Entity::find()
            .filter(campaign::Column::Subjects.is_not_null())
            .filter(campaign::Column::Id.is_in(still.iter().map(|id| id.0)))
            .all(&self.0.db)
            .await?;
        rows.into_iter().map(campaign::Model::campaign).collect()
    }

    /// Counts anew what has come of a campaign; whether that is more than was known.
    ///
    /// # Errors
    /// As the database says.
    pub async fn tally(&self, id: CampaignId) -> Result<bool> {
        let figures = self.count(id).await?;
        again!(async {
            let tx = self.0.begin().await?;
            let (campaign, begun_to) = locked(&tx, id).await?;
            if matches!(campaign.state, CampaignState::Draft | CampaignState::Asked) {
                return Ok(false);
            }
            let Some(campaign) = campaign.tallied(figures.clone()) else { return Ok(false) };
            keep(&tx, &campaign, begun_to).await?;
            self.0.commit(tx, true).await?;
            Ok(true)
        })
    }

    /// What has come of a campaign so far.
    ///
    /// # Errors
    /// As the database says.
    pub async fn count(&self, id: CampaignId) -> Result<Figures> {
        let pairs = |rows: Vec<Reason>| rows.into_iter().map(|row| (row.why, row.count)).collect::<Vec<_>>();
        let (mails, runs) = self.progress(id).await?;
        let runs = pairs(runs);
        let (first, _) = self.first_ones(id, self.0.clock.calendar()).await?;
        let (clicked, replied, unsubscribed) = (
            self.people_who(id, names::CLICKED).await?,
            self.people_who(id, names::REPLIED).await?,
            self.people_who(id, names::UNSUBSCRIBED).await?,
        );
        // Ids tell on every clock what was first: an alert raised after the preview, of somebody the campaign wrote to.
        let won = "SELECT a.detail ->> 'note' AS note FROM alert a WHERE a.state = 'closed' AND a.detail ->> 'how' = 'won' AND a.id > ? \
                   AND EXISTS (SELECT 1 FROM delivery d WHERE d.lead_id = a.lead_id AND d.campaign_id = ? AND d.state IN ('sent', 'sent_assumed')) LIMIT 10000";
        let won =
            Won::find_by_statement(self.0.sql(won, vec![id.0.into(), id.0.into()])).all(&self.0.db).await?;
        let mut deals = Deals::default();
        won.iter().for_each(|won| deals.add(won.note.as_deref()));
        Ok(Figures {
            begun: runs.iter().map(|(_, count)| count).sum(),
            runs,
            mails: pairs(mails),
            sent: first.left,
            bounced: first.bounced,
            complained: first.complained,
            clicked,
            replied,
            unsubscribed,
            won: deals.won,
            revenue: deals.revenue,
            variants: self.variants(id).await?,
            first,
        })
    }

    /// What came of each subject, of mails that have several.
    async fn variants(&self, id: CampaignId) -> Result<Vec<Variant>> {
        let named = self.named_in_activities();
        let text = format!(
            "SELECT d.mail AS mail, d.variant AS number, count(*) AS sent, \
             count(CASE WHEN EXISTS (SELECT 1 FROM activity a WHERE a.lead_id = d.lead_id AND a.name = ? AND a.human AND a.properties ->> 'delivery' = {named}) THEN 1 END) AS clicked \
             FROM delivery d WHERE d.campaign_id = ? AND d.variant IS NOT NULL AND d.state IN ('sent', 'sent_assumed', 'failed', 'unknown') \
             GROUP BY d.mail, d.variant ORDER BY d.mail, d.variant"
        );
        let values: Vec<Value> = vec![names::CLICKED.into(), id.0.into()];
        let rows = Tried::find_by_statement(self.0.sql(&text, values)).all(&self.0.db).await?;
        let variant = |row: Tried| Variant {
            mail: row.mail,
            number: usize::try_from(row.number).unwrap_or_default(),
            sent: row.sent,
            clicked: row.clicked,
        };
        Ok(rows.into_iter().map(variant).collect())
    }

    /// A delivery `d` as activities name it.
    fn named_in_activities(&self) -> &'static str {
        match self.0.db.get_database_backend() {
            DbBackend::Postgres => "'delivery_' || replace(d.id::text, '-', '')",
            _ => "'delivery_' || lower(hex(d.id))",
        }
    }

    /// How many people did something by a mail of a campaign.
    async fn people_who(&self, id: CampaignId, did: &str) -> Result<i64> {
        let named = self.named_in_activities();
        let text = format!(
            "SELECT count(DISTINCT d.lead_id) FROM delivery d JOIN activity a ON a.lead_id = d.lead_id \
             WHERE d.campaign_id = ? AND a.name = ? AND a.human AND a.properties ->> 'delivery' = {named}"
        );
        let values: Vec<Value> = vec![id.0.into(), did.into()];
        let [count] = self.numbers(&text, values).await?;
        Ok(count)
    }
}
