//! Stories of a team in Slack: an alert is posted, claimed, fought over; Slack is slow, limits, loses answers, is away.

#![allow(clippy::unwrap_used, reason = "an error fails the story, with its own words")]

mod stage;

mod alone;
mod answers;
mod cards;
mod crashes;
mod doctor;
mod fixtures;
mod forms;
mod home;
mod linking;
mod news;
mod pictures;
mod presses;
mod program;
mod requests;
mod roles;
mod traps;
mod unfurl;
