//! Activities by the name that their sender gave them: source and message id.

use super::Leads;
use crate::{
    Result, Store,
    rows::activity,
    transaction::{rounded, rows_of},
};
use sea_orm::{ConnectionTrait, FromQueryResult, Value};

/// How many are looked up by one statement.
const AT_ONCE: usize = 1000;

impl Leads<'_> {
    /// How the database finds what is stored of these pairs of source and message id: for whoever looks for an index.
    ///
    /// # Errors
    /// As the database says.
    pub async fn plan_of_stored(&self, pairs: &[(&str, &str)]) -> Result<Vec<String>> {
        let (text, values) = asked(pairs);
        self.0.plan(&text, values).await
    }
}

/// Those of these pairs of source and message id that are stored.
pub(crate) async fn stored(
    store: &Store,
    db: &impl ConnectionTrait,
    pairs: &[(&str, &str)],
) -> Result<Vec<activity::Model>> {
    let mut found = Vec::new();
    for chunk in pairs.chunks(AT_ONCE) {
        let (text, values) = asked(&rounded(chunk.to_vec()));
        found.extend(activity::Model::find_by_statement(store.sql(&text, values)).all(db).await?);
    }
    // A list that was made longer by its last item finds it more than once.
    found.sort_unstable_by_key(|row| row.id);
    found.dedup_by_key(|row| row.id);
    Ok(found)
}

/// Each pair is looked up by both columns of `ux_activity_message`. Asked by `source = ? AND message_id IN (…)`, PostgreSQL goes through all
/// that came from a source which its statistics do not know: millions were imported, then the site begins to tell, and each call takes longer
/// than the one before.
fn asked(pairs: &[(&str, &str)]) -> (String, Vec<Value>) {
    let text = format!(
        "WITH told(source, message_id) AS (VALUES {}) SELECT a.* FROM told \
         JOIN activity a ON a.source = told.source AND a.message_id = told.message_id",
        rows_of(pairs.len(), 2)
    );
    let values = pairs.iter().flat_map(|(source, message)| [(*source).into(), (*message).into()]);
    (text, values.collect())
}
