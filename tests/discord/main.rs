//! What the team does on Discord, against a server that speaks its wire.

#![allow(clippy::unwrap_used, reason = "an error fails the story, with its own words")]

mod alone;
mod answers;
mod cards;
mod doctor;
mod fixtures;
mod forms;
mod news;
mod outages;
mod pictures;
mod program;
mod roles;
mod stage;
mod talk;
mod traps;
mod wire;
