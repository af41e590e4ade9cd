//! The whole product through its doors: each file tells one story with the real program, on real databases, over real sockets.
//!
//! [`stage`] sets a story up: a data folder, a database, the program, members who are signed in, leads who do things.

#![allow(clippy::unwrap_used, reason = "what a story takes for granted may end it")]

mod stage;
mod wire;

mod first_start;

mod beside_a_house;

mod config_words;

mod contract;
mod contract_lead;

mod hot_lead;

mod everywhere;

mod claim_race;

mod segment_clients;

mod cold_lead;

mod machines;

mod answers;

mod offers;

mod pace;
mod plans;
mod rules;

mod listening;

mod campaign_day;
mod foreseen;
mod import_campaign;
mod import_refusals;
mod typed;

mod mail_doctor;

mod three_doors;

mod two_bots;

mod unsubscribe_away;

mod demo;

mod browser;
