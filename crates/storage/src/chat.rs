//! Who is who on a platform: users of a chat, linked to members of the team.
//!
//! The member's role is always the team's; a link says only who somebody is.

use crate::{
    Result, Store, mint,
    rows::{add, micros, put, small},
    team::member,
    transaction::again,
};
use chrono::TimeDelta;
use rekindle_core::{
    chat::{ChatUser, How, Platform},
    email::EmailAddress,
    ids::MemberId,
    link::Purpose,
    refusal::Refusal,
    team::Member,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

/// How long a link by which somebody says who they are may be used (wall).
pub const INVITE_LASTS: TimeDelta = TimeDelta::minutes(15);

/// Who is who.
#[derive(Debug, Clone, Copy)]
pub struct Chat<'a>(&'a Store);

impl Store {
    /// Who is who on the platforms.
    pub fn chat(&self) -> Chat<'_> {
        Chat(self)
    }
}

impl Chat<'_> {
    /// The member that a user is; `None` when nobody said so, or the member has left.
    ///
    /// # Errors
    /// As the database says.
    pub async fn member_of(&self, user: &ChatUser) -> Result<Option<Member>> {
        let key = (user.platform.word().to_owned(), user.workspace.clone(), user.id.clone());
        match small::chat_user::Entity::find_by_id(key).one(&self.0.db).await? {
            Some(row) => self.0.team().by_id(MemberId(row.member_id)).await,
            None => Ok(None),
        }
    }

    /// Who a member is on the platforms.
    ///
    /// # Errors
    /// As the database says.
    pub async fn users_of(&self, member: &Member) -> Result<Vec<ChatUser>> {
        let rows = small::chat_user::Entity::find()
            .filter(small::chat_user::Column::MemberId.eq(member.id.0))
            .order_by_asc(small::chat_user::Column::Platform)
            .order_by_asc(small::chat_user::Column::LinkedAt)
            .all(&self.0.db)
            .await?;
        let users = rows.into_iter().filter_map(|row| {
            let platform = Platform::from_word(&row.platform)?;
            Some(ChatUser { platform, workspace: row.workspace, id: row.user_id })
        });
        Ok(users.collect())
    }

    /// A user is this member, whoever they were before.
    ///
    /// # Errors
    /// As the database says.
    pub async fn link(&self, user: &ChatUser, member: &Member, how: How) -> Result<()> {
        again!(self.link_once(user, member, how))
    }

    async fn link_once(&self, user: &ChatUser, member: &Member, how: How) -> Result<()> {
        let tx = self.0.begin().await?;
        put::<small::chat_user::Entity, _>(&*tx, vec![self.row(user, member, how)]).await?;
        self.0.commit(tx, false).await
    }

    fn row(&self, user: &ChatUser, member: &Member, how: How) -> small::chat_user::Model {
        small::chat_user::Model {
            platform: user.platform.word().to_owned(),
            workspace: user.workspace.clone(),
            user_id: user.id.clone(),
            member_id: member.id.0,
            linked_at: micros(self.0.clock.wall()),
            how: how.word().to_owned(),
        }
    }

    /// A user is the member who has this address, which their platform has verified; who that is.
    ///
    /// # Errors
    /// As the database says.
    pub async fn link_by_email(&self, user: &ChatUser, email: &EmailAddress) -> Result<Option<Member>> {
        let row = small::member::Entity::find()
            .filter(small::member::Column::Email.eq(email.canonical()))
            .filter(small::member::Column::Active.eq(true))
            .one(&self.0.db)
            .await?;
        let Some(member) = row.map(member).transpose()? else { return Ok(None) };
        self.link(user, &member, How::Email).await?;
        Ok(Some(member))
    }

    /// The address by which a platform may know a member.
    ///
    /// # Errors
    /// [`Refusal::Not`] when another member has it.
    pub async fn set_email(&self, member: &Member, email: &EmailAddress) -> Result<()> {
        let taken = small::member::Entity::find()
            .filter(small::member::Column::Email.eq(email.canonical()))
            .filter(small::member::Column::Id.ne(member.id.0))
            .one(&self.0.db)
            .await?;
        if let Some(other) = taken {
            let text = format!("{} has this address already.", other.name);
            return Err(Refusal::Not { code: "email_taken", text }.into());
        }
        let tx = self.0.begin().await?;
        let text = "UPDATE member SET email = ? WHERE id = ?";
        tx.execute_raw(self.0.sql(text, vec![email.canonical().into(), member.id.0.into()])).await?;
        self.0.commit(tx, false).await
    }

    /// A one-time token by which a user may say who they are, good for [`INVITE_LASTS`].
    ///
    /// # Errors
    /// As the database says.
    pub async fn invite(&self, user: &ChatUser) -> Result<String> {
        let id = mint::id();
        let row = small::chat_link::Model {
            id,
            platform: user.platform.word().to_owned(),
            workspace: user.workspace.clone(),
            user_id: user.id.clone(),
            expires_at: micros(self.0.clock.wall() + INVITE_LASTS),
        };
        let tx = self.0.begin().await?;
        add::<small::chat_link::Entity, _>(&*tx, vec![row]).await?;
        self.0.commit(tx, false).await?;
        Ok(self.0.ring.token(Purpose::LinkChat, id, 0))
    }

    /// Whom a token is about, while it is good; does not use it up.
    ///
    /// # Errors
    /// As the database says.
    pub async fn of_invite(&self, token: &str) -> Result<Option<ChatUser>> {
        let Some(meant) = self.0.ring.check(Purpose::LinkChat, token) else { return Ok(None) };
        let row = small::chat_link::Entity::find_by_id(meant.row).one(&self.0.db).await?;
        let now = micros(self.0.clock.wall());
        Ok(row.filter(|row| row.expires_at >= now).and_then(|row| {
            let platform = Platform::from_word(&row.platform)?;
            Some(ChatUser { platform, workspace: row.workspace, id: row.user_id })
        }))
    }

    /// Uses up a token: its user is this member. Whom it was about; `None` when it is good no more.
    ///
    /// # Errors
    /// As the database says.
    pub async fn accept(&self, token: &str, member: &Member) -> Result<Option<ChatUser>> {
        let Some(user) = self.of_invite(token).await? else { return Ok(None) };
        let Some(meant) = self.0.ring.check(Purpose::LinkChat, token) else { return Ok(None) };
        let tx = self.0.begin().await?;
        let gone = small::chat_link::Entity::delete_by_id(meant.row).exec(&*tx).await?;
        if gone.rows_affected == 0 {
            return Ok(None);
        }
        put::<small::chat_user::Entity, _>(&*tx, vec![self.row(&user, member, How::Link)]).await?;
        self.0.commit(tx, false).await?;
        Ok(Some(user))
    }
}
