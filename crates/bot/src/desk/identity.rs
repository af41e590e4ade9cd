//! Who somebody in a chat is: an address by which a platform knows them, a link by which they say it, an admin's word.

use super::Desk;
use crate::reply::Reply;
use rekindle_core::{
    chat::{ChatUser, How},
    email::EmailAddress,
    refusal::Refusal,
};
use rekindle_storage::Result;

impl Desk {
    /// The answer to whoever nobody knows yet: a link by which they say who they are.
    ///
    /// # Errors
    /// As the database says.
    pub(crate) async fn invite(&self, user: &ChatUser) -> Result<Reply> {
        let (words, _) = self.invitation(user).await?;
        Ok(Reply { ok: false, code: Some("unlinked"), ..Reply::done(words) })
    }

    /// The same in words, and the link alone.
    ///
    /// # Errors
    /// As the database says.
    pub(crate) async fn invitation(&self, user: &ChatUser) -> Result<(String, String)> {
        let token = self.store.chat().invite(user).await?;
        let link = format!("{}/link-chat/{token}", self.house_url().await?);
        let words = format!(
            "I do not know yet who you are. Open this link in the browser in which you are signed in to Rekindle, within \
             15 minutes: {link}\nWithout a sign-in, ask an admin for one (/rekindle team add), or to link you: \
             /rekindle team link YOUR-NAME {user}"
        );
        Ok((words, link))
    }

    pub(super) async fn link_user(&self, name: &str, user: &str) -> Result<Reply> {
        let member = self.store.team().named(name).await?;
        let Some(user) = ChatUser::parse(user) else {
            let text = format!(
                "“{user}” is nobody in a chat; it is written as Rekindle tells whoever it does not know, such as slack:T0123/U0456."
            );
            return Err(Refusal::Usage { text }.into());
        };
        self.store.chat().link(&user, &member, How::Admin).await?;
        Ok(Reply::done(format!("{user} is {} now.", member.name)))
    }

    pub(super) async fn give_email(&self, name: &str, email: &str) -> Result<Reply> {
        let member = self.store.team().named(name).await?;
        let email = EmailAddress::parse(email).map_err(|why| Refusal::Usage { text: format!("{why}.") })?;
        self.store.chat().set_email(&member, &email).await?;
        Ok(Reply::done(format!(
            "{} is known by this address now, wherever a chat has verified it.",
            member.name
        )))
    }
}
