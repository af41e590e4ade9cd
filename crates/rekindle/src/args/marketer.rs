//! What a marketer asks for: the playbook, the mails, and what will come of them.

use clap::{Args as Arguments, Subcommand};
use std::path::PathBuf;

/// `playbook`
#[derive(Debug, Subcommand)]
pub enum Playbook {
    /// Read rules, segments, sequences and mails, and say what is wrong.
    Check,
    /// Put them in force now; leads in flight stay on the version they began with.
    Apply,
    /// Move the leads that are under way in a sequence to the version in force, each to the step at which it stands.
    ///
    /// Who stands at a step that the version in force does not have stays where they are.
    Migrate {
        /// The sequence.
        sequence: String,
    },
}

/// `simulate`
#[derive(Debug, Arguments)]
pub struct Simulate {
    /// How many days.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u16).range(1..=3650))]
    pub days: u16,
    /// Only this lead, by address or id.
    #[arg(long, value_name = "LEAD", conflicts_with = "campaign")]
    pub lead: Option<String>,
    /// Only the audience of this campaign, until its last run is over; one that is only previewed is launched there.
    #[arg(long)]
    pub campaign: Option<String>,
    /// Also what would change if this folder's playbook and mails were in force.
    #[arg(long, value_name = "DIR")]
    pub playbook: Option<PathBuf>,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
    /// Without a bar that shows progress.
    #[arg(long)]
    pub quiet: bool,
}

/// `template`
#[derive(Debug, Subcommand)]
pub enum Template {
    /// List the mails: their languages, the sequences that send them, their size.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Write a mail as its reader would see it to files, and open it in the browser. Nothing is sent.
    ///
    /// The files lie in the folder preview of the data folder. The dashboard shows the same at /templates, on a phone and on a desk, light and dark.
    #[command(
        after_long_help = "Examples:\n  rekindle template preview breakup\n  rekindle template preview offer --lead kim@acme.test\n  rekindle template preview survey --language de --empty"
    )]
    Preview(Preview),
}

/// `template preview`
#[derive(Debug, Arguments)]
pub struct Preview {
    /// The mail, by the name of its folder.
    pub mail: String,
    /// To this lead, by e-mail address; otherwise to an invented one about whom all is known.
    #[arg(long, value_name = "EMAIL")]
    pub lead: Option<String>,
    /// To one of whom only the address is known.
    #[arg(long, conflicts_with = "lead")]
    pub empty: bool,
    /// In this language, in place of the lead's own.
    #[arg(long, value_name = "LANGUAGE")]
    pub language: Option<String>,
    /// Do not open the browser.
    #[arg(long)]
    pub no_open: bool,
}
