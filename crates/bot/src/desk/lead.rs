//! `/lead`, and the buttons of an alert's card.

use super::{Desk, Done};
use crate::{
    command::{Lead as Asked, until},
    intent::{Intent, amount},
    reply::Reply,
    table::{pairs, table},
    wording::{clean, count, length, moment, timeless},
};
use rekindle_core::{
    alert::{Alert, AlertState, Outcome},
    desk,
    ids::LeadId,
    lead::Lead,
    refusal::Refusal,
    scene::{Change, Effect, Scene},
    team::{Handle, Member},
    time::Moment,
};
use rekindle_storage::{Result, StoreError, audit::Entry, new_alert_id};
use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

/// How many leads a list shows.
const LISTED: usize = 20;

impl Desk {
    pub(super) async fn lead(&self, member: &Member, asked: &Asked, place: &str, text: &str) -> Result<Done> {
        let named = match asked {
            Asked::Hot => return self.hot().await.map(Done::from),
            Asked::Mine => return self.mine(member).await.map(Done::from),
            Asked::Add { email, name } => return self.add_lead(email, name.as_deref()).await,
            Asked::Show { lead }
            | Asked::Why { lead }
            | Asked::Claim { lead }
            | Asked::Release { lead }
            | Asked::Snooze { lead, .. }
            | Asked::Outcome { lead, .. }
            | Asked::Stage { lead, .. }
            | Asked::Note { lead, .. }
            | Asked::Pass { lead, .. }
            | Asked::Enroll { lead, .. }
            | Asked::Stop { lead, .. } => lead,
        };
        let lead = self.meant(named).await?;
        let id = lead.id;
        let intent = match asked {
            Asked::Claim { .. } => Intent::Claim,
            Asked::Release { .. } => Intent::Release,
            Asked::Pass { member: to, note, .. } => Intent::Pass(to.clone(), note.clone()),
            Asked::Snooze { when, .. } => Intent::Snooze(when.clone()),
            Asked::Outcome { how, note, .. } => Intent::Outcome(*how, note.clone()),
            Asked::Stage { stage, why, .. } => {
                return self.set_stage(member, &lead, *stage, why.as_deref()).await;
            }
            Asked::Why { .. } => {
                return Ok(Done { reply: self.why(&lead).await?, lead: Some(id), audited: false });
            }
            Asked::Note { text: note, .. } => {
                return Ok(Done {
                    reply: self.note(member, &lead, note, place, text).await?,
                    lead: Some(id),
                    audited: true,
                });
            }
            Asked::Enroll { sequence, .. } => {
                return Ok(Done {
                    reply: self.enroll(&lead, sequence).await?,
                    lead: Some(id),
                    audited: false,
                });
            }
            Asked::Stop { for_good, .. } => {
                return Ok(Done {
                    reply: self.stop(member, &lead, *for_good).await?,
                    lead: Some(id),
                    audited: false,
                });
            }
            Asked::Show { .. } | Asked::Hot | Asked::Mine | Asked::Add { .. } => {
                return Ok(Done { reply: self.show(&lead).await?, lead: Some(id), audited: false });
            }
        };
        self.move_alert(member, id, None, &intent).await
    }

    /// The lead that a person means; where there is none, whom they may have meant.
    pub(super) async fn meant(&self, named: &str) -> Result<Lead> {
        let found = self.store.leads().named(named).await;
        let Err(StoreError::Refused(Refusal::Unknown { what, name, help })) = found else { return found };
        let part = named.split('@').next().unwrap_or(named);
        let (near, _) = self.store.leads().search(part, 0, 2).await?;
        let help = match near.as_slice() {
            [one] => match &one.email {
                Some(email) if part.chars().count() > 2 => format!("; did you mean {email}?"),
                _ => help,
            },
            _ => help,
        };
        Err(Refusal::Unknown { what, name: clean(&name, 80), help }.into())
    }

