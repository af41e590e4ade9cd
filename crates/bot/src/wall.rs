//! What goes wrong when a card is shown somewhere.

use std::time::Duration;

/// Why a place did not take a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// Try again, after this long at least; nothing was posted.
    Later {
        /// How long, where the place says so.
        after: Option<Duration>,
        /// Why, for the log.
        why: String,
    },
    /// It may have been posted: the answer was lost.
    Unknown {
        /// Why, for the log.
        why: String,
    },
    /// The message is gone: somebody deleted it.
    Gone,
    /// This place takes nothing more until an admin mends it.
    Broken {
        /// What is to be mended.
        why: String,
    },
    /// This one card is not taken as it is.
    Refused {
        /// What is wrong with it.
        why: String,
    },
}
