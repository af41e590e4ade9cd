//! The team: members, one-time sign-in links, sessions.

use crate::{
    Result, Store, StoreError, mint,
    rows::{add, micros, put, small, word},
    transaction::again,
};
use chrono::TimeDelta;
use rekindle_core::{
    ids::MemberId,
    link::{Purpose, digest},
    nearest::did_you_mean,
    refusal::Refusal,
    team::{Handle, Member, Role},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

/// How long a one-time link may be used (wall).
pub const LINK_LASTS: TimeDelta = TimeDelta::hours(24);
/// How long a session lasts (wall).
pub const SESSION_LASTS: TimeDelta = TimeDelta::hours(12);

/// The team.
#[derive(Debug, Clone, Copy)]
pub struct Team<'a>(&'a Store);

impl Store {
    /// The team.
    pub fn team(&self) -> Team<'_> {
        Team(self)
    }
}

pub(crate) fn member(row: small::member::Model) -> Result<Member> {
    let id = MemberId(row.id);
    Ok(Member {
        id,
        handle: word("member", "handle", id, &row.handle, Handle::of)?,
        name: row.name,
        role: word("member", "role", id, &row.role, Role::from_word)?,
        active: row.active,
    })
}

impl Team<'_> {
    /// Adds a member, or gives one who is there already another role. It is an admin's word: no group takes it away.
    ///
    /// # Errors
    /// [`Refusal::Usage`] when the name leaves no handle.
    pub async fn add(&self, name: &str, role: Role) -> Result<Member> {
        again!(self.add_once(name, role))
    }

    async fn add_once(&self, name: &str, role: Role) -> Result<Member> {
        let handle = Handle::of(name).ok_or_else(|| Refusal::Usage {
            text: format!("“{name}” is no name: it needs at least one letter or digit."),
        })?;
        let tx = self.0.begin().await?;
        let known = small::member::Entity::find()
            .filter(small::member::Column::Handle.eq(handle.as_str()))
            .one(&*tx)
            .await?;
        let name = match name.trim() == handle.as_str() {
            true => handle.name(),
            false => name.trim().to_owned(),
        };
        let row = match known {
            Some(row) => {
                small::member::Model { role: role.word().to_owned(), active: true, source: None, ..row }
            }
            None => small::member::Model {
                id: mint::id(),
                handle: handle.to_string(),
                name,
                role: role.word().to_owned(),
                active: true,
                created_at: micros(self.0.clock.wall()),
                email: None,
                source: None,
            },
        };
        put::<small::member::Entity, _>(&*tx, vec![row.clone()]).await?;
        self.0.commit(tx, true).await?;
        member(row)
    }

    /// All members, by name.
    ///
    /// # Errors
    /// As the database says.
    pub async fn all(&self) -> Result<Vec<Member>> {
        let rows =
            small::member::Entity::find().order_by_asc(small::member::Column::Handle).all(&self.0.db).await?;
        rows.into_iter().map(member).collect()
    }

    /// The member that a name means.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] with the nearest name.
    pub async fn named(&self, name: &str) -> Result<Member> {
        let all = self.all().await?;
        let handle = Handle::of(name);
        if let Some(found) = all.iter().find(|m| Some(&m.handle) == handle.as_ref() || m.name == name) {
            return Ok(found.clone());
        }
        let help = if all.is_empty() {
            "; the team is empty: `rekindle team add NAME --role admin`".to_owned()
        } else {
            did_you_mean(name, all.iter().map(|m| m.handle.as_str()))
        };
        Err(Refusal::Unknown { what: "member", name: name.to_owned(), help }.into())
    }

    /// The address at work of a member, where it is known.
    ///
    /// # Errors
    /// As the database says.
    pub async fn address_of(&self, member: &Member) -> Result<Option<String>> {
        let row = small::member::Entity::find_by_id(member.id.0).one(&self.0.db).await?;
        Ok(row.and_then(|row| row.email))
    }

    /// A one-time sign-in token for a member, good for [`LINK_LASTS`].
    ///
    /// # Errors
    /// As the database says.
    pub async fn link(&self, member: &Member) -> Result<String> {
        let id = mint::id();
        let expires_at = micros(self.0.clock.wall() + LINK_LASTS);
        let tx = self.0.begin().await?;
        let row = small::sign_in::Model { id, member_id: member.id.0, expires_at };
        add::<small::sign_in::Entity, _>(&*tx, vec![row]).await?;
        self.0.commit(tx, false).await?;
        Ok(self.0.ring.token(Purpose::SignIn, id, 0))
    }

    /// Whom a sign-in token is for, while it is good; does not use it up.
    ///
    /// # Errors
    /// As the database says.
    pub async fn of_link(&self, token: &str) -> Result<Option<Member>> {
        let Some(meant) = self.0.ring.check(Purpose::SignIn, token) else { return Ok(None) };
        let Some(row) = small::sign_in::Entity::find_by_id(meant.row).one(&self.0.db).await? else {
            return Ok(None);
        };
        if row.expires_at < micros(self.0.clock.wall()) {
            return Ok(None);
        }
        self.by_id(MemberId(row.member_id)).await
    }

    /// Uses up a sign-in token: the secret of a new session, once.
    ///
    /// # Errors
    /// As the database says.
    pub async fn sign_in(&self, token: &str) -> Result<Option<String>> {
        let Some(member) = self.of_link(token).await? else { return Ok(None) };
        let Some(meant) = self.0.ring.check(Purpose::SignIn, token) else { return Ok(None) };
        let tx = self.0.begin().await?;
        let gone = small::sign_in::Entity::delete_by_id(meant.row).exec(&*tx).await?;
        if gone.rows_affected == 0 {
            return Ok(None);
        }
        let secret = mint::secret("session");
        let row = small::session::Model {
            digest: digest(&secret),
            member_id: member.id.0,
            expires_at: micros(self.0.clock.wall() + SESSION_LASTS),
        };
        add::<small::session::Entity, _>(&*tx, vec![row]).await?;
        self.0.commit(tx, false).await?;
        Ok(Some(secret))
    }

    /// Whose session a secret is, while it lasts.
    ///
    /// # Errors
    /// As the database says.
    pub async fn of_session(&self, secret: &str) -> Result<Option<Member>> {
        let row = small::session::Entity::find_by_id(digest(secret)).one(&self.0.db).await?;
        match row {
            Some(row) if row.expires_at >= micros(self.0.clock.wall()) => {
                self.by_id(MemberId(row.member_id)).await
            }
            _ => Ok(None),
        }
    }

    /// Ends a session.
    ///
    /// # Errors
    /// As the database says.
    pub async fn sign_out(&self, secret: &str) -> Result<()> {
        let tx = self.0.begin().await?;
        small::session::Entity::delete_by_id(digest(secret)).exec(&*tx).await?;
        self.0.commit(tx, false).await
    }

    pub(crate) async fn by_id(&self, id: MemberId) -> Result<Option<Member>, StoreError> {
        let row = small::member::Entity::find_by_id(id.0).one(&self.0.db).await?;
        Ok(row.map(member).transpose()?.filter(|m| m.active))
    }
}
