//! The desk: runs a command or a press for a member, and says what came of it.
//!
//! Every platform comes here with who asks, where, and what; here the role is asked, the decision made
//! (by `core`, inside a verb of the store), and the audit written. It knows no platform.

mod add;
mod campaign;
mod forms;
mod house;
mod identity;
mod lead;
mod lift;
mod mine;
mod notices;
mod preview;
mod report;
mod segment;
mod stage;
mod subjects;
mod view;
mod why;

pub(crate) use view::View;

use crate::{
    command::{self, Command, Known, Suggestion},
    foresee::Foresee,
    inbound::What,
    intent::Intent,
    reply::Reply,
};
use chrono_tz::Tz;
use rekindle_core::{
    campaign::Caution,
    ids::{AlertId, CampaignId, LeadId},
    lead::Lead,
    refusal::Refusal,
    team::Member,
};
use rekindle_mail::templates::Templates;
use rekindle_storage::{Result, Store, audit::Entry};
use std::{collections::HashSet, sync::Arc};

/// How many letters of a lead are looked up.
const SEARCHED: usize = 2;

/// What the desk has to know beside the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The zone that the team's times are said in.
    pub zone: Tz,
    /// Where the team reaches the web pages: "https://rekindle.acme.test".
    pub public_url: String,
    /// How carefully campaigns are launched.
    pub caution: Caution,
}

/// The desk. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Desk {
    pub(crate) store: Store,
    pub(crate) settings: Settings,
    templates: Option<Arc<Templates>>,
    foresee: Option<Arc<dyn Foresee>>,
    /// Which settings a look at the mail must be of before a campaign may begin; none where mail reaches nobody.
    mail_check: Option<String>,
}

/// What came of it, and about whom: for the audit.
struct Done {
    reply: Reply,
    lead: Option<LeadId>,
    /// Whether the audit has it already.
    audited: bool,
}

impl From<Reply> for Done {
    fn from(reply: Reply) -> Self {
        Self { reply, lead: None, audited: false }
    }
}

impl Desk {
    /// A desk on a database.
    pub fn new(store: Store, settings: Settings) -> Self {
        Self { store, settings, templates: None, foresee: None, mail_check: None }
    }

    /// With the mails, so that previews show their subjects.
    #[must_use]
    pub fn with_templates(self, templates: Arc<Templates>) -> Self {
        Self { templates: Some(templates), ..self }
    }

    /// With somebody who lives ahead, so that previews show dates.
    #[must_use]
    pub fn with_foresight(self, foresee: Arc<dyn Foresee>) -> Self {
        Self { foresee: Some(foresee), ..self }
    }

    /// Lets a campaign begin only when somebody looked, with these settings, whether its mails will be believed; nothing where mail
    /// reaches nobody.
    #[must_use]
    pub fn with_mail_check(self, mail_check: Option<String>) -> Self {
        Self { mail_check, ..self }
    }

    /// The same desk on this store, which works for something that came in.
    pub(crate) fn on(&self, store: Store) -> Self {
        Self { store, ..self.clone() }
    }

    /// Runs a command as it was typed. `place` is where: "console", "terminal", …
    pub async fn run(&self, member: &Member, place: &str, text: &str) -> Reply {
        // The longest that a chat lets through; more is no command.
        let text: String = text.chars().take(4000).collect();
        let done = match command::parse(&text) {
            Ok(command) => self.command(member, &command, place, &text).await,
            Err(refusal) => Err(refusal.into()),
        };
        self.answer(member, place, text, done).await
    }

    /// Presses a button of a card.
    pub async fn press(
        &self,
        member: &Member,
        place: &str,
        card: &str,
        intent: &str,
        value: Option<&str>,
    ) -> Reply {
        let value: Option<String> = value.map(|value| value.chars().take(500).collect());
        let deed = match &value {
            // As the command, by which its note is found.
            Some(value) if intent == "pass" => format!("/lead pass {card} {value}"),
            Some(value) => format!("[{intent}: {value}] {card}"),
            None => format!("[{intent}] {card}"),
        };
        let done = self.pressed(member, card, intent, value.as_deref()).await;
        let mut reply = self.answer(member, place, deed, done).await;
        // Whoever pressed a button that had gone stale sees the card as it stands.
        if reply.card.is_none() {
            reply.card = self.card(card).await.ok().flatten();
        }
        reply
    }

    /// Does what is asked, whichever of the two it is.
    pub async fn obey(&self, member: &Member, place: &str, what: What) -> Reply {
        match what {
            What::Command(text) => self.run(member, place, &text).await,
            What::Press { card, intent, value } => {
                self.press(member, place, &card, &intent, value.as_deref()).await
            }
        }
    }

