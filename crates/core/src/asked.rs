//! A lead that is asked questions: of all that it did, or of what it did in one run.

use crate::{
    activity::Activity,
    enrollment::Enrollment,
    lead::Lead,
    score::Scoring,
    segment::{Facts, Predicate},
    sequence::{Reentry, Sequence},
    time::Moment,
};

/// A lead as it can be asked.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The lead, as it stands.
    pub lead: &'a Lead,
    /// What it did.
    pub history: &'a [Activity],
    /// What that is worth.
    pub scoring: &'a Scoring,
    /// As of when.
    pub now: Moment,
}

impl Asked<'_> {
    /// What the lead answers, of all that it did.
    pub fn says(&self, question: &Predicate) -> bool {
        self.answers(question, self.history)
    }

    /// What the lead answers, of what it did in a run: since what began it, or within the look-back before; and where runs have
    /// keys, of this order or that trial only.
    ///
    /// An activity that does not name the key's property is of every run.
    pub fn says_in(&self, run: &Enrollment, sequence: &Sequence, question: &Predicate) -> bool {
        if !question.needs_activities() {
            return self.answers(question, &[]);
        }
        let from = run.since - sequence.look_back.delta();
        let of_this = |activity: &&Activity| {
            activity.at > from
                && (activity.at != run.since || run.since == run.started_at)
                && has_key(run, sequence, activity)
        };
        let done: Vec<Activity> = self.history.iter().filter(of_this).cloned().collect();
        self.answers(question, &done)
    }

    fn answers(&self, question: &Predicate, done: &[Activity]) -> bool {
        let facts = Facts::kept(self.lead, done, self.scoring, self.now);
        question.holds(&facts, self.now)
    }
}

fn has_key(run: &Enrollment, sequence: &Sequence, activity: &Activity) -> bool {
    match (&sequence.reentry, &run.key) {
        (Reentry::Per(property), Some(key)) => key_of(activity, property).is_none_or(|named| named == *key),
        _ => true,
    }
}

/// What an activity says a run is for: the value of this property, as text.
pub fn key_of(activity: &Activity, property: &str) -> Option<String> {
    activity.properties.get(property).and_then(crate::lead::word_of)
}
