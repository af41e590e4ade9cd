//! Who is who on a platform: users of a chat, linked to members of the team.
//!
//! A link says only who somebody is; their role is the team's, or, for who is in the team by a group of their platform,
//! what that group gives.

use crate::{
    Result, Store, mint,
    rows::{add, micros, put, small},
    team::member,
    transaction::{Writing, again},
};
use chrono::TimeDelta;
use rekindle_core::{
    chat::{ChatUser, How, Platform},
    email::EmailAddress,
    ids::MemberId,
    link::Purpose,
    refusal::Refusal,
    team::{Handle, Member, Role},
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
        self.leave_behind(&tx).await?;
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

    /// Whether a member is in the team by a group of a platform, and not by an admin's word.
    ///
    /// # Errors
    /// As the database says.
    pub async fn is_by_group(&self, member: &Member) -> Result<bool> {
        let row = small::member::Entity::find_by_id(member.id.0).one(&self.0.db).await?;
        Ok(row.is_some_and(|row| row.source.is_some()))
    }

    /// A user whom a group of their platform gives a role is a member with that role, a new one where nobody knows them;
    /// `None` where an admin's word stands against it. Nobody becomes a member that was there before, whatever their name.
    ///
    /// # Errors
    /// As the database says.
    pub async fn join(&self, user: &ChatUser, name: &str, role: Role) -> Result<Option<Member>> {
        again!(self.join_once(user, name, role))
    }

    async fn join_once(&self, user: &ChatUser, name: &str, role: Role) -> Result<Option<Member>> {
        let tx = self.0.begin().await?;
        let key = (user.platform.word().to_owned(), user.workspace.clone(), user.id.clone());
        let link = small::chat_user::Entity::find_by_id(key).one(&*tx).await?;
        let known = match &link {
            Some(link) => small::member::Entity::find_by_id(link.member_id).one(&*tx).await?,
            None => None,
        };
        let role = role.word().to_owned();
        let row = match (&link, known) {
            (Some(_), Some(row)) if row.source.is_some() => {
                small::member::Model { role, active: true, ..row }
            }
            (Some(_), _) => return Ok(None),
            (None, _) => {
                let handle = free_handle(&tx, name, &user.id).await?;
                small::member::Model {
                    id: mint::id(),
                    name: handle.name(),
                    handle: handle.to_string(),
                    role,
                    active: true,
                    created_at: micros(self.0.clock.wall()),
                    email: None,
                    source: Some(user.platform.word().to_owned()),
                }
            }
        };
        let member = member(row.clone())?;
        put::<small::member::Entity, _>(&*tx, vec![row]).await?;
        if link.is_none() {
            put::<small::chat_user::Entity, _>(&*tx, vec![self.row(user, &member, How::Group)]).await?;
        }
        self.0.commit(tx, true).await?;
        Ok(Some(member))
    }

    /// A member is in no group any more that gives a role: what they have is gone with it. An admin's word stands.
    ///
    /// # Errors
    /// As the database says.
    pub async fn left(&self, member: &Member) -> Result<()> {
        again!(async {
            let tx = self.0.begin().await?;
            let text = "UPDATE member SET active = FALSE WHERE id = ? AND source IS NOT NULL";
            tx.execute_raw(self.0.sql(text, vec![member.id.0.into()])).await?;
            self.0.commit(tx, true).await
        })
    }

    /// Whom a group let in and who is somebody else now, is not in the team a second time.
    async fn leave_behind(&self, tx: &Writing) -> Result<()> {
        let text = "UPDATE member SET active = FALSE WHERE source IS NOT NULL AND id NOT IN (SELECT member_id FROM chat_user)";
        tx.execute_raw(self.0.sql(text, vec![])).await?;
        Ok(())
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
        self.leave_behind(&tx).await?;
        self.0.commit(tx, false).await?;
        Ok(Some(user))
    }
}

/// A handle that nobody has, made of a name.
async fn free_handle(tx: &Writing, name: &str, id: &str) -> Result<Handle> {
    let no_name = || Refusal::Usage { text: "somebody without a name cannot be a member".to_owned() };
    let mut handle = Handle::of(name).or_else(|| Handle::of(id)).ok_or_else(no_name)?;
    let mut number = 1;
    loop {
        let taken = small::member::Entity::find().filter(small::member::Column::Handle.eq(handle.as_str()));
        if taken.one(&**tx).await?.is_none() {
            return Ok(handle);
        }
        number += 1;
        handle = Handle::of(&format!("{name} {id} {number}")).ok_or_else(no_name)?;
    }
}
