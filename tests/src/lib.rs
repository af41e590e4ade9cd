//! The whole product, tested through its doors.

pub mod postgres;
pub mod program;
pub mod smtp;
pub mod clock;
pub mod stores;
