//! What is wrong with a line, and what would be right: short, for chat.

use super::{blanks::is_several, walk};
use clap::{
    Command,
    error::{ContextKind, ContextValue, ErrorKind},
};
use rekindle_core::nearest::nearest;

/// The words for a line that was not understood.
pub(super) fn hint(error: &clap::Error, declared: &Command, words: &[String]) -> String {
    let (command, depth) = walk(declared, words);
    let path = format!("/{}", words[..depth].join(" "));
    let told = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => texts.first().cloned(),
        _ => None,
    };
    let wrong = match error.kind() {
        ErrorKind::InvalidSubcommand | ErrorKind::UnknownArgument if command.has_subcommands() => {
            let word = words.get(depth).cloned().unwrap_or_default();
            return unknown_verb(command, &path, &word, told(ContextKind::SuggestedSubcommand));
        }
        ErrorKind::MissingRequiredArgument => match error.get(ContextKind::InvalidArg) {
            Some(ContextValue::Strings(missing)) => format!("{path} needs {}.", bare(missing)),
            _ => format!("{path} needs more."),
        },
        ErrorKind::UnknownArgument => {
            let wrong = told(ContextKind::InvalidArg).unwrap_or_default();
            match told(ContextKind::SuggestedArg) {
                Some(right) => format!("{path} has no “{wrong}”; did you mean {right}?"),
                None if wrong.starts_with('-') => format!("{path} has no “{wrong}”."),
                None => format!("{path} takes no more words; “{wrong}” is one too many."),
            }
        }
        ErrorKind::InvalidValue => {
            let wrong = told(ContextKind::InvalidValue).unwrap_or_default();
            let known = match error.get(ContextKind::ValidValue) {
                Some(ContextValue::Strings(known)) => known.clone(),
                _ => Vec::new(),
            };
            let what = told(ContextKind::InvalidArg).unwrap_or_default();
            // clap finds a nearest value for everything, and the wrong one archives a lead.
            let near = nearest(&wrong, known.iter().map(String::as_str));
            match (wrong.is_empty(), near) {
                (true, _) => format!("{} needs a value: {}.", bare(&[what]), known.join(", ")),
                (_, Some(near)) => {
                    format!("“{wrong}” is not among {}; did you mean {near}?", known.join(", "))
                }
                (_, None) => format!("“{wrong}” is not among {}.", known.join(", ")),
            }
        }
        _ => "That was not understood.".to_owned(),
    };
    format!("{wrong} Write: {}", usage(command, &path))
}

fn unknown_verb(command: &Command, path: &str, word: &str, suggested: Option<String>) -> String {
    let verbs: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
    let near = suggested.or_else(|| nearest(word, verbs.iter().copied()).map(str::to_owned));
    let slash =
        if path == "/" { String::new() } else { format!("{path} ").trim_start_matches('/').to_owned() };
    let known = verbs.iter().map(|verb| (*verb).to_owned()).collect::<Vec<_>>().join(", ");
    let right = match near {
        Some(near) => format!("did you mean /{slash}{near}?"),
        None if path == "/" => format!("there are /{}.", known.replace(", ", ", /")),
        None => format!("{path} has {known}."),
    };
    format!("There is no /{slash}{word}; {right}")
}

/// That no command or verb is called like this.
pub(super) fn no_command(declared: &Command, word: &str) -> String {
    let verbs = declared.get_subcommands().flat_map(|command| {
        std::iter::once(command.get_name()).chain(command.get_subcommands().map(Command::get_name))
    });
    match nearest(word, verbs) {
        Some(near) => format!("There is nothing called “{word}” to type; did you mean {near}?"),
        None => format!("There is nothing called “{word}” to type; /rekindle help shows all there is."),
    }
}

/// `<LEAD>` as LEAD, and `--role <ROLE>` as --role ROLE.
fn bare(arguments: &[String]) -> String {
    arguments.iter().map(|one| one.replace(['<', '>'], "")).collect::<Vec<_>>().join(" and ")
}

/// How a command is written: "/lead snooze LEAD WHEN".
pub(super) fn usage(command: &Command, path: &str) -> String {
    let mut usage = path.to_owned();
    if command.has_subcommands() {
        let verbs: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
        usage.push_str(&match command.is_subcommand_required_set() {
            true => format!(" {}", verbs.join("|")),
            false => format!(" [{}]", verbs.join("|")),
        });
    }
    let mut arguments: Vec<_> = command.get_arguments().collect();
    arguments.sort_by_key(|argument| !argument.is_positional());
    for argument in arguments {
        let name = argument
            .get_value_names()
            .and_then(|names| names.first().map(ToString::to_string))
            .unwrap_or_else(|| argument.get_id().as_str().to_uppercase());
        let written = match argument.get_long() {
            Some(long) if argument.get_action().takes_values() => format!("--{long} {name}"),
            Some(long) => format!("--{long}"),
            None => name,
        };
        usage.push_str(&match argument.is_required_set() {
            true => format!(" {written}"),
            // What may be left out only beside another is not said to be optional.
            false if argument.is_positional() && command.get_name() == "launch" => format!(" {written}"),
            false if is_several(argument) => format!(" [{written}]…"),
            false => format!(" [{written}]"),
        });
    }
    usage
}

/// The help of what these words lead to.
pub(super) fn help(declared: &Command, words: &[String]) -> String {
    let (command, depth) = walk(declared, words);
    let about = |command: &Command| command.get_about().map(ToString::to_string).unwrap_or_default();
    let path = match depth {
        0 => String::new(),
        _ => format!("{} ", words[..depth].join(" ")),
    };
    if !command.has_subcommands() {
        let mut lines =
            vec![usage(command, &format!("/{}", path.trim_end())), format!("  {}", about(command))];
        let explained = command.get_arguments().filter_map(|argument| {
            let name = argument
                .get_long()
                .map_or_else(|| argument.get_id().as_str().to_uppercase(), |long| format!("--{long}"));
            Some(format!("  {name}: {}", argument.get_help()?))
        });
        lines.extend(explained);
        return lines.join("\n");
    }
    let mut rows = Vec::new();
    for verb in command.get_subcommands() {
        let inner: Vec<&Command> = verb.get_subcommands().collect();
        if depth > 0 || inner.is_empty() {
            rows.push((usage(verb, &format!("/{path}{}", verb.get_name())), about(verb)));
            continue;
        }
        let name = format!("/{}", verb.get_name());
        rows.extend(
            inner.iter().map(|leaf| (usage(leaf, &format!("{name} {}", leaf.get_name())), about(leaf))),
        );
    }
    let lines: Vec<String> = rows.iter().map(|(usage, about)| format!("{usage}\n    {about}")).collect();
    lines.join("\n")
}
