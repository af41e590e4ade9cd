//! What the pages need: the database, and the few settings that they show or obey.

use chrono_tz::Tz;
use ipnet::IpNet;
use rekindle_storage::Store;
use std::{path::PathBuf, sync::Arc};

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
}

/// What the pages need. Cheap to clone, as the database is.
#[derive(Debug, Clone)]
pub struct Doors {
    /// The database.
    pub store: Store,
    /// The settings.
    pub settings: Settings,
}
