//! Storage, told as stories: each is proved on SQLite and on PostgreSQL.

#![allow(clippy::unwrap_used, reason = "an error fails the story, with its own words")]

mod house;
mod questions;
mod told;

mod alerts;
mod arrivals;
mod breakers;
mod campaigns;
mod chat;
mod claims;
mod company;
mod confirmations;
mod consents;
mod console;
mod disowned;
mod fates;
mod gate;
mod heard;
mod membership;
mod migrations;
mod notices;
mod papers;
mod plans;
mod preferences;
mod recovery;
mod revived;
mod roundtrip;
mod scores;
mod segments;
mod signals;
mod stages;
mod team;
mod unsubscribing;
