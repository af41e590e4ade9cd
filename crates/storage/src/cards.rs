//! Cards: how far each place that shows an alert, a campaign, news or what a lead wrote has come.
//!
//! Promise: cards converge. A card is always rendered whole from its row, and posted or edited while
//! the revision it shows is behind the revision of its row, for each destination.

use crate::{
    Result, Store, mint,
    news::{NEWS_FOR, News},
    rows::{alert, campaign, micros, small},
    transaction::{again, rounded},
};
use chrono::TimeDelta;
use rekindle_core::{alert::Alert, campaign::Campaign, ids::LeadId, time::Moment};
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, prelude::Uuid};
use std::collections::HashMap;

/// The cards.
#[derive(Debug, Clone, Copy)]
pub struct Cards<'a>(&'a Store);

impl Store {
    /// The cards.
    pub fn cards(&self) -> Cards<'_> {
        Cards(self)
    }
}

/// A card that is behind in one place.
#[derive(Debug, Clone)]
pub struct Behind<T> {
    /// What it shows, as it stands.
    pub subject: T,
    /// The message that holds it there; `None` when it was never posted.
    pub message: Option<String>,
    /// What it was to be posted by before: where there is no message, nobody knows whether it was.
    pub nonce: Option<Uuid>,
}

/// What a lead answered to a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Ours: the activity's.
    pub id: Uuid,
    /// What the lead is called.
    pub who: String,
    /// To which mail.
    pub mail: String,
    /// As whom they wrote, where that is another address than theirs.
    pub from: Option<String>,
    /// What they wrote.
    pub said: String,
    /// The message that holds the card of their alert there.
    pub under: String,
}

/// What is older than this is said under no card any more (wall).
const SAID_FOR: TimeDelta = TimeDelta::days(7);

#[derive(FromQueryResult)]
struct AnswerRow {
    id: Uuid,
    lead_id: Uuid,
    properties: sea_orm::JsonValue,
    under: String,
    message: Option<String>,
    nonce: Option<Uuid>,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    message: Option<String>,
    nonce: Option<Uuid>,
}

#[derive(FromQueryResult)]
struct Drawn {
    nonce: Uuid,
}

/// What is behind, in its order, each with what it shows.
fn paired<M, T>(
    rows: Vec<Row>,
    found: Vec<M>,
    id: impl Fn(&M) -> Uuid,
    read: impl Fn(M) -> Result<T>,
) -> Result<Vec<Behind<T>>> {
    let mut found: HashMap<Uuid, M> = found.into_iter().map(|model| (id(&model), model)).collect();
    let pair = |row: Row| {
        let subject = read(found.remove(&row.id)?);
        Some(subject.map(|subject| Behind { subject, message: row.message, nonce: row.nonce }))
    };
    rows.into_iter().filter_map(pair).collect()
}

