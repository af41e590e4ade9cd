//! Who is killed: one life of a sender, from its start to its sudden end.

use std::time::Duration;

use rekindle_tests::program::Running;
use rekindle_tests::smtp::RecordingServer;
use tokio::time::{Instant, sleep};

use crate::dice::Dice;

/// How long a sender may take from its start to its first mail.
const PATIENCE: Duration = Duration::from_secs(30);

/// A process that sends mail, and can be killed.
pub(crate) trait Victim {
    /// Whether it still runs.
    fn runs(&mut self) -> bool;
    /// What it said so far.
    fn words(&self) -> String;
    /// Kills it as a power cut would, and waits until it is gone.
    async fn kill(self);
}

impl Victim for Running {
    fn runs(&mut self) -> bool {
        Self::runs(self)
    }

    fn words(&self) -> String {
        self.stderr()
    }

    async fn kill(self) {
        self.kill9().await;
    }
}

/// Lets a sender live until 80 to 350 ms after its first mail, and kills it; one in eight is killed before, while it starts or
/// takes over from the one that was killed last. Returns how long the first mail took, if there was one.
pub(crate) async fn live_and_die(
    mut victim: impl Victim,
    relay: &RecordingServer,
    dice: &mut Dice,
) -> Option<Duration> {
    let born = Instant::now();
    let first = if dice.one_in(8) {
        sleep(dice.millis(1..=350)).await;
        None
    } else {
        first_mail(&mut victim, relay).await;
        let first = born.elapsed();
        sleep(dice.millis(80..=350)).await;
        Some(first)
    };
    assert!(victim.runs(), "it ended by itself:\n{}", victim.words());
    victim.kill().await;
    first
}

/// Waits until the relay has one mail more than now.
pub(crate) async fn first_mail(victim: &mut impl Victim, relay: &RecordingServer) {
    let (before, until) = (relay.count(), Instant::now() + PATIENCE);
    while !relay.wait_for(before + 1, Duration::from_millis(250)).await {
        assert!(victim.runs(), "it ended by itself:\n{}", victim.words());
        assert!(Instant::now() < until, "it sends nothing:\n{}", victim.words());
    }
}
