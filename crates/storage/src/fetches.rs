//! What was fetched of our mails (the table `trace`): clicks wait here until it is sure that no machine made them, beside the traces by which that is told.
//!
//! A row outlives its verdict for a day, because what a machine took speaks against what it takes next.

use crate::{
    Result, Store, mint,
    rows::{add, micros, moment, small, word},
    transaction::{list_of, rounded, rows_of},
};
use chrono::TimeDelta;
use rekindle_core::{
    activity::{Kind, Trust, names},
    arrival::{Arrival, Who},
    delivery::Delivery,
    ids::{DeliveryId, LeadId},
    machine::{BAIT, Fetch, Fetched, HOLD, Sign, network_of, sign_of},
    time::Moment,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect, Value, prelude::Uuid,
};
use serde_json::{Map, json};
use std::{collections::HashMap, net::IpAddr};

/// How long (calendar) a fetch is remembered.
pub const REMEMBERED: TimeDelta = TimeDelta::hours(24);
/// How much of a browser's name is kept.
const LONGEST_NAME: usize = 300;

/// A fetch, as it comes in.
#[derive(Debug, Clone)]
pub struct Fetching {
    /// What of the mail.
    pub what: Fetched,
    /// Which link.
    pub destination: Option<i32>,
    /// Whether only the head was asked for.
    pub head: bool,
    /// What the browser calls itself.
    pub agent: Option<String>,
    /// From where.
    pub from: Option<IpAddr>,
}

/// A click that a machine made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposed {
    /// In which mail.
    pub delivery: DeliveryId,
    /// What gave it away.
    pub sign: Sign,
    /// The id of the activity that it would be, or has been taken for.
    pub message_id: String,
}

/// Clicks whose time of waiting is over.
#[derive(Debug, Default)]
pub struct Due {
    /// Those that people made.
    pub people: Vec<Arrival>,
    /// Those that machines made. One that had counted is taken back ([`Leads::disown`](crate::leads::Leads::disown)).
    pub machines: Vec<Exposed>,
    /// Each with when it was due: what is due anew meanwhile has not been looked at.
    looked_at: Vec<(Uuid, i64)>,
}

impl Due {
    /// How many they are.
    pub fn len(&self) -> usize {
        self.looked_at.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.looked_at.is_empty()
    }
}

/// Fetches.
#[derive(Debug, Clone, Copy)]
pub struct Fetches<'a>(&'a Store);

impl Store {
    /// Fetches.
    pub fn fetches(&self) -> Fetches<'_> {
        Fetches(self)
    }
}

/// A click that is due, with what its activity tells.
#[derive(Debug, FromQueryResult)]
struct Told {
    id: Uuid,
    mail: String,
    url: Option<String>,
    state: String,
    committed_at: Option<i64>,
    moved_at: i64,
}