    /// Claim, pass, release, snooze, outcome: decided by the rules, in one transaction. A press names the
    /// alert whose card it is; when another has taken its place, the press is stale.
    pub(super) async fn move_alert(
        &self,
        member: &Member,
        lead: LeadId,
        of_card: Option<&Alert>,
        intent: &Intent,
    ) -> Result<Done> {
        let wall = self.store.clock().wall();
        let to = match intent {
            Intent::Pass(to, _) => Some(self.store.team().named(to).await?),
            _ => None,
        };
        let until = match intent {
            Intent::Snooze(when) => Some(until(when, wall, self.settings.zone)?),
            _ => None,
        };
        let note = match intent {
            Intent::Outcome(Outcome::Won, Some(note)) => Some(amount(note)?),
            Intent::Outcome(_, note) => note.as_deref().map(|note| clean(note, 200)),
            Intent::Pass(_, note) => note.as_deref().map(|note| clean(note, 500)),
            _ => None,
        };
        let note = note.filter(|note| !note.is_empty());
        let new = new_alert_id();
        let moved: Mutex<Option<Alert>> = Mutex::new(None);
        let decide = |scene: &Scene, now: Moment| -> Result<Change, Refusal> {
            if let Some(alert) = of_card {
                is_current(scene, alert)?;
            }
            let change = match intent {
                Intent::Claim => desk::claim(scene, member, new, wall)?,
                Intent::Pass(..) => {
                    let to = to.as_ref().unwrap_or(member);
                    desk::pass(scene, member, to, note.as_deref(), new, wall)?
                }
                Intent::Release => desk::release(scene, member, now)?,
                Intent::Snooze(_) => desk::snooze(scene, member, until.unwrap_or(wall), wall)?,
                Intent::Outcome(how, _) => desk::outcome(scene, member, *how, note.clone(), wall, now)?,
                Intent::Launch
                | Intent::LaunchDespite
                | Intent::Rest
                | Intent::Hold
                | Intent::Resume
                | Intent::Stop => {
                    return Err(Refusal::Usage { text: "This card has no such button.".to_owned() });
                }
            };
            *moved.lock().unwrap_or_else(PoisonError::into_inner) = alert_of(&change);
            Ok(change.touched(now))
        };
        let playbooks = self.store.load_playbooks().await?;
        let lead = match self.store.leads().decide(lead, &playbooks, decide).await {
            // Nobody has it: what was asked for may be over already.
            Err(StoreError::Refused(Refusal::NotClaimed { lead: called })) if of_card.is_none() => {
                let dossier = self.store.leads().dossier(lead).await?;
                let (last, before) = match dossier.alerts.split_first() {
                    Some((last, before)) if !last.is_live() => (last, before),
                    _ => return Err(Refusal::NotClaimed { lead: called }.into()),
                };
                let Intent::Outcome(how, _) = intent else {
                    let closed = last.clone().release(member, &called).err();
                    return Err(closed.unwrap_or(Refusal::NotClaimed { lead: called }).into());
                };
                let won = |alert: &Alert| matches!(alert.state, AlertState::Closed { how: Outcome::Won, .. });
                let bought = before.iter().any(won);
                let tell = |scene: &Scene, now| {
                    let change = desk::correct(scene, member, (last, bought), *how, note.clone(), now)?;
                    *moved.lock().unwrap_or_else(PoisonError::into_inner) = alert_of(&change);
                    Ok(change)
                };
                self.store.leads().decide(lead, &playbooks, tell).await?
            }
            decided => decided?,
        };
        let alert = moved.into_inner().unwrap_or_else(PoisonError::into_inner);
        let said = match to.filter(|to| to.handle != member.handle) {
            Some(to) => format!("{} is with {} now, who is told.", clean(lead.called(), 80), to.name),
            None => self.said(&lead, alert.as_ref(), intent, wall),
        };
        let mut reply = Reply::done(said);
        if let Some(alert) = &alert {
            reply = reply.with_card(self.view().alert(alert).await?);
        }
        Ok(Done { reply, lead: Some(lead.id), audited: false })
    }

    /// What happened, in words.
    fn said(&self, lead: &Lead, alert: Option<&Alert>, intent: &Intent, wall: Moment) -> String {
        let called = clean(lead.called(), 80);
        match (intent, alert.map(|alert| &alert.state)) {
            (Intent::Release, _) => format!("{called} is open again for the team, and their mail goes on."),
            (Intent::Snooze(_), Some(AlertState::Snoozed { until, .. })) => {
                format!("{called} is put off until {}.", moment(*until, wall, self.settings.zone))
            }
            (Intent::Outcome(how, _), Some(AlertState::Closed { note: Some(note), .. })) => {
                format!("{called}: {} ({note}).", how.label())
            }
            (Intent::Outcome(how, _), _) => format!("{called}: {}.", how.label()),
            _ => format!("{called} is yours. Their marketing mail waits while you have them."),
        }
    }

