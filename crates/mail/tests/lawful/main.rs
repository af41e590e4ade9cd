//! Every mail keeps the sender rules: its headers, its way out and its signature, read back by implementations that are not ours.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod headers;
mod python;
mod signed;
