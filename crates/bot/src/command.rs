//! The commands of the team, declared once: parsing, help, hints on typing slips and completion all
//! come from these enums, and each platform offers the same.
//!
//! An argument with the value hint `Other` takes the rest of the line as it was written, so that
//! nobody has to think about quotes: `/lead note kim@acme.test said "call me" on Monday`.

mod blanks;
mod complete;
mod deeds;
mod hint;
mod house;
mod split;
mod when;

pub(crate) use blanks::{Blank, about, blanks, deed_of, lacks, line_of, quoted, written};
pub(crate) use complete::of_argument;
pub use complete::{Known, Suggestion, complete};
pub use house::{House, Team};
pub(crate) use when::until;

use clap::{
    CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum, ValueHint,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};
use rekindle_core::{alert::Outcome, lead::Lifecycle, refusal::Refusal};
use std::sync::LazyLock;

/// What can be typed.
#[derive(Debug, Clone, PartialEq, Parser)]
#[command(name = "rekindle", no_binary_name = true, disable_help_flag = true, disable_help_subcommand = true)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

/// What can be typed after the slash.
#[derive(Debug, Clone, PartialEq, Subcommand)]
pub enum Command {
    /// Work leads: see why one is hot, claim it, say how it went
    #[command(subcommand)]
    Lead(Lead),
    /// Preview, launch, hold and stop campaigns
    #[command(subcommand)]
    Campaign(Campaign),
    /// Ask who is meant by a segment or a question, save questions, take lists along
    #[command(subcommand)]
    Segment(Segment),
    /// What has come of the team's work, in figures
    #[command(subcommand)]
    Report(Report),
    /// The house itself: status, pause, team, help
    #[command(subcommand)]
    Rekindle(House),
}

/// `/lead`
#[derive(Debug, Clone, PartialEq, Subcommand)]
pub enum Lead {
    /// The card of a lead, with what is known
    Show {
        /// Address or id
        lead: String,
    },
    /// Why so many points, why alerted, why mailed or not
    Why {
        /// Address or id
        lead: String,
    },
    /// The open queue: who waits for somebody to claim them
    Hot,
    /// The leads you have
    Mine,
    /// Add a lead that you have met
    Add {
        /// Their e-mail address
        email: String,
        /// Their name
        #[arg(value_hint = ValueHint::Other)]
        name: Option<String>,
    },
    /// Take a lead; its marketing mail waits meanwhile
    Claim {
        /// Address or id
        lead: String,
    },
    /// Give a lead back to the team
    Release {
        /// Address or id
        lead: String,
    },
    /// Pass a lead on to a colleague, who is told
    Pass {
        /// Address or id
        lead: String,
        /// To whom: a handle, as /rekindle team shows them
        member: String,
        /// What they should know
        #[arg(value_hint = ValueHint::Other, allow_hyphen_values = true)]
        note: Option<String>,
    },
    /// Put a lead off: 1h, tomorrow, monday, 2026-12-01
    Snooze {
        /// Address or id
        lead: String,
        /// 1h, 2d, tomorrow, monday, 2026-12-01 14:00
        #[arg(value_hint = ValueHint::Other, allow_hyphen_values = true)]
        when: String,
    },
    /// Say how it went: connected, no-answer, meeting, won AMOUNT, lost REASON, not-a-fit REASON
    Outcome {
        /// Address or id
        lead: String,
        /// How it went
        #[arg(value_parser = outcomes())]
        how: Outcome,
        /// The amount or the reason
        #[arg(value_hint = ValueHint::Other, allow_hyphen_values = true)]
        note: Option<String>,
    },
    /// Say how far sales is: lead, mql, sql, opportunity, customer; back only with a reason
    Stage {
        /// Address or id
        lead: String,
        /// The stage
        #[arg(value_parser = stages())]
        stage: Lifecycle,
        /// Why
        #[arg(value_hint = ValueHint::Other, allow_hyphen_values = true)]
        why: Option<String>,
    },
    /// Write a note; it shows on the card
    Note {
        /// Address or id
        lead: String,
        /// What to remember
        #[arg(value_hint = ValueHint::Other, allow_hyphen_values = true)]
        text: String,
    },
    /// Let a lead begin a sequence
    Enroll {
        /// Address or id
        lead: String,
        /// Name of the sequence
        sequence: String,
    },
    /// End all sequences of a lead
    Stop {
        /// Address or id
        lead: String,
        /// They asked us to: never write to them again
        #[arg(long)]
        for_good: bool,
    },
}

