//! The talk with the world.

pub mod intake;
