//! What providers tell by webhook, in the shape of what they send, and the signatures by which they are believed (threats 4.3).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod believed;
mod told;
