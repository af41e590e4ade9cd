//! A delivery: one mail in the outbox, sent at most once.
//!
//! ```text
//! enqueue --> PENDING <-----------------------------------------------------------------+
//!                | claim: generation + 1, owner, lease                                   |
//!             CLAIMED --owner dead, no connection, 4xx before DATA, the gate says later->+
//!                |    --the gate says never--> SUPPRESSED | CANCELED | EXPIRED
//!                |    --5xx to MAIL or RCPT--> FAILED
//!                | the gate says go, and the intent is committed, before the dot
//!            COMMITTING --the dot was never begun, 4xx to the dot--> PENDING
//!                | --250--> SENT   --5xx--> FAILED
//!                | --broken, silent, owner dead--> UNKNOWN
//!             UNKNOWN --evidence--> SENT   --a late 5xx--> FAILED   --"drop"--> CANCELED
//!                     --the policy, "it was sent"--> SENT_ASSUMED --evidence--> SENT
//!                     --the policy, "send again"--> PENDING (same id, same bytes)
//! COMMITTING, UNKNOWN, SENT_ASSUMED and SENT --a bounce--> FAILED
//! ```
//! Whatever comes back, in whatever order, ends alike: a bounce is the last word.
//! Every arrow is [`DeliveryState::after`]; storage makes it one compare-and-set on
//! (id, state, generation, owner). Whoever loses that race closes its connection without the dot.

use crate::{
    ids::{CampaignId, DeliveryId, EnrollmentId, LeadId},
    lead::words,
    time::Moment,
};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

words! {
    /// Where a delivery stands.
    DeliveryState {
        /// Waits to be claimed.
        Pending = "pending",
        /// A worker has it; no dot was sent.
        Claimed = "claimed",
        /// The intent is committed: the dot may be on its way.
        Committing = "committing",
        /// The relay took it.
        Sent = "sent",
        /// The relay or a bounce refused it for good.
        Failed = "failed",
        /// Nobody knows whether the relay took it.
        Unknown = "unknown",
        /// Nobody knows, and it is taken as sent.
        SentAssumed = "sent_assumed",
        /// The lead may not be written to.
        Suppressed = "suppressed",
        /// Its reason is gone.
        Canceled = "canceled",
        /// It is too late for it.
        Expired = "expired",
    }
}

words! {
    /// What a mail is for: decides what may be done when its fate is unknown.
    MailKind {
        /// Marketing: assumed sent after a day.
        Campaign = "campaign",
        /// To oneself, to look at it: may come twice.
        Test = "test",
        /// Asks whether it was them who filled in a form: may come twice.
        Confirmation = "confirmation",
    }
}

impl MailKind {
    /// What is done, and when, with one whose fate is unknown.
    pub fn on_unknown(self) -> (Event, TimeDelta) {
        match self {
            Self::Campaign => (Event::AssumedSent, TimeDelta::hours(24)),
            Self::Test | Self::Confirmation => (Event::SendAgain, TimeDelta::minutes(11)),
        }
    }

    /// Whether it stays unsent to an address that is suppressed for this reason. Who said no may ask for more again by a
    /// form, and is asked back; a dead address and one that reported us are left alone.
    pub fn is_stopped_by(self, reason: &str) -> bool {
        self != Self::Confirmation || !["unsubscribed", "objected", "erased"].contains(&reason)
    }
}

/// What happens to a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// A worker takes it.
    Claim,
    /// It goes back before any dot: connection lost, 4xx, the gate said later, the owner is dead.
    Back,
    /// The gate says that the lead may not be written to.
    Suppress,
    /// The gate says that its reason is gone.
    Cancel,
    /// The gate says that it is too late.
    Expire,
    /// The gate says go.
    Commit,
    /// 5xx.
    Refused,
    /// 250; or what came back proves that it arrived.
    Accepted,
    /// The fence held the dot back, or the server answered it with a 4xx.
    NotTaken,
    /// Nobody heard the answer to the dot.
    Lost,
    /// A bounce.
    Bounced,
    /// The policy or a person takes it as sent.
    AssumedSent,
    /// The policy or a person sends it again: same id, same bytes.
    SendAgain,
    /// A person drops it.
    Drop,
}

impl Event {
    /// All events.
    pub const ALL: [Self; 14] = [
        Self::Claim,
        Self::Back,
        Self::Suppress,
        Self::Cancel,
        Self::Expire,
        Self::Commit,
        Self::Refused,
        Self::Accepted,
        Self::NotTaken,
        Self::Lost,
        Self::Bounced,
        Self::AssumedSent,
        Self::SendAgain,
        Self::Drop,
    ];
}

