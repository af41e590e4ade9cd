//! What is told to one member alone: a lead passed on to them, and what they do not want to hear of.

use super::{Desk, lead::alert_of};
use crate::{reply::Reply, wording::clean};
use rekindle_core::{
    alert::Alert, desk, lead::Lead, notice::Topic, scene::Scene, team::Member, time::Moment,
};
use rekindle_storage::{Result, new_alert_id};
use std::sync::{Mutex, PoisonError};

impl Desk {
    /// Passes a lead on to a colleague.
    pub(super) async fn pass(
        &self,
        member: &Member,
        lead: &Lead,
        to: &str,
        note: Option<&str>,
    ) -> Result<Reply> {
        let to = self.store.team().named(to).await?;
        let note = note.map(|note| clean(note, 500)).filter(|note| !note.is_empty());
        let (new, wall) = (new_alert_id(), self.store.clock().wall());
        let moved: Mutex<Option<Alert>> = Mutex::new(None);
        let decide = |scene: &Scene, _: Moment| {
            let change = desk::pass(scene, member, &to, note.as_deref(), new, wall)?;
            *moved.lock().unwrap_or_else(PoisonError::into_inner) = alert_of(&change);
            Ok(change)
        };
        let playbooks = self.store.load_playbooks().await?;
        let lead = self.store.leads().decide(lead.id, &playbooks, decide).await?;
        let called = clean(lead.called(), 80);
        let reply = Reply::done(match to.handle == member.handle {
            true => format!("{called} is yours. Their marketing mail waits while you have them."),
            false => format!("{called} is with {} now, who is told.", to.name),
        });
        match moved.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(alert) => Ok(reply.with_card(self.view().alert(&alert).await?)),
            None => Ok(reply),
        }
    }

    /// What a member does not want to hear of.
    pub(super) async fn muted(&self, member: &Member) -> Result<Reply> {
        let muted = self.store.notices().muted(member).await?;
        let stands = |topic: &Topic| {
            let how = if muted.contains(topic) { "muted" } else { "told to you" };
            format!("{}: {how} ({})", topic.word(), topic.label())
        };
        Ok(Reply::done(Topic::ALL.iter().map(stands).collect::<Vec<_>>().join("\n")))
    }

    /// A member hears no more of a topic, or hears of it again.
    pub(super) async fn mute(&self, member: &Member, topic: Topic, muted: bool) -> Result<Reply> {
        self.store.notices().mute(member, topic, muted).await?;
        Ok(Reply::done(match muted {
            true => format!(
                "You hear no more of {}; `/rekindle unmute {}` undoes it.",
                topic.label(),
                topic.word()
            ),
            false => format!("You hear of {} again.", topic.label()),
        }))
    }
}
