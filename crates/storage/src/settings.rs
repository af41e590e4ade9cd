//! Small facts that all processes share: who paused the mail, when the jobs of the cron table last ran.

use crate::{Result, Store, rows::small, transaction::again};
use rekindle_core::{
    mail_check::MailCheck,
    team::Handle,
    time::{Anchor, Moment},
};
use sea_orm::{ConnectionTrait, EntityTrait, QuerySelect, sea_query::LockType};
use serde::{Deserialize, Serialize};

/// The kill switch, pressed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Who pressed it.
    pub by: Handle,
    /// When (wall).
    pub at: Moment,
}

const PAUSE: &str = "pause";

impl Store {
    /// Whether all mail is paused, and by whom.
    ///
    /// # Errors
    /// As the database says.
    pub async fn pause(&self) -> Result<Option<Pause>> {
        pause(&self.db).await
    }

    /// Presses the kill switch, or lets it go, and tells the team. Mail that waits is looked at again at once when it is let go.
    ///
    /// # Errors
    /// As the database says.
    pub async fn set_pause(&self, pause: Option<Pause>, news: &str) -> Result<()> {
        let tx = self.begin().await?;
        let row = small::setting::Model {
            name: PAUSE.to_owned(),
            value: serde_json::to_value(&pause).unwrap_or_default(),
        };
        crate::rows::put::<small::setting::Entity, _>(&*tx, vec![row]).await?;
        if pause.is_none() {
            let now = crate::rows::micros(self.clock.calendar());
            let text = "UPDATE delivery SET not_before = ? WHERE state = 'pending' AND not_before > ? AND reason LIKE 'all mail is paused%'";
            tx.execute_raw(self.sql(text, vec![now.into(), now.into()])).await?;
        }
        self.tell_the_team(&tx, news).await?;
        self.commit(tx, true).await
    }

    /// When a job of the cron table last fired (calendar); `None` before it was ever seen.
    ///
    /// # Errors
    /// As the database says.
    pub async fn fired(&self, job: &str) -> Result<Option<Moment>> {
        let row = small::setting::Entity::find_by_id(fired_name(job)).one(&self.db).await?;
        Ok(row.and_then(|row| serde_json::from_value(row.value).ok()))
    }

    /// Says that a job fires at `at`, if it last fired at `expected`: of several workers, one hears true.
    ///
    /// # Errors
    /// As the database says.
    pub async fn set_fired(&self, job: &str, expected: Option<Moment>, at: Moment) -> Result<bool> {
        again!(self.set_fired_once(job, expected, at))
    }

    async fn set_fired_once(&self, job: &str, expected: Option<Moment>, at: Moment) -> Result<bool> {
        let tx = self.begin().await?;
        let row =
            small::setting::Entity::find_by_id(fired_name(job)).lock(LockType::Update).one(&*tx).await?;
        let known = row.is_some();
        let last: Option<Moment> = row.and_then(|row| serde_json::from_value(row.value).ok());
        if last != expected {
            return Ok(false);
        }
        let value = serde_json::to_value(at).unwrap_or_default();
        let rows = vec![small::setting::Model { name: fired_name(job), value }];
        if known {
            crate::rows::put::<small::setting::Entity, _>(&*tx, rows).await?;
        } else {
            // Two that add the first word meet at the unique name, and one of them looks again.
            crate::rows::add::<small::setting::Entity, _>(&*tx, rows).await?;
        }
        self.commit(tx, false).await?;
        Ok(true)
    }
}

fn fired_name(job: &str) -> String {
    format!("fired:{job}")
}

/// Whether all mail is paused, read inside a transaction.
pub(crate) async fn pause(db: &impl ConnectionTrait) -> Result<Option<Pause>> {
    let row = small::setting::Entity::find_by_id(PAUSE.to_owned()).one(db).await?;
    Ok(row.and_then(|row| serde_json::from_value(row.value).ok()).flatten())
}

const PUBLIC_URL: &str = "public_url";

impl Store {
    /// Where the running house is reached from outside, as its last start said: what other processes
    /// begin a link with.
    ///
    /// # Errors
    /// As the database says.
    pub async fn public_url(&self) -> Result<Option<String>> {
        let row = small::setting::Entity::find_by_id(PUBLIC_URL.to_owned()).one(&self.db).await?;
        Ok(row.and_then(|row| row.value.as_str().map(str::to_owned)))
    }

    /// Says where the house is reached from outside.
    ///
    /// # Errors
    /// As the database says.
    pub async fn set_public_url(&self, url: &str) -> Result<()> {
        let row = small::setting::Model { name: PUBLIC_URL.to_owned(), value: url.into() };
        let tx = self.begin().await?;
        crate::rows::put::<small::setting::Entity, _>(&*tx, vec![row]).await?;
        self.commit(tx, false).await
    }
}

const MAIL_CHECK: &str = "mail_check";

impl Store {
    /// What was found when somebody last looked whether mail in our name will be believed.
    ///
    /// # Errors
    /// As the database says.
    pub async fn mail_check(&self) -> Result<Option<MailCheck>> {
        let row = small::setting::Entity::find_by_id(MAIL_CHECK.to_owned()).one(&self.db).await?;
        Ok(row.and_then(|row| serde_json::from_value(row.value).ok()))
    }

    /// Remembers what was found.
    ///
    /// # Errors
    /// As the database says.
    pub async fn set_mail_check(&self, check: &MailCheck) -> Result<()> {
        let value = serde_json::to_value(check).unwrap_or_default();
        let tx = self.begin().await?;
        let row = small::setting::Model { name: MAIL_CHECK.to_owned(), value };
        crate::rows::put::<small::setting::Entity, _>(&*tx, vec![row]).await?;
        self.commit(tx, false).await
    }
}

const ANCHOR: &str = "calendar";

impl Store {
    /// Where the calendar of the running house was when it started, if it is not the wall: what other processes on this
    /// database tell the time by.
    ///
    /// # Errors
    /// As the database says.
    pub async fn anchor(&self) -> Result<Option<Anchor>> {
        let row = small::setting::Entity::find_by_id(ANCHOR.to_owned()).one(&self.db).await?;
        Ok(row.and_then(|row| serde_json::from_value(row.value).ok()).flatten())
    }

    /// Says where the calendar of the house is; `None` when it is the wall.
    ///
    /// # Errors
    /// As the database says.
    pub async fn set_anchor(&self, anchor: Option<Anchor>) -> Result<()> {
        if self.anchor().await? == anchor {
            return Ok(());
        }
        let value = serde_json::to_value(anchor).unwrap_or_default();
        let tx = self.begin().await?;
        let row = small::setting::Model { name: ANCHOR.to_owned(), value };
        crate::rows::put::<small::setting::Entity, _>(&*tx, vec![row]).await?;
        self.commit(tx, false).await
    }

    /// Whether something could be written now: begins to, and takes it back.
    ///
    /// # Errors
    /// As the database says.
    pub async fn can_write(&self) -> Result<()> {
        let tx = self.begin().await?;
        let text = "UPDATE setting SET value = value WHERE name = ?";
        tx.execute_raw(self.sql(text, vec![PUBLIC_URL.into()])).await?;
        // It is dropped here, and so rolled back.
        Ok(())
    }
}
