//! What comes in from a platform: kept once, acknowledged, then handled, the same for every platform.
//!
//! Promise: **one arrival, one effect.** The edge of a platform verifies a request, keeps it under the id that the
//! platform gave it, acknowledges it, and only then lets it be handled in a task of its own; a second arrival of
//! the same id does nothing. What a process had in hand when it died is taken over by another, or by itself at its next
//! start: where nothing was written for it yet, it is handled, while it can still be answered; where it was begun, it is
//! not done again, and whoever asked is told to look.
//!
//! Who asks is a member of the team when they are linked, or in a group that gives a role. Their role is asked for each time:
//! of the team where an admin gave it, and of the platform's groups where nobody did.

use crate::{
    command::Suggestion,
    desk::Desk,
    form::{Faults, Filled, Form, Of},
    reply::Reply,
    wall::Trouble,
};
use async_trait::async_trait;
use chrono::TimeDelta;
use chrono_tz::Tz;
use rekindle_core::{
    chat::{ChatUser, Platform},
    email::EmailAddress,
    team::{Member, Role},
};
use rekindle_storage::{
    Result, Store,
    inbound::{Arrived, Became, Left},
};
use std::{fmt::Debug, sync::Arc, time::Duration};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How often it is looked whether a process has died with something in hand.
const LOOK: Duration = Duration::from_secs(2);
/// How often an answer is tried.
const TRIES: u32 = 3;
/// How long an acknowledgement may wait for what it says: a platform waits three seconds, and whoever asks next is
/// behind it.
const CHECKS_IN: Duration = Duration::from_millis(800);
/// The longest wait between two tries of an answer.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// What a platform does for whoever asks there.
#[async_trait]
pub trait Voice: Send + Sync + Debug {
    /// Which platform it is.
    fn platform(&self) -> Platform;

    /// How long after its arrival something can be answered (wall).
    fn answers_for(&self) -> TimeDelta;

    /// What was asked; `None` when nobody here knows what it is.
    fn asked(&self, came: &Arrived) -> Option<Asked>;

    /// The address of a user, where the platform has verified it.
    async fn email_of(&self, user: &ChatUser) -> Result<Option<EmailAddress>, Trouble>;

    /// The role that the groups of a user give them now. `came` is what they asked, where they asked something.
    async fn role_of(&self, came: Option<&Arrived>, user: &ChatUser) -> Result<Option<Role>, Trouble>;

    /// What to call somebody whom a group lets in; `None` keeps them out all the same.
    async fn name_of(&self, came: Option<&Arrived>, user: &ChatUser) -> Result<Option<String>, Trouble>;

    /// Answers whoever asked, privately.
    async fn whisper(&self, came: &Arrived, reply: &Reply) -> Result<(), Trouble>;
}

/// What somebody asks on a platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Who.
    pub user: ChatUser,
    /// What.
    pub what: What,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A command as it was typed: "/lead claim kim@acme.test".
    Command(String),
    /// A button of a card, with the value it asked for.
    Press {
        /// The id of the alert or campaign.
        card: String,
        /// The word of the button.
        intent: String,
        /// What was chosen or written.
        value: Option<String>,
    },
}

/// Somebody whose requests are not even looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stranger {
    /// From a workspace or guild that the settings do not name.
    Elsewhere,
    /// A guest of another organisation in a shared channel.
    Guest,
    /// In a direct message, where no guild vouches for them.
    Direct,
}

impl Stranger {
    /// What they are told.
    pub fn text(self) -> &'static str {
        match self {
            Self::Elsewhere => {
                "Rekindle does not work for this workspace. Its operator can allow it in the settings."
            }
            Self::Guest => "Rekindle answers only people of the organisation that it belongs to.",
            Self::Direct => "Rekindle answers on its team's server, not in direct messages.",
        }
    }

    /// The answer.
    pub fn reply(self) -> Reply {
        Reply { ok: false, code: Some("stranger"), ..Reply::done(self.text()) }
    }
}

/// Keeps and handles what comes in. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Inbound {
    store: Store,
    desk: Desk,
    tasks: TaskTracker,
}

