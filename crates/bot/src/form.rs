//! A form: what somebody is asked field by field, where a line would be hard to remember.
//!
//! A form of a command is its declaration with blanks: its fields are the arguments, and what is filled in becomes
//! the line that could have been typed. A form of a button asks for the value of the button. So nothing can be
//! done by a form that could not be typed or pressed, and who may is asked in the same place.

use crate::{
    card::{Ask, AskKind, Choice},
    command::{self, Blank, Known},
    inbound::What,
    wording::capital,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A form.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Form {
    /// What is done with what is filled in.
    pub of: Of,
    /// What stands above it.
    pub title: String,
    /// What it does, in a few words.
    pub about: String,
    /// What it asks.
    pub fields: Vec<Field>,
}

/// What a form is for: all that has to be remembered of it until it is filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Of {
    /// A command, by its words: "lead pass".
    Command(String),
    /// A button of a card.
    Press {
        /// The id of the alert or campaign.
        card: String,
        /// The word of the button.
        intent: String,
    },
}

impl FieldKind {
    /// How many characters it takes at most.
    pub(crate) fn room(self) -> u16 {
        match self {
            Self::Lines => 1_000,
            _ => 500,
        }
    }
}

/// One question of a form.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Field {
    /// By which name its value comes back.
    pub name: String,
    /// What is asked.
    pub label: String,
    /// How it is answered.
    pub hint: String,
    /// What kind of value it is.
    pub kind: FieldKind,
    /// Answers to choose from; of words, proposals.
    pub choices: Vec<Choice>,
    /// What stands in it.
    pub value: Option<String>,
    /// Whether it must be answered.
    pub required: bool,
}

/// What kind of value a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldKind {
    /// One of the choices.
    Choice,
    /// Words.
    Words,
    /// Words, several times: a line each.
    Lines,
    /// A lead, looked up as it is typed.
    Lead,
}

/// What was filled in, by the names of the fields.
pub type Filled = BTreeMap<String, String>;

/// What is wrong with what was filled in, by the names of the fields.
pub type Faults = BTreeMap<String, String>;

/// The field of a form whose button asks for one value.
const VALUE: &str = "value";
/// The command whose form the button "Pass to" shows, without the lead, who stands on the card.
const PASS: &str = "lead pass";
/// More choices than this are only proposals: no platform lists so many.
const LISTED: usize = 100;

/// The form of the command that a line begins: with what the line says already. `None` when there is no such command.
pub(crate) fn of_line(line: &str, known: &Known) -> Option<Form> {
    let (path, blanks) = command::blanks(line)?;
    let about = command::about(&path);
    let fields = blanks.into_iter().map(|blank| field(blank, known)).collect();
    Some(Form { title: format!("/{path}"), of: Of::Command(path), about, fields })
}

/// The form in which the button of a card asks for its value.
pub(crate) fn of_press(card: &str, intent: &str, ask: &Ask, known: &Known) -> Form {
    let fields = match ask.kind {
        AskKind::Form => {
            let (_, blanks) = command::blanks(PASS).unwrap_or_default();
            blanks.into_iter().filter(|blank| blank.name != "lead").map(|blank| field(blank, known)).collect()
        }
        _ => vec![Field {
            name: VALUE.to_owned(),
            label: ask.label.to_owned(),
            hint: match ask.kind {
                AskKind::Choice => "1h, 2d, tomorrow, monday, 2026-12-01 14:00",
                AskKind::Amount => "An amount, such as 5000 or 12,000 EUR",
                _ => "A few words",
            }
            .to_owned(),
            kind: FieldKind::Words,
            // None of the choices fitted, or a form would not be asked.
            choices: if ask.kind == AskKind::Choice { Vec::new() } else { ask.choices.clone() },
            value: None,
            // Why something is so may be left open; until when may not.
            required: ask.kind == AskKind::Choice,
        }],
    };
    let of = Of::Press { card: card.to_owned(), intent: intent.to_owned() };
    Form { of, title: ask.title.to_owned(), about: String::new(), fields }
}

fn field(blank: Blank, known: &Known) -> Field {
    let choices: Vec<Choice> = command::of_argument(blank.argument, known)
        .into_iter()
        .map(|(value, help)| {
            let label = match help.is_empty() || blank.is_closed {
                true => value.clone(),
                false => format!("{value} · {help}"),
            };
            Choice { value: value.into(), label: label.into() }
        })
        .collect();
    let kind = match () {
        () if blank.is_several => FieldKind::Lines,
        () if blank.name == "lead" => FieldKind::Lead,
        () if blank.is_free || choices.is_empty() || choices.len() > LISTED => FieldKind::Words,
        () => FieldKind::Choice,
    };
    let mut hint = blank.argument.get_help().map(ToString::to_string).unwrap_or_default();
    if kind == FieldKind::Lines {
        hint.push_str("; a line each");
    }
    Field {
        label: capital(&blank.name.replace('_', " ")),
        hint,
        kind,
        choices: if kind == FieldKind::Lead { Vec::new() } else { choices },
        value: blank.given,
        required: blank.required,
        name: blank.name,
    }
}

