//! What the team does on Discord, against a server that speaks its wire.

mod cards;
mod outages;
mod program;
mod roles;
mod stage;
mod talk;
mod wire;
