//! A command with blanks: which arguments a line gives and lacks, and the line of what is filled in.

use super::{arguments, declared, parse, takes_value, walk};
use clap::{
    Arg, ArgAction, Command, ValueHint,
    error::{ContextKind, ContextValue, ErrorKind},
};
use rekindle_core::team::Deed;

/// An argument of a command, as a form asks for it.
#[derive(Debug, Clone)]
pub(crate) struct Blank {
    /// What it is called.
    pub(crate) name: String,
    /// How it is declared.
    pub(crate) argument: &'static Arg,
    /// What the line says already.
    pub(crate) given: Option<String>,
    /// Whether nothing goes without it.
    pub(crate) required: bool,
    /// Whether anything can be said, whatever is offered.
    pub(crate) is_free: bool,
    /// Whether it is one of some words.
    pub(crate) is_closed: bool,
    /// Whether several can be said, a line each.
    pub(crate) is_several: bool,
}

/// Whether a line names a command and lacks what it needs.
pub(crate) fn lacks(line: &str) -> bool {
    let words = arguments(line);
    let (command, depth) = walk(declared(), &words);
    let help = words.get(depth).is_some_and(|word| matches!(word.as_str(), "help" | "--help" | "-h"));
    depth > 1 && !help && !command.is_subcommand_required_set() && !missing(&words).is_empty()
}

/// The words of the command that a line begins, and its arguments: those that have a place, the options that must be there, are
/// one of some words or may be said several times, and the flags that it has. `None` when the line names no single command.
pub(crate) fn blanks(line: &str) -> Option<(String, Vec<Blank>)> {
    let words = arguments(line);
    let (command, depth) = walk(declared(), &words);
    if depth < 2 || command.is_subcommand_required_set() {
        return None;
    }
    let missing = missing(&words[..depth]);
    let is_missing = |argument: &Arg| {
        let name = argument.get_id().as_str().to_uppercase();
        missing.iter().any(|shown| shown.contains(&format!("<{name}>")))
    };
    // Options before a place would move it; nobody types them first into a line that lacks the rest.
    let is_value = |at: usize| at > 0 && takes_value(command, &words[at - 1]);
    let mut given = (depth..words.len())
        .filter(|at| !words[*at].starts_with("--") && !is_value(*at))
        .map(|at| &words[at]);
    let positionals = command.get_positionals().map(|argument| (argument, given.next().cloned()));
    let options = command.get_arguments().filter(|argument| !argument.is_positional());
    let options = options.filter_map(|argument| {
        let is_it = |word: &String| argument.get_long().is_some_and(|long| *word == format!("--{long}"));
        let said = words[depth..].iter().any(is_it);
        match argument.get_action().takes_values() {
            // What was said stands in the form: of some words the one, of several all of them.
            true if !argument.get_possible_values().is_empty() || is_several(argument) => {
                let values = words.windows(2).filter(|pair| is_it(&pair[0])).map(|pair| pair[1].as_str());
                let values: Vec<&str> = values.collect();
                Some((argument, (!values.is_empty()).then(|| values.join("\n"))))
            }
            true => argument.is_required_set().then_some((argument, None)),
            // Nobody is asked for a flag, and whoever said it finds it again.
            false => said.then(|| (argument, Some("true".to_owned()))),
        }
    });
    let blanks = positionals.chain(options).map(|(argument, given)| Blank {
        name: argument.get_id().as_str().to_owned(),
        argument,
        given,
        required: is_missing(argument),
        is_free: argument.get_value_hint() == ValueHint::Other,
        is_closed: !argument.get_possible_values().is_empty(),
        is_several: is_several(argument),
    });
    Some((words[..depth].join(" "), blanks.collect()))
}

/// Whether an option may be said several times.
pub(super) fn is_several(argument: &Arg) -> bool {
    matches!(argument.get_action(), ArgAction::Append)
}