impl Form {
    /// With this standing in it.
    #[must_use]
    pub fn with(mut self, given: &Filled) -> Self {
        for field in &mut self.fields {
            if let Some(value) = given.get(&field.name) {
                field.value = Some(value.clone());
            }
        }
        self
    }
}

impl Of {
    /// What is asked by what was filled in.
    pub(crate) fn asks(&self, filled: &Filled) -> What {
        match self {
            Self::Command(path) => {
                What::Command(command::line_of(path, |name| filled.get(name).map(String::as_str)))
            }
            Self::Press { card, intent } => {
                // Whom it is passed to, then the note, as in the command; of all others there is one value.
                let values = ["member", "note", VALUE].into_iter().filter_map(|name| filled.get(name));
                let value = values.map(|value| value.trim()).collect::<Vec<_>>().join(" ");
                What::Press {
                    card: card.clone(),
                    intent: intent.clone(),
                    value: (!value.is_empty()).then_some(value),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        let one = |name: &str, what: &str| vec![(name.to_owned(), what.to_owned())];
        Known {
            leads: one("kim@acme.test", "Kim Park"),
            sequences: one("welcome", "hello, why"),
            segments: one("hot", "score >= 100"),
            campaigns: Vec::new(),
            members: one("ben", "Ben"),
        }
    }

    fn shape(form: &Form) -> Vec<(&str, FieldKind, bool, usize)> {
        let shape = |field: &'_ Field| (field.kind, field.required, field.choices.len());
        form.fields.iter().map(|one| (one.name.as_str(), shape(one).0, shape(one).1, shape(one).2)).collect()
    }

    #[test]
    fn a_command_that_lacks_something_is_asked_for_it() {
        use FieldKind::{Choice, Lead, Lines, Words};
        let form = |line: &str| of_line(line, &known()).unwrap();
        let launch = form("/campaign launch");
        assert_eq!(
            shape(&launch),
            [
                ("sequence", Choice, true, 1),
                ("segment", Words, true, 1),
                ("audience", Choice, false, 2),
                ("subject", Lines, false, 0)
            ]
        );
        let despite = form("/campaign launch welcome --despite-mail-doctor");
        let flag = despite.fields.iter().position(|field| field.label == "Despite mail doctor");
        let flag = flag.expect("a flag that was said is there");
        assert_eq!(
            (despite.fields[0].value.as_deref(), despite.fields[flag].value.as_deref()),
            (Some("welcome"), Some("true"))
        );
        assert_eq!(shape(&form("/lead add")), [("email", Words, true, 0), ("name", Words, false, 0)]);
        let follows = form("/campaign launch --audience follows welcome");
        let said: Vec<Option<&str>> = follows.fields.iter().map(|field| field.value.as_deref()).collect();
        assert_eq!(
            said,
            [Some("welcome"), None, Some("follows"), None],
            "an option that was said stands chosen"
        );
        let typed = form("/campaign launch --subject \"One, {{ name }}\" welcome --subject -50%");
        assert_eq!(typed.fields[3].value.as_deref(), Some("One, {{ name }}\n-50%"));
        let pass = form("/lead pass kim@acme.test");
        assert_eq!(
            shape(&pass),
            [("lead", Lead, true, 0), ("member", Choice, true, 1), ("note", Words, false, 0)]
        );
        assert_eq!(pass.fields[0].value.as_deref(), Some("kim@acme.test"));
        assert_eq!(
            shape(&form("/rekindle team add")),
            [("name", Words, true, 0), ("role", Choice, true, 4)],
            "an option that must be there is a field, too"
        );
    }

    #[test]
    fn what_is_filled_in_is_the_line_that_could_have_been_typed() {
        let asks = |path: &str, filled: &[(&str, &str)]| {
            let filled = filled.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
            match Of::Command(path.to_owned()).asks(&filled) {
                What::Command(line) => line,
                What::Press { .. } => unreachable!("it is of a command"),
            }
        };
        let launch =
            asks("campaign launch", &[("sequence", "welcome"), ("segment", "score >= 60 and not hot")]);
        assert_eq!(launch, "/campaign launch welcome score >= 60 and not hot");
        let despite = [("sequence", "welcome"), ("segment", "hot"), ("despite_mail_doctor", "true")];
        assert_eq!(asks("campaign launch", &despite), "/campaign launch --despite-mail-doctor welcome hot");
        let typed = [("sequence", "welcome"), ("segment", "hot"), ("subject", "One \"x\"\n\n -50 %\nTwo")];
        assert_eq!(
            asks("campaign launch", &typed),
            r#"/campaign launch --subject "One \"x\"" --subject "-50 %" --subject Two welcome hot"#
        );
        assert_eq!(
            asks("rekindle team add", &[("name", "Zoë Lind"), ("role", "sales")]),
            "/rekindle team add --role sales \"Zoë Lind\""
        );
        let of = Of::Press { card: "alert_1".into(), intent: "pass".into() };
        let filled = Filled::from([("note".into(), "speaks Korean".into()), ("member".into(), "ben".into())]);
        let value = Some("ben speaks Korean".to_owned());
        assert_eq!(of.asks(&filled), What::Press { card: "alert_1".into(), intent: "pass".into(), value });
    }
}
