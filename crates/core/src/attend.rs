//! Every change of a lead is heard by its runs and audiences, in the transaction of the change: runs reach their goal, end, or stop waiting.
//!
//! So the gate need only ask whether a run still awaits its mail: whatever ends a run has ended it by then.

use crate::{
    asked::Asked,
    audience,
    enrollment::{Ended, Enrollment, RunState},
    playbook::Playbooks,
    scene::{Change, Effect, Scene},
    sequence::{Exit, Sequence, Step},
    time::Moment,
};

/// Adds what a change means to the runs of the lead.
pub fn attend(scene: &Scene, mut change: Change, playbooks: &Playbooks, now: Moment) -> Change {
    for run in &scene.runs {
        let Some(sequence) = playbooks.of(run.version).sequence(&run.sequence) else { continue };
        let moved = change
            .effects
            .iter()
            .position(|effect| matches!(effect, Effect::Run(moved) if moved.id == run.id));
        let is_written_to = || {
            change.effects.iter().any(
                |effect| matches!(effect, Effect::Enqueue { run: written_to, .. } if written_to.id == run.id),
            )
        };
        if moved.is_none() && is_written_to() {
            continue;
        }
        let stands = match moved.map(|at| &change.effects[at]) {
            Some(Effect::Run(moved)) => moved,
            _ => run,
        };
        let asked =
            Asked { lead: &change.lead, history: &scene.history, scoring: &playbooks.current().scoring, now };
        let Some(heard) = hears(run, stands, sequence, &asked) else { continue };
        match moved {
            Some(at) => change.effects[at] = Effect::Run(heard),
            None => change.effects.push(Effect::Run(heard)),
        }
    }
    audience::keep_in_step(&mut change, now);
    change
}

/// The run as it goes on from what the lead answers now, if that changes it: `run` before the change, `stands` with it.
fn hears(
    run: &Enrollment,
    stands: &Enrollment,
    sequence: &Sequence,
    asked: &Asked<'_>,
) -> Option<Enrollment> {
    // What ends a run by an exit may be what it was for: then it has reached its goal.
    if let RunState::Ended { how, .. } = stands.state {
        let reached =
            ending(run, sequence, asked).filter(|(ending, _)| how == Ended::Exited && *ending == Ended::Goal);
        return reached.map(|(how, why)| run.clone().end(how, &why, asked.now));
    }
    let run = stands;
    if let Some((how, why)) = ending(run, sequence, asked) {
        return Some(run.clone().end(how, &why, asked.now));
    }
    match (&run.state, sequence.step.get(run.step)) {
        (RunState::Due { at }, Some(Step::Watch(watch)))
            if *at > asked.now && asked.says_in(run, sequence, &watch.ask) =>
        {
            Some(run.clone().due(watch.met, asked.now, Some(watch.ask.to_string())))
        }
        _ => None,
    }
}

/// How a run ends before its last step, if it does: its goal before all else.
pub(crate) fn ending(run: &Enrollment, sequence: &Sequence, asked: &Asked<'_>) -> Option<(Ended, String)> {
    if let Some(goal) = sequence.goal.as_ref().filter(|goal| asked.says_in(run, sequence, goal)) {
        return Some((Ended::Goal, format!("reached its goal: {goal}")));
    }
    sequence.exit_when.iter().find_map(|exit| match exit {
        Exit::When(question) if asked.says_in(run, sequence, question) => {
            Some((Ended::Exited, format!("left by its exit: {question}")))
        }
        _ => None,
    })
}
