//! Forms at the desk: which one somebody is shown, and what is wrong with what they filled in.

use super::Desk;
use crate::{
    card::{AskKind, ask_of},
    command::{self, until},
    form::{self, Faults, Filled, Form, Of},
    inbound::What,
    intent::{Intent, amount},
    reply::Reply,
    wording::clean,
};
use rekindle_core::{email::EmailAddress, nearest::did_you_mean, refusal::Refusal, team::Member};
use rekindle_storage::{Result, StoreError};

impl Desk {
    /// The form by which a member is asked for what their command or press lacks; a refusal where they may not do it
    /// anyway. `None` when nothing is lacking.
    pub async fn form(&self, member: &Member, place: &str, what: &What) -> Option<Result<Form, Reply>> {
        let (deed, said) = match what {
            What::Command(line) => {
                let lacking = Some(line).filter(|line| command::lacks(line))?;
                let (path, _) = command::blanks(lacking)?;
                (command::deed_of(&path)?, line.clone())
            }
            What::Press { card, intent, .. } => {
                ask_of(intent)?;
                (Intent::of_press(intent, Some("something")).ok()?.deed(), format!("[{intent}] {card}"))
            }
        };
        if let Err(refusal) = member.may(deed) {
            return Some(Err(self.answer(member, place, said, Err(refusal.into())).await));
        }
        let known = match self.known().await {
            Ok(known) => known,
            Err(error) => return Some(Err(Reply::of_error(&error, self.settings.zone))),
        };
        match what {
            What::Command(line) => form::of_line(line, &known),
            What::Press { card, intent, .. } => {
                ask_of(intent).map(|ask| form::of_press(card, intent, &ask, &known))
            }
        }
        .map(Ok)
    }

    /// What is wrong with what was filled in, at its fields. What cannot be looked up now is no fault: the desk
    /// says so when it is done.
    pub async fn faults(&self, of: &Of, filled: &Filled) -> Faults {
        let empty = String::new();
        let mut faults = Faults::new();
        let fields = match of {
            Of::Command(path) => {
                let blanks = command::blanks(path).map(|(_, blanks)| blanks).unwrap_or_default();
                blanks
                    .into_iter()
                    .map(|blank| (blank.name.clone(), blank.required, Some(blank.argument)))
                    .collect()
            }
            Of::Press { intent, .. } => match AskKind::of(intent) {
                Some(AskKind::Form) => vec![("member".to_owned(), true, None)],
                Some(kind) => vec![("value".to_owned(), kind == AskKind::Choice, None)],
                None => Vec::new(),
            },
        };
        for (name, required, argument) in fields {
            let value = filled.get(&name).unwrap_or(&empty).trim();
            let fault = match (value.is_empty(), required) {
                (true, true) => Err(Refusal::Usage { text: "This cannot be left empty.".to_owned() }.into()),
                (true, false) => Ok(()),
                (false, _) => {
                    let one_of = argument.map(clap::Arg::get_possible_values).unwrap_or_default();
                    match one_of.is_empty() || one_of.iter().any(|one| one.matches(value, true)) {
                        true => self.check(of, filled, &name, value).await,
                        false => {
                            let names: Vec<&str> =
                                one_of.iter().map(clap::builder::PossibleValue::get_name).collect();
                            let text = format!("“{}” is not among {}.", clean(value, 80), names.join(", "));
                            Err(Refusal::Usage { text }.into())
                        }
                    }
                }
            };
            if let Err(StoreError::Refused(refusal)) = fault {
                let text = match refusal {
                    // A caret under the fault has no meaning where the letters are not as wide as each other.
                    Refusal::Usage { text } => text.lines().next().unwrap_or_default().to_owned(),
                    refusal => refusal.text(self.settings.zone),
                };
                faults.insert(name, text);
            }
        }
        faults
    }

    /// Whether a value can be meant, beside the others.
    async fn check(&self, of: &Of, filled: &Filled, field: &str, value: &str) -> Result<()> {
        let wall = self.store.clock().wall();
        match (of, field) {
            (Of::Press { intent, .. }, "value") => match AskKind::of(intent) {
                Some(AskKind::Choice) => drop(until(value, wall, self.settings.zone)?),
                Some(AskKind::Amount) => drop(amount(value)?),
                _ => {}
            },
            (_, "lead") => drop(self.meant(value).await?),
            (_, "member") => drop(self.store.team().named(value).await?),
            (_, "when") => drop(until(value, wall, self.settings.zone)?),
            (_, "email" | "address") => drop(self::address(value)?),
            (_, "sequence") => {
                let playbooks = self.store.playbooks().await?;
                let known = &playbooks.current().sequences;
                if playbooks.current().sequence(value).is_none() {
                    let help = did_you_mean(value, known.keys().map(String::as_str));
                    return Err(Refusal::Unknown { what: "sequence", name: clean(value, 80), help }.into());
                }
            }
            (_, "subject") => {
                let playbooks = self.store.playbooks().await?;
                // Without a sequence, that is what is wrong.
                if let Some(plan) = filled.get("sequence").and_then(|name| playbooks.current().sequence(name))
                {
                    self.typed_subjects(plan, &[value])?;
                }
            }
            (_, "segment") => drop(self.store.playbooks().await?.current().question(value)?),
            _ => {}
        }
        Ok(())
    }
}

/// An address that somebody wrote.
///
/// # Errors
/// [`Refusal::Usage`] when it is none.
pub(super) fn address(text: &str) -> Result<EmailAddress, Refusal> {
    EmailAddress::parse(text.trim()).map_err(|error| Refusal::Usage {
        text: format!("“{}” is no e-mail address: {error}.", clean(text, 80)),
    })
}
