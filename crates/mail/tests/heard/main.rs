//! What comes back is told apart: rules B1 to B8, on messages in the shape of real ones, and on labelled real ones where they are at hand.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod labelled;
mod ours;
mod told_apart;
