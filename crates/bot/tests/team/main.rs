//! Stories of a team at its desk: a lead turns hot, is claimed, fought over, put off, won; a campaign is
//! previewed, launched and held; and the console tells everybody.

#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod stage;

mod console;
mod journeys;
mod notices;
mod report;
mod roles;
mod segments;
mod stages;
mod subjects;
