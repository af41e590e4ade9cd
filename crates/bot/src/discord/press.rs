//! What a button says when it is pressed: `v1:INTENT:CARD:REVISION`, the `custom_id` of Discord.
//!
//! The same words stand on the select and the form that ask for the button's value, so that nothing has
//! to be remembered between the press and the answer. It is a claim, not a proof: whoever sends it is
//! asked for their role, and the card as it stands decides.

use std::{fmt, str::FromStr};

/// A press of a button of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Press {
    /// The word of an [`crate::intent::Intent`].
    pub intent: String,
    /// The id of the alert or campaign.
    pub card: String,
    /// Which revision of the card was seen.
    pub revision: i64,
}

/// What stands before the words of a command, on its form and on the button that opens that again.
const FORM: &str = "v1:form:";

/// What the form of a command says when it comes back.
pub(crate) fn form_of(path: &str) -> String {
    format!("{FORM}{path}")
}

/// The command whose form this is.
pub(crate) fn form_in(text: &str) -> Option<&str> {
    text.strip_prefix(FORM)
}

/// Not the words of one of our buttons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoPress;

impl fmt::Display for Press {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v1:{}:{}:{}", self.intent, self.card, self.revision)
    }
}

impl FromStr for Press {
    type Err = NoPress;

    fn from_str(text: &str) -> Result<Self, NoPress> {
        let parts: Vec<&str> = text.split(':').collect();
        let ["v1", intent, card, revision] = parts[..] else { return Err(NoPress) };
        let revision = revision.parse().map_err(|_| NoPress)?;
        Ok(Self { intent: intent.to_owned(), card: card.to_owned(), revision })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let press = Press {
            intent: "not_a_fit".to_owned(),
            card: "campaign_0195f7c2a0e87b6e8d0c5a1b2c3d4e5f".to_owned(),
            revision: i64::MAX,
        };
        let text = press.to_string();
        assert!(text.len() <= 100, "Discord takes no more: {text}");
        assert_eq!(text.parse(), Ok(press));
        for other in ["", "v2:claim:alert_1:1", "v1:claim:alert_1", "v1:claim:alert_1:x", "v1:a:b:1:c"] {
            assert_eq!(other.parse::<Press>(), Err(NoPress), "{other}");
        }
    }
}
