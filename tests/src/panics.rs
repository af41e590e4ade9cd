//! Panics of tasks, which nobody awaits and no story would see.

use std::sync::{
    Once,
    atomic::{AtomicUsize, Ordering},
};

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// Counts from here on; to be called once, at the beginning of a story that runs in a process of its own.
pub fn watch() {
    static HOOKED: Once = Once::new();
    HOOKED.call_once(|| {
        let others = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICS.fetch_add(1, Ordering::SeqCst);
            others(panic);
        }));
    });
}

/// How many there were.
#[must_use]
pub fn seen() -> usize {
    PANICS.load(Ordering::SeqCst)
}
