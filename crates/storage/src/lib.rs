//! What Rekindle remembers: the only crate that knows SQL, on SQLite and PostgreSQL alike.
//!
//! [`Store`] opens the database and hands out one view for each aggregate, named in the words of
//! the domain. A decision is made inside a verb of it: the verb opens the transaction, locks and
//! loads the [`rekindle_core::scene::Scene`], calls a plain function of `core`, writes the
//! `Change`, commits and signals. The functions are not async: nothing can be waited for, and
//! nothing sent, while a transaction is open.

mod alive;
mod behalf;
mod connect;
mod copies;
mod error;
mod mint;
mod rows;
mod scenes;
mod signal;
mod spool;
mod transaction;
pub mod trials;
mod work;

pub mod alerts;
pub mod audit;
pub mod breakers;
pub mod campaigns;
pub mod cards;
pub mod chat;
pub mod confirmations;
pub mod console;
pub mod fetches;
pub mod figures;
mod happenings;
pub mod heard;
pub mod homes;
pub mod inbound;
pub mod keys;
pub mod leads;
pub mod links;
pub mod news;
pub mod notices;
pub mod offers;
pub mod outbox;
pub mod papers;
pub mod playbooks;
pub mod runs;
pub mod segments;
pub mod settings;
pub mod stages;
pub mod team;
pub mod walls;
pub mod webhooks;

pub use connect::Store;
pub use error::StoreError;
pub use mint::{new_alert_id, secret};
pub use signal::Changes;

/// What every verb returns.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;
