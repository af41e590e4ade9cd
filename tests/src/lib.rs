//! The whole product, tested through its doors.

pub mod clock;
pub mod discord;
pub mod indoors;
pub mod leads;
pub mod outbound;
pub mod panics;
pub mod postgres;
pub mod program;
pub mod roles;
pub mod slack;
pub mod smtp;
pub mod stores;
mod tls;
