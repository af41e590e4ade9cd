//! Learns from leads that were won and lost how likely another one is to be won, and says why. No IO, no clock, no threads.
//!
//! Two learners look at the same [`Table`]: a logistic regression ([`linear`]: what counts for itself) and small boosted trees
//! ([`trees`]: what counts only together). How far each is believed is learnt from rows that neither has seen, which calibrates the
//! sum, too ([`model`]). Both are sums over columns, so that every chance comes with its reasons. [`judge`] says how good all this is,
//! on rows that were held back from everything.

mod columns;
mod folds;
mod judge;
mod linear;
mod model;
mod table;
mod trees;

pub use folds::folds;
pub use judge::{Measured, auc, judged, measure};
pub use model::{FORMAT, Model, NotLearnt, Share, fit};
pub use table::{Row, Table};

#[cfg(test)]
mod tests;