/// `/campaign`
#[derive(Debug, Clone, PartialEq, Subcommand)]
pub enum Campaign {
    /// Launch a sequence at a segment; shows the preview first
    Launch {
        /// What was previewed under this id is launched
        #[arg(long, value_name = "ID")]
        confirm: Option<String>,
        /// Although nobody vouches that the mail will be believed; it is remembered with your name
        #[arg(long)]
        despite_mail_doctor: bool,
        /// frozen: those who match now; follows: those who come to match later, too
        #[arg(long)]
        audience: Option<Audience>,
        /// Subject of the first mail; of several, up to four, the best goes to the rest
        #[arg(long, allow_hyphen_values = true)]
        subject: Vec<String>,
        /// Name of the sequence
        #[arg(required_unless_present = "confirm")]
        sequence: Option<String>,
        /// Name of a segment, or a question such as: score >= 60 and not hot
        #[arg(required_unless_present = "confirm", value_hint = ValueHint::Other)]
        segment: Option<String>,
    },
    /// Who would get it, who would not and why, what and when; sends nothing
    Preview {
        /// frozen: those who match now; follows: those who come to match later, too
        #[arg(long)]
        audience: Option<Audience>,
        /// Subject of the first mail; of several, up to four, the best goes to the rest
        #[arg(long, allow_hyphen_values = true)]
        subject: Vec<String>,
        /// Name of the sequence
        sequence: String,
        /// Name of a segment, or a question such as: score >= 60 and not hot
        #[arg(value_hint = ValueHint::Other)]
        segment: String,
    },
    /// Mail it to yourself: every mail of a sequence, as it would arrive
    Test {
        /// Name of the sequence
        sequence: String,
    },
    /// The campaigns, newest first
    List,
    /// How a campaign stands; without one, all of them
    Show {
        /// Id, or name of its sequence
        campaign: Option<String>,
    },
    /// The leads behind a count: in, out, matched, or a reason such as: claimed by Ana
    Who {
        /// Id, or name of its sequence
        campaign: String,
        /// Which page, twenty leads each
        #[arg(long)]
        page: Option<u64>,
        /// in, out, matched, or a reason
        #[arg(value_hint = ValueHint::Other)]
        whom: Option<String>,
    },
    /// Why a lead got it, or did not: each rule with its moment
    Why {
        /// Address or id
        lead: String,
        /// Id, or name of its sequence; without, the newest
        campaign: Option<String>,
    },
    /// What has come of a campaign
    Report {
        /// Id, or name of its sequence; may be left out while there is one
        campaign: Option<String>,
    },
    /// What sequences do: their goals against the leads held out, and how what is tried stands
    Lift {
        /// Name of a sequence; all, without one
        sequence: Option<String>,
    },
    /// Send the rest now, without waiting for the look at the first ones to end
    Rest {
        /// Id, or name of its sequence; may be left out while there is one
        campaign: Option<String>,
    },
    /// Nothing of it leaves until it is resumed
    Hold {
        /// Id, or name of its sequence; may be left out while there is one
        campaign: Option<String>,
    },
    /// Let a held campaign go on
    Resume {
        /// Id, or name of its sequence; may be left out while there is one
        campaign: Option<String>,
    },
    /// End a campaign: no further mail of it leaves
    Stop {
        /// Id, or name of its sequence; may be left out while there is one
        campaign: Option<String>,
    },
}

/// Whom a campaign is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Audience {
    /// Those who match at the preview
    Frozen,
    /// Those who come to match later, too
    Follows,
}

