//! Work for one arrival: the first transaction that writes for it also says that it was begun, and is taken back where
//! another process has said so before. So what is done for an arrival is done by one process, and never by a second one
//! after a crash: either nothing of it was written, or it was begun.

use crate::{Result, Store, StoreError, inbound::Arrived, transaction::Writing};
use sea_orm::{ConnectionTrait, prelude::Uuid};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// An arrival that is worked for.
#[derive(Debug)]
pub(crate) struct Behalf {
    platform: &'static str,
    workspace: String,
    id: String,
    /// In whose hands it has to be.
    owner: Uuid,
    stands: Mutex<Stands>,
}

/// How an arrival stands with whoever works for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stands {
    /// Nothing is known to be written yet.
    Open,
    /// It is begun, and ours.
    Begun,
    /// It is in other hands.
    Taken,
}

impl Store {
    /// The same, working for something that came in and is in the hands of this process: with the first thing that is
    /// written it has begun, or [`StoreError::Taken`] says that another process has it.
    ///
    /// # Errors
    /// As the database or the file system says.
    pub async fn on_behalf(&self, came: &Arrived) -> Result<Self> {
        let behalf = Behalf {
            platform: came.platform.word(),
            workspace: came.workspace.clone(),
            id: came.id.clone(),
            owner: self.me().await?,
            stands: Mutex::new(Stands::Open),
        };
        Ok(Self { behalf: Some(Arc::new(behalf)), ..self.clone() })
    }

    /// Whether what is worked for is in other hands: then nothing was written here.
    pub fn is_taken(&self) -> bool {
        self.behalf.as_ref().is_some_and(|behalf| *behalf.stands() == Stands::Taken)
    }
}

impl Behalf {
    fn stands(&self) -> MutexGuard<'_, Stands> {
        self.stands.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins the arrival with what is written in this transaction, if it was not begun before.
    pub(crate) async fn begin(&self, store: &Store, tx: &Writing) -> Result<()> {
        match *self.stands() {
            Stands::Begun => return Ok(()),
            Stands::Taken => return Err(StoreError::Taken),
            Stands::Open => {}
        }
        // Whoever takes it over takes it from its owner first; so ours it is, also where an answer to a commit was lost.
        let text = "UPDATE inbound SET state = 'begun' WHERE platform = ? AND workspace = ? AND id = ? AND owner = ?";
        let values = vec![
            self.platform.into(),
            self.workspace.clone().into(),
            self.id.clone().into(),
            self.owner.into(),
        ];
        if tx.execute_raw(store.sql(text, values)).await?.rows_affected() == 1 {
            return Ok(());
        }
        *self.stands() = Stands::Taken;
        Err(StoreError::Taken)
    }

    /// A transaction was committed.
    pub(crate) fn committed(&self) {
        *self.stands() = Stands::Begun;
    }
}
