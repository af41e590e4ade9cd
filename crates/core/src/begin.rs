//! What begins runs by itself: something the lead did, or a segment that it came to belong to.

use crate::{
    activity::Activity,
    asked::{Asked, key_of},
    enrollment::{Planned, may_begin},
    playbook::Playbooks,
    scene::{Change, Effect, Scene},
    sequence::{Enroll, Reentry, Sequence},
    time::Moment,
};

/// Begins the sequences whose trigger is among what the lead did. `scene.history` holds `new` already.
pub(crate) fn by_activities(
    scene: &Scene,
    change: &mut Change,
    new: &[Activity],
    playbooks: &Playbooks,
    now: Moment,
) {
    for sequence in playbooks.current().sequences.values() {
        let Some(Enroll::On(trigger)) = &sequence.enroll else { continue };
        for activity in new.iter().filter(|activity| trigger.is(activity)) {
            if now - activity.at > trigger.within.delta() {
                continue;
            }
            let key = match &sequence.reentry {
                Reentry::Per(property) => match key_of(activity, property) {
                    Some(key) => Some(key),
                    // Without it nobody could tell which run is meant.
                    None => continue,
                },
                _ => None,
            };
            let asked = Asked {
                lead: &change.lead,
                history: &scene.history,
                scoring: &playbooks.current().scoring,
                now,
            };
            let wanted = trigger.when.as_ref().is_none_or(|when| asked.says(when));
            let unwanted = trigger.unless.as_ref().is_some_and(|unless| asked.says(unless));
            if wanted && !unwanted {
                begin(scene, change, sequence, Some(activity.at), key, playbooks, now);
            }
        }
    }
}

/// Begins the sequences that wait for one of these segments, to which the lead has come to belong.
pub fn on_joined(scene: &Scene, change: &mut Change, joined: &[String], playbooks: &Playbooks, now: Moment) {
    for sequence in playbooks.current().sequences.values() {
        if let Some(Enroll::Segment { segment }) = &sequence.enroll
            && joined.contains(segment)
        {
            begin(scene, change, sequence, None, None, playbooks, now);
        }
    }
}

fn begin(
    scene: &Scene,
    change: &mut Change,
    sequence: &Sequence,
    since: Option<Moment>,
    key: Option<String>,
    playbooks: &Playbooks,
    now: Moment,
) {
    let name = &sequence.name;
    let begins = change.effects.iter().any(
        |effect| matches!(effect, Effect::Enroll(planned) if planned.sequence == *name && planned.key == key),
    );
    // What had ended it never was.
    let resumes = change.effects.iter().any(
        |effect| matches!(effect, Effect::Run(run) if run.is_live() && run.sequence == *name && run.key == key),
    );
    // A run that this very change has ended makes no room for another: what ended it also began this.
    let live = scene.runs_in(name, key.as_deref()) || begins || resumes;
    let last = scene.began(name, key.as_deref());
    if may_begin(&change.lead, sequence, live, last, scene.suppressed, now).is_ok() {
        let planned = Planned { since, key, ..Planned::new(sequence, playbooks.version(), &change.lead) };
        change.effects.push(Effect::Enroll(planned));
    }
}
