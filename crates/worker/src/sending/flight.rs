//! How many mails are under way: claimed, and not landed yet.

use tokio::sync::watch;

/// The count, and whether it can go down at all.
#[derive(Debug)]
pub(super) struct Flight(watch::Sender<State>);

#[derive(Debug, Clone, Copy, Default)]
struct State {
    mails: usize,
    held_up: bool,
}

impl Default for Flight {
    fn default() -> Self {
        Self(watch::Sender::new(State::default()))
    }
}

impl Flight {
    /// These were claimed.
    pub(super) fn began(&self, mails: usize) {
        self.0.send_modify(|state| state.mails += mails);
    }

    /// These have landed: what became of them is written.
    pub(super) fn ended(&self, mails: usize) {
        if mails > 0 {
            self.0.send_modify(|state| state.mails = state.mails.saturating_sub(mails));
        }
    }

    /// Whether fates wait to be written because the database does not take them.
    pub(super) fn hold_up(&self, held_up: bool) {
        self.0.send_if_modified(|state| std::mem::replace(&mut state.held_up, held_up) != held_up);
    }

    /// Whether fates wait to be written.
    pub(super) fn is_held_up(&self) -> bool {
        self.0.borrow().held_up
    }

    /// How many are under way.
    pub(super) fn count(&self) -> usize {
        self.0.borrow().mails
    }

    /// Waits until all have landed.
    pub(super) async fn landed(&self) {
        self.below(1).await;
    }

    /// Waits until fewer than so many are under way.
    pub(super) async fn below(&self, most: usize) {
        // It cannot fail: the sender is ours.
        let _ = self.0.subscribe().wait_for(|state| state.mails < most).await;
    }
}
