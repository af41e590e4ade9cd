//! Whether the house takes traffic: its doors are open, and something can be written.

use rekindle_storage::{Result, Store, StoreError};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use tokio::{sync::Mutex, task::JoinHandle, time::timeout};
use tokio_util::task::TaskTracker;

/// How long a write may take before others are told to go elsewhere.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether the house takes traffic.
#[derive(Debug)]
pub(crate) struct Readiness {
    store: Store,
    tasks: TaskTracker,
    open: AtomicBool,
    /// A write that was begun and has not come to its end. The next who asks waits for the same one: each would take a
    /// connection for as long as the database is held.
    probe: Mutex<Option<JoinHandle<Result<()>>>>,
    /// Whether the log has it that nothing can be written.
    told: AtomicBool,
}

impl Readiness {
    pub(crate) fn new(store: Store, tasks: TaskTracker) -> Self {
        let (open, told) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { store, tasks, open, probe: Mutex::new(None), told }
    }

    /// The doors are open.
    pub(crate) fn open(&self) {
        self.open.store(true, Ordering::Release);
    }

    pub(crate) async fn is_ready(&self) -> bool {
        if !self.open.load(Ordering::Acquire) {
            return false;
        }
        let why = match timeout(PATIENCE, self.write()).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some(format!("no write within {} s: something holds the database", PATIENCE.as_secs())),
        };
        match (&why, self.told.swap(why.is_some(), Ordering::Relaxed)) {
            (Some(why), false) => tracing::error!(%why, "not ready: nothing can be written"),
            (None, true) => tracing::info!("ready again"),
            _ => {}
        }
        why.is_none()
    }

    async fn write(&self) -> Result<()> {
        let mut probe = self.probe.lock().await;
        let begun = probe.get_or_insert_with(|| {
            let store = self.store.clone();
            self.tasks.spawn(async move { store.can_write().await })
        });
        let done = begun.await;
        *probe = None;
        done.unwrap_or_else(|broken| Err(StoreError::Unusable(broken.to_string())))
    }
}
