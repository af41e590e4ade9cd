//! Discord: cards in its channels, buttons and slash commands from its members.
//!
//! - [`render`]: a card as Discord shows it; [`text`] and [`press`] are its words;
//! - [`rest`]: one call of its API, held to its limits;
//! - [`http`] and [`gateway`]: the two ways in which it tells us what members do; both end in the
//!   [`reception`], which lets in who may come.

pub mod gateway;
pub mod http;
pub mod press;
pub mod reception;
pub mod rest;

mod render;
mod text;
