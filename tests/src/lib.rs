//! The whole product, tested through its doors.

pub mod postgres;
pub mod smtp;