/// `/segment`
#[derive(Debug, Clone, PartialEq, Subcommand)]
pub enum Segment {
    /// How many are meant, how many of them may be mailed, and some by name
    Count {
        /// Name of a segment, or a question such as: score >= 60 and not hot
        #[arg(value_hint = ValueHint::Other)]
        segment: String,
    },
    /// What a segment asks, and how many it means
    Show {
        /// Name of a segment
        #[arg(value_hint = ValueHint::Other)]
        segment: String,
    },
    /// All segments, and what they ask
    List,
    /// Some of those who are meant
    Sample {
        /// Name of a segment, or a question such as: score >= 60 and not hot
        #[arg(value_hint = ValueHint::Other)]
        segment: String,
    },
    /// All of those who are meant, as a file for a spreadsheet
    Export {
        /// Name of a segment, or a question such as: score >= 60 and not hot
        #[arg(value_hint = ValueHint::Other)]
        segment: String,
    },
    /// Keep a question under a name, to be used wherever a segment is
    Save {
        /// What it is to be called
        name: String,
        /// A question such as: score >= 60 and not hot
        #[arg(value_hint = ValueHint::Other)]
        question: String,
    },
    /// Forget a segment that was saved
    Forget {
        /// Name of the segment
        #[arg(value_hint = ValueHint::Other)]
        segment: String,
    },
}

/// `/report`
#[derive(Debug, Clone, PartialEq, Subcommand)]
pub enum Report {
    /// How leads move from stage to stage, how long it takes, and why some fall back
    Stages {
        /// Of the last so many days
        #[arg(long)]
        days: Option<i64>,
    },
    /// Who came back from the cold in 90 days, and what was won with them
    Revived {
        /// Which page, twenty leads each
        #[arg(long)]
        page: Option<u64>,
    },
}

/// Reads a line as it was typed. A command without its verb, and `help` anywhere, ask for help.
///
/// # Errors
/// [`Refusal::Usage`]: what is wrong, the nearest right thing, and how it is right.
pub fn parse(line: &str) -> Result<Command, Refusal> {
    let words = arguments(line);
    let declared = declared();
    let (found, depth) = walk(declared, &words);
    if words.get(depth).is_some_and(|word| matches!(word.as_str(), "help" | "--help" | "-h")) {
        return Ok(help(&words[..depth]));
    }
    if depth == words.len() && found.is_subcommand_required_set() {
        return Ok(help(&words));
    }
    let matched = declared.clone().try_get_matches_from(&words);
    matched
        .and_then(|matches| Line::from_arg_matches(&matches))
        .map(|line| line.command)
        .map_err(|error| Refusal::Usage { text: hint::hint(&error, declared, &words) })
}

/// What can be typed, in words; of one command, or of all. A verb alone is enough: "claim".
///
/// # Errors
/// [`Refusal::Usage`] for what cannot be typed.
pub(crate) fn help_of(of: &str) -> Result<String, Refusal> {
    let words = arguments(of);
    let declared = declared();
    let (_, depth) = walk(declared, &words);
    let Some(word) = words.first().filter(|_| depth == 0) else { return Ok(hint::help(declared, &words)) };
    let with_verb = declared.get_subcommands().filter(|command| command.find_subcommand(word).is_some());
    let helps: Vec<String> = with_verb
        .map(|command| hint::help(declared, &[command.get_name().to_owned(), word.clone()]))
        .collect();
    match helps.is_empty() {
        false => Ok(helps.join("\n")),
        true => Err(Refusal::Usage { text: hint::no_command(declared, word) }),
    }
}

/// What stands behind the slash, for platforms that want to know it before: name, what it is for, its verbs.
pub fn offered() -> Vec<(String, String, String)> {
    let offer = |command: &clap::Command| {
        let verbs: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        (command.get_name().to_owned(), about, verbs.join(" | "))
    };
    declared().get_subcommands().map(offer).collect()
}

/// Everything that can be typed: "lead claim", "rekindle team add".
pub fn verbs() -> Vec<String> {
    fn under(command: &clap::Command, path: &str, verbs: &mut Vec<String>) {
        for one in command.get_subcommands() {
            let path = format!("{path} {}", one.get_name()).trim_start().to_owned();
            if !one.is_subcommand_required_set() {
                verbs.push(path.clone());
            }
            under(one, &path, verbs);
        }
    }
    let mut verbs = Vec::new();
    under(declared(), "", &mut verbs);
    verbs
}

fn help(of: &[String]) -> Command {
    let of = (!of.is_empty()).then(|| of.join(" "));
    Command::Rekindle(House::Help { of })
}

/// The declaration, put together once: that takes longer than reading a line.
pub(crate) fn declared() -> &'static clap::Command {
    static DECLARED: LazyLock<clap::Command> = LazyLock::new(|| {
        let mut declared = Line::command();
        declared.build();
        declared
    });
    &DECLARED
}

