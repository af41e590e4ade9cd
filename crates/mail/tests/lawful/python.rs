//! CPython and its DKIM (Debian's `python3-dkim`), as readers that share no line with ours.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use serde_json::Value;

/// Where Debian's Python is; another on the path may lack Debian's packages.
const PYTHONS: [&str; 2] = ["/usr/bin/python3", "python3"];

/// Runs a script on a value; both sides speak JSON.
///
/// # Panics
/// In words, when there is no Python that can.
pub(crate) fn ask(script: &str, modules: &str, question: &Value) -> Value {
    let can = |python: &&str| {
        let tried =
            Command::new(python).args(["-c", &format!("import {modules}")]).stderr(Stdio::null()).status();
        tried.is_ok_and(|status| status.success())
    };
    let python = PYTHONS.into_iter().find(can).unwrap_or_else(|| {
        panic!("no python3 here can import {modules}: ./check installs what is needed (Debian: python3-dkim, which brings python3-nacl)")
    });
    let mut child = Command::new(python)
        .args(["-c", script])
        .env("PYTHONIOENCODING", "utf-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(question.to_string().as_bytes()).unwrap();
    let answer = child.wait_with_output().unwrap();
    assert!(answer.status.success(), "the script failed");
    serde_json::from_slice(&answer.stdout).unwrap()
}
