//! The people of a company, counted together.

use super::Leads;
use crate::{Result, rows::micros, segments::points::Counting};
use rekindle_core::{
    company::{ACTIVE, Company, Hottest, domain_of},
    ids::LeadId,
    lead::Lead,
    playbook::Playbook,
    segment::fold,
    time::Moment,
};
use sea_orm::{ConnectionTrait, prelude::Uuid};

impl Leads<'_> {
    /// The company of a lead, with the points of its people as they stand; none where the lead has no address, or one that
    /// anybody can have.
    ///
    /// # Errors
    /// As the database says.
    pub async fn company(&self, lead: &Lead, playbook: &Playbook, now: Moment) -> Result<Option<Company>> {
        let Some(domain) = domain_of(lead) else { return Ok(None) };
        let backend = self.0.db.get_database_backend();
        let score = Counting { backend, scoring: &playbook.scoring, now: micros(now) }.score();
        // index `ix_lead_domain`
        let text = format!(
            "WITH people AS (SELECT lead.id, lead.last_human_at, {score} AS score FROM lead WHERE (lead.told -> 'domain' ->> 0) = ?) \
             SELECT count(*) AS people, count(*) FILTER (WHERE last_human_at > ?) AS active, \
             CAST(sum(score) AS bigint) AS points, CAST(max(score) AS bigint) AS most, \
             (SELECT p.id FROM people p ORDER BY p.score DESC, p.id LIMIT 1) AS hottest FROM people"
        );
        let values = vec![fold(domain).into(), micros(now - ACTIVE).into()];
        let Some(row) = self.0.db.query_one_raw(self.0.sql(&text, values)).await? else { return Ok(None) };
        let Some(hottest) = row.try_get::<Option<Uuid>>("", "hottest")?.map(LeadId) else { return Ok(None) };
        let called = self.by_id(hottest).await?.called().to_owned();
        Ok(Some(Company {
            domain: domain.to_owned(),
            people: row.try_get("", "people")?,
            active: row.try_get("", "active")?,
            points: row.try_get("", "points")?,
            hottest: Hottest { lead: hottest, called, score: row.try_get("", "most")? },
        }))
    }
}