/// The line as arguments, its free text in one piece. `/rekindle lead …` is `/lead …`, for
/// workspaces where `/lead` is taken.
fn arguments(line: &str) -> Vec<String> {
    let line = split::plain(line);
    let line = line.trim().trim_start_matches('/');
    let mut words = split::words(line);
    if words.len() > 1
        && words[0].text == "rekindle"
        && matches!(words[1].text.as_str(), "lead" | "campaign" | "segment" | "report")
    {
        words.remove(0);
    }
    if let [lead, outcome, ..] = words.as_slice()
        && (lead.text.as_str(), outcome.text.as_str()) == ("lead", "outcome")
    {
        // Outcomes of several words, as people say them.
        split::join(&mut words, 3, &["no", "answer"]);
        split::join(&mut words, 3, &["not", "a", "fit"]);
    }
    let plain: Vec<String> = words.iter().map(|word| word.text.clone()).collect();
    let declared = declared();
    let (command, begins) = free_text(declared, &plain);
    let has_options = command.get_arguments().any(|argument| !argument.is_positional());
    let Some(begins) = begins.filter(|at| words.len() > at + 1) else { return plain };
    let mut arguments = plain[..begins].to_vec();
    let mut rest = words[begins..].iter().peekable();
    let mut text: Option<std::ops::Range<usize>> = None;
    let mut single = None;
    while let Some(word) = rest.next() {
        if has_options && !word.quoted && word.text.starts_with("--") && word.text.len() > 2 {
            arguments.push(word.text.clone());
            if takes_value(command, &word.text) {
                arguments.extend(rest.next().map(|value| value.text.clone()));
            }
            continue;
        }
        single = text.is_none().then(|| word.text.clone());
        let start = text.as_ref().map_or(word.at.start, |text| text.start);
        text = Some(start..word.at.end);
    }
    if let Some(text) = text {
        // Behind the options, so that it may begin like one.
        arguments.push(single.unwrap_or_else(|| line[text].to_owned()));
    }
    arguments
}

/// The command that these words lead to, and how many of them do.
fn walk<'a>(declared: &'a clap::Command, words: &[String]) -> (&'a clap::Command, usize) {
    let mut command = declared;
    let mut depth = 0;
    while let Some(next) = words.get(depth).and_then(|word| command.find_subcommand(word)) {
        command = next;
        depth += 1;
    }
    (command, depth)
}

/// The command that these words lead to, and the word at which its free text begins, if it has one.
fn free_text<'a>(declared: &'a clap::Command, words: &[String]) -> (&'a clap::Command, Option<usize>) {
    let (command, depth) = walk(declared, words);
    let position =
        command.get_positionals().position(|argument| argument.get_value_hint() == ValueHint::Other);
    let Some(position) = position else { return (command, None) };
    // Options before it, with their values, have no place.
    let (mut at, mut place) = (depth, 0);
    while let Some(word) = words.get(at) {
        match word.strip_prefix("--") {
            Some(name) if !name.is_empty() => at += 1 + usize::from(takes_value(command, word)),
            _ if place == position => return (command, Some(at)),
            _ => (at, place) = (at + 1, place + 1),
        }
    }
    (command, None)
}

/// Whether a word is an option of the command behind which its value stands.
fn takes_value(command: &clap::Command, word: &str) -> bool {
    let name = word.strip_prefix("--");
    let option = command.get_arguments().find(|argument| name.is_some() && argument.get_long() == name);
    option.is_some_and(|option| option.get_action().takes_values())
}

fn outcomes() -> impl TypedValueParser<Value = Outcome> {
    // Typed with hyphens, as people write; the words of tables and JSON do as well.
    let typed = |how: Outcome| match how {
        Outcome::NoAnswer => "no-answer",
        Outcome::NotAFit => "not-a-fit",
        how => how.word(),
    };
    let named = Outcome::ALL.iter().map(move |how| PossibleValue::new(typed(*how)).alias(how.word()));
    PossibleValuesParser::new(named)
        .try_map(|word| Outcome::from_word(&word.replace('-', "_")).ok_or("is no outcome"))
}

fn stages() -> impl TypedValueParser<Value = Lifecycle> {
    PossibleValuesParser::new(Lifecycle::ALL.iter().map(|stage| stage.word()))
        .try_map(|word| Lifecycle::from_word(&word).ok_or("is no stage"))
}

#[cfg(test)]
mod tests;
