//! A new model is trained from the outcomes that are known.

use super::Round;
use crate::learning::{Training, train};
use rekindle_storage::Result;

pub(super) async fn sweep(at: &Round<'_>) -> Result<usize> {
    match train(at.store, &at.needed, "schedule", |_, _| ()).await? {
        Training::Kept(trained) => {
            let (version, auc) = (trained.version, trained.judged.auc);
            match trained.why_not {
                None => tracing::info!(version, auc, "a model was trained, and is in force"),
                Some(why_not) => {
                    tracing::info!(version, auc, why_not, "a model was trained, and is not shown");
                }
            }
            Ok(1)
        }
        Training::TooLittle(why) => {
            tracing::info!(why, "no model was trained");
            Ok(0)
        }
    }
}
