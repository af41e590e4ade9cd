//! Runs whose time has come take their next step: a mail is put into the outbox, a wait begins, the run ends.
//!
//! All runs of a lead that are due are taken at once, and steps that take no time in the same decision.

use super::Round;
use rekindle_core::{
    enrollment::{Ended, Enrollment, Next, RunState},
    lead::Nurture,
    playbook::Playbooks,
    scene::{Change, Effect, Scene},
    time::Moment,
};
use rekindle_storage::Result;

const PAGE: u64 = 500;

pub(super) async fn sweep(at: &Round<'_>) -> Result<usize> {
    let page = || async { at.store.runs().due(at.now(), PAGE).await };
    at.decide_pages(page, |scene, now| advance(scene, at.playbooks, now)).await
}

/// Takes the next step of every run of a lead that is due.
fn advance(scene: &Scene, playbooks: &Playbooks, now: Moment) -> Option<Change> {
    let is_due = |run: &&Enrollment| matches!(run.state, RunState::Due { at } if at <= now);
    let due: Vec<&Enrollment> = scene.runs.iter().filter(is_due).collect();
    if due.is_empty() {
        return None;
    }
    let mut change = scene.unchanged();
    for run in due {
        step(run.clone(), scene, &mut change, playbooks, now);
    }
    Some(change)
}

fn step(mut run: Enrollment, scene: &Scene, change: &mut Change, playbooks: &Playbooks, now: Moment) {
    let Some(sequence) = playbooks.of(run.version).sequence(&run.sequence) else {
        let why = format!("there is no sequence “{}” any more", run.sequence);
        return change.effects.push(Effect::Run(run.end(Ended::Stopped, &why, now)));
    };
    let campaign = run.campaign.and_then(|id| scene.campaigns.get(&id).copied());
    // Each turn goes at least one step on, so this ends with the plan.
    loop {
        let effect = match run.next(sequence, &change.lead, campaign, now) {
            Next::Mail(mail) => Effect::Enqueue { run, mail },
            Next::Wait { until, why } => {
                let same = run.step;
                Effect::Run(run.due(same, until, Some(why)))
            }
            Next::GoTo { step, at } if at <= now => {
                run = run.due(step, at, None);
                continue;
            }
            Next::GoTo { step, at } => Effect::Run(run.due(step, at, None)),
            Next::End { how, why } => {
                if how == Ended::Archived {
                    change.lead.move_nurture(Nurture::Archived, why.as_str(), now);
                }
                Effect::Run(run.end(how, &why, now))
            }
        };
        return change.effects.push(effect);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rekindle_core::{
        enrollment::Planned,
        ids::{EnrollmentId, LeadId},
        lead::Lead,
        playbook::{Files, Playbook},
    };
    use std::{collections::HashMap, sync::Arc};

    fn playbooks(steps: &str) -> Playbooks {
        let sequence = format!("name = \"test\"\npurpose = \"relationship\"\n{steps}");
        let files = [
            ("scoring.toml", include_str!("../../../../config/playbook/scoring.toml").to_owned()),
            ("segments.toml", String::new()),
            ("routing.toml", include_str!("../../../../config/playbook/routing.toml").to_owned()),
            ("sunset.toml", "quiet_for = \"30d\"\nenroll = \"test\"\nagain_after = \"180d\"\n".to_owned()),
            ("sequences/test.toml", sequence),
        ];
        let files: Files = files.into_iter().map(|(file, text)| (file.to_owned(), text)).collect();
        Playbooks::new(1, Arc::new(Playbook::parse(&files).unwrap()))
    }

    fn scene(runs: usize) -> Scene {
        let lead = Lead::anonymous(LeadId(Default::default()), Moment::UNIX_EPOCH);
        let planned = Planned { sequence: "test".to_owned(), version: 1, campaign: None, at: None };
        let begin =
            |_| Enrollment::begin(EnrollmentId(Default::default()), lead.id, &planned, Moment::UNIX_EPOCH);
        Scene {
            runs: (0..runs).map(begin).collect(),
            lead,
            history: Vec::new(),
            membership: Default::default(),
            consents: Vec::new(),
            alert: None,
            began: HashMap::new(),
            campaigns: HashMap::new(),
            suppressed: false,
        }
    }

    #[test]
    fn waits_of_no_time_are_taken_in_the_same_decision() {
        let plan =
            playbooks("[[step]]\nwait = \"0d\"\n[[step]]\nwait = \"0h\"\n[[step]]\nmail = \"hello\"\n");
        let change = advance(&scene(1), &plan, Moment::UNIX_EPOCH).unwrap();
        assert_eq!(change.effects.len(), 1);
        assert!(
            matches!(&change.effects[0], Effect::Enqueue { run, mail } if run.step == 2 && mail.mail == "hello"),
            "{:?}",
            change.effects
        );
    }

    #[test]
    fn all_runs_that_are_due_are_taken_and_the_others_are_not() {
        let plan = playbooks("[[step]]\nwait = \"1d\"\n[[step]]\narchive = true\n");
        let mut scene = scene(3);
        let later = Moment::UNIX_EPOCH + chrono::TimeDelta::days(9);
        scene.runs[1] = scene.runs[1].clone().due(0, later, None);
        let change = advance(&scene, &plan, Moment::UNIX_EPOCH).unwrap();
        assert_eq!(change.effects.len(), 2);
        scene.runs = vec![scene.runs[0].clone().due(1, Moment::UNIX_EPOCH, None)];
        let change = advance(&scene, &plan, later).unwrap();
        assert_eq!(change.lead.nurture, Nurture::Archived);
        assert_eq!(advance(&scene, &plan, Moment::UNIX_EPOCH - chrono::TimeDelta::days(1)), None);
    }
}
