//! Who a campaign is for: who answers the segment's question yes, a page at a time, and each has its place in a list.

use super::Campaigns;
use crate::{
    Result,
    rows::{campaign, moment},
    transaction::list_of,
};
use rekindle_core::{
    enrollment::{HELD_OUT, may_begin},
    ids::{CampaignId, LeadId},
    lead::Lead,
    playbook::Playbooks,
    sequence::Sequence,
    time::Moment,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, Value, prelude::Uuid,
};
use std::collections::{HashMap, HashSet};

/// How many of those who answer yes are asked at a time.
pub const ASKED_AT_ONCE: usize = 1_000;
/// How far back the mails lie from which bounces are foreseen.
const PAST_DAYS: i64 = 180;

/// Somebody who answered yes.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Who.
    pub lead: Lead,
    /// Why they are out, if they are.
    pub why_out: Option<String>,
    /// Whether they took a mail of ours before.
    pub was_mailed: bool,
    /// Mails of other sequences that are to come: the sequence, and when at the earliest.
    pub others: Vec<(String, Moment)>,
}

/// Which part of an audience is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// All who matched.
    Matched,
    /// Who is in.
    In,
    /// Who is out, for this reason or for any.
    Out(Option<String>),
}

/// A part of an audience.
#[derive(Debug, Clone)]
pub struct Listed {
    /// A page of them, each with the reason to be out.
    pub leads: Vec<(Lead, Option<String>)>,
    /// How many there are.
    pub count: u64,
}

#[derive(FromQueryResult)]
struct Coming {
    lead_id: Uuid,
    sequence: String,
    version: i64,
    step: i32,
    due_at: Option<i64>,
    not_before: Option<i64>,
}

#[derive(FromQueryResult)]
struct OfDomain {
    domain: String,
    mails: i64,
    bounced: i64,
}

