//! Where mail goes: one enum, one way to hand a mail over, whatever stands behind it.
//!
//! A hand-over has two halves, because the outbox commits its intent between them: [`Channel::begin`] (everything before
//! the dot that can be refused) and [`Channel::finish`] (body and dot).

use std::path::PathBuf;

use crate::folder::Folder;
use crate::memory::Memory;
use crate::outcome::{ConnectError, DotOutcome, Fence, Refusal};
use crate::smtp::{Relay, Session};

/// A place that takes mail.
#[derive(Debug, Clone)]
pub enum Transport {
    /// An SMTP relay.
    Smtp(Relay),
    /// A folder of `.eml` files, while no relay is set: nothing leaves the machine.
    Folder(PathBuf),
    /// The memory, for tests and simulations.
    Memory(Memory),
}

impl Transport {
    /// Opens a channel. It carries many mails, one after another.
    pub async fn session(&self) -> Result<Channel, ConnectError> {
        Ok(match self {
            Self::Smtp(relay) => Channel::Smtp(Box::new(Session::connect(relay).await?)),
            Self::Folder(path) => Channel::Folder { folder: Folder::open(path).await?, begun: None },
            Self::Memory(memory) => Channel::Memory { memory: memory.clone(), begun: None },
        })
    }

    /// Whether mail given to this place reaches people outside this machine.
    pub fn reaches_people(&self) -> bool {
        matches!(self, Self::Smtp(relay) if !relay.is_loopback())
    }
}

/// An open way into a [`Transport`].
pub enum Channel {
    /// A session with a relay.
    Smtp(Box<Session>),
    /// A folder, and the envelope (from, to) of the mail begun.
    Folder {
        /// The folder.
        folder: Folder,
        /// The mail begun, if one is.
        begun: Option<(String, String)>,
    },
    /// The memory, and the envelope (from, to) of the mail begun.
    Memory {
        /// The pile.
        memory: Memory,
        /// The mail begun, if one is.
        begun: Option<(String, String)>,
    },
}

impl Channel {
    /// Begins one mail: everything that can be refused before its body. See [`Session::begin`].
    pub async fn begin(&mut self, mail_from: &str, rcpt: &str) -> Result<(), Refusal> {
        match self {
            Self::Smtp(session) => session.begin(mail_from, rcpt).await,
            Self::Folder { begun, .. } => {
                *begun = Some((mail_from.to_owned(), rcpt.to_owned()));
                Ok(())
            }
            Self::Memory { memory, begun } => {
                *begun = None;
                memory.begin()?;
                *begun = Some((mail_from.to_owned(), rcpt.to_owned()));
                Ok(())
            }
        }
    }

    /// Hands the begun mail over, if `fence` is still open. See [`Session::finish`].
    pub async fn finish(&mut self, message: &[u8], fence: &Fence) -> DotOutcome {
        let not_begun = || DotOutcome::NotBegun("no mail was begun".into());
        match self {
            Self::Smtp(session) => session.finish(message, fence).await,
            Self::Folder { folder, begun } => match begun.take() {
                Some(_) => folder.write(message, fence).await,
                None => not_begun(),
            },
            Self::Memory { memory, begun } => match begun.take() {
                Some((from, to)) => memory.finish(&from, &to, message, fence),
                None => not_begun(),
            },
        }
    }

    /// Whether another mail may begin here; otherwise drop the channel and open a new one.
    pub fn is_reusable(&self) -> bool {
        match self {
            Self::Smtp(session) => session.is_reusable(),
            Self::Folder { .. } | Self::Memory { .. } => true,
        }
    }

    /// Gives a begun mail up without its dot. The channel is gone with it.
    pub fn drop_without_dot(self) {
        if let Self::Smtp(session) = self {
            session.drop_without_dot();
        }
    }

    /// Says good-bye.
    pub async fn quit(self) {
        if let Self::Smtp(session) = self {
            session.quit().await;
        }
    }
}