    /// What could be typed after `text`.
    ///
    /// # Errors
    /// As the database says.
    pub async fn complete(&self, text: &str) -> Result<Vec<Suggestion>> {
        let mut known = self.known().await?;
        // Whoever is not in the queue is found by what is typed of them.
        let typed = text.split_whitespace().next_back().filter(|_| !text.ends_with(char::is_whitespace));
        if let Some(typed) = typed.filter(|typed| typed.chars().count() >= SEARCHED) {
            known.leads.extend(self.found(typed).await?);
            let mut seen = HashSet::new();
            known.leads.retain(|(address, _)| seen.insert(address.clone()));
        }
        Ok(command::complete(text, &known))
    }

    /// Leads to choose from: those in the queue, or whom the letters mean.
    ///
    /// # Errors
    /// As the database says.
    pub async fn leads_like(&self, typed: &str) -> Result<Vec<(String, String)>> {
        match typed.trim() {
            typed if typed.chars().count() >= SEARCHED => self.found(typed).await,
            _ => Ok(self.known().await?.leads),
        }
    }

    async fn found(&self, typed: &str) -> Result<Vec<(String, String)>> {
        let (found, _) = self.store.leads().search(typed, 0, 20).await?;
        Ok(addressed(&found))
    }

    async fn command(&self, member: &Member, command: &Command, place: &str, text: &str) -> Result<Done> {
        member.may(command.deed())?;
        match command {
            Command::Lead(lead) => self.lead(member, lead, place, text).await,
            Command::Campaign(campaign) => self.campaign(member, campaign).await.map(Done::from),
            Command::Segment(segment) => self.segment(member, segment).await.map(Done::from),
            Command::Report(report) => self.report(report).await.map(Done::from),
            Command::Rekindle(house) => self.house(member, house).await.map(Done::from),
        }
    }

    async fn pressed(&self, member: &Member, card: &str, intent: &str, value: Option<&str>) -> Result<Done> {
        let intent = Intent::of_press(intent, value)?;
        member.may(intent.deed())?;
        let foreign = || Refusal::Usage { text: "This card has no such button.".to_owned() };
        if let Ok(id) = card.parse::<AlertId>() {
            let alert = self.store.alerts().by_id(id).await?;
            return self.move_alert(member, alert.lead, Some(&alert), &intent).await;
        }
        let id: CampaignId = card.parse().map_err(|_| foreign())?;
        let reply = match intent {
            Intent::Launch => self.launch(member, id, false).await?,
            Intent::LaunchDespite => self.launch(member, id, true).await?,
            Intent::Rest | Intent::Hold | Intent::Resume | Intent::Stop => {
                self.move_campaign(id, &intent).await?
            }
            _ => return Err(foreign().into()),
        };
        Ok(reply.into())
    }

    /// Writes the audit, and turns what went wrong into words.
    async fn answer(&self, member: &Member, place: &str, deed: String, done: Result<Done>) -> Reply {
        let (reply, lead) = match done {
            Ok(done) if done.audited => return done.reply,
            Ok(done) => (done.reply, done.lead),
            Err(error) => {
                if error.refusal().is_none() {
                    tracing::error!(%error, place, "a command failed");
                }
                let mut reply = Reply::of_error(&error, self.settings.zone);
                if let Some(refusal) = error.refusal() {
                    reply.text = refusal.text_to(&member.handle, self.settings.zone);
                }
                (reply, None)
            }
        };
        let entry = Entry {
            at: self.store.clock().wall(),
            actor: member.handle.to_string(),
            place: place.to_owned(),
            deed,
            lead,
            result: reply.code.unwrap_or("ok").to_owned(),
        };
        if let Err(error) = self.store.audit(entry).await {
            tracing::error!(%error, "the audit could not be written");
        }
        reply
    }

    /// The names that can be typed now.
    async fn known(&self) -> Result<Known> {
        let playbooks = self.store.playbooks().await?;
        let playbook = playbooks.current();
        let mut alerts = self.store.alerts().queue(50).await?;
        alerts.reverse();
        let leads =
            self.store.leads().by_ids(&alerts.iter().map(|alert| alert.lead).collect::<Vec<_>>()).await?;
        let campaigns = self.store.campaigns().launched(10).await?;
        let members = self.store.team().all().await?;
        Ok(Known {
            leads: addressed(&leads),
            sequences: playbook
                .sequences
                .values()
                .map(|sequence| (sequence.name.clone(), sequence.mails().collect::<Vec<_>>().join(", ")))
                .collect(),
            segments: playbook.segments.iter().map(|(name, when)| (name.clone(), when.to_string())).collect(),
            campaigns: campaigns
                .iter()
                .map(|one| {
                    (one.id.to_string(), format!("{} at {}, {}", one.sequence, one.segment, one.state.word()))
                })
                .collect(),
            members: members.iter().map(|one| (one.handle.to_string(), one.name.clone())).collect(),
        })
    }
}

/// Leads by address, each with the name.
fn addressed(leads: &[Lead]) -> Vec<(String, String)> {
    leads
        .iter()
        .filter_map(|lead| Some((lead.email.as_ref()?.as_str().to_owned(), lead.called().to_owned())))
        .collect()
}
