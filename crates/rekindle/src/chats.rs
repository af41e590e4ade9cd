//! The chats that the settings name beside the console: their walls, their routes, and what listens to them.

pub(crate) mod discord;

use crate::{exit::Halt, house::House};
use axum::Router;
use rekindle_bot::{inbound::Inbound, wall::Destination};
use std::{future::Future, pin::Pin};
use tokio_util::sync::CancellationToken;

/// What runs until the house is closed.
pub(crate) type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The chats, opened.
#[derive(Default)]
pub(crate) struct Chats {
    /// Where cards are shown.
    pub(crate) walls: Vec<Destination>,
    /// Where the platforms reach us; without the sign-in of the team, since each request is signed.
    pub(crate) router: Router,
    /// What listens to the platforms.
    pub(crate) tasks: Vec<Task>,
}

/// Opens the chats that the settings name. Nobody is reached yet: a platform that is away does not keep the house shut.
///
/// # Errors
/// When a platform cannot be spoken with at all, such as without certificates.
pub(crate) fn open(house: &House, inbound: &Inbound, stop: &CancellationToken) -> Result<Chats, Halt> {
    let mut chats = Chats::default();
    discord::open(house, inbound, stop, &mut chats)?;
    Ok(chats)
}
