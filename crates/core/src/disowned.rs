//! What had counted as a person's turns out to be a machine's: all that followed from it is undone.
//!
//! Its points go, and what they made hot; the stage of the journey that it showed; who was cold is cold again; a run that ended by it
//! goes on where it stood, and one that began by it ends. What was sent meanwhile stays, and so does what the team said or did: also
//! how far it holds the lead to be.
//!
//! Source: users' reports of mail gateways that poison scores, <https://github.com/mautic/mautic/issues/16263>.

use crate::{
    activity::Activity,
    asked::Asked,
    attend::ending,
    enrollment::{Ended, Enrollment, RunState},
    lead::Nurture,
    machine::Sign,
    observe::described,
    playbook::Playbooks,
    rescore::{Cause, rescore},
    scene::{Change, Effect, Scene},
    sequence::{Enroll, Purpose, Sequence},
    time::Moment,
};

/// Takes back what a machine did. `scene.history` is all that the lead did, and knows already that a machine did these; `left` are
/// the runs that ended since. Nobody is asked again: the card of a lead that is hot no more says why.
pub fn disowned(
    scene: &Scene,
    gone: &[(Activity, Sign)],
    left: &[Enrollment],
    playbooks: &Playbooks,
    now: Moment,
) -> Change {
    let mut change = scene.unchanged();
    let Some((first, sign)) = gone.iter().min_by_key(|(activity, _)| activity.at) else { return change };
    let sunset = &playbooks.current().sunset;
    change.lead.last_human_at =
        scene.history.iter().filter(|activity| sunset.is_sign(activity)).map(|activity| activity.at).max();
    let more = if gone.len() > 1 { format!(" and {} more", gone.len() - 1) } else { String::new() };
    let what = format!("a machine did “{}”{more} ({})", described(first), sign.word());
    rescore(scene, &mut change, Cause::Machine(format!("{what}: its points are gone")), playbooks, now);
    let clicks: Vec<&Activity> = gone.iter().map(|(activity, _)| activity).collect();
    let playbook = playbooks.current();
    playbook.stages.disown(scene, &mut change, &clicks, &playbook.scoring, &what, now);
    for run in &scene.runs {
        let began_it = |sequence: &Sequence| gone.iter().any(|(activity, _)| begins(sequence, run, activity));
        if playbooks.of(run.version).sequence(&run.sequence).is_some_and(began_it) {
            change.effects.push(Effect::Run(run.clone().end(Ended::Stopped, &what, now)));
        }
    }
    for run in left {
        let Some(run) = resumed(scene, &change, run, first.at, &what, playbooks, now) else { continue };
        // It began as they went cold: the same silence goes on, since then.
        let cooled_at = change.lead.cooled_at;
        if cooled_at == Some(run.started_at) && run.sequence == sunset.enroll {
            change.lead.move_nurture(Nurture::Cold, what.clone(), now);
            change.lead.cooled_at = cooled_at;
        }
        change.effects.push(Effect::Run(run));
    }
    change
}

/// Whether a run began by what is gone.
fn begins(sequence: &Sequence, run: &Enrollment, gone: &Activity) -> bool {
    let as_counted = Activity { human: true, ..gone.clone() };
    run.since == gone.at && matches!(&sequence.enroll, Some(Enroll::On(trigger)) if trigger.is(&as_counted))
}

/// The run as it goes on, if what is gone since `since` is all that ended it.
fn resumed(
    scene: &Scene,
    change: &Change,
    run: &Enrollment,
    since: Moment,
    why: &str,
    playbooks: &Playbooks,
    now: Moment,
) -> Option<Enrollment> {
    let RunState::Ended { how, at, .. } = run.state else { return None };
    let sequence = playbooks.known(run.version)?.sequence(&run.sequence)?;
    let lead = &change.lead;
    // Whatever a person did since may have ended it, too.
    let by_a_person = scene.history.iter().filter(|did| did.human && did.at >= since).map(|did| did.at).max();
    let was_it = match how {
        Ended::Goal => by_a_person.is_none_or(|at| !run.left_by_activity(sequence, at, true)),
        Ended::Exited => by_a_person.is_none(),
        Ended::Finished | Ended::Archived | Ended::Stopped => false,
    };
    // What the team has done since stands, and so does what began meanwhile.
    let team = lead.nurture == Nurture::Archived || lead.touched_at.is_some_and(|at| at >= since);
    let sunset = &playbooks.current().sunset;
    let protected = run.sequence == sunset.enroll && sunset.protects(lead, now).is_some();
    let is_another =
        |other: &Enrollment| other.is_live() && other.sequence == run.sequence && other.key == run.key;
    let resumes = |effect: &Effect| matches!(effect, Effect::Run(other) if is_another(other));
    let began_anew = scene.runs.iter().any(is_another) || change.effects.iter().any(resumes);
    let refused = sequence.purpose == Purpose::Marketing && lead.consent.state.is_refusal();
    if at < since || !was_it || team || protected || began_anew || refused {
        return None;
    }
    let run = run.clone().resume(why, now)?;
    let asked = Asked { lead, history: &scene.history, scoring: &playbooks.current().scoring, now };
    ending(&run, sequence, &asked).is_none().then_some(run)
}
