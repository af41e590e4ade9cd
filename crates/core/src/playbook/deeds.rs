//! Which of the things that leads do a playbook looks at: others need not be loaded to decide about a lead.

use crate::{
    activity::{Activity, names},
    score::Scoring,
    segment::{Deed, Predicate},
    sequence::Sequence,
    stage::Stages,
};
use std::collections::{BTreeMap, BTreeSet};

/// What leads do, as far as rules and questions look at it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deeds {
    /// The names of activities.
    pub names: BTreeSet<String>,
    /// The patterns of pages.
    pub pages: BTreeSet<String>,
}

impl Deeds {
    /// What the rules count and the questions of segments and sequences ask about.
    pub(super) fn of(
        scoring: &Scoring,
        stages: &Stages,
        segments: &[(String, Predicate)],
        sequences: &BTreeMap<String, Sequence>,
    ) -> Self {
        let mut deeds = Self::default();
        deeds.names.extend([names::ANSWERED, names::GIVEN].map(str::to_owned));
        for rule in &scoring.engagement {
            deeds.names.extend(rule.activity.iter().cloned());
            deeds.pages.extend(rule.page.iter().cloned());
        }
        let asked = segments.iter().map(|(_, question)| question);
        let asked = asked.chain(stages.lifecycle.iter().map(|rule| &rule.when));
        for leaf in asked.chain(sequences.values().flat_map(Sequence::asks)).flat_map(Predicate::leaves) {
            match leaf {
                Predicate::Did(doing) => match &doing.what {
                    Deed::Named(name) => deeds.names.insert(name.clone()),
                    Deed::Viewed(pattern) => deeds.pages.insert(pattern.clone()),
                    Deed::Clicked(_) => deeds.names.insert(names::CLICKED.to_owned()),
                },
                _ => continue,
            };
        }
        deeds
    }

    /// Whether anything looks at this activity.
    pub fn look_at(&self, activity: &Activity) -> bool {
        self.names.contains(&activity.name) || self.pages.iter().any(|pattern| activity.is_at(pattern))
    }
}
