//! `/rekindle`: the house itself, as it can be typed.

use clap::{
    Subcommand, ValueHint,
    builder::{PossibleValuesParser, TypedValueParser},
};
use rekindle_core::{notice::Topic, team::Role};

/// `/rekindle`
#[derive(Debug, Clone, PartialEq, Subcommand)]
pub enum House {
    /// What can be typed
    Help {
        /// Of which command
        #[arg(value_hint = ValueHint::Other)]
        of: Option<String>,
    },
    /// Who you are here, and what you may do
    Whoami,
    /// Leads, queue and mail in figures
    Status,
    /// Stop all mail at once
    Pause,
    /// Let the mail go on
    Resume,
    /// The team: see it, add somebody, change a role
    Team {
        /// What to do with it; without, it is shown
        #[command(subcommand)]
        what: Option<Team>,
    },
    /// A link that signs you in to the dashboard, once
    Dashboard,
    /// Hear no more of a topic: passed, back; without one, see what is muted
    Mute {
        /// passed (leads passed on to you), back (leads of yours that come back) or reply (they answer)
        #[arg(value_parser = topics())]
        topic: Option<Topic>,
    },
    /// Hear of a topic again
    Unmute {
        /// passed (leads passed on to you), back (leads of yours that come back) or reply (they answer)
        #[arg(value_parser = topics())]
        topic: Topic,
    },
}

/// `/rekindle team`
#[derive(Debug, Clone, PartialEq, Subcommand)]
pub enum Team {
    /// Add a member
    Add {
        /// Their name
        name: String,
        /// viewer, sales, marketing or admin
        #[arg(long, value_parser = roles())]
        role: Role,
    },
    /// Give a member another role
    Role {
        /// Their name
        member: String,
        /// viewer, sales, marketing or admin
        #[arg(value_parser = roles())]
        role: Role,
    },
    /// Say by which address a chat knows a member
    Email {
        /// Their name
        member: String,
        /// Their address at work
        address: String,
    },
    /// Say who somebody in a chat is
    Link {
        /// Their name
        member: String,
        /// Who they are there: slack:T0123/U0456
        user: String,
    },
}

fn roles() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new(Role::ALL.map(Role::word))
        .try_map(|word| Role::from_word(&word).ok_or("is no role"))
}

fn topics() -> impl TypedValueParser<Value = Topic> {
    PossibleValuesParser::new(Topic::ALL.iter().map(|topic| topic.word()))
        .try_map(|word| Topic::from_word(&word).ok_or("is no topic"))
}
