//! A place for mail in memory, for tests and simulations: it keeps what it accepted and can be told to misbehave.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::outcome::{DotOutcome, Fence, Refusal};

/// One mail the memory accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The envelope's sender; empty is the null sender.
    pub mail_from: String,
    /// The envelope's recipient.
    pub rcpt: String,
    /// The whole message.
    pub message: Vec<u8>,
}

/// What the memory does at the next dot instead of accepting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AtDot {
    /// Answer with this, and keep nothing.
    Answer(DotOutcome),
    /// Keep the mail and say nothing: the caller sees [`DotOutcome::Unknown`]. The case the outbox exists for.
    KeepSilently,
}

/// A shared pile of accepted mails. Clones see the same pile.
#[derive(Debug, Clone, Default)]
pub struct Memory(Arc<Mutex<Pile>>);

#[derive(Debug, Default)]
struct Pile {
    kept: Vec<Kept>,
    refusals: VecDeque<Refusal>,
    at_dot: VecDeque<AtDot>,
}

impl Memory {
    /// Everything accepted so far, oldest first.
    pub fn kept(&self) -> Vec<Kept> {
        self.pile().kept.clone()
    }

    /// How many were accepted.
    pub fn len(&self) -> usize {
        self.pile().kept.len()
    }

    /// Whether nothing was accepted yet.
    pub fn is_empty(&self) -> bool {
        self.pile().kept.is_empty()
    }

    /// Refuse the next mail before its body. Several calls queue up.
    pub fn refuse_next(&self, refusal: Refusal) {
        self.pile().refusals.push_back(refusal);
    }

    /// Forget what was queued up: accept from now on.
    pub fn behave(&self) {
        let mut pile = self.pile();
        pile.refusals.clear();
        pile.at_dot.clear();
    }

    /// Do this at the next dot. Several calls queue up.
    pub fn at_next_dot(&self, act: AtDot) {
        self.pile().at_dot.push_back(act);
    }

    pub(crate) fn begin(&self) -> Result<(), Refusal> {
        self.pile().refusals.pop_front().map_or(Ok(()), Err)
    }

    pub(crate) fn finish(&self, mail_from: &str, rcpt: &str, message: &[u8], fence: &Fence) -> DotOutcome {
        let mut pile = self.pile();
        if !fence.is_open() {
            return DotOutcome::NotBegun("the fence closed before the dot".into());
        }
        let act = pile.at_dot.pop_front();
        if let Some(AtDot::Answer(outcome)) = act {
            return outcome;
        }
        pile.kept.push(Kept {
            mail_from: mail_from.to_owned(),
            rcpt: rcpt.to_owned(),
            message: message.to_vec(),
        });
        if act.is_some() {
            return DotOutcome::Unknown("the memory kept the mail and was told to be silent".into());
        }
        DotOutcome::Accepted {
            code: 250,
            text: "kept in memory".into(),
            relay_id: Some(format!("memory-{}", pile.kept.len())),
        }
    }

    fn pile(&self) -> MutexGuard<'_, Pile> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
