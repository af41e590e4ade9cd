//! Subjects typed at the launch: they take the place of those that the plan has for its first mail, and are tried in this campaign
//! alone, so that the same words at another audience are asked about anew.

use super::Campaign;
use crate::{
    sequence::{Sequence, Step},
    trial::Trial,
};
use serde::{Deserialize, Serialize};

/// More are not tried at once: each needs its own part of the audience.
const MOST: usize = 4;
/// How long one may be as it is typed, in characters. Programs show at most 78 of what comes of it.
const LONGEST: usize = 200;

/// Subject templates for the first mail of a campaign, none or up to four.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Subjects(Vec<String>);

impl Subjects {
    /// What was typed, without what is empty.
    ///
    /// # Errors
    /// What is wrong with which, in words.
    pub fn of<'a>(typed: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let typed = typed.into_iter().flat_map(str::lines).map(str::trim);
        let subjects: Vec<&str> = typed.filter(|subject| !subject.is_empty()).collect();
        if subjects.len() > MOST {
            return Err(format!(
                "{} subjects are too many: at most {MOST} are tried, for each needs its own part of the audience.",
                subjects.len()
            ));
        }
        for (at, subject) in subjects.iter().enumerate() {
            let length = subject.chars().count();
            if length > LONGEST {
                return Err(format!(
                    "Subject {} has {length} characters; at most {LONGEST} are taken, and mail programs show 78.",
                    at + 1
                ));
            }
            if subjects[..at].contains(subject) {
                return Err(format!(
                    "Subject {} is the same as one before it: nobody could tell which is better.",
                    at + 1
                ));
            }
        }
        Ok(Self(subjects.into_iter().map(ToOwned::to_owned).collect()))
    }

    /// Whether none was typed, so that the plan's own are taken.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those of the mail at a step, where they take the place of the plan's.
    pub fn at(&self, plan: &Sequence, step: usize) -> Option<&[String]> {
        (!self.is_empty() && plan.first_mail() == Some(step)).then_some(self.0.as_slice())
    }

    /// In the order in which they were typed.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl Campaign {
    /// What is tried of what was typed for it.
    pub fn trial(&self, plan: &Sequence) -> Option<Trial> {
        let Step::Mail { mail, winner, .. } = plan.step.get(plan.first_mail()?)? else { return None };
        (self.subjects.iter().len() > 1).then(|| Trial {
            key: self.id.to_string(),
            sequence: plan.name.clone(),
            step: mail.clone(),
            arms: self.subjects.iter().map(|subject| (subject.to_owned(), 1)).collect(),
            winner: Some(winner.unwrap_or_default()),
            mail: Some(mail.clone()),
        })
    }

    /// What its runs try at a step.
    pub fn trial_at(&self, plan: &Sequence, step: usize) -> Option<Trial> {
        match self.subjects.at(plan, step) {
            Some(_) => self.trial(plan),
            None => plan.trial_at(step),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_taken_line_by_line_and_refused_with_its_number() {
        let of = |typed: &[&str]| Subjects::of(typed.iter().copied());
        let taken = of(&[" One \n\nTwo", "Three"]).unwrap();
        assert_eq!(taken.iter().collect::<Vec<_>>(), ["One", "Two", "Three"]);
        assert!(of(&["", " \n"]).unwrap().is_empty());
        assert!(of(&["a\nb\nc\nd\ne"]).unwrap_err().starts_with("5 subjects are too many: at most 4"));
        assert!(of(&["a", "b", "a"]).unwrap_err().starts_with("Subject 3 is the same"));
        let long = "é".repeat(LONGEST);
        assert!(of(&["a", &long]).is_ok());
        assert!(of(&["a", &format!("{long}é")]).unwrap_err().starts_with("Subject 2 has 201 characters"));
    }
}
