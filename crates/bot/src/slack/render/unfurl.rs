//! What a link to a lead shows in Slack: the card without its buttons, which belong to the card that is kept up to date.

use super::{limit, plain, section};
use crate::{card::Card, home::Line};
use slack_morphism::prelude::*;

/// A lead with a live alert: its card.
pub(in crate::slack) fn card(card: &Card) -> Vec<SlackBlock> {
    let still = Card { buttons: Vec::new(), ..card.clone() };
    super::card(&still, "").blocks
}

/// A lead without one: who, and how warm.
pub(in crate::slack) fn lead(line: &Line) -> Vec<SlackBlock> {
    let title = format!("{} · {} points ({})", line.name, line.score, line.grade);
    let below = [line.company.as_deref(), Some(line.stands.as_str())]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" · ");
    vec![SlackHeaderBlock::new(plain(&title, limit::HEADER)).into(), section(&below)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{card::gallery, home::tests::full_of};
    use serde_json::json;

    #[test]
    fn it_is_the_card_without_anything_to_press() {
        for (name, shown) in gallery::all() {
            let (still, whole) = (json!(card(&shown)), json!(super::super::card(&shown, "").blocks));
            let pressable = |blocks: &serde_json::Value| blocks.to_string().contains("action_id");
            assert!(!pressable(&still), "{name}: {still}");
            assert_eq!(pressable(&whole), !shown.buttons.is_empty(), "{name}");
        }
        let line = &full_of("Kim Park", 1).parts[0].lines[0];
        let said = json!(lead(line));
        assert_eq!(said[0]["text"]["text"], "Kim Park · 105 points (A1)");
        assert_eq!(
            said[1]["text"]["text"], "Kim Park · put off until 15:00",
            "the company's name is theirs here"
        );
    }

    #[test]
    fn no_text_of_a_lead_is_more_than_text() {
        for text in gallery::canaries().into_iter().chain(gallery::naughty()) {
            let line = &full_of(&text, 1).parts[0].lines[0];
            crate::slack::render::tests::checked(&json!(lead(line)), "");
            crate::slack::render::tests::checked(&json!(card(&gallery::full_of(&text))), "");
        }
    }
}
