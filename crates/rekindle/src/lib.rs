//! The program: arguments, settings, files, and the wiring of the doors. In reading order:
//!
//! - **what is typed**: [`args`], what is done about it: [`run`], and how it ends: [`exit`];
//! - **what is read**: [`config`] (the operator's settings), [`files`] (playbook and mails), [`import`] (leads from a CSV file);
//! - **what time it is**: [`clock`];
//! - **the house**: [`house`] (opened), [`up`] (its doors, open), `ready` (whether they take traffic), [`signin`] (who may enter), [`tell`] (what the terminal shows), [`demo`], `dkim` (keys that sign mails), `mail_doctor` (whether they will be believed),
//!   `template` (mails looked at before they are sent), [`score`] (what predicts).

pub mod args;
mod chats;
pub mod clock;
pub mod config;
pub mod demo;
mod dkim;
pub mod exit;
mod fetch;
pub mod files;
pub mod house;
pub mod import;
mod mail_doctor;
pub mod privacy;
mod progress;
mod ready;
pub mod rules;
pub mod run;
pub mod score;
pub mod signin;
pub mod simulate;
pub mod tell;
mod template;
pub mod up;

use args::Args;
use clap::Parser;
use config::{Config, LogFormat};
use exit::Halt;
use std::{io::IsTerminal, process::ExitCode};
use tracing_subscriber::EnvFilter;

/// Mails and requests are made of many small texts, written by one thread and dropped by another.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Does what the command line says.
pub fn main() -> ExitCode {
    let args = Args::parse();
    // With settings that are wrong the command says so itself.
    if let Ok(config) = args.config() {
        // A demo's terminal is for its newcomer, and a simulation's work is not the house's: only what went wrong is told there.
        let is_quiet = matches!(args.command, args::Command::Demo(_) | args::Command::Simulate(_));
        let least = is_quiet.then_some("warn");
        log(&config, least.unwrap_or(&config.log.level));
    }
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        tracing::debug!("a provider of TLS was chosen before");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    exit::finish(match runtime {
        Ok(runtime) => runtime.block_on(run::run(&args)),
        Err(error) => Err(Halt::Failed { doing: "start".to_owned(), source: error.into() }),
    })
}

/// Logs to stderr; ids, never names or addresses.
fn log(config: &Config, level: &str) {
    let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"));
    // Every command looks whether there is something to migrate; only what went wrong is news.
    // What a chat sent stands in its library's traces as it came: names and addresses are no matter of a log. What serenity
    // warns of carries what members wrote. What is said to a mailbox begins with its password.
    let quiet = [
        "sea_orm_migration=warn",
        "sqlx=warn",
        "slack_morphism=info",
        "tungstenite=info",
        "serenity=error",
        "async_imap=info",
    ];
    let filter = quiet.into_iter().fold(filter, |filter, directive| {
        filter.add_directive(directive.parse().expect("a directive that is written here"))
    });
    let mut lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // On a terminal NO_COLOR is minded by itself.
    if !std::io::stderr().is_terminal() {
        lines = lines.with_ansi(false);
    }
    match config.log.format {
        LogFormat::Text => lines.with_target(false).init(),
        LogFormat::Json => lines.json().init(),
    }
}
