//! Who is in which segment, kept up: joining one is an event, and so is leaving it.
//!
//! Decided for one lead whenever anything of it changes, and written with the change; a sweep asks the database about segments
//! whose answers move with time alone. A segment that not everybody was asked yet takes members, but that is no news: who
//! was in it before was not waited for.

use crate::{
    playbook::Playbook,
    scene::{Change, Scene},
    segment::{Facts, Predicate},
    time::Moment,
};
use std::{collections::BTreeSet, sync::Arc};

/// Segments that are kept up, as far as it has come with them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// Those whose members answer the question that the segment asks now.
    pub now: BTreeSet<String>,
    /// Those among them that everybody was asked.
    pub asked: BTreeSet<String>,
}

/// What a lead is in, among what is kept up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Membership {
    /// The names of its segments.
    pub of: BTreeSet<String>,
    /// What is kept up.
    pub kept: Arc<Kept>,
}

/// What a change does to a lead's memberships.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moved {
    /// What it is in now, and was not.
    pub joined: Vec<String>,
    /// What it was in.
    pub left: Vec<String>,
    /// Those among the joined that everybody had been asked: what waits for members hears of these.
    pub news: Vec<String>,
}

/// What a change does to the memberships of the scene's lead.
pub fn moved(scene: &Scene, change: &Change, playbook: &Playbook, now: Moment) -> Moved {
    let mut moved = Moved::default();
    let Membership { of, kept } = &scene.membership;
    if kept.now.is_empty() {
        return moved;
    }
    let facts = Facts::kept(&change.lead, &scene.history, &playbook.scoring, now);
    for (name, question) in playbook.kept().filter(|(name, _)| kept.now.contains(*name)) {
        match (of.contains(name), question.holds(&facts, now)) {
            (false, true) => {
                moved.joined.push(name.to_owned());
                if kept.asked.contains(name) {
                    moved.news.push(name.to_owned());
                }
            }
            (true, false) => moved.left.push(name.to_owned()),
            (true, true) | (false, false) => {}
        }
    }
    moved
}

impl Playbook {
    /// The segments that are kept up: all but those that mean everybody.
    pub fn kept(&self) -> impl Iterator<Item = (&str, &Predicate)> {
        let some = self.segments.iter().filter(|(_, question)| *question != Predicate::Everyone);
        some.map(|(name, question)| (name.as_str(), question))
    }
}