impl Inbound {
    /// For a desk; what was begun is waited for in `tasks`.
    pub fn new(store: Store, desk: Desk, tasks: TaskTracker) -> Self {
        Self { store, desk, tasks }
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The zone that the team's times are said in.
    pub fn zone(&self) -> Tz {
        self.desk.settings.zone
    }

    /// The desk that what comes in is for.
    pub(crate) fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Keeps what came in, before it is acknowledged; whether it is new, and to be [begun](Self::begin).
    ///
    /// # Errors
    /// As the database says: then it is not acknowledged.
    pub async fn keep(&self, came: &Arrived) -> Result<bool> {
        let new = self.store.inbound().keep(came).await?;
        if !new {
            tracing::info!(platform = %came.platform, id = came.id, "came in before; nothing is done");
        }
        Ok(new)
    }

    /// Keeps what nobody here knows.
    ///
    /// # Errors
    /// As the database says.
    pub async fn keep_unknown(&self, came: &Arrived) -> Result<()> {
        if self.keep(came).await? {
            tracing::warn!(platform = %came.platform, kind = came.kind, id = came.id, "nobody here knows what this is");
            self.store.inbound().became(came, Became::Ignored).await?;
        }
        Ok(())
    }

    /// Handles what was kept, in a task of its own. To be called once it is acknowledged.
    pub fn begin(&self, voice: Arc<dyn Voice>, came: Arrived) {
        let inbound = self.clone();
        self.tasks.spawn(async move { inbound.handle(&*voice, &came).await });
    }

    /// Lets something run beside the acknowledgement; it is waited for at the end.
    pub fn aside(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(work);
    }

    /// Tells a stranger so. Nothing of theirs is kept, and nothing read.
    pub fn turn_away(&self, voice: Arc<dyn Voice>, came: Arrived, stranger: Stranger) {
        tracing::warn!(platform = %came.platform, kind = came.kind, ?stranger, "turned away");
        self.tasks.spawn(async move { answer(&*voice, &came, &stranger.reply()).await });
    }

    /// Looks after what processes that died had in hand, at once and then now and again until it is told to stop.
    pub async fn look_after(&self, voice: Arc<dyn Voice>, stop: &CancellationToken) {
        if let Err(error) = self.store.inbound().forget_old().await {
            tracing::warn!(%error, "what came in long ago could not be forgotten");
        }
        while !stop.is_cancelled() {
            if let Err(error) = self.recover(&voice).await {
                tracing::warn!(%error, platform = %voice.platform(), "what was left could not be looked after; trying again");
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// Handles what was new in the hands of processes that died. What is too old to be answered is not done any more:
    /// whoever asked may long have done otherwise; nor is what was begun: nobody knows how far it came.
    ///
    /// # Errors
    /// As the database says.
    pub async fn recover(&self, voice: &Arc<dyn Voice>) -> Result<()> {
        let now = self.store.clock().wall();
        for Left { came, begun } in self.store.inbound().take_over(voice.platform()).await? {
            let (code, text) = match (begun, now - came.at <= voice.answers_for()) {
                (false, true) => {
                    self.begin(voice.clone(), came);
                    continue;
                }
                (false, false) => (
                    "missed",
                    "Rekindle was away when you asked this, and has not done it. Please ask again.",
                ),
                (true, _) => (
                    "interrupted",
                    "Rekindle was interrupted while it did this. Look whether it took effect before you ask again.",
                ),
            };
            tracing::warn!(platform = %came.platform, id = came.id, code, "a process died with this in hand");
            self.store.inbound().became(&came, Became::Done).await?;
            let voice = voice.clone();
            let told = Reply { ok: false, code: Some(code), ..Reply::done(text) };
            self.tasks.spawn(async move { answer(&*voice, &came, &told).await });
        }
        Ok(())
    }

    /// What could be typed after `text`, for a user who is linked; for others, nothing.
    ///
    /// # Errors
    /// As the database says.
    pub async fn complete(&self, user: &ChatUser, text: &str) -> Result<Vec<Suggestion>> {
        match self.store.chat().member_of(user).await? {
            Some(_) => self.desk.complete(text).await,
            None => Ok(Vec::new()),
        }
    }

    /// The form by which somebody is asked for what their command or press lacks.
    ///
    /// # Errors
    /// What they are told instead: who they must be, that they may not, that nothing is lacking any more.
    pub async fn form(
        &self,
        voice: &dyn Voice,
        came: &Arrived,
        asked: &Asked,
    ) -> std::result::Result<Form, Reply> {
        let member = match self.member(voice, Some(came), &asked.user).await {
            Ok(Some(member)) => member,
            Ok(None) => {
                return Err(self.desk.invite(&asked.user).await.unwrap_or_else(|error| self.broken(&error)));
            }
            Err(error) => return Err(self.broken(&error)),
        };
        let place = asked.user.platform.word();
        match self.desk.form(&member, place, &asked.what).await {
            Some(form) => form,
            None => Err(obey(&self.desk, &member, asked.clone()).await),
        }
    }

    /// What is wrong with what somebody filled in, at its fields. Nothing when that takes longer than a platform waits, or they
    /// are not linked: what is wrong could tell whom we know.
    pub async fn faults(&self, user: &ChatUser, of: &Of, filled: &Filled) -> Faults {
        let look = async {
            match self.store.chat().member_of(user).await {
                Ok(Some(_)) => self.desk.faults(of, filled).await,
                _ => Faults::new(),
            }
        };
        tokio::time::timeout(CHECKS_IN, look).await.unwrap_or_default()
    }

    /// Leads to choose from while somebody types; for whoever is not linked, none.
    pub async fn leads_like(&self, user: &ChatUser, typed: &str) -> Vec<(String, String)> {
        let look = async {
            match self.store.chat().member_of(user).await? {
                Some(_) => self.desk.leads_like(typed).await,
                None => Ok(Vec::new()),
            }
        };
        match tokio::time::timeout(CHECKS_IN, look).await {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => {
                tracing::warn!(%error, "leads to choose from are not known");
                Vec::new()
            }
            Err(_) => Vec::new(),
        }
    }

    async fn handle(&self, voice: &dyn Voice, came: &Arrived) {
        let Some(asked) = voice.asked(came) else {
            tracing::warn!(platform = %came.platform, kind = came.kind, id = came.id, "nobody here knows what this is");
            self.note(came, Became::Ignored).await;
            return;
        };
        let reply = match self.member(voice, Some(came), &asked.user).await {
            Ok(Some(member)) => match self.store.on_behalf(came).await {
                Ok(store) => {
                    let reply = obey(&self.desk.on(store.clone()), &member, asked).await;
                    if store.is_taken() {
                        return tracing::warn!(id = came.id, "another process has this in hand");
                    }
                    reply
                }
                Err(error) => self.broken(&error),
            },
            Ok(None) => self.desk.invite(&asked.user).await.unwrap_or_else(|error| self.broken(&error)),
            Err(error) => self.broken(&error),
        };
        self.note(came, Became::Done).await;
        answer(voice, came, &reply).await;
    }

    /// Who asks: as it was said, by an address that the platform has verified, or by a group that gives a role.
    pub(crate) async fn member(
        &self,
        voice: &dyn Voice,
        came: Option<&Arrived>,
        user: &ChatUser,
    ) -> Result<Option<Member>> {
        let chat = self.store.chat();
        let known = match chat.member_of(user).await? {
            Some(member) if !chat.is_by_group(&member).await? => return Ok(Some(member)),
            Some(member) => Some(member),
            None => match voice.email_of(user).await {
                Ok(Some(email)) => match chat.link_by_email(user, &email).await? {
                    Some(member) => return Ok(Some(member)),
                    None => None,
                },
                Ok(None) => None,
                Err(trouble) => {
                    tracing::warn!(%trouble, platform = %user.platform, "a user's address is not known");
                    None
                }
            },
        };
        let role = match voice.role_of(came, user).await {
            Ok(role) => role,
            // What was true when it was last asked stands until it can be asked again.
            Err(trouble) => {
                tracing::warn!(%trouble, platform = %user.platform, "a user's groups are not known");
                return Ok(known);
            }
        };
        match (known, role) {
            (Some(member), Some(role)) if member.role == role => Ok(Some(member)),
            (Some(member), Some(role)) => chat.join(user, &member.name, role).await,
            (Some(member), None) => chat.left(&member).await.map(|()| None),
            (None, None) => Ok(None),
            (None, Some(role)) => match voice.name_of(came, user).await {
                Ok(Some(name)) => chat.join(user, &name, role).await,
                Ok(None) => Ok(None),
                Err(trouble) => {
                    tracing::warn!(%trouble, platform = %user.platform, "a user's name is not known");
                    Ok(None)
                }
            },
        }
    }

    fn broken(&self, error: &rekindle_storage::StoreError) -> Reply {
        tracing::error!(%error, "what came in could not be handled");
        Reply::of_error(error, self.desk.settings.zone)
    }

    async fn note(&self, came: &Arrived, became: Became) {
        if let Err(error) = self.store.inbound().became(came, became).await {
            tracing::error!(%error, id = came.id, "what was handled could not be noted");
        }
    }
}

/// Answers whoever asked, again where the platform says so.
pub(crate) async fn answer(voice: &dyn Voice, came: &Arrived, reply: &Reply) {
    for _ in 1..TRIES {
        match voice.whisper(came, reply).await {
            Err(Trouble::Later { after, .. }) => {
                tokio::time::sleep(after.unwrap_or(Duration::from_secs(1)).min(LONGEST_WAIT)).await;
            }
            Err(trouble) => return tracing::warn!(%trouble, id = came.id, "an answer could not be given"),
            Ok(()) => return,
        }
    }
    if let Err(trouble) = voice.whisper(came, reply).await {
        tracing::warn!(%trouble, id = came.id, "an answer could not be given");
    }
}

async fn obey(desk: &Desk, member: &Member, asked: Asked) -> Reply {
    desk.obey(member, asked.user.platform.word(), asked.what).await
}