impl Cards<'_> {
    /// Alerts whose card in `destination` is behind: first those that are shown there already, the oldest first. One that was closed before `since` and never shown
    /// there is over, and is not shown any more.
    ///
    /// # Errors
    /// As the database says.
    pub async fn alerts_behind(
        &self,
        destination: &str,
        since: Moment,
        most: u64,
    ) -> Result<Vec<Behind<Alert>>> {
        let which = "(c.subject_id IS NOT NULL OR s.state <> 'closed' OR s.raised_at >= ?)";
        let rows = self.behind("alert", which, destination, since, most).await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let ids = rounded(rows.iter().map(|row| row.id).collect());
        let found = alert::Entity::find().filter(alert::Column::Id.is_in(ids)).all(&self.0.db).await?;
        paired(rows, found, |alert| alert.id, alert::Model::alert)
    }

    /// Campaigns whose card in `destination` is behind, in the same order; previews have none, and neither have those that
    /// were over before `since`.
    ///
    /// # Errors
    /// As the database says.
    pub async fn campaigns_behind(
        &self,
        destination: &str,
        since: Moment,
        most: u64,
    ) -> Result<Vec<Behind<Campaign>>> {
        let which = "s.state <> 'draft' AND \
                     (c.subject_id IS NOT NULL OR s.state IN ('asked', 'running', 'held') OR s.launched_at >= ?)";
        let rows = self.behind("campaign", which, destination, since, most).await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let ids = rounded(rows.iter().map(|row| row.id).collect());
        let found = campaign::Entity::find().filter(campaign::Column::Id.is_in(ids)).all(&self.0.db).await?;
        paired(rows, found, |campaign| campaign.id, campaign::Model::campaign)
    }

    /// News that `destination` was not told yet, the oldest first: what happened since, and is news still.
    ///
    /// # Errors
    /// As the database says.
    pub async fn news_behind(
        &self,
        destination: &str,
        since: Moment,
        most: u64,
    ) -> Result<Vec<Behind<News>>> {
        let since = since.max(self.0.clock.wall() - NEWS_FOR);
        // It never changes, and so has one revision.
        let news = "(SELECT id, at, 1 AS revision FROM news)";
        let rows = self.behind(news, "s.at >= ?", destination, since, most).await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let ids = rounded(rows.iter().map(|row| row.id).collect());
        let found = small::news::Entity::find().filter(small::news::Column::Id.is_in(ids)).all(&self.0.db);
        paired(rows, found.await?, |news| news.id, |news| Ok(News::from(news)))
    }

    /// What leads wrote that was not said in `destination` yet, the oldest first: under cards that are shown there.
    ///
    /// # Errors
    /// As the database says.
    pub async fn answers_behind(
        &self,
        destination: &str,
        since: Moment,
        most: u64,
    ) -> Result<Vec<Behind<Answer>>> {
        let since = since.max(self.0.clock.wall() - SAID_FOR);
        let text = format!(
            "SELECT q.activity_id AS id, s.lead_id, s.properties, a.message AS under, c.message, c.nonce FROM quote q \
             JOIN activity s ON s.id = q.activity_id \
             JOIN card a ON a.subject_id = q.alert_id AND a.destination = ? AND a.message IS NOT NULL \
             LEFT JOIN card c ON c.subject_id = q.activity_id AND c.destination = ? \
             WHERE q.at >= ? AND (c.revision IS NULL OR c.revision < 1) ORDER BY q.at, q.activity_id LIMIT {most}"
        );
        let values = vec![destination.into(), destination.into(), micros(since).into()];
        let rows = AnswerRow::find_by_statement(self.0.sql(&text, values)).all(&self.0.db).await?;
        let ids: Vec<LeadId> = rows.iter().map(|row| LeadId(row.lead_id)).collect();
        let leads = self.0.leads().by_ids(&ids).await?;
        let answer = |row: AnswerRow| {
            let lead = leads.iter().find(|lead| lead.id.0 == row.lead_id)?;
            let told = |name: &str| row.properties.get(name)?.as_str().map(str::to_owned);
            let theirs = |from: &String| {
                lead.email.as_ref().is_some_and(|email| email.as_str().eq_ignore_ascii_case(from))
            };
            let answer = Answer {
                id: row.id,
                who: lead.called().to_owned(),
                mail: told("mail").unwrap_or_default(),
                from: told("from").filter(|from| !theirs(from)),
                said: told("said").unwrap_or_default(),
                under: row.under,
            };
            Some(Behind { subject: answer, message: row.message, nonce: row.nonce })
        };
        Ok(rows.into_iter().filter_map(answer).collect())
    }

    async fn behind(
        &self,
        table: &str,
        which: &str,
        destination: &str,
        since: Moment,
        most: u64,
    ) -> Result<Vec<Row>> {
        let text = format!(
            "SELECT s.id AS id, c.message AS message, c.nonce AS nonce FROM {table} s \
             LEFT JOIN card c ON c.subject_id = s.id AND c.destination = ? \
             WHERE {which} AND (c.revision IS NULL OR c.revision < s.revision) ORDER BY (c.message IS NULL), s.id LIMIT {most}"
        );
        let values = vec![destination.into(), micros(since).into()];
        Ok(Row::find_by_statement(self.0.sql(&text, values)).all(&self.0.db).await?)
    }

    /// A card is about to be posted in `destination`: what it is posted by, the same until its message is known.
    ///
    /// # Errors
    /// As the database says.
    pub async fn posting(&self, subject: Uuid, destination: &str) -> Result<Uuid> {
        again!(self.posting_once(subject, destination))
    }

    async fn posting_once(&self, subject: Uuid, destination: &str) -> Result<Uuid> {
        let nonce = mint::id();
        let text = "INSERT INTO card (subject_id, destination, revision, nonce) VALUES (?, ?, -1, ?) \
                    ON CONFLICT (subject_id, destination) DO UPDATE SET nonce = COALESCE(card.nonce, excluded.nonce) \
                    RETURNING nonce";
        let values = vec![subject.into(), destination.into(), nonce.into()];
        let tx = self.0.begin().await?;
        let drawn = Drawn::find_by_statement(self.0.sql(text, values)).one(&*tx).await?;
        self.0.commit(tx, false).await?;
        Ok(drawn.map_or(nonce, |drawn| drawn.nonce))
    }

    /// The card is shown in `destination` as `message`, at `revision`; without a message, that revision cannot be shown
    /// there, and the next one is tried.
    ///
    /// # Errors
    /// As the database says.
    pub async fn shown(
        &self,
        subject: Uuid,
        destination: &str,
        message: Option<&str>,
        revision: i64,
    ) -> Result<()> {
        again!(self.shown_once(subject, destination, message, revision))
    }

    async fn shown_once(
        &self,
        subject: Uuid,
        destination: &str,
        message: Option<&str>,
        revision: i64,
    ) -> Result<()> {
        let row = small::card::Model {
            subject_id: subject,
            destination: destination.to_owned(),
            message: message.map(str::to_owned),
            revision,
            nonce: None,
        };
        let tx = self.0.begin().await?;
        crate::rows::put::<small::card::Entity, _>(&*tx, vec![row]).await?;
        self.0.commit(tx, false).await
    }

    /// The message that held the card is gone: it is posted anew, under another nonce.
    ///
    /// # Errors
    /// As the database says.
    pub async fn lost(&self, subject: Uuid, destination: &str) -> Result<()> {
        again!(async {
            let tx = self.0.begin().await?;
            small::card::Entity::delete_by_id((subject, destination.to_owned())).exec(&*tx).await?;
            self.0.commit(tx, false).await
        })
    }
}
