//! Clicks that wait until it is sure that no machine made them, and what links and offers lead to.

use crate::{
    Result, Store, mint,
    rows::{add, delivery, micros, moment, small},
    transaction::again,
};
use chrono::TimeDelta;
use rekindle_core::{
    activity::{Kind, Trust, names},
    arrival::{Arrival, Who},
    delivery::Delivery,
    ids::{DeliveryId, LeadId},
    time::Moment,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::{Map, json};
use std::collections::HashMap;

/// How long a click is held (calendar) before it counts: mail-rules M3.
pub const HOLD: TimeDelta = TimeDelta::minutes(10);
/// Two different links of one mail within this time (calendar) are a machine's: mail-rules M2.
pub const BURST: TimeDelta = TimeDelta::seconds(10);

/// A click, as it comes in.
#[derive(Debug, Clone)]
pub struct Click {
    /// In which mail.
    pub delivery: DeliveryId,
    /// On which link.
    pub destination: i32,
    /// What the browser calls itself.
    pub user_agent: Option<String>,
}

/// Clicks, links and offers.
#[derive(Debug, Clone, Copy)]
pub struct Clicks<'a>(&'a Store);

impl Store {
    /// Clicks, links and offers.
    pub fn clicks(&self) -> Clicks<'_> {
        Clicks(self)
    }
}

