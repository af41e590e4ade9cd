//! The whole product, tested through its doors.

pub mod clock;
pub mod discord;
pub mod dns;
pub mod front;
pub mod imap;
pub mod indoors;
pub mod leads;
pub mod models;
pub mod outbound;
pub mod panics;
pub mod postgres;
pub mod program;
pub mod roles;
pub mod slack;
pub mod smtp;
pub mod stores;
mod tls;