/// What the parser says is missing: "<LEAD>", "--role <ROLE>".
fn missing(words: &[String]) -> Vec<String> {
    match declared().clone().try_get_matches_from(words) {
        Err(error) if error.kind() == ErrorKind::MissingRequiredArgument => {
            match error.get(ContextKind::InvalidArg) {
                Some(ContextValue::Strings(missing)) => missing.clone(),
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    }
}

/// What a command does, in a few words.
pub(crate) fn about(path: &str) -> String {
    named(path).get_about().map(ToString::to_string).unwrap_or_default()
}

/// Which kind of thing a command is, before its blanks are filled in.
pub(crate) fn deed_of(path: &str) -> Option<Deed> {
    let something = |argument: &Arg| {
        let word = argument.get_possible_values().first().map(|value| value.get_name().to_owned());
        Some(word.unwrap_or_else(|| "something".to_owned()))
            .filter(|_| argument.is_positional() || argument.is_required_set())
    };
    parse(&written(named(path), format!("/{path}"), something)).ok().map(|command| command.deed())
}

/// The line of a command with what its arguments, by their names, are given.
pub(crate) fn line_of<'v>(path: &str, value: impl Fn(&str) -> Option<&'v str>) -> String {
    written(named(path), format!("/{path}"), |argument| value(argument.get_id().as_str()).map(str::to_owned))
}

fn named(path: &str) -> &'static Command {
    let words: Vec<String> = path.split_whitespace().map(str::to_owned).collect();
    walk(declared(), &words).0
}

/// A line that is begun, and goes on with what the arguments of its command are given; of a flag, "true"; of what may be said several
/// times, a line each.
pub(crate) fn written(command: &Command, begun: String, value: impl Fn(&Arg) -> Option<String>) -> String {
    let given = |argument: &Arg| value(argument).filter(|value| !value.trim().is_empty());
    let mut line = begun;
    for argument in command.get_arguments().filter(|argument| !argument.is_positional()) {
        let Some(long) = argument.get_long() else { continue };
        match given(argument) {
            Some(value) if is_several(argument) => {
                for value in value.lines().filter(|value| !value.trim().is_empty()) {
                    line.push_str(&format!(" --{long} {}", quoted(value.trim())));
                }
            }
            Some(value) if argument.get_action().takes_values() => {
                line.push_str(&format!(" --{long} {}", quoted(&value)));
            }
            Some(value) if value == "true" => line.push_str(&format!(" --{long}")),
            _ => {}
        }
    }
    for argument in command.get_positionals() {
        if let Some(value) = given(argument) {
            line.push(' ');
            match argument.get_value_hint() {
                // The rest of the line is read as it was written.
                ValueHint::Other => line.push_str(&value),
                _ => line.push_str(&quoted(&value)),
            }
        }
    }
    line
}

/// A value as one word of a line.
pub(crate) fn quoted(value: &str) -> String {
    let simple = |c: char| c.is_alphanumeric() || "@._+-".contains(c);
    if !value.is_empty() && value.chars().all(simple) {
        return value.to_owned();
    }
    let straight = value.replace(['“', '”', '„', '‟', '«', '»'], "\"");
    format!("\"{}\"", straight.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::verbs;

    #[test]
    fn a_line_lacks_what_its_command_needs_and_no_more() {
        for line in [
            "/lead add",
            "/lead pass kim",
            "/campaign launch",
            "/campaign launch welcome",
            "/rekindle team add Zoe",
        ] {
            assert!(lacks(line), "{line}");
        }
        for line in [
            "/lead",
            "/lead hot",
            "/lead add help",
            "/lead pass kim ben",
            "/campaign launch --confirm x",
            "/rekindle team",
            "/rekindle mute",
            "/leed add",
            "/lead ad",
            "hello",
        ] {
            assert!(!lacks(line), "{line}");
        }
    }

    #[test]
    fn of_every_command_it_is_known_who_may_before_it_is_whole() {
        for path in verbs() {
            assert!(deed_of(&path).is_some(), "{path}");
        }
        assert_eq!(
            (deed_of("lead add"), deed_of("rekindle team add")),
            (Some(Deed::WorkLeads), Some(Deed::ManageTeam))
        );
    }
}
