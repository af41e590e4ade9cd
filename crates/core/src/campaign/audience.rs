//! At whom a campaign goes: a segment by its name, or a question.

use crate::{
    nearest::{did_you_mean, nearest},
    playbook::Playbook,
    refusal::Refusal,
    segment::Predicate,
};
use std::collections::BTreeMap;

/// What a text asks: a segment by its name, or a question of the segment language. Also how it is called.
///
/// # Errors
/// [`Refusal`] in words: there is no such segment, or the question is not understood.
pub fn question(text: &str, playbook: &Playbook) -> Result<(String, Predicate), Refusal> {
    let text = text.trim();
    let named = playbook.segments.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
    if let Some((name, question)) = named {
        return Ok((name.clone(), question.clone()));
    }
    let known: BTreeMap<String, Predicate> = playbook.segments.iter().cloned().collect();
    let names = || playbook.segments.iter().map(|(name, _)| name.as_str());
    let unknown = |help: String| Refusal::Unknown {
        what: "segment",
        name: text.chars().filter(|c| !c.is_control()).take(200).collect(),
        help,
    };
    match Predicate::parse(text) {
        Ok(question) => match question.inline(&known) {
            Ok(question) => Ok((text.to_owned(), question)),
            Err(error) => Err(Refusal::Usage { text: format!("This question cannot be asked: {error}") }),
        },
        Err(_) if nearest(text, names()).is_some() || text.split_whitespace().count() < 3 => {
            Err(unknown(did_you_mean(text, names())))
        }
        Err(error) => Err(Refusal::Usage {
            text: format!(
                "There is no segment of this name, and as a question it is not understood: {error}"
            ),
        }),
    }
}