    async fn show(&self, lead: &Lead) -> Result<Reply> {
        let view = self.view();
        let explanation = view.explained(lead).await?;
        let dossier = self.store.leads().dossier(lead.id).await?;
        let now = self.store.clock().calendar();
        let consent = match &lead.consent.basis {
            Some(basis) => format!("{} ({basis})", lead.consent.state.word()),
            None => lead.consent.state.word().to_owned(),
        };
        let none = || "nobody".to_owned();
        let mut rows = vec![
            ("lead", lead.called().to_owned()),
            ("id", lead.id.to_string()),
            ("email", lead.email.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string)),
            (
                "score",
                format!(
                    "{} ({}: fit {}, engagement {})",
                    explanation.score, explanation.grade, explanation.fit, explanation.engagement
                ),
            ),
            ("stage", format!("{}, {}", lead.lifecycle.word(), lead.journey.word())),
            (
                "nurture",
                match &lead.nurture_why {
                    Some(why) => format!("{}: {why}", lead.nurture.word()),
                    None => lead.nurture.word().to_owned(),
                },
            ),
            ("consent", consent),
            ("owner", lead.owner.as_ref().map_or_else(none, Handle::name)),
            ("last seen", moment(lead.quiet_since(), now, self.settings.zone)),
        ];
        if let Some(run) = dossier.enrollments.iter().find(|run| run.is_live()) {
            rows.push(("sequence", format!("{}, step {}, {}", run.sequence, run.step + 1, run.state.word())));
        }
        let sent = dossier.deliveries.iter().filter(|delivery| delivery.state.counts_as_mail()).count();
        rows.push(("written", count(i64::try_from(sent).unwrap_or(i64::MAX), "mail")));
        let reply = Reply::table(pairs(&rows));
        match dossier.alerts.first() {
            Some(alert) => Ok(reply.with_card(view.alert(alert).await?)),
            None => Ok(reply),
        }
    }

    async fn hot(&self) -> Result<Reply> {
        let alerts = self.store.alerts().queue(LISTED as u64 + 1).await?;
        if alerts.is_empty() {
            return Ok(Reply::done("The queue is empty: nobody waits for a claim."));
        }
        let wall = self.store.clock().wall();
        let mut rows = Vec::new();
        for alert in alerts.iter().take(LISTED) {
            let lead = self.store.leads().by_id(alert.lead).await?;
            let explanation = self.view().explained(&lead).await?;
            rows.push([
                length(wall - alert.raised_at),
                explanation.score.to_string(),
                explanation.grade,
                lead.called().to_owned(),
                lead.email.as_ref().map(ToString::to_string).unwrap_or_default(),
                alert.because.first().map(|why| timeless(why).to_owned()).unwrap_or_default(),
            ]);
        }
        let mut text = table(["waits", "score", "grade", "lead", "email", "why"], &rows);
        if alerts.len() > LISTED {
            text.push_str("\n… and more");
        }
        Ok(Reply::table(text))
    }

    /// The note goes to the audit first, where cards find it; then the card is told to look.
    async fn note(&self, member: &Member, lead: &Lead, note: &str, place: &str, text: &str) -> Result<Reply> {
        if clean(note, 2000).is_empty() {
            return Err(Refusal::Usage { text: "The note is empty.".to_owned() }.into());
        }
        let entry = Entry {
            at: self.store.clock().wall(),
            actor: member.handle.to_string(),
            place: place.to_owned(),
            deed: text.to_owned(),
            lead: Some(lead.id),
            result: "ok".to_owned(),
        };
        self.store.audit(entry).await?;
        let playbooks = self.store.load_playbooks().await?;
        let lead = self
            .store
            .leads()
            .decide(lead.id, &playbooks, |scene, now| Ok(desk::noted(scene).touched(now)))
            .await?;
        let reply = Reply::done(format!("Noted on {}.", clean(lead.called(), 80)));
        match self.store.alerts().live_on(lead.id).await? {
            Some(alert) => Ok(reply.with_card(self.view().alert(&alert).await?)),
            None => Ok(reply),
        }
    }

    async fn enroll(&self, lead: &Lead, sequence: &str) -> Result<Reply> {
        let playbooks = self.store.load_playbooks().await?;
        let decide = |scene: &Scene, now| desk::enroll(scene, sequence, &playbooks, now);
        let lead = self.store.leads().decide(lead.id, &playbooks, decide).await?;
        Ok(Reply::done(format!("{} begins {sequence} now.", clean(lead.called(), 80))))
    }

    async fn stop(&self, member: &Member, lead: &Lead, for_good: bool) -> Result<Reply> {
        let playbooks = self.store.load_playbooks().await?;
        let ended = AtomicUsize::new(0);
        let decide = |scene: &Scene, now| {
            ended.store(scene.runs.len(), Ordering::Relaxed);
            Ok(desk::stop(scene, &member.handle, for_good, now))
        };
        let lead = self.store.leads().decide(lead.id, &playbooks, decide).await?;
        let called = clean(lead.called(), 80);
        Ok(Reply::done(match for_good {
            true => format!(
                "Nobody writes to {called} any more: they are unsubscribed, whatever is imported later."
            ),
            false if ended.into_inner() == 0 => {
                format!("No sequence runs for {called}: there was nothing to end.")
            }
            false => format!("All sequences of {called} are ended."),
        }))
    }
}

/// The alert as a change leaves it.
pub(super) fn alert_of(change: &Change) -> Option<Alert> {
    change.effects.iter().rev().find_map(|effect| match effect {
        Effect::Alert(alert) => Some(alert.clone()),
        _ => None,
    })
}

/// Whether the card's alert is the live one still.
fn is_current(scene: &Scene, of_card: &Alert) -> Result<(), Refusal> {
    match (&scene.alert, &of_card.state) {
        (Some(live), _) if live.id == of_card.id => Ok(()),
        (_, AlertState::Closed { how, by, .. }) => Err(Refusal::closed(*how, by)),
        // It was live when the press came in, and was closed before the lead was locked.
        _ => Err(Refusal::Closed { how: "somebody was faster".to_owned() }),
    }
}
