//! What a member hears of in direct messages, and what they do not want to hear of.

use super::Desk;
use crate::reply::Reply;
use rekindle_core::{notice::Topic, team::Member};
use rekindle_storage::Result;

impl Desk {
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