impl DeliveryState {
    /// The state after an event, or `None` when the event cannot happen here.
    pub fn after(self, event: Event) -> Option<Self> {
        use {DeliveryState as S, Event as E};
        Some(match (self, event) {
            (S::Pending, E::Claim) => S::Claimed,
            (S::Claimed, E::Back) => S::Pending,
            (S::Claimed, E::Suppress) => S::Suppressed,
            (S::Claimed, E::Cancel) => S::Canceled,
            (S::Claimed, E::Expire) => S::Expired,
            (S::Claimed, E::Refused) => S::Failed,
            (S::Claimed, E::Commit) => S::Committing,
            (S::Committing, E::NotTaken) => S::Pending,
            (S::Committing | S::Unknown | S::SentAssumed, E::Accepted) => S::Sent,
            (S::Committing | S::Unknown, E::Refused) => S::Failed,
            (S::Committing, E::Lost) => S::Unknown,
            (S::Committing | S::Unknown | S::SentAssumed | S::Sent, E::Bounced) => S::Failed,
            (S::Unknown, E::AssumedSent) => S::SentAssumed,
            (S::Unknown, E::SendAgain) => S::Pending,
            (S::Unknown, E::Drop) => S::Canceled,
            _ => return None,
        })
    }

    /// Whether the run that awaits it may go on.
    pub fn starts_next_wait(self) -> bool {
        !matches!(self, Self::Pending | Self::Claimed | Self::Committing)
    }

    /// Whether it counts as a mail that the lead has got, for the frequency cap.
    pub fn counts_as_mail(self) -> bool {
        matches!(self, Self::Sent | Self::SentAssumed | Self::Unknown | Self::Committing)
    }

    /// Whether it has an owner: whoever claimed it, alive or dead.
    pub fn has_owner(self) -> bool {
        matches!(self, Self::Claimed | Self::Committing | Self::Unknown)
    }

    /// Whether nothing that we do can change it any more; what comes back still can.
    pub fn is_final(self) -> bool {
        matches!(
            self,
            Self::Sent | Self::Failed | Self::SentAssumed | Self::Suppressed | Self::Canceled | Self::Expired
        )
    }
}

/// A delivery as it is read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Delivery {
    /// Ours; also the left side of the Message-ID.
    pub id: DeliveryId,
    /// To whom.
    pub lead: LeadId,
    /// For which run; none for a test mail.
    pub enrollment: Option<EnrollmentId>,
    /// Of which campaign.
    pub campaign: Option<CampaignId>,
    /// At which step of the run.
    pub step: i32,
    /// The template's folder.
    pub mail: String,
    /// What it is for.
    pub kind: MailKind,
    /// Where it stands.
    pub state: DeliveryState,
    /// Grows with every claim.
    pub generation: i64,
    /// How often a worker took it.
    pub attempt: i32,
    /// Not before (calendar).
    pub not_before: Moment,
    /// Not after (calendar).
    pub expires_at: Moment,
    /// When it was made (calendar).
    pub created_at: Moment,
    /// When its state last changed (calendar).
    pub moved_at: Moment,
    /// The header, without the angle brackets.
    pub message_id: String,
    /// The relay's last answer: code and text.
    pub answer: Option<String>,
    /// Why it is where it is, in words.
    pub reason: Option<String>,
}

/// How long to wait before a mail that was put back is tried again, by the number of attempts.
/// The first wait covers greylisting (mail-rules S5: at least 15 minutes).
pub fn backoff(attempt: i32) -> TimeDelta {
    let minutes = 15_i64 << attempt.clamp(1, 5).saturating_sub(1);
    TimeDelta::minutes(minutes.min(240))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn final_states_change_only_by_what_comes_back() {
        use {DeliveryState as S, Event as E};
        for state in S::ALL.iter().filter(|s| s.is_final()) {
            for event in E::ALL {
                let after = state.after(event);
                let wanted = match (state, event) {
                    (S::SentAssumed, E::Accepted) => Some(S::Sent),
                    (S::SentAssumed | S::Sent, E::Bounced) => Some(S::Failed),
                    _ => None,
                };
                assert_eq!(after, wanted, "{state:?} on {event:?}");
            }
        }
    }

    #[test]
    fn b2_what_comes_back_ends_alike_in_any_order() {
        for start in [DeliveryState::Committing, DeliveryState::Unknown, DeliveryState::SentAssumed] {
            let after = |events: [Event; 2]| {
                events.iter().fold(start, |state, event| state.after(*event).unwrap_or(state))
            };
            assert_eq!(after([Event::Accepted, Event::Bounced]), DeliveryState::Failed);
            assert_eq!(after([Event::Bounced, Event::Accepted]), DeliveryState::Failed);
        }
    }

    #[test]
    fn what_may_have_been_sent_only_goes_back_by_the_fence_or_by_decision() {
        use {DeliveryState as S, Event as E};
        let back: Vec<_> = [S::Committing, S::Unknown]
            .into_iter()
            .flat_map(|s| E::ALL.map(|e| (s, e)))
            .filter(|(s, e)| s.after(*e) == Some(S::Pending))
            .collect();
        assert_eq!(back, [(S::Committing, E::NotTaken), (S::Unknown, E::SendAgain)]);
    }

    #[test]
    fn the_first_wait_covers_greylisting() {
        assert_eq!(backoff(1), TimeDelta::minutes(15));
        assert_eq!(backoff(99), TimeDelta::minutes(240));
    }
}
