//! `score`: what points are made of, what other rules would do, and what predicts.

use super::OfLead;
use clap::{Args as Arguments, Subcommand};
use std::path::PathBuf;

/// `score`
#[derive(Debug, Subcommand)]
pub enum Score {
    /// The lines that add up to a lead's score, each with the rule behind it.
    #[command(after_long_help = "Example:\n  rekindle score explain kim@acme.test")]
    Explain(OfLead),
    /// Learn from the leads that were won and lost how likely others are to be won.
    ///
    /// The worker does so by schedule.train_model. Each model is kept with how good it is; one that is good enough is shown at once.
    #[command(after_long_help = "Example:\n  rekindle score train")]
    Train {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// The models that were trained, how good each is, and which is in force.
    #[command(after_long_help = "Example:\n  rekindle score models")]
    Models {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Put an earlier model in force again.
    #[command(
        after_long_help = "Examples:\n  rekindle score rollback      # the last good one before\n  rekindle score rollback 3"
    )]
    Rollback {
        /// Which; otherwise the last good one before the one in force.
        #[arg(value_name = "VERSION")]
        to: Option<i64>,
    },
    /// What other rules would have done: who would have turned hot, how many of those were won, against the rules in force.
    ///
    /// Every lead lives through the time once more, by both. Nothing is changed.
    #[command(
        after_long_help = "Examples:\n  rekindle score backtest                      # scoring.toml of the data folder, as it was edited\n  rekindle score backtest bolder.toml --days 180"
    )]
    Backtest(Backtest),
    /// Put rules in force, with the reason why; leads are counted anew beside the worker's other work.
    #[command(
        after_long_help = "Examples:\n  rekindle score publish --note 'webinars were worth too much'\n  rekindle score publish bolder.toml\n  rekindle score publish --again 3             # the rules of an earlier version again"
    )]
    Publish(Publish),
    /// Which rules were in force since when, what changed and why; and how far the counting is.
    #[command(after_long_help = "Example:\n  rekindle score history")]
    History {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

/// `score backtest`
#[derive(Debug, Arguments)]
pub struct Backtest {
    /// The draft; otherwise scoring.toml of the data folder.
    pub file: Option<PathBuf>,
    /// How far back.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=3650))]
    pub days: u16,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
}

/// `score publish`
#[derive(Debug, Arguments)]
pub struct Publish {
    /// The draft; otherwise scoring.toml of the data folder.
    pub file: Option<PathBuf>,
    /// The rules of an earlier version instead.
    #[arg(long, value_name = "VERSION", conflicts_with = "file")]
    pub again: Option<i64>,
    /// Why, for the history.
    #[arg(long)]
    pub note: Option<String>,
}
