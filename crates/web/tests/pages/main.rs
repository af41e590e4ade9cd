//! The pages over a real database: what leads find behind links, and what the team reads.

#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

mod forms;
mod hooks;
mod links;
mod looking;
mod preferences;
mod staff;
mod templates;
mod world;