impl Fetches<'_> {
    /// Keeps a fetch. A click, by its head alone or whole, is due when [`HOLD`] has passed. A bait makes the clicks that it
    /// speaks against due once more, though they have counted.
    ///
    /// # Errors
    /// As the database says.
    pub async fn keep(&self, fetching: Fetching, of: &Delivery) -> Result<()> {
        let now = self.0.clock.calendar();
        let name = |agent: String| agent.chars().filter(|c| *c != '\0').take(LONGEST_NAME).collect();
        let row = small::trace::Model {
            id: mint::id(),
            delivery_id: of.id.0,
            lead_id: of.lead.0,
            what: fetching.what.word().to_owned(),
            destination_id: fetching.destination,
            head: fetching.head,
            at: micros(now),
            due_at: (fetching.what == Fetched::Link).then(|| micros(now + HOLD)),
            agent: fetching.agent.map(name),
            address: fetching.from.map(|address| address.to_canonical().to_string()),
            network: fetching.from.map(network_of),
        };
        let tx = self.0.begin().await?;
        if fetching.what == Fetched::Bait {
            // indexes `ix_trace_delivery`, `ix_trace_network`
            let text = "UPDATE trace SET due_at = ? WHERE (due_at IS NULL OR due_at <= ?) AND what = 'link' AND at >= ? AND (delivery_id = ? OR network = ?)";
            let network = row.network.clone().unwrap_or_default();
            let (now, since) = (micros(now), micros(now - BAIT));
            let values = vec![now.into(), now.into(), since.into(), of.id.0.into(), network.into()];
            tx.execute_raw(self.0.sql(text, values)).await?;
        }
        add::<small::trace::Entity, _>(&*tx, vec![row]).await?;
        self.0.commit(tx, true).await
    }

    /// Clicks whose time of waiting is over, those of people told from those of machines. They stay due until [`Self::release`].
    ///
    /// # Errors
    /// As the database says.
    pub async fn due(&self, now: Moment, most: u64) -> Result<Due> {
        let rows = small::trace::Entity::find()
            .filter(small::trace::Column::DueAt.lte(micros(now)))
            .order_by_asc(small::trace::Column::DueAt)
            .order_by_asc(small::trace::Column::Id)
            .limit(most)
            .all(&self.0.db)
            .await?;
        let Some((first, last)) = rows.first().zip(rows.last()).map(|(first, last)| (first.at, last.at))
        else {
            return Ok(Due::default());
        };
        let around = self.around(&rows, first, last).await?;
        let mut told = self.told(&rows).await?;
        let mut due = Due::default();
        for row in rows {
            due.looked_at.extend(row.due_at.map(|due_at| (row.id, due_at)));
            // The mail is gone, and its lead with it.
            let Some(told) = told.remove(&row.id) else { continue };
            let click = fetch(row)?;
            let taken_at = match told.state.as_str() {
                "sent" => Some(told.moved_at),
                _ => told.committed_at,
            };
            match sign_of(&click, &around.beside(&click), taken_at.map(moment)) {
                Some(sign) => {
                    let message_id = message_id(&click);
                    due.machines.push(Exposed { delivery: click.delivery, sign, message_id });
                }
                None => due.people.extend(told.url.as_deref().map(|url| clicked(&click, &told.mail, url))),
            }
        }
        Ok(due)
    }

    /// What else was fetched of the same mails, and from the same networks around that time.
    async fn around(&self, rows: &[small::trace::Model], first: i64, last: i64) -> Result<Around> {
        use small::trace::Column;
        let far = BAIT.num_microseconds().unwrap_or(0);
        let mails: Vec<Uuid> = rounded(rows.iter().map(|row| row.delivery_id).collect());
        let networks: Vec<String> = rounded(rows.iter().filter_map(|row| row.network.clone()).collect());
        let same_network = Condition::all()
            .add(Column::Network.is_in(networks))
            .add(Column::At.between(first - far, last + far));
        let same = Condition::any().add(Column::DeliveryId.is_in(mails)).add(same_network);
        let found =
            small::trace::Entity::find().filter(same).order_by_asc(Column::At).all(&self.0.db).await?;
        let mut around = Around::default();
        for row in found {
            let network = row.network.clone();
            let fetch = fetch(row)?;
            if let Some(network) = network {
                around.of_network.entry(network).or_default().push(fetch.clone());
            }
            around.of_mail.entry(fetch.delivery).or_default().push(fetch);
        }
        Ok(around)
    }

    /// What the activities of these clicks tell, and when their mails were taken.
    async fn told(&self, rows: &[small::trace::Model]) -> Result<HashMap<Uuid, Told>> {
        let ids = rounded(rows.iter().map(|row| row.id).collect());
        let text = format!(
            "SELECT f.id, m.mail, l.url, m.state, m.committed_at, m.moved_at FROM trace f JOIN delivery m ON m.id = f.delivery_id \
             LEFT JOIN destination l ON l.id = f.destination_id WHERE f.id IN ({})",
            list_of(ids.len())
        );
        let values: Vec<Value> = ids.into_iter().map(Value::from).collect();
        let told = Told::find_by_statement(self.0.sql(&text, values)).all(&self.0.db).await?;
        Ok(told.into_iter().map(|told| (told.id, told)).collect())
    }

    /// These clicks have been looked at. One that a bait has made due again since then stays so.
    ///
    /// # Errors
    /// As the database says.
    pub async fn release(&self, due: &Due) -> Result<()> {
        if due.is_empty() {
            return Ok(());
        }
        let tx = self.0.begin().await?;
        for chunk in due.looked_at.chunks(1000) {
            let text = format!(
                "UPDATE trace SET due_at = NULL WHERE (id, due_at) IN (VALUES {})",
                rows_of(chunk.len(), 2)
            );
            let values = chunk.iter().flat_map(|(id, due_at)| [(*id).into(), (*due_at).into()]).collect();
            tx.execute_raw(self.0.sql(&text, values)).await?;
        }
        self.0.commit(tx, false).await
    }

    /// Forgets what is older than [`REMEMBERED`] and waits for nothing; how many rows that were.
    ///
    /// # Errors
    /// As the database says.
    pub async fn forget(&self, now: Moment) -> Result<u64> {
        let tx = self.0.begin().await?;
        let text = "DELETE FROM trace WHERE at < ? AND due_at IS NULL";
        let gone = tx.execute_raw(self.0.sql(text, vec![micros(now - REMEMBERED).into()])).await?;
        self.0.commit(tx, false).await?;
        Ok(gone.rows_affected())
    }

    /// When the next click is due.
    ///
    /// # Errors
    /// As the database says.
    pub async fn next_due(&self) -> Result<Option<Moment>> {
        let row = small::trace::Entity::find()
            .filter(small::trace::Column::DueAt.is_not_null())
            .order_by_asc(small::trace::Column::DueAt)
            .one(&self.0.db)
            .await?;
        Ok(row.and_then(|row| row.due_at).map(moment))
    }
}

