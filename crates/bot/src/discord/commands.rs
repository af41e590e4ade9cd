//! Slash commands, from the one declaration of all commands: how they are registered with Discord, and how what
//! a member filled in becomes the line that they would have typed.
//!
//! Limits: <https://discord.com/developers/docs/interactions/application-commands>.

use super::text::plain;
use crate::command::{Known, declared, of_argument, quoted, written};
use clap::{Arg, Command};
use serde_json::Value;
use serenity::all::{
    CommandData, CommandDataOption, CommandDataOptionValue, CommandOptionType, CreateCommand,
    CreateCommandOption, InteractionContext,
};

const NAME: usize = 32;
const DESCRIPTION: usize = 100;
const CHOICES: usize = 25;
/// What a group shows that can also be typed alone: Discord's groups cannot.
const SHOW: &str = "show";

/// The registration of all commands.
pub(crate) fn registration() -> Value {
    let commands: Vec<CreateCommand> = declared()
        .get_subcommands()
        .map(|command| {
            CreateCommand::new(name(command.get_name()))
                .description(description(about(command), command.get_name()))
                .contexts(vec![InteractionContext::Guild])
                .set_options(command.get_subcommands().map(verb).collect())
        })
        .collect();
    serde_json::to_value(commands).unwrap_or_default()
}

/// Whether what Discord says is registered is what we want: it adds keys of its own, leaves out what is not set,
/// and keeps commands in no order; options and choices keep theirs.
pub(crate) fn is_registered(wanted: &Value, there: &Value) -> bool {
    let (Some(wanted), Some(there)) = (wanted.as_array(), there.as_array()) else { return false };
    let same = |one: &Value| there.iter().any(|other| other["name"] == one["name"] && holds(one, other));
    wanted.len() == there.len() && wanted.iter().all(same)
}

/// Whether `there` says all that `wanted` says.
fn holds(wanted: &Value, there: &Value) -> bool {
    match (wanted, there) {
        (Value::Object(wanted), there) => wanted.iter().all(|(key, value)| holds(value, &there[key])),
        (Value::Array(wanted), Value::Array(there)) => {
            wanted.len() == there.len() && wanted.iter().zip(there).all(|(one, other)| holds(one, other))
        }
        (Value::Array(wanted), Value::Null) => wanted.is_empty(),
        (Value::Null | Value::Bool(false), Value::Null) => true,
        (wanted, there) => wanted == there,
    }
}

fn verb(command: &Command) -> CreateCommandOption {
    let kind = match command.has_subcommands() {
        true => CommandOptionType::SubCommandGroup,
        false => CommandOptionType::SubCommand,
    };
    let about = description(about(command), command.get_name());
    let mut option = CreateCommandOption::new(kind, name(command.get_name()), about.clone());
    if command.has_subcommands() && !command.is_subcommand_required_set() {
        option = option.add_sub_option(CreateCommandOption::new(CommandOptionType::SubCommand, SHOW, about));
    }
    for inner in command.get_subcommands() {
        option = option.add_sub_option(verb(inner));
    }
    // Discord wants those first that must be there; people look for those that have a place.
    let mut arguments: Vec<&Arg> = command.get_arguments().collect();
    arguments.sort_by_key(|argument| (!is_asked_there(argument), !argument.is_positional()));
    arguments.into_iter().fold(option, |option, argument| option.add_sub_option(parameter(argument)))
}

/// Whether Discord itself asks for an argument: for what it can offer. What is only words, a form asks for, with more room.
fn is_asked_there(argument: &Arg) -> bool {
    argument.is_required_set() && !of_argument(argument, &something()).is_empty()
}

fn parameter(argument: &Arg) -> CreateCommandOption {
    let named = name(word(argument));
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    let help = description(help, word(argument));
    if !argument.get_action().takes_values() {
        return CreateCommandOption::new(CommandOptionType::Boolean, named, help);
    }
    let option = CreateCommandOption::new(CommandOptionType::String, named, help);
    let values = argument.get_possible_values();
    let mut option = option.required(is_asked_there(argument));
    if values.is_empty() {
        return option.set_autocomplete(!of_argument(argument, &something()).is_empty());
    }
    for value in values.iter().take(CHOICES) {
        option = option.add_string_choice(value.get_name(), value.get_name());
    }
    option
}

/// One of each, to see which arguments names are offered for.
fn something() -> Known {
    let one = || vec![("x".to_owned(), String::new())];
    Known { leads: one(), sequences: one(), segments: one(), campaigns: one(), members: one() }
}

