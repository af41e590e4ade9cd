//! The order of the house, checked: who may import whom, and what the files look like.

mod arrows;
mod files;
mod literals;

use std::path::Path;

/// The folder of the workspace.
fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace")
}

/// Fails with every offence, one a line, and with the reason for the rule.
#[track_caller]
fn none_of(offences: &[String], why: &str) {
    assert!(offences.is_empty(), "\n\n  {}\n\n{why}\n", offences.join("\n  "));
}
