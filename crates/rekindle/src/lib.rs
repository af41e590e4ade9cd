//! The program: arguments, settings, files, and the wiring of the doors. In reading order:
//!
//! - **what is typed**: [`args`], and how a command ends: [`exit`];
//! - **what is read**: [`config`] (the operator's settings), [`files`] (playbook and mails), [`import`] (leads from a CSV file);
//! - **what time it is**: [`clock`].

pub mod args;
pub mod clock;
pub mod config;
pub mod exit;
pub mod files;
//pub mod import;

use args::{Args, Command, ConfigCommand};
use clap::Parser;
use exit::{Doing, Done, Halt};
use std::process::ExitCode;

/// Does what the command line says.
pub fn main() -> ExitCode {
    exit::finish(run(&Args::parse()))
}

fn run(args: &Args) -> Done {
    match &args.command {
        Command::Init => init(args),
        Command::Config(ConfigCommand::Show) => exit::data(args.config()?.show().trim_end()),
        Command::Config(ConfigCommand::Check) => {
            args.config()?;
            exit::say("The settings are right.");
            Ok(())
        }
        _ => Err(Halt::refused("this command is not part of the program yet")),
    }
}

fn init(args: &Args) -> Done {
    let done = files::init(&args.data).doing("write the files")?;
    for path in &done.written {
        exit::data(path.display())?;
    }
    for path in &done.kept {
        exit::say(format_args!("{} is there already and stays as it is.", path.display()));
    }
    Ok(())
}
