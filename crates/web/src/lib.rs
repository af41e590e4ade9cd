//! The talk with the world: what the world tells us ([`intake`]), what a lead finds behind the links of a
//! mail ([`links`]), what people fill in ([`forms`]), what the team reads ([`pages`]), and what the operator's own program is told
//! ([`webhooks`]).
//!
//! [`hooks`] are the doors of mail providers.
//!
//! Each part is an axum router. Who is signed in, and what other sites may post, is decided around them.

mod client;
mod doors;
mod html;

pub mod forms;
pub mod hooks;
pub mod intake;
pub mod links;
pub mod pages;
mod redeem;
pub mod webhooks;

pub use doors::{Doors, Mails, Settings};
pub use links::lead_pages;
pub use pages::{assets, signed_out_page, signin_page, staff_pages};
pub use redeem::redeem_call;