fn about(command: &Command) -> String {
    command.get_about().map(ToString::to_string).unwrap_or_default()
}

fn description(text: String, otherwise: &str) -> String {
    plain(if text.is_empty() { otherwise } else { &text }, DESCRIPTION)
}

fn name(word: &str) -> String {
    word.to_lowercase().chars().take(NAME).collect()
}

/// What an argument is called in Discord.
fn word(argument: &Arg) -> &str {
    argument.get_long().unwrap_or(argument.get_id().as_str())
}

/// What a member filled in, as the line that they would have typed.
pub(crate) fn line(data: &CommandData) -> String {
    let (command, line, filled) = walk(data);
    written(command, line, |argument| {
        match &filled.iter().find(|option| option.name == name(word(argument)))?.value {
            CommandDataOptionValue::Boolean(yes) => Some(yes.to_string()),
            CommandDataOptionValue::String(value) => Some(value.clone()),
            _ => None,
        }
    })
}

/// A line that somebody is typing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Begun {
    /// As it would stand in the console's box.
    pub(crate) text: String,
}

/// The line up to where somebody is typing now.
pub(crate) fn begun(data: &CommandData) -> Option<Begun> {
    let (command, mut text, filled) = walk(data);
    let focused = filled.iter().find_map(|option| match &option.value {
        CommandDataOptionValue::Autocomplete { value, .. } => Some((option.name.as_str(), value.as_str())),
        _ => None,
    });
    let (focused, typed) = focused?;
    if let Some(option) =
        command.get_arguments().find(|argument| !argument.is_positional() && name(word(argument)) == focused)
    {
        return Some(Begun { text: format!("{text} --{} {typed}", word(option)) });
    }
    for argument in command.get_positionals() {
        if name(word(argument)) == focused {
            return Some(Begun { text: format!("{text} {typed}") });
        }
        // Members fill in what they like first: a place that is still empty counts, too.
        let value = filled.iter().find(|option| option.name == name(word(argument)));
        match value.map(|option| &option.value) {
            Some(CommandDataOptionValue::String(value)) => text.push_str(&format!(" {}", quoted(value))),
            _ => text.push_str(" x"),
        }
    }
    None
}

