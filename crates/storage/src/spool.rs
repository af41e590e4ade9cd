//! Unsubscribes that the database did not take: each a file of the data folder, until it does.
//!
//! Promise: what was acknowledged from here is on the disk, and no mail passes the gate before it is in the database
//! (mail-rules U8). A file is written under another name, synced, and renamed, so that it is whole or not there; to take one
//! over twice changes nothing, so that whichever process comes first does it. A spool that cannot be read stops the
//! sending: nobody knows who stands in it.

use crate::{
    Result, Store, StoreError, mint,
    rows::{micros, moment},
};
use rekindle_core::{ids::DeliveryId, time::Moment};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// How often who waits for the database tries to empty the spool.
const AGAIN: Duration = Duration::from_secs(1);
/// What a file that is not whole yet begins with.
const HALF: &str = ".";

/// One unsubscribe, as it lies in the folder.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    delivery: DeliveryId,
    /// Microseconds since 1970.
    at: i64,
}

/// The folder.
#[derive(Debug)]
pub(crate) struct Spool(PathBuf);

impl Spool {
    /// Writes one down, durable when this returns.
    fn keep(&self, kept: &Kept) -> io::Result<()> {
        let half = self.0.join(format!("{HALF}{}", mint::id().simple()));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&half)?;
        file.write_all(serde_json::to_string(kept).map_err(io::Error::other)?.as_bytes())?;
        file.sync_all()?;
        // Who presses again replaces what they said.
        fs::rename(&half, self.0.join(kept.delivery.to_string()))?;
        File::open(&self.0)?.sync_all()
    }

    /// Which files wait. A half one was never acknowledged.
    fn waiting(&self) -> io::Result<Vec<PathBuf>> {
        let mut waiting = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let entry = entry?;
            if !entry.file_name().to_string_lossy().starts_with(HALF) {
                waiting.push(entry.path());
            }
        }
        Ok(waiting)
    }
}

fn unreadable(path: &Path, why: impl std::fmt::Display) -> StoreError {
    let text =
        format!("the spool of unsubscribes cannot be read, so nothing is sent: {}: {why}", path.display());
    StoreError::Unusable(text)
}

impl Store {
    /// With a folder in which unsubscribes wait while the database is away; it is made where it is missing.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] when it cannot be made.
    pub fn with_spool(mut self, folder: &Path) -> Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|why| unreadable(folder, why))?;
        self.spool = Some(Arc::new(Spool(folder.to_owned())));
        Ok(self)
    }

    /// Keeps an unsubscribe that the database does not take, on the disk; durable when this returns.
    ///
    /// # Errors
    /// [`StoreError::Away`] when it cannot be kept here either: the lead must come again.
    pub async fn spool_unsubscribe(&self, delivery: DeliveryId, at: Moment) -> Result<()> {
        let Some(spool) = self.spool.clone() else {
            return Err(StoreError::Away("there is no folder to keep an unsubscribe in".to_owned()));
        };
        let kept = Kept { delivery, at: micros(at) };
        let written = tokio::task::spawn_blocking(move || spool.keep(&kept)).await;
        let written = written.map_err(io::Error::other).flatten();
        written.map_err(|why| StoreError::Away(format!("an unsubscribe cannot be kept: {why}")))
    }

    /// Brings what waits in the spool into the database; how many. After this, and before anything is acknowledged
    /// from there again, the spool is empty.
    ///
    /// # Errors
    /// As the database says, and [`StoreError::Unusable`] when the spool cannot be read.
    pub async fn empty_spool(&self) -> Result<usize> {
        let Some(spool) = &self.spool else { return Ok(0) };
        let waiting = spool.waiting().map_err(|why| unreadable(&spool.0, why))?;
        for path in &waiting {
            let text = match fs::read_to_string(path) {
                // Another process was first.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                read => read.map_err(|why| unreadable(path, why))?,
            };
            let kept: Kept = serde_json::from_str(&text).map_err(|why| unreadable(path, why))?;
            self.leads().unsubscribe(kept.delivery, moment(kept.at)).await?;
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(unreadable(path, error)),
                _ => {}
            }
        }
        if !waiting.is_empty() {
            tracing::info!(count = waiting.len(), "unsubscribes that waited for the database are in force");
        }
        Ok(waiting.len())
    }

    /// Empties the spool whenever something waits in it, for ever. Every process does.
    pub async fn keep_spool_empty(&self) {
        let mut said = String::new();
        loop {
            match self.empty_spool().await {
                Ok(_) => said.clear(),
                Err(error) => {
                    let error = error.to_string();
                    if error != said {
                        tracing::error!(%error, "unsubscribes wait for the database");
                        said = error;
                    }
                }
            }
            tokio::time::sleep(AGAIN).await;
        }
    }
}
