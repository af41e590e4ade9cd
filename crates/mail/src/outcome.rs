//! What can happen to one mail on its way out, as values: a refusal before the body, and what became of the final dot.

use std::fmt;
use std::sync::Arc;

/// Why a session with the relay could not be opened. No mail was touched.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nobody answers at that address (name not found, refused, reset).
    #[error("the relay {relay} cannot be reached: {why}")]
    Unreachable {
        /// The relay, without its password.
        relay: String,
        /// The system's words.
        why: String,
    },
    /// It answered too slowly.
    #[error("the relay {relay} did not finish its greeting within {seconds} s")]
    TimedOut {
        /// The relay, without its password.
        relay: String,
        /// How long we waited.
        seconds: u64,
    },
    /// It turned us away in its greeting or at EHLO.
    #[error("the relay {relay} turned us away: {code} {text}")]
    TurnedAway {
        /// The relay, without its password.
        relay: String,
        /// The SMTP code, for example 421 or 554.
        code: u16,
        /// Its words.
        text: String,
    },
    /// The encrypted connection was not offered, or its certificate does not hold.
    #[error("no safe connection to the relay {relay}: {why}")]
    Tls {
        /// The relay, without its password.
        relay: String,
        /// What is wrong.
        why: String,
    },
    /// User name or password were not accepted.
    #[error("the relay {relay} does not accept our user name and password: {why}")]
    Auth {
        /// The relay, without its password.
        relay: String,
        /// Its words.
        why: String,
    },
    /// The folder that stands in for a relay cannot be made or written.
    #[error("the mail folder {path} cannot be used: {why}")]
    Folder {
        /// The folder.
        path: String,
        /// The system's words.
        why: String,
    },
}

/// Why a mail was not let in before its body: no dot was sent, so trying again can double nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// 4xx: not now.
    #[error("not now: {code} {text}")]
    Temporary {
        /// The SMTP code.
        code: u16,
        /// The relay's words.
        text: String,
    },
    /// 5xx: not this mail, not this address.
    #[error("refused: {code} {text}")]
    Permanent {
        /// The SMTP code.
        code: u16,
        /// The relay's words.
        text: String,
    },
    /// The session is of no more use (broken, silent, or it spoke nonsense); drop it.
    #[error("the session broke: {0}")]
    Broken(String),
}

/// What became of the final dot, which is the moment a mail is handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DotOutcome {
    /// 250: the relay has it.
    Accepted {
        /// The SMTP code.
        code: u16,
        /// The relay's words.
        text: String,
        /// The relay's own id for the mail, where its words hold one ("queued as 4Xk2…").
        relay_id: Option<String>,
    },
    /// 4xx after the dot: the relay does not have it, and may take it later.
    Temporary {
        /// The SMTP code.
        code: u16,
        /// The relay's words.
        text: String,
    },
    /// 5xx after the dot: the relay does not have it and will not.
    Permanent {
        /// The SMTP code.
        code: u16,
        /// The relay's words.
        text: String,
    },
    /// No byte of the dot left this machine: the server discards the rest (RFC 5321, 4.1.1.4), so it is safe to try again.
    NotBegun(String),
    /// The dot left, or part of it, and no answer came back: the mail may be there or not. Never send it again unasked.
    Unknown(String),
    /// The same message was handed over before. Only a folder or the memory can tell; it means that a promise was broken.
    Breach(String),
}

/// The last question before the dot: may this mail still leave?
///
/// It is asked in the instant in which the first byte of the dot would be written, after the body went out, however long
/// that took. The caller measures, by its own stopwatch: `Fence::new(move || watch.elapsed() < 5 s)`.
#[derive(Clone)]
pub struct Fence(Arc<dyn Fn() -> bool + Send + Sync>);

impl Fence {
    /// A fence that asks `still_allowed`. It must be quick, and once it said no it should stay with it.
    pub fn new(still_allowed: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(still_allowed))
    }

    /// A fence that never closes, for a test mail that no gate guards.
    pub fn always_open() -> Self {
        Self::new(|| true)
    }

    /// Whether the dot may still be sent.
    pub fn is_open(&self) -> bool {
        (self.0)()
    }
}

impl fmt::Debug for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fence")
    }
}
