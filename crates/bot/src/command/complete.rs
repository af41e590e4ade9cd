//! What could be typed next.

use super::{declared, split, walk};
use clap::{Arg, Command, ValueHint};
use serde::Serialize;

/// A text that could stand in the box.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suggestion {
    /// The whole text that it leaves in the box.
    pub insert: String,
    /// What is shown of it.
    pub label: String,
    /// What it is, in words.
    pub help: String,
}

/// The names that can be typed, each with what it is.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Leads in the queue, by address.
    pub leads: Vec<(String, String)>,
    /// Sequences.
    pub sequences: Vec<(String, String)>,
    /// Segments.
    pub segments: Vec<(String, String)>,
    /// Campaigns, by id.
    pub campaigns: Vec<(String, String)>,
    /// Members, by handle.
    pub members: Vec<(String, String)>,
}

/// How many are offered.
const MOST: usize = 12;

/// What could be typed after `text`, the likeliest first.
pub fn complete(text: &str, known: &Known) -> Vec<Suggestion> {
    let Some(typed) = text.strip_prefix('/') else { return Vec::new() };
    let declared = declared();
    let typed = split::plain(typed);
    let words = split::words(&typed);
    let begun = words.last().filter(|word| word.at.end == typed.len() && !word.quoted);
    let part = begun.map(|word| word.text.clone()).unwrap_or_default();
    let before = &typed[..begun.map_or(typed.len(), |word| word.at.start)];
    let done: Vec<String> =
        words[..words.len() - usize::from(begun.is_some())].iter().map(|word| word.text.clone()).collect();
    let skip = usize::from(
        done.len() > 1
            && done[0] == "rekindle"
            && matches!(done[1].as_str(), "lead" | "campaign" | "segment" | "report"),
    );
    let (command, depth) = walk(declared, &done[skip..]);
    let rest = &done[skip + depth..];
    let mut offers = if rest.is_empty() { verbs(command) } else { Vec::new() };
    if !command.has_subcommands() || !command.is_subcommand_required_set() {
        offers.extend(values(command, rest, known));
    }
    let low = part.trim_start_matches('"').to_lowercase();
    let fits = |(name, _): &(String, String)| {
        let name = name.to_lowercase();
        name.starts_with(&low) || (low.len() > 1 && name.contains(&low))
    };
    let mut offers: Vec<(String, String)> = offers.into_iter().filter(fits).collect();
    offers.sort_by_key(|(name, _)| !name.to_lowercase().starts_with(&low));
    offers.truncate(MOST);
    let blank = if before.is_empty() || before.ends_with(char::is_whitespace) { "" } else { " " };
    offers
        .into_iter()
        .map(|(name, help)| {
            let written = if name.contains(' ') { format!("\"{name}\"") } else { name.clone() };
            let label = if depth == 0 && skip == 0 { format!("/{name}") } else { name };
            Suggestion { insert: format!("/{before}{blank}{written} "), label, help }
        })
        .collect()
}

fn verbs(command: &Command) -> Vec<(String, String)> {
    let about = |verb: &Command| verb.get_about().map(ToString::to_string).unwrap_or_default();
    command.get_subcommands().map(|verb| (verb.get_name().to_owned(), about(verb))).collect()
}

/// What the argument may be that stands next, and the options that are not there yet.
fn values(command: &Command, rest: &[String], known: &Known) -> Vec<(String, String)> {
    let option =
        |word: &str| command.get_arguments().find(|argument| Some(word) == long(argument).as_deref());
    if let Some(argument) =
        rest.last().and_then(|word| option(word)).filter(|a| a.get_action().takes_values())
    {
        return of_argument(argument, known);
    }
    let mut place = 0;
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        match option(word) {
            Some(argument) if argument.get_action().takes_values() => drop(words.next()),
            Some(_) => {}
            None => place += 1,
        }
    }
    let next = command.get_positionals().nth(place);
    let mut offers = next.map(|argument| of_argument(argument, known)).unwrap_or_default();
    let spoken = command.get_positionals().any(|argument| argument.get_value_hint() == ValueHint::Other);
    if next.is_none() || !spoken {
        let options = command.get_arguments().filter(|argument| !argument.is_positional());
        let missing = options.filter_map(|argument| {
            let name = long(argument).filter(|name| !rest.contains(name))?;
            Some((name, argument.get_help().map(ToString::to_string).unwrap_or_default()))
        });
        offers.extend(missing);
    }
    offers
}

fn long(argument: &Arg) -> Option<String> {
    argument.get_long().map(|long| format!("--{long}"))
}

/// The names that an argument may be.
pub(crate) fn of_argument(argument: &Arg, known: &Known) -> Vec<(String, String)> {
    let words = |words: &[&str]| words.iter().map(|word| ((*word).to_owned(), String::new())).collect();
    match argument.get_id().as_str() {
        "lead" => known.leads.clone(),
        "sequence" => known.sequences.clone(),
        "segment" => known.segments.clone(),
        "campaign" | "confirm" => known.campaigns.clone(),
        "member" => known.members.clone(),
        "when" => words(&["1h", "4h", "1d", "tomorrow", "monday", "1w"]),
        _ => {
            let named = argument.get_possible_values();
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            named.iter().map(|value| (value.get_name().to_owned(), help.clone())).collect()
        }
    }
}
