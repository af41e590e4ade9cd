//! Where a run goes on when it is moved to another version of its plan.

use super::{Sequence, Step};

impl Sequence {
    /// Where a run that stands at a step of `from` stands in this version: at the same step, as the first, second … of its kind, where
    /// both have as many of it; at the end, where it was at the end. None where nobody could say.
    pub fn place_of(&self, step: usize, from: &Self) -> Option<usize> {
        let Some(wanted) = from.step.get(step) else { return Some(self.step.len()) };
        let like = |plan: &Self| -> Vec<usize> {
            plan.step
                .iter()
                .enumerate()
                .filter(|(_, other)| wanted.is_like(other))
                .map(|(at, _)| at)
                .collect()
        };
        let (here, there) = (like(from), like(self));
        let place = here.iter().position(|at| *at == step)?;
        (here.len() == there.len()).then(|| there[place])
    }
}

impl Step {
    /// Whether it does the same, wherever it leads.
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Until(one), Self::Until(other)) | (Self::Watch(one), Self::Watch(other)) => {
                one.ask == other.ask
            }
            (Self::Branch { when, .. }, Self::Branch { when: other, .. }) => when == other,
            (Self::Split { paths, .. }, Self::Split { paths: others, .. }) => {
                paths.iter().map(|path| &path.name).eq(others.iter().map(|path| &path.name))
            }
            (Self::Mail { mail, .. }, Self::Mail { mail: other, .. }) => mail == other,
            (Self::Leap(_), Self::Leap(_)) => true,
            _ => self == other,
        }
    }
}
