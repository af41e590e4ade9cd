//! What is due is claimed, with what writing it needs, and no column more: this is read for each mail.

use super::{Outbox, Sender, Ticket};
use crate::{
    Result, StoreError,
    rows::{Columns, campaign::told, delivery, micros, moment, word},
    transaction::{again, list_of, rounded},
};
use rekindle_core::{
    campaign::Subjects,
    delivery::MailKind,
    email::EmailAddress,
    ids::{CampaignId, DeliveryId, EnrollmentId, LeadId},
    lead,
    time::Moment,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter, QueryResult, Value,
    prelude::Uuid,
};
use std::collections::HashMap;

/// A delivery that was claimed, with what writing it needs.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// The proof of this claim.
    pub ticket: Ticket,
    /// Of which campaign.
    pub campaign: Option<CampaignId>,
    /// At which step of the run.
    pub step: i32,
    /// The template's folder.
    pub mail: String,
    /// What it is for.
    pub kind: MailKind,
    /// The header, without the angle brackets and what is behind the @.
    pub message_id: String,
    /// To whom.
    pub to: Person,
    /// The plan it stands in, and the version of it.
    pub plan: Option<(String, i64)>,
    /// What was asked for by a form, where the mail asks back.
    pub form: Option<String>,
    /// Its bytes, where it was rendered before.
    pub frozen: Option<Frozen>,
    /// Which of the subjects that its step tries.
    pub variant: Option<usize>,
    /// What was typed for its campaign in place of the plan's subjects for the first mail.
    pub subjects: Subjects,
    not_before: Moment,
}

/// A lead as far as a letter says.
#[derive(Debug, Clone)]
pub struct Person {
    /// Where the mail goes.
    pub email: Option<EmailAddress>,
    /// The whole name.
    pub name: Option<String>,
    /// The first name, where it is known by itself.
    pub first_name: Option<String>,
    /// Of which company.
    pub company: Option<String>,
    /// As what.
    pub title: Option<String>,
    /// In which country.
    pub country: Option<String>,
    /// By which clock.
    pub zone: Option<String>,
    /// In which language, as they told it.
    pub language: Option<String>,
    /// What they looked at last.
    pub topic: Option<String>,
}

/// A mail, rendered once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frozen {
    /// The address it goes to.
    pub recipient: String,
    /// The message.
    pub bytes: Vec<u8>,
}

#[derive(FromQueryResult)]
struct Taken {
    id: Uuid,
}

/// What is read, in the order in which [`Claimed::read`] takes it.
const READ: &str = "d.id, d.lead_id, d.enrollment_id, d.campaign_id, d.step, d.mail, d.kind, d.message_id, d.generation, d.attempt, d.not_before, d.variant, \
    l.email, l.name, l.first_name, l.company, l.title, l.country, l.zone, l.traits, e.sequence, e.version, f.title, c.subjects";

impl Claimed {
    fn read(row: &QueryResult) -> Result<Self> {
        let mut from = Columns::of(row);
        let id = DeliveryId(from.take()?);
        let lead = LeadId(from.take()?);
        let enrollment = from.take::<Option<Uuid>>()?.map(EnrollmentId);
        let campaign = from.take::<Option<Uuid>>()?.map(CampaignId);
        let (step, mail) = (from.take()?, from.take()?);
        let kind = word("delivery", "kind", id, &from.take::<String>()?, MailKind::from_word)?;
        let message_id = from.take()?;
        let ticket = Ticket { id, generation: from.take()?, lead, enrollment, attempt: from.take()? };
        let not_before = moment(from.take()?);
        let variant = from.take::<Option<i32>>()?.and_then(|number| usize::try_from(number).ok());
        let to = Person::read(&mut from, lead)?;
        let sequence: Option<String> = from.take()?;
        let plan = sequence.zip(from.take::<Option<i64>>()?);
        let form = from.take()?;
        let subjects = told(from.take()?);
        Ok(Self {
            ticket,
            campaign,
            step,
            mail,
            kind,
            message_id,
            to,
            plan,
            form,
            frozen: None,
            not_before,
            variant,
            subjects,
        })
    }
}