impl Campaigns<'_> {
    /// Asks some leads, in the order of their ids: who is in, who is out and why.
    ///
    /// # Errors
    /// As the database says.
    pub async fn ask(&self, plan: &Sequence, playbooks: &Playbooks, ids: &[LeadId]) -> Result<Vec<Asked>> {
        let (leads, now) = (self.0.leads(), self.0.clock.calendar());
        let mut page = leads.by_ids(ids).await?;
        page.sort_by_key(|lead| lead.id);
        let suppressed = leads.suppressed(&page).await?;
        let begun = self.0.runs().begun(&plan.name, ids).await?;
        let mut asked = Vec::new();
        for lead in page {
            let (began, live) = begun.get(&lead.id).copied().unzip();
            let suppressed = suppressed.contains(&lead.id);
            let may = may_begin(&lead, plan, live.unwrap_or(false), began, suppressed, now);
            let held_out = || plan.holds_out(&lead).then(|| HELD_OUT.to_owned());
            let why_out = may.err().or_else(held_out);
            asked.push(Asked { lead, why_out, was_mailed: false, others: Vec::new() });
        }
        self.look_ahead(&mut asked, plan, playbooks).await?;
        Ok(asked)
    }

    /// Adds to those who are in whether they took a mail before, and what else they are to get.
    async fn look_ahead(&self, asked: &mut [Asked], plan: &Sequence, playbooks: &Playbooks) -> Result<()> {
        let ids: Vec<Value> =
            asked.iter().filter(|one| one.why_out.is_none()).map(|one| one.lead.id.0.into()).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let list = list_of(ids.len());
        let took = format!(
            "SELECT DISTINCT lead_id FROM delivery WHERE lead_id IN ({list}) AND state IN ('sent', 'sent_assumed')"
        );
        let rows = self.0.db.query_all_raw(self.0.sql(&took, ids.clone())).await?;
        let took: HashSet<Uuid> =
            rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, sea_orm::DbErr>>()?;
        let coming = format!(
            "SELECT e.lead_id, e.sequence, e.version, e.step, e.due_at, d.not_before FROM enrollment e \
             LEFT JOIN delivery d ON d.id = e.delivery_id AND d.state = 'pending' \
             WHERE e.lead_id IN ({list}) AND e.state IN ('due', 'awaiting') AND e.sequence <> ?"
        );
        let mut values = ids;
        values.push(plan.name.as_str().into());
        let mut others: HashMap<Uuid, Vec<(String, Moment)>> = HashMap::new();
        for row in Coming::find_by_statement(self.0.sql(&coming, values)).all(&self.0.db).await? {
            let step = usize::try_from(row.step).unwrap_or_default();
            let writes =
                playbooks.of(row.version).sequence(&row.sequence).is_some_and(|s| s.mail_at(step).is_some());
            if let Some(at) = row.not_before.or(row.due_at.filter(|_| writes)) {
                others.entry(row.lead_id).or_default().push((row.sequence, moment(at)));
            }
        }
        for one in asked {
            one.was_mailed = took.contains(&one.lead.id.0);
            one.others = others.remove(&one.lead.id.0).unwrap_or_default();
        }
        Ok(())
    }

    /// How many mails went to each domain of late, and how many of them bounced or were refused.
    ///
    /// # Errors
    /// As the database says.
    pub async fn domains(&self) -> Result<HashMap<String, (i64, i64)>> {
        let domain = match self.0.db.get_database_backend() {
            DbBackend::Postgres => "split_part(l.email, '@', 2)",
            _ => "substr(l.email, instr(l.email, '@') + 1)",
        };
        let text = format!(
            "SELECT {domain} AS domain, count(*) AS mails, count(CASE WHEN d.state = 'failed' THEN 1 END) AS bounced \
             FROM delivery d JOIN lead l ON l.id = d.lead_id WHERE d.committed_at > ? AND l.email IS NOT NULL \
             AND d.state IN ('sent', 'sent_assumed', 'failed') GROUP BY 1"
        );
        let since = self.0.clock.calendar() - chrono::TimeDelta::days(PAST_DAYS);
        let values = vec![crate::rows::micros(since).into()];
        let rows = OfDomain::find_by_statement(self.0.sql(&text, values)).all(&self.0.db).await?;
        Ok(rows.into_iter().map(|row| (row.domain, (row.mails, row.bounced))).collect())
    }

    /// A page of a part of a campaign's audience, in the order in which they became known.
    ///
    /// # Errors
    /// As the database says.
    pub async fn audience(&self, id: CampaignId, whom: &Whom, offset: u64, most: u64) -> Result<Listed> {
        use campaign::audience::{Column, Entity};
        let of = Entity::find().filter(Column::CampaignId.eq(id.0));
        let of = match whom {
            Whom::Matched => of,
            Whom::In => of.filter(Column::WhyOut.is_null()),
            Whom::Out(None) => of.filter(Column::WhyOut.is_not_null()),
            Whom::Out(Some(why)) => of.filter(Column::WhyOut.eq(why.as_str())),
        };
        let count = of.clone().count(&self.0.db).await?;
        let rows = of.order_by_asc(Column::LeadId).offset(offset).limit(most).all(&self.0.db).await?;
        let ids: Vec<LeadId> = rows.iter().map(|row| LeadId(row.lead_id)).collect();
        let mut known: HashMap<LeadId, Lead> =
            self.0.leads().by_ids(&ids).await?.into_iter().map(|lead| (lead.id, lead)).collect();
        let leads =
            rows.into_iter().filter_map(|row| Some((known.remove(&LeadId(row.lead_id))?, row.why_out)));
        Ok(Listed { leads: leads.collect(), count })
    }

    /// What was said of a lead when the audience was made: nothing where they did not match, else in (`None`) or out and why.
    ///
    /// # Errors
    /// As the database says.
    pub async fn asked_of(&self, id: CampaignId, lead: LeadId) -> Result<Option<Option<String>>> {
        let row = campaign::audience::Entity::find_by_id((id.0, lead.0)).one(&self.0.db).await?;
        Ok(row.map(|row| row.why_out))
    }

    /// Running campaigns that follow their segment and have begun with those of the preview.
    ///
    /// # Errors
    /// As the database says.
    pub async fn following(&self) -> Result<Vec<rekindle_core::campaign::Campaign>> {
        let rows = campaign::Entity::find()
            .filter(campaign::Column::State.eq("running"))
            .filter(campaign::Column::Wave.eq("all"))
            .filter(campaign::Column::Follows.eq(true))
            .order_by_asc(campaign::Column::Id)
            .all(&self.0.db)
            .await?;
        rows.into_iter().map(campaign::Model::campaign).collect()
    }
}
