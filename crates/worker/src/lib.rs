//! Time passes: the cron table, one sweep a file, and the mail that leaves.
//!
//! In reading order:
//!
//! 1. [`worker`]: the daemon, and its one round for tests and the terminal.
//! 2. [`sweeps`]: everything that time does to the world, in one list.
//! 3. [`schedule`]: which jobs of the cron table are due.
//! 4. [`letters`]: a claimed delivery becomes the bytes of a mail.
//! 5. `sending`: from the outbox to the relay, at most once.
//! 6. [`listening`]: from the mailbox, what comes back.
//! 7. [`learning`]: from the outcomes that are known to what leads are predicted.

pub mod future;
pub mod learning;
pub mod letters;
pub mod listening;
pub mod schedule;
mod sending;
pub mod settings;
pub mod sweeps;
pub mod worker;

pub use settings::Settings;
pub use sweeps::Sweep;
pub use worker::{Tick, Worker};
