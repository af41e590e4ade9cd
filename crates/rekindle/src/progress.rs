//! A bar for work that takes long, on stderr.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar of so many parts, drawn as the template says; none for scripts.
pub(crate) fn bar(size: u64, template: &str, quiet: bool) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(size).with_style(style)
}
