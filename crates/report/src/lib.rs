//! Figures: what the team is told about how it goes, as numbers, as a picture and as CSV.
//!
//! Everything is counted from storage at one moment, by [`overview()`]; nothing here keeps anything.

pub mod calibration;
pub mod csv;
mod overview;
mod picture;

pub use overview::{Count, Day, Overview, Queue, REVIVED_DAYS, Speed, overview, overview_in};
pub use picture::{Chart, Picture};
