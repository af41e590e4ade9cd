//! A new model is trained from the outcomes that are known.

use super::Round;
use crate::learning::{Training, train};
use rekindle_storage::Result;

pub(super) async fn sweep(at: &Round<'_>) -> Result<usize> {
    match train(at.store, &at.needed, "schedule", |_, _| ()).await? {
        Training::Kept(trained) => {
            let why_not = trained.why_not.as_deref().unwrap_or("in force");
            tracing::info!(
                version = trained.version,
                auc = trained.judged.auc,
                why_not,
                "a model was trained"
            );
            Ok(1)
        }
        Training::TooLittle(why) => {
            tracing::info!(why, "no model was trained");
            Ok(0)
        }
    }
}
