//! What is asked about a card: by one of its buttons, or by a command that means the same.

use crate::wording::clean;
use rekindle_core::{alert::Outcome, refusal::Refusal, team::Deed};

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// I take it.
    Claim,
    /// I give it back.
    Release,
    /// A colleague takes it: who, and what they should know.
    Pass(String, Option<String>),
    /// Not now: until a moment, in the words of whoever asks.
    Snooze(String),
    /// How it went, with the amount or the reason.
    Outcome(Outcome, Option<String>),
    /// Launch the campaign that this card previews.
    Launch,
    /// The same, although nobody vouches that its mails will be believed.
    LaunchDespite,
    /// The rest of the campaign begins without waiting.
    Rest,
    /// Nothing of this campaign leaves for now.
    Hold,
    /// It goes on.
    Resume,
    /// It ends.
    Stop,
}

impl Intent {
    /// What the button `word` asks, with the value it asked for.
    ///
    /// # Errors
    /// [`Refusal::Usage`] when there is no such button, or its value is missing.
    pub fn of_press(word: &str, value: Option<&str>) -> Result<Self, Refusal> {
        let value = value.map(|value| clean(value, 500)).filter(|value| !value.is_empty());
        Ok(match word {
            "claim" => Self::Claim,
            "release" => Self::Release,
            "snooze" => Self::Snooze(value.ok_or_else(|| usage("Say until when."))?),
            "pass" => {
                let value = value.ok_or_else(|| usage("Say to whom."))?;
                let (to, note) = value.split_once(' ').unwrap_or((&value, ""));
                Self::Pass(to.to_owned(), Some(note.trim().to_owned()).filter(|note| !note.is_empty()))
            }
            "launch" => Self::Launch,
            "launch-despite" => Self::LaunchDespite,
            "rest" => Self::Rest,
            "hold" => Self::Hold,
            "resume" => Self::Resume,
            "stop" => Self::Stop,
            word => match Outcome::from_word(word) {
                Some(how) => Self::Outcome(how, value),
                None => return Err(usage(&format!("There is no button “{}”.", clean(word, 40)))),
            },
        })
    }

    /// The word of its button.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Release => "release",
            Self::Pass(..) => "pass",
            Self::Snooze(_) => "snooze",
            Self::Outcome(how, _) => how.word(),
            Self::Launch => "launch",
            Self::LaunchDespite => "launch-despite",
            Self::Rest => "rest",
            Self::Hold => "hold",
            Self::Resume => "resume",
            Self::Stop => "stop",
        }
    }

    /// Which kind of thing it is, and so who may.
    pub fn deed(&self) -> Deed {
        match self {
            Self::Claim | Self::Release | Self::Pass(..) | Self::Snooze(_) | Self::Outcome(..) => {
                Deed::WorkLeads
            }
            Self::Launch | Self::LaunchDespite | Self::Rest | Self::Hold | Self::Resume | Self::Stop => {
                Deed::Campaign
            }
        }
    }
}

/// An amount as people write it, kept as it was written.
///
/// # Errors
/// [`Refusal::Usage`] when there is no number in it.
pub(crate) fn amount(text: &str) -> Result<String, Refusal> {
    let text = clean(text, 40);
    let digits = text.chars().any(|c| c.is_ascii_digit());
    if digits && !text.starts_with('-') {
        return Ok(text);
    }
    Err(usage(&format!("“{text}” is no amount; write it like 5000 or 12,000 EUR.")))
}

fn usage(text: &str) -> Refusal {
    Refusal::Usage { text: text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_button_means_what_the_command_means() {
        assert_eq!(
            Intent::of_press("won", Some(" 5000 ")),
            Ok(Intent::Outcome(Outcome::Won, Some("5000".into())))
        );
        assert_eq!(
            Intent::of_press("pass", Some("ben speaks Korean")),
            Ok(Intent::Pass("ben".into(), Some("speaks Korean".into())))
        );
        assert_eq!(Intent::of_press("snooze", None).unwrap_err().code(), "usage");
        assert_eq!(Intent::of_press("erase", None).unwrap_err().code(), "usage");
        for how in Outcome::ALL {
            assert_eq!(Intent::of_press(how.word(), None).map(|intent| intent.word()), Ok(how.word()));
        }
    }

    #[test]
    fn an_amount_has_a_number() {
        assert_eq!(amount("12,000 EUR").as_deref(), Ok("12,000 EUR"));
        assert!(amount("much").is_err() && amount("-5").is_err());
    }
}
