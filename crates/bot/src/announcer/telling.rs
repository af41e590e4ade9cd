//! News about a wall: told to the admins in the console and on every other platform.

use super::{Announcer, Hung, PATIENCE};
use rekindle_core::chat::Platform;

impl Announcer {
    /// Tells that a wall `did` something. Who cannot be reached now reads it in `/rekindle status`.
    pub(super) async fn tell_of(&self, hung: &Hung, did: &str) {
        let words = format!("{} {did}", hung.to.wall.name());
        let operations = match self.store.load_playbooks().await {
            Ok(playbooks) => playbooks.current().routing.operations.clone(),
            Err(_) => String::new(),
        };
        for platform in Platform::ALL {
            let others = || {
                let is_other = |one: &&std::sync::Arc<Hung>| {
                    one.to.platform == platform && one.to.wall.name() != hung.to.wall.name()
                };
                self.walls.iter().filter(is_other)
            };
            // In the channel for news, where the platform has it; else in one that it has.
            let Some(there) = others().find(|one| one.to.is_called(&operations)).or_else(|| others().next())
            else {
                continue;
            };
            let said = tokio::time::timeout(PATIENCE, there.to.wall.say(&words)).await;
            if let Ok(Err(trouble)) = said {
                tracing::warn!(wall = there.to.wall.name(), %trouble, "news could not be told here");
            }
        }
    }
}