impl Clicks<'_> {
    /// The number of each link of a mail; new ones are made.
    ///
    /// # Errors
    /// As the database says.
    pub async fn destinations(&self, mail: &str, urls: &[String]) -> Result<HashMap<String, i32>> {
        let known = self.known(mail).await?;
        if urls.iter().all(|url| known.contains_key(url)) {
            return Ok(known);
        }
        again!(self.make(mail, urls))?;
        self.known(mail).await
    }

    async fn known(&self, mail: &str) -> Result<HashMap<String, i32>> {
        let rows = small::destination::Entity::find()
            .filter(small::destination::Column::Mail.eq(mail))
            .all(&self.0.db)
            .await?;
        Ok(rows.into_iter().map(|row| (row.url, row.id)).collect())
    }

    async fn make(&self, mail: &str, urls: &[String]) -> Result<()> {
        let tx = self.0.begin().await?;
        for url in urls {
            let known = small::destination::Entity::find()
                .filter(small::destination::Column::Mail.eq(mail))
                .filter(small::destination::Column::Url.eq(url.as_str()))
                .one(&*tx)
                .await?;
            if known.is_none() {
                let row = small::destination::ActiveModel {
                    id: sea_orm::ActiveValue::NotSet,
                    mail: sea_orm::ActiveValue::Set(mail.to_owned()),
                    url: sea_orm::ActiveValue::Set(url.clone()),
                };
                small::destination::Entity::insert(row).exec_without_returning(&*tx).await?;
            }
        }
        self.0.commit(tx, false).await
    }

    /// Where a link leads, if there is one.
    ///
    /// # Errors
    /// As the database says.
    pub async fn destination(&self, id: i32) -> Result<Option<String>> {
        Ok(small::destination::Entity::find_by_id(id).one(&self.0.db).await?.map(|row| row.url))
    }

    /// The delivery that a link stands in.
    ///
    /// # Errors
    /// As the database says.
    pub async fn delivery(&self, id: DeliveryId) -> Result<Option<Delivery>> {
        delivery::Entity::find_by_id(id.0).one(&self.0.db).await?.map(delivery::Model::delivery).transpose()
    }

    /// Holds a click until [`HOLD`] has passed.
    ///
    /// # Errors
    /// As the database says.
    pub async fn hold(&self, click: Click, of: &Delivery, url: &str) -> Result<()> {
        let now = self.0.clock.calendar();
        let row = small::held_click::Model {
            id: mint::id(),
            destination_id: click.destination,
            delivery_id: click.delivery.0,
            lead_id: of.lead.0,
            mail: of.mail.clone(),
            url: url.to_owned(),
            at: micros(now),
            due_at: micros(now + HOLD),
            user_agent: click
                .user_agent
                .map(|agent| agent.chars().filter(|c| *c != '\0').take(300).collect()),
        };
        let tx = self.0.begin().await?;
        add::<small::held_click::Entity, _>(&*tx, vec![row]).await?;
        self.0.commit(tx, true).await
    }

    /// Clicks whose time of waiting is over: those of people as arrivals, and how many a machine made.
    /// They stay held until [`Self::release`].
    ///
    /// # Errors
    /// As the database says.
    pub async fn due(&self, now: Moment, most: u64) -> Result<(Vec<Arrival>, Vec<sea_orm::prelude::Uuid>)> {
        let rows = small::held_click::Entity::find()
            .filter(small::held_click::Column::DueAt.lte(micros(now)))
            .order_by_asc(small::held_click::Column::DueAt)
            .limit(most)
            .all(&self.0.db)
            .await?;
        let mut arrivals = Vec::new();
        let mut looked_at = Vec::new();
        for row in rows {
            if looked_at.contains(&row.id) {
                continue;
            }
            looked_at.push(row.id);
            let held = small::held_click::Entity::find()
                .filter(small::held_click::Column::DeliveryId.eq(row.delivery_id))
                .order_by_asc(small::held_click::Column::At)
                .all(&self.0.db)
                .await?;
            let burst = burst_of(&row, &held);
            if burst.iter().any(|other| other.destination_id != row.destination_id) {
                // All of it goes at once: what stayed behind would look like one click of a person.
                looked_at.extend(burst.iter().map(|other| other.id).filter(|id| *id != row.id));
                continue;
            }
            if row.user_agent.as_deref().is_none_or(is_machine) {
                continue;
            }
            arrivals.push(Arrival {
                source: "mail".to_owned(),
                message_id: format!("click:{}", row.id.simple()),
                fingerprint: 0,
                who: Who { lead: Some(LeadId(row.lead_id)), ..Who::default() },
                kind: Kind::Mail,
                name: names::CLICKED.to_owned(),
                path: None,
                at: moment(row.at),
                properties: Map::from_iter([
                    ("mail".to_owned(), json!(row.mail)),
                    ("link".to_owned(), json!(row.url)),
                    ("delivery".to_owned(), json!(DeliveryId(row.delivery_id).to_string())),
                ]),
                human: true,
                trust: Trust::Server,
                basis: None,
            });
        }
        Ok((arrivals, looked_at))
    }

    /// These clicks have been looked at.
    ///
    /// # Errors
    /// As the database says.
    pub async fn release(&self, ids: &[sea_orm::prelude::Uuid]) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let tx = self.0.begin().await?;
        small::held_click::Entity::delete_many()
            .filter(small::held_click::Column::Id.is_in(ids.iter().copied()))
            .exec(&*tx)
            .await?;
        self.0.commit(tx, false).await
    }

    /// When the next click is due.
    ///
    /// # Errors
    /// As the database says.
    pub async fn next_due(&self) -> Result<Option<Moment>> {
        let row = small::held_click::Entity::find()
            .order_by_asc(small::held_click::Column::DueAt)
            .one(&self.0.db)
            .await?;
        Ok(row.map(|row| moment(row.due_at)))
    }

    /// Takes the offer of a mail: true the first time, and never again.
    ///
    /// # Errors
    /// As the database says.
    pub async fn take_offer(&self, delivery: DeliveryId, code: &str) -> Result<bool> {
        let row = small::taken_offer::Model {
            delivery_id: delivery.0,
            code: code.to_owned(),
            at: micros(self.0.clock.calendar()),
        };
        let tx = self.0.begin().await?;
        match add::<small::taken_offer::Entity, _>(&*tx, vec![row]).await {
            Ok(()) => {
                self.0.commit(tx, false).await?;
                Ok(true)
            }
            // The row is there already: somebody was first. A busy database may mean something else.
            Err(busy @ crate::StoreError::Busy(_)) => match self.offer_taken(delivery).await? {
                true => Ok(false),
                false => Err(busy),
            },
            Err(error) => Err(error),
        }
    }

    /// Whether the offer of a mail was taken.
    ///
    /// # Errors
    /// As the database says.
    pub async fn offer_taken(&self, delivery: DeliveryId) -> Result<bool> {
        Ok(small::taken_offer::Entity::find_by_id(delivery.0).one(&self.0.db).await?.is_some())
    }
}

/// The clicks of one mail around one of them, each within [`BURST`] of the next; `held` is in the order of time.
fn burst_of<'a>(
    one: &small::held_click::Model,
    held: &'a [small::held_click::Model],
) -> Vec<&'a small::held_click::Model> {
    let near = BURST.num_microseconds().unwrap_or(0);
    let mut burst: Vec<&small::held_click::Model> = Vec::new();
    for click in held {
        if burst.last().is_some_and(|last| click.at - last.at > near) {
            if burst.iter().any(|known| known.id == one.id) {
                break;
            }
            burst.clear();
        }
        burst.push(click);
    }
    burst
}

/// Whether a browser's name for itself is one that machines give: empty, or with a word that no
/// browser of a person has.
fn is_machine(user_agent: &str) -> bool {
    let name = user_agent.to_lowercase();
    name.trim().is_empty()
        || [
            "bot", "crawl", "spider", "scan", "preview", "fetch", "curl/", "wget/", "python", "headless",
            "monitor",
        ]
        .iter()
        .any(|word| name.contains(word))
}
