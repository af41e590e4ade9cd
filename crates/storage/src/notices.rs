//! Notices: what members are told alone, and where they were told it.
//!
//! Promise: a notice is kept in the transaction that makes it true, and told on every platform on which its member
//! can be reached, until the platform has taken it. Where an answer was lost it may be told twice.

use crate::{
    Result, Store, mint,
    rows::{add, micros, moment, put, small, word},
    transaction::{Writing, again},
};
use chrono::TimeDelta;
use rekindle_core::{
    chat::{ChatUser, Platform},
    ids::LeadId,
    notice::{Notice, Topic},
    team::{Handle, Member},
    time::Moment,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, prelude::Uuid};

/// What is older than this is not told any more (wall): whoever is linked today has heard of yesterday otherwise.
pub const TOLD_WITHIN: TimeDelta = TimeDelta::days(1);

/// The notices.
#[derive(Debug, Clone, Copy)]
pub struct Notices<'a>(&'a Store);

impl Store {
    /// The notices.
    pub fn notices(&self) -> Notices<'_> {
        Notices(self)
    }
}

/// A notice that a platform has not taken yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untold {
    /// Ours; the same at each try.
    pub id: Uuid,
    /// What.
    pub notice: Notice,
    /// When it became true (wall).
    pub at: Moment,
    /// Who the member is there; nobody on the console, which knows its members itself.
    pub user: Option<ChatUser>,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    member: String,
    topic: String,
    lead_id: Uuid,
    text: String,
    at: i64,
    workspace: Option<String>,
    user_id: Option<String>,
}

impl Notices<'_> {
    /// Keeps what a decision wants to be told.
    pub(crate) async fn keep(&self, tx: &Writing, notices: Vec<Notice>) -> Result<()> {
        let at = micros(self.0.clock.wall());
        let rows = notices.into_iter().map(|notice| small::notice::Model {
            id: mint::id(),
            member: notice.to.to_string(),
            topic: notice.topic.word().to_owned(),
            lead_id: notice.lead.0,
            text: notice.text.chars().filter(|c| *c != '\0').take(1000).collect(),
            at,
        });
        add::<small::notice::Entity, _>(&**tx, rows.collect()).await
    }

    /// What a platform has yet to be told, the oldest first: to members who can be reached there, and have not muted it.
    ///
    /// # Errors
    /// As the database says.
    pub async fn untold(&self, platform: Platform, most: u64) -> Result<Vec<Untold>> {
        // The console reaches every member; other platforms those who are linked.
        let users = if platform == Platform::Console { "LEFT JOIN" } else { "JOIN" };
        let text = format!(
            "SELECT n.id, n.member, n.topic, n.lead_id, n.text, n.at, u.workspace, u.user_id FROM notice n \
             JOIN member m ON m.handle = n.member AND m.active {users} chat_user u ON u.member_id = m.id AND u.platform = ? \
             WHERE n.at > ? AND NOT EXISTS (SELECT 1 FROM told t WHERE t.notice_id = n.id AND t.platform = ?) \
             AND NOT EXISTS (SELECT 1 FROM mute x WHERE x.member = n.member AND x.topic = n.topic) \
             ORDER BY n.at, n.id, u.linked_at LIMIT {most}"
        );
        let since = micros(self.0.clock.wall() - TOLD_WITHIN);
        let values = vec![platform.word().into(), since.into(), platform.word().into()];
        let rows = Row::find_by_statement(self.0.sql(&text, values)).all(&self.0.db).await?;
        let mut untold: Vec<Untold> = Vec::with_capacity(rows.len());
        for row in rows {
            // Who is linked twice is told where they were linked first.
            if untold.iter().any(|known| known.id == row.id) {
                continue;
            }
            let Some(to) = Handle::of(&row.member) else { continue };
            let topic = word("notice", "topic", row.id, &row.topic, Topic::from_word)?;
            let user = row.workspace.zip(row.user_id);
            untold.push(Untold {
                id: row.id,
                notice: Notice { to, topic, lead: LeadId(row.lead_id), text: row.text },
                at: moment(row.at),
                user: user.map(|(workspace, id)| ChatUser { platform, workspace, id }),
            });
        }
        Ok(untold)
    }

    /// A platform has taken a notice.
    ///
    /// # Errors
    /// As the database says.
    pub async fn told(&self, notice: Uuid, platform: Platform) -> Result<()> {
        let row = || small::told::Model {
            notice_id: notice,
            platform: platform.word().to_owned(),
            at: micros(self.0.clock.wall()),
        };
        again!(async {
            let tx = self.0.begin().await?;
            put::<small::told::Entity, _>(&*tx, vec![row()]).await?;
            self.0.commit(tx, false).await
        })
    }

    /// A member wants to hear no more of a topic, or to hear of it again.
    ///
    /// # Errors
    /// As the database says.
    pub async fn mute(&self, member: &Member, topic: Topic, muted: bool) -> Result<()> {
        let text = match muted {
            true => "INSERT INTO mute (member, topic) VALUES (?, ?) ON CONFLICT DO NOTHING",
            false => "DELETE FROM mute WHERE member = ? AND topic = ?",
        };
        again!(async {
            let tx = self.0.begin().await?;
            let values = vec![member.handle.as_str().into(), topic.word().into()];
            tx.execute_raw(self.0.sql(text, values)).await?;
            self.0.commit(tx, false).await
        })
    }

    /// What a member does not want to hear of.
    ///
    /// # Errors
    /// As the database says.
    pub async fn muted(&self, member: &Member) -> Result<Vec<Topic>> {
        let rows = small::mute::Entity::find()
            .filter(small::mute::Column::Member.eq(member.handle.as_str()))
            .all(&self.0.db)
            .await?;
        Ok(rows.iter().filter_map(|row| Topic::from_word(&row.topic)).collect())
    }
}