/// The command that was chosen, the line that leads to it, and what was filled in.
fn walk(data: &CommandData) -> (&'static Command, String, &[CommandDataOption]) {
    let mut line = format!("/{}", data.name);
    let mut command = declared().find_subcommand(&data.name).unwrap_or(declared());
    let mut options = data.options.as_slice();
    while let [chosen] = options
        && let CommandDataOptionValue::SubCommand(inner) | CommandDataOptionValue::SubCommandGroup(inner) =
            &chosen.value
    {
        if let Some(found) = command.find_subcommand(&chosen.name) {
            command = found;
            line.push_str(&format!(" {}", chosen.name));
        } else if chosen.name != SHOW {
            // Registered by another version of us; the desk says what there is.
            line.push_str(&format!(" {}", chosen.name));
        }
        options = inner;
    }
    (command, line, options)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::parse;
    use serde_json::json;

    fn data(value: Value) -> CommandData {
        let mut data = json!({"id": "1", "type": 1});
        data.as_object_mut().unwrap().extend(value.as_object().unwrap().clone());
        serde_json::from_value(data).unwrap()
    }

    fn filled(command: &str, verb: &str, values: &[(&str, Value)]) -> CommandData {
        let options: Vec<Value> = values
            .iter()
            .map(|(name, value)| json!({"name": name, "type": if value.is_boolean() { 5 } else { 3 }, "value": value}))
            .collect();
        data(json!({"name": command, "options": [{"name": verb, "type": 1, "options": options}]}))
    }

    #[test]
    fn all_commands_are_registered_within_the_limits_of_discord() {
        fn check(option: &Value, depth: usize) {
            let (name, about) = (option["name"].as_str().unwrap(), option["description"].as_str().unwrap());
            let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
            assert!(!name.is_empty() && name.len() <= NAME && name.chars().all(fine), "{name}");
            assert!((1..=DESCRIPTION).contains(&about.chars().count()), "{name}: {about}");
            let inner = option["options"].as_array().cloned().unwrap_or_default();
            assert!(inner.len() <= 25 && depth <= 3, "{name}");
            let required: Vec<bool> = inner.iter().map(|one| one["required"] == true).collect();
            assert!(
                required.is_sorted_by(|before, after| before >= after),
                "{name}: those that must be come first"
            );
            inner.iter().for_each(|one| check(one, depth + 1));
        }
        let all = registration();
        let names: Vec<&str> =
            all.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["lead", "campaign", "segment", "report", "rekindle"]);
        all.as_array().unwrap().iter().for_each(|one| check(one, 0));
        let leaves = |command: &str| {
            let of = declared().find_subcommand(command).unwrap();
            of.get_subcommands().count()
        };
        assert_eq!(all[0]["options"].as_array().unwrap().len(), leaves("lead"));
        let claim = all[0]["options"].as_array().unwrap().iter().find(|one| one["name"] == "claim").unwrap();
        assert_eq!(claim["options"][0]["autocomplete"], true);
        let team = all[4]["options"].as_array().unwrap().iter().find(|one| one["name"] == "team").unwrap();
        assert_eq!((&team["type"], &team["options"][0]["name"]), (&json!(2), &json!("show")));
    }

    #[test]
    fn what_is_registered_is_known_again_and_what_has_changed_is_not() {
        let wanted = registration();
        let mut there = wanted.clone();
        there.as_array_mut().unwrap().reverse();
        there[0]["id"] = json!("1");
        there[0]["options"][0]
            .as_object_mut()
            .unwrap()
            .retain(|_, value| !value.is_null() && *value != json!(false));
        assert!(is_registered(&wanted, &there));
        there[0]["options"][0]["description"] = json!("another");
        assert!(!is_registered(&wanted, &there));
        assert!(!is_registered(&wanted, &json!([])));
    }

    #[test]
    fn what_is_filled_in_means_what_is_typed() {
        let means = |data: &CommandData, typed: &str| {
            assert_eq!(parse(&line(data)), parse(typed), "{}", line(data));
            assert!(parse(typed).is_ok(), "{typed}");
        };
        means(&filled("lead", "claim", &[("lead", json!("kim@acme.test"))]), "/lead claim kim@acme.test");
        let note = [("text", json!("said “call me” --now")), ("lead", json!("Kim \"K\" Park"))];
        means(&filled("lead", "note", &note), r#"/lead note "Kim \"K\" Park" said “call me” --now"#);
        let stop = [("lead", json!("kim@acme.test")), ("for-good", json!(true))];
        means(&filled("lead", "stop", &stop), "/lead stop kim@acme.test --for-good");
        let stop = [("lead", json!("kim@acme.test")), ("for-good", json!(false))];
        means(&filled("lead", "stop", &stop), "/lead stop kim@acme.test");
        let how = [("lead", json!("kim@acme.test")), ("how", json!("won")), ("note", json!("5000 EUR"))];
        means(&filled("lead", "outcome", &how), "/lead outcome kim@acme.test won 5000 EUR");
        let launch = [("sequence", json!("re-engagement")), ("segment", json!("score >= 60 and not hot"))];
        means(
            &filled("campaign", "launch", &launch),
            "/campaign launch re-engagement score >= 60 and not hot",
        );
        means(
            &filled("campaign", "launch", &[("confirm", json!("campaign_x"))]),
            "/campaign launch --confirm campaign_x",
        );
        means(&filled("lead", "hot", &[]), "/lead hot");
        let group = |inner: Value| {
            data(json!({"name": "rekindle", "options": [{"name": "team", "type": 2, "options": [inner]}]}))
        };
        means(&group(json!({"name": "show", "type": 1, "options": []})), "/rekindle team");
        let role = json!([{"name": "member", "type": 3, "value": "zoe"}, {"name": "role", "type": 3, "value": "sales"}]);
        means(&group(json!({"name": "role", "type": 1, "options": role})), "/rekindle team role zoe sales");
    }

    #[test]
    fn what_is_being_typed_is_completed_where_it_stands() {
        let typing = |verb: &str, options: Value| {
            let data =
                data(json!({"name": "lead", "options": [{"name": verb, "type": 1, "options": options}]}));
            begun(&data).map(|begun| begun.text)
        };
        let focused =
            |name: &str, value: &str| json!({"name": name, "type": 3, "value": value, "focused": true});
        assert_eq!(typing("claim", json!([focused("lead", "ki")])).as_deref(), Some("/lead claim ki"));
        assert_eq!(typing("snooze", json!([focused("when", "mo")])).as_deref(), Some("/lead snooze x mo"));
        let given = json!({"name": "lead", "type": 3, "value": "Kim Park"});
        let text = typing("enroll", json!([given, focused("sequence", "")]));
        assert_eq!(text.as_deref(), Some("/lead enroll \"Kim Park\" "));
        assert_eq!(typing("claim", json!([])), None);
    }
}