/// What stands around clicks.
#[derive(Default)]
struct Around {
    of_mail: HashMap<DeliveryId, Vec<Fetch>>,
    of_network: HashMap<String, Vec<Fetch>>,
}

impl Around {
    /// What stands around one, in the order of time.
    fn beside(&self, click: &Fetch) -> Vec<Fetch> {
        let of_mail = self.of_mail.get(&click.delivery).into_iter().flatten();
        let network = click.from.map(network_of).and_then(|network| self.of_network.get(&network));
        let elsewhere = network.into_iter().flatten().filter(|other| other.delivery != click.delivery);
        let mut beside: Vec<Fetch> = of_mail.chain(elsewhere).cloned().collect();
        beside.sort_by_key(|fetch| (fetch.at, fetch.id));
        beside
    }
}

fn fetch(row: small::trace::Model) -> Result<Fetch> {
    Ok(Fetch {
        id: row.id,
        delivery: DeliveryId(row.delivery_id),
        lead: LeadId(row.lead_id),
        what: word("trace", "what", row.id, &row.what, Fetched::from_word)?,
        destination: row.destination_id,
        head: row.head,
        at: moment(row.at),
        agent: row.agent,
        from: row.address.and_then(|address| address.parse().ok()),
    })
}

/// Under which source clicks are told to the house.
pub(crate) const CLICKS: &str = "mail";

/// The id of a click, as something told to the house.
fn message_id(click: &Fetch) -> String {
    format!("click:{}", click.id.simple())
}

/// A person's click, as something told to the house.
fn clicked(click: &Fetch, mail: &str, url: &str) -> Arrival {
    Arrival {
        source: CLICKS.to_owned(),
        message_id: message_id(click),
        fingerprint: 0,
        who: Who { lead: Some(click.lead), ..Who::default() },
        kind: Kind::Mail,
        name: names::CLICKED.to_owned(),
        path: None,
        at: click.at,
        properties: Map::from_iter([
            ("mail".to_owned(), json!(mail)),
            ("link".to_owned(), json!(url)),
            ("delivery".to_owned(), json!(click.delivery.to_string())),
        ]),
        human: true,
        trust: Trust::Server,
        basis: None,
    }
}