impl Person {
    fn read(from: &mut Columns<'_>, of: LeadId) -> Result<Self> {
        let email = match from.take::<Option<String>>()? {
            None => None,
            Some(email) => Some(EmailAddress::parse(&email).map_err(|_| StoreError::Corrupt {
                table: "lead",
                column: "email",
                row: of.to_string(),
                found: "no address".to_owned(),
            })?),
        };
        let (name, first_name, company) = (from.take()?, from.take()?, from.take()?);
        let (title, country, zone) = (from.take()?, from.take()?, from.take()?);
        let traits: sea_orm::JsonValue = from.take()?;
        let language = lead::language(|name| traits.get(name)).map(ToOwned::to_owned);
        let topic = traits.get(lead::TOPIC).and_then(lead::word_of);
        Ok(Self { email, name, first_name, company, title, country, zone, language, topic })
    }

    /// The first name to greet them by.
    pub fn greeting(&self) -> Option<&str> {
        lead::greeting(self.first_name.as_deref(), self.name.as_deref())
    }
}

impl Outbox<'_> {
    /// Claims what is due, the longest due first (index `ix_delivery_due`).
    ///
    /// # Errors
    /// As the database says, or because unsubscribes wait that cannot be taken over.
    pub async fn claim(&self, sender: &Sender, most: u64) -> Result<Vec<Claimed>> {
        self.0.empty_spool().await?;
        let taken = again!(self.claim_once(sender, most))?;
        let mut claimed = Vec::with_capacity(taken.len());
        for chunk in taken.chunks(500) {
            claimed.extend(self.read(sender, chunk).await?);
        }
        claimed.sort_by_key(|c: &Claimed| (c.not_before, c.ticket.id));
        Ok(claimed)
    }

    async fn claim_once(&self, sender: &Sender, most: u64) -> Result<Vec<Uuid>> {
        let now = micros(self.0.clock.calendar());
        let tx = self.0.begin().await?;
        let due = "SELECT id FROM delivery WHERE state = 'pending' AND not_before <= ? ORDER BY not_before, id LIMIT ?";
        let set =
            "state = 'claimed', generation = generation + 1, attempt = attempt + 1, owner = ?, moved_at = ?";
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let (text, values) = match self.0.db.get_database_backend() {
            // A subquery with LIMIT in IN (…) may be run twice by the planner; a CTE is run once.
            DbBackend::Postgres => (
                format!(
                    "WITH due AS MATERIALIZED ({due} FOR UPDATE SKIP LOCKED) UPDATE delivery d SET {set} FROM due WHERE d.id = due.id RETURNING d.id"
                ),
                vec![now.into(), most.into(), sender.id().into(), now.into()],
            ),
            _ => (
                format!("UPDATE delivery SET {set} WHERE id IN ({due}) RETURNING id"),
                vec![sender.id().into(), now.into(), now.into(), most.into()],
            ),
        };
        let rows = Taken::find_by_statement(self.0.sql(&text, values)).all(&*tx).await?;
        self.0.commit(tx, false).await?;
        Ok(rows.into_iter().map(|row| row.id).collect())
    }

    pub(super) async fn read(&self, sender: &Sender, taken: &[Uuid]) -> Result<Vec<Claimed>> {
        let db = &self.0.db;
        let ids = rounded(taken.to_vec());
        let text = format!(
            "SELECT {READ} FROM delivery d JOIN lead l ON l.id = d.lead_id LEFT JOIN enrollment e ON e.id = d.enrollment_id LEFT JOIN confirmation f ON f.delivery_id = d.id LEFT JOIN campaign c ON c.id = d.campaign_id \
             WHERE d.id IN ({}) AND d.state = 'claimed' AND (d.owner = ?) IS TRUE",
            list_of(ids.len())
        );
        let mut values: Vec<Value> = ids.into_iter().map(Value::from).collect();
        values.push(sender.id().into());
        let rows = db.query_all_raw(self.0.sql(&text, values)).await?;
        let mut claimed = rows.iter().map(Claimed::read).collect::<Result<Vec<_>>>()?;
        // Only what was tried before can have been rendered before.
        let tried: Vec<Uuid> =
            claimed.iter().filter(|c| c.ticket.attempt > 1).map(|c| c.ticket.id.0).collect();
        if !tried.is_empty() {
            let rows = delivery::frozen::Entity::find()
                .filter(delivery::frozen::Column::DeliveryId.is_in(tried))
                .all(db)
                .await?;
            let mut frozen: HashMap<Uuid, Frozen> = HashMap::new();
            for row in rows {
                frozen.insert(row.delivery_id, Frozen { recipient: row.recipient, bytes: row.bytes });
            }
            claimed.iter_mut().for_each(|c| c.frozen = frozen.remove(&c.ticket.id.0));
        }
        Ok(claimed)
    }
}
