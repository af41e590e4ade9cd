//! Leads: found, read, and changed by decisions of `core`.

mod arrivals;
mod company;
mod consents;
mod disowning;
mod dossier;
mod ended;
mod joining;
mod stored;
mod unsubscribing;

pub use dossier::Dossier;

use crate::{
    Result, Store,
    rows::{activity, lead, micros, small},
    scenes::{found, leads_of},
    segments::points::Counting,
    transaction::{again, list_of},
};
use rekindle_core::{
    activity::Activity,
    consent::ConsentState,
    email::EmailAddress,
    ids::LeadId,
    lead::{Journey, Lead},
    playbook::Playbooks,
    refusal::Refusal,
    scene::{Change, Scene},
    team::Handle,
    time::Moment,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, Order, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, Value,
    prelude::Uuid,
    sea_query::{Expr, ExprTrait, Func, LikeExpr, SimpleExpr},
};
use std::collections::HashMap;

/// The leads.
#[derive(Debug, Clone, Copy)]
pub struct Leads<'a>(pub(crate) &'a Store);

impl Store {
    /// The leads.
    pub fn leads(&self) -> Leads<'_> {
        Leads(self)
    }
}

impl Leads<'_> {
    /// Decides about one lead: loads its scene locked, calls `decide`, writes what it returns.
    /// Returns the lead as it stands then.
    ///
    /// # Errors
    /// [`StoreError::Refused`] with what `decide` refused, or because there is no such lead.
    pub async fn decide<F>(&self, id: LeadId, playbooks: &Playbooks, decide: F) -> Result<Lead>
    where
        F: Fn(&Scene, Moment) -> Result<Change, Refusal> + Send + Sync,
    {
        again!(self.decide_once(id, playbooks, &decide))
    }

    async fn decide_once<F>(&self, id: LeadId, playbooks: &Playbooks, decide: &F) -> Result<Lead>
    where
        F: Fn(&Scene, Moment) -> Result<Change, Refusal> + Send + Sync,
    {
        let now = self.0.clock.calendar();
        let tx = self.0.begin().await?;
        let scenes = self.0.scenes(&tx, &[id], playbooks).await?;
        let scene = found(&scenes, id)?;
        let change = decide(scene, now)?;
        let lead = change.lead.clone();
        let loud = self.0.write(&tx, vec![(change, scene)], playbooks, now).await?;
        self.0.commit(tx, loud).await?;
        Ok(lead)
    }

    /// Decides about many leads in one transaction; `None` leaves a lead as it is. Returns how many changed.
    ///
    /// # Errors
    /// As the database says.
    pub async fn decide_all<F>(&self, ids: &[LeadId], playbooks: &Playbooks, decide: F) -> Result<usize>
    where
        F: Fn(&Scene, Moment) -> Option<Change> + Send + Sync,
    {
        again!(self.decide_all_once(ids, playbooks, &decide))
    }

    async fn decide_all_once<F>(&self, ids: &[LeadId], playbooks: &Playbooks, decide: &F) -> Result<usize>
    where
        F: Fn(&Scene, Moment) -> Option<Change> + Send + Sync,
    {
        if ids.is_empty() {
            return Ok(0);
        }
        let now = self.0.clock.calendar();
        let tx = self.0.begin().await?;
        let scenes = self.0.scenes(&tx, ids, playbooks).await?;
        let changes: Vec<_> =
            scenes.values().filter_map(|scene| Some((decide(scene, now)?, scene))).collect();
        let count = changes.len();
        let loud = self.0.write(&tx, changes, playbooks, now).await?;
        self.0.commit(tx, loud).await?;
        Ok(count)
    }

    /// The lead that a person means: by e-mail address or by id.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] when there is none.
    pub async fn named(&self, name: &str) -> Result<Lead> {
        let name = name.trim();
        if let Ok(id) = name.parse::<LeadId>() {
            return self.by_id(id).await;
        }
        if let Ok(email) = EmailAddress::parse(name) {
            let key = format!("e:{}", email.as_str());
            if let Some(row) = small::identity::Entity::find_by_id(key).one(&self.0.db).await? {
                return self.by_id(LeadId(row.lead_id)).await;
            }
        }
        Err(Refusal::no_lead(name).into())
    }

    /// The lead with this id.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] when there is none.
    pub async fn by_id(&self, id: LeadId) -> Result<Lead> {
        match lead::Entity::find_by_id(id.0).one(&self.0.db).await? {
            Some(row) => row.lead(),
            None => Err(Refusal::no_lead(&id.to_string()).into()),
        }
    }

    /// Leads with these ids, in any order.
    ///
    /// # Errors
    /// As the database says.
    pub async fn by_ids(&self, ids: &[LeadId]) -> Result<Vec<Lead>> {
        let mut leads = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(1000) {
            let wanted = chunk.iter().map(|id| id.0);
            leads.extend(leads_of(
                lead::Entity::find().filter(lead::Column::Id.is_in(wanted)).all(&self.0.db).await?,
            )?);
        }
        Ok(leads)
    }

    /// What a lead did, as far as rules count it and segments ask about it, oldest first.
    ///
    /// # Errors
    /// As the database says.
    pub async fn history(&self, id: LeadId, playbooks: &Playbooks) -> Result<Vec<Activity>> {
        let mut histories = self.0.histories(&self.0.db, &[id.0], playbooks).await?;
        Ok(histories.remove(&id).unwrap_or_default())
    }

    /// The histories of many leads, as far as rules count them and segments ask about them.
    ///
    /// # Errors
    /// As the database says.
    pub async fn histories(
        &self,
        ids: &[LeadId],
        playbooks: &Playbooks,
    ) -> Result<HashMap<LeadId, Vec<Activity>>> {
        let mut all = HashMap::new();
        for chunk in ids.chunks(1000) {
            let uuids: Vec<Uuid> = chunk.iter().map(|id| id.0).collect();
            all.extend(self.0.histories(&self.0.db, &uuids, playbooks).await?);
        }
        Ok(all)
    }

    /// Everything these leads did, newest first, `most` each.
    ///
    /// # Errors
    /// As the database says.
    pub async fn activities(&self, ids: &[LeadId], most: usize) -> Result<HashMap<LeadId, Vec<Activity>>> {
        let mut all: HashMap<LeadId, Vec<Activity>> = HashMap::new();
        if let [one] = ids {
            // A card asks for three of what may be a hundred thousand (index `ix_activity_lead`).
            let most = i64::try_from(most).unwrap_or(i64::MAX).unsigned_abs();
            let of_it = activity::Entity::find().filter(activity::Column::LeadId.eq(one.0));
            let rows = of_it.order_by_desc(activity::Column::At).limit(most).all(&self.0.db).await?;
            let activities = rows.into_iter().map(activity::Model::activity).collect::<Result<_>>()?;
            return Ok(HashMap::from([(*one, activities)]));
        }
        for chunk in ids.chunks(1000) {
            let rows = activity::Entity::find()
                .filter(activity::Column::LeadId.is_in(chunk.iter().map(|id| id.0)))
                .order_by_desc(activity::Column::At)
                .all(&self.0.db)
                .await?;
            for row in rows {
                let of_lead = all.entry(LeadId(row.lead_id)).or_default();
                if of_lead.len() < most {
                    of_lead.push(row.activity()?);
                }
            }
        }
        Ok(all)
    }

    /// A page of all leads in the order of their ids, from behind `after`.
    ///
    /// # Errors
    /// As the database says.
    pub async fn page(&self, after: Option<LeadId>, most: u64) -> Result<Vec<Lead>> {
        let mut query = lead::Entity::find().order_by_asc(lead::Column::Id).limit(most);
        if let Some(after) = after {
            query = query.filter(lead::Column::Id.gt(after.0));
        }
        leads_of(query.all(&self.0.db).await?)
    }

    /// Leads whose name, address or company holds a text, in whatever case (of ASCII letters, on SQLite);
    /// those with the most points first; with how many there are.
    ///
    /// # Errors
    /// As the database says.
    pub async fn search(&self, text: &str, offset: u64, most: u64) -> Result<(Vec<Lead>, u64)> {
        let mut query = lead::Entity::find().filter(lead::Column::Email.is_not_null());
        let text = text.trim();
        if !text.is_empty() {
            query = query.filter(
                Condition::any()
                    .add(holds(lead::Column::Email, text))
                    .add(holds(lead::Column::Name, text))
                    .add(holds(lead::Column::Company, text)),
            );
        }
        let count = query.clone().count(&self.0.db).await?;
        let playbooks = self.0.playbooks().await?;
        let counting = Counting {
            backend: self.0.db.get_database_backend(),
            scoring: &playbooks.current().scoring,
            now: micros(self.0.clock.calendar()),
        };
        let rows = query
            .order_by(Expr::cust(counting.score()), Order::Desc)
            .order_by_desc(lead::Column::Id)
            .offset(offset)
            .limit(most)
            .all(&self.0.db)
            .await?;
        Ok((leads_of(rows)?, count))
    }

    /// The leads that a rep has, longest quiet first.
    ///
    /// # Errors
    /// As the database says.
    pub async fn owned_by(&self, owner: &Handle) -> Result<Vec<Lead>> {
        let rows = lead::Entity::find()
            .filter(lead::Column::Owner.eq(owner.as_str()))
            .order_by_asc(lead::Column::QuietSince)
            .limit(200)
            .all(&self.0.db)
            .await?;
        leads_of(rows)
    }

    /// Active leads that have been quiet since before a moment and are in no run (index `ix_lead_quiet`).
    /// Pages from behind `after`.
    ///
    /// # Errors
    /// As the database says.
    pub async fn due_to_cool(
        &self,
        quiet_before: Moment,
        after: Option<(i64, LeadId)>,
        most: u64,
    ) -> Result<Vec<(i64, LeadId)>> {
        let mut query = lead::Entity::find()
            .select_only()
            .column(lead::Column::QuietSince)
            .column(lead::Column::Id)
            .filter(lead::Column::Nurture.eq("active"))
            .filter(lead::Column::QuietSince.lt(micros(quiet_before)))
            .filter(lead::Column::Email.is_not_null())
            .filter(
                lead::Column::Id.not_in_subquery(
                    sea_orm::sea_query::Query::select()
                        .column("lead_id")
                        .from("enrollment")
                        .and_where(sea_orm::sea_query::ExprTrait::is_in(
                            sea_orm::sea_query::Expr::col("state"),
                            ["due", "awaiting"],
                        ))
                        .to_owned(),
                ),
            )
            .order_by_asc(lead::Column::QuietSince)
            .order_by_asc(lead::Column::Id)
            .limit(most);
        if let Some((since, id)) = after {
            query = query.filter(Condition::any().add(lead::Column::QuietSince.gt(since)).add(
                Condition::all().add(lead::Column::QuietSince.eq(since)).add(lead::Column::Id.gt(id.0)),
            ));
        }
        let rows: Vec<(i64, Uuid)> = query.into_tuple().all(&self.0.db).await?;
        Ok(rows.into_iter().map(|(since, id)| (since, LeadId(id))).collect())
    }

    /// How many marketing mails left for each of these leads since a moment (index `ix_delivery_lead`); who got none is left out.
    ///
    /// # Errors
    /// As the database says.
    pub async fn mails_since(&self, leads: &[LeadId], since: Moment) -> Result<HashMap<LeadId, i64>> {
        let mut mails = HashMap::new();
        for chunk in leads.chunks(500) {
            let text = format!(
                "SELECT lead_id, count(*) AS mails FROM delivery WHERE lead_id IN ({}) AND committed_at > ? AND kind = 'campaign' \
                 AND state IN ('sent', 'sent_assumed') GROUP BY lead_id",
                list_of(chunk.len())
            );
            let mut values: Vec<Value> = chunk.iter().map(|lead| lead.0.into()).collect();
            values.push(micros(since).into());
            for row in self.0.db.query_all_raw(self.0.sql(&text, values)).await? {
                mails.insert(LeadId(row.try_get("", "lead_id")?), row.try_get("", "mails")?);
            }
        }
        Ok(mails)
    }

    /// Cold leads that no run tries to win back any more.
    ///
    /// # Errors
    /// As the database says.
    pub async fn cold_without_run(&self, most: u64) -> Result<Vec<LeadId>> {
        let text = "SELECT id FROM lead WHERE nurture = 'cold' AND NOT EXISTS (SELECT 1 FROM enrollment e WHERE e.lead_id = lead.id AND e.state IN ('due', 'awaiting')) LIMIT ?";
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let rows = self.0.db.query_all_raw(self.0.sql(text, vec![most.into()])).await?;
        rows.iter().map(|row| Ok(LeadId(row.try_get("", "id")?))).collect()
    }

    /// Leads whose score time alone has taken over a line, as far as is known (index `ix_lead_crosses`).
    ///
    /// # Errors
    /// As the database says.
    pub async fn due_to_cross(&self, now: Moment, most: u64) -> Result<Vec<LeadId>> {
        let ids: Vec<Uuid> = lead::Entity::find()
            .select_only()
            .column(lead::Column::Id)
            .filter(lead::Column::CrossesAt.lte(micros(now)))
            .order_by_asc(lead::Column::CrossesAt)
            .limit(most)
            .into_tuple()
            .all(&self.0.db)
            .await?;
        Ok(ids.into_iter().map(LeadId).collect())
    }

    /// Leads whose stage of the journey nothing has shown since a moment, as far as is known (index `ix_lead_journey_at`). Of who objected
    /// to being profiled nothing is followed.
    ///
    /// # Errors
    /// As the database says.
    pub async fn due_to_look_again(&self, since: Moment, most: u64) -> Result<Vec<LeadId>> {
        let ids: Vec<Uuid> = lead::Entity::find()
            .select_only()
            .column(lead::Column::Id)
            .filter(lead::Column::Journey.ne(Journey::Awareness.word()))
            .filter(lead::Column::JourneyAt.lte(micros(since)))
            .filter(lead::Column::Consent.ne(ConsentState::Objected.word()))
            .order_by_asc(lead::Column::JourneyAt)
            .limit(most)
            .into_tuple()
            .all(&self.0.db)
            .await?;
        Ok(ids.into_iter().map(LeadId).collect())
    }

    /// When the next lead's score crosses a line (index `ix_lead_crosses`).
    ///
    /// # Errors
    /// As the database says.
    pub async fn next_crossing(&self) -> Result<Option<Moment>> {
        let row: Option<Option<i64>> = lead::Entity::find()
            .select_only()
            .column(lead::Column::CrossesAt)
            .filter(lead::Column::CrossesAt.is_not_null())
            .order_by_asc(lead::Column::CrossesAt)
            .limit(1)
            .into_tuple()
            .one(&self.0.db)
            .await?;
        Ok(row.flatten().map(crate::rows::moment))
    }

    /// The addresses of all leads that have one.
    ///
    /// # Errors
    /// As the database says.
    pub async fn emails(&self) -> Result<HashMap<LeadId, String>> {
        let rows: Vec<(Uuid, String)> = lead::Entity::find()
            .select_only()
            .column(lead::Column::Id)
            .column(lead::Column::Email)
            .filter(lead::Column::Email.is_not_null())
            .into_tuple()
            .all(&self.0.db)
            .await?;
        Ok(rows.into_iter().map(|(id, email)| (LeadId(id), email)).collect())
    }

    /// How many leads there are.
    ///
    /// # Errors
    /// As the database says.
    pub async fn count(&self) -> Result<u64> {
        Ok(lead::Entity::find().count(&self.0.db).await?)
    }

    /// Which of these leads have an address that may not be written to.
    ///
    /// # Errors
    /// As the database says.
    pub async fn suppressed(&self, leads: &[Lead]) -> Result<std::collections::HashSet<LeadId>> {
        let by_hash: HashMap<String, Vec<LeadId>> = leads.iter().fold(HashMap::new(), |mut map, l| {
            if let Some(hash) = lead::address_hash(l, &self.0.ring) {
                map.entry(hash).or_default().push(l.id);
            }
            map
        });
        let hashes: Vec<String> = by_hash.keys().cloned().collect();
        let mut found = std::collections::HashSet::new();
        for chunk in hashes.chunks(1000) {
            for hash in crate::scenes::suppressed(&self.0.db, chunk.to_vec()).await? {
                found.extend(by_hash.get(&hash).into_iter().flatten());
            }
        }
        Ok(found)
    }
}

/// Whether a column holds a text, alike on both databases: PostgreSQL's LIKE minds the case, SQLite's does not.
fn holds(column: lead::Column, text: &str) -> SimpleExpr {
    let plain = text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    Expr::expr(Func::lower(Expr::col(column))).like(LikeExpr::new(format!("%{plain}%")).escape('\\'))
}
