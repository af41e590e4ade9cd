//! The pages over a real database: what leads find behind links, and what the team reads.

mod links;
mod looking;
mod staff;
mod world;
