//! What the pages need: the database, and the few settings that they show or obey.

use chrono_tz::Tz;
use ipnet::IpNet;
use rekindle_core::prediction::Needed;
use rekindle_mail::{
    letter::Sender,
    templates::{TemplateError, Templates},
};
use rekindle_storage::Store;
use std::{fmt, path::PathBuf, sync::Arc};

type ReadMails = dyn Fn() -> (Templates, Vec<TemplateError>) + Send + Sync;

/// The mails as they lie in the folder at the moment somebody looks.
#[derive(Clone)]
pub struct Mails {
    sender: Sender,
    read: Arc<ReadMails>,
}

impl Mails {
    /// Mails in this sender's name. `read` reads those that can be, and says what is wrong with the others; it may block.
    pub fn new(
        sender: Sender,
        read: impl Fn() -> (Templates, Vec<TemplateError>) + Send + Sync + 'static,
    ) -> Self {
        Self { sender, read: Arc::new(read) }
    }

    pub(crate) fn sender(&self) -> &Sender {
        &self.sender
    }

    pub(crate) fn read(&self) -> (Templates, Vec<TemplateError>) {
        (self.read)()
    }
}

impl fmt::Debug for Mails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mails({})", self.sender.name)
    }
}

/// What of the operator's settings shows in pages.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How leads and team reach this house, without a slash at the end. An absolute link begins with it, and
    /// never with what a request calls us; these pages get by with paths.
    pub public_url: String,
    /// The proxies before us, whose word on where a request comes from is believed.
    pub proxies: Arc<[IpNet]>,
    /// Who writes the mails; stands on every page of a lead.
    pub company: String,
    /// The zone in which the team reads times.
    pub zone: Tz,
    /// Where mails are written that go to no relay.
    pub mail_folder: Option<PathBuf>,
    /// Whether the calendar is a demo's.
    pub demo: bool,
    /// What must be known before anything is predicted.
    pub needed: Needed,
    /// The mails as they are written.
    pub mails: Mails,
}

/// What the pages need. Cheap to clone, as the database is.
#[derive(Debug, Clone)]
pub struct Doors {
    /// The database.
    pub store: Store,
    /// The settings.
    pub settings: Settings,
}
