//! A run whose time has come takes its next steps: those that take no time in one decision, up to a mail, a wait or the end.

mod act;

use crate::{
    asked::Asked,
    attend::ending,
    campaign::{Campaign, CampaignState},
    enrollment::{Ended, Enrollment, LOOK_AGAIN, Outgoing, RunState, Then},
    lead::Nurture,
    playbook::Playbooks,
    scene::{Change, Effect, Scene},
    sequence::{Purpose, Sequence, Step},
    time::Moment,
    trial::{Arm, Decided},
    zone::zone_of,
};
use chrono_tz::Tz;

/// What runs go by.
#[derive(Debug, Clone, Copy)]
pub struct Plans<'a> {
    /// The plans, in all versions that runs are on.
    pub playbooks: &'a Playbooks,
    /// The trials that are decided.
    pub decided: &'a Decided,
    /// The zone of leads that have none.
    pub zone: Tz,
}

/// What a run does next.
enum Next {
    /// Go on with a later step, at once.
    On(usize),
    /// Go on with a later step at a later time.
    At { step: usize, at: Moment, why: Option<String> },
    /// Nothing before then: the team, or the calendar, holds it.
    Held { until: Moment, why: String },
    /// Write the mail of its step.
    Mail(Outgoing),
    /// End, and archive the lead if so.
    End(Ended, String),
}

/// Takes the next steps of every run of a lead that is due; none where no run is.
pub fn advance(scene: &Scene, plans: Plans<'_>, now: Moment) -> Option<Change> {
    let is_due = |run: &&Enrollment| matches!(run.state, RunState::Due { at } if at <= now);
    let due: Vec<&Enrollment> = scene.runs.iter().filter(is_due).collect();
    if due.is_empty() {
        return None;
    }
    let mut change = scene.unchanged();
    for run in due {
        Walk { scene, plans, now, change: &mut change }.go(run.clone());
    }
    Some(change)
}

/// One run on its way.
struct Walk<'a> {
    scene: &'a Scene,
    plans: Plans<'a>,
    now: Moment,
    change: &'a mut Change,
}

impl Walk<'_> {
    /// Goes until it has to wait. Each turn goes at least one step on, so this ends with the plan.
    fn go(&mut self, mut run: Enrollment) {
        let Some(sequence) = self.plans.playbooks.of(run.version).sequence(&run.sequence) else {
            let why = format!("there is no sequence “{}” any more", run.sequence);
            return self.change.effects.push(Effect::Run(run.end(Ended::Stopped, &why, self.now)));
        };
        loop {
            let effect = match self.next(&run, sequence) {
                Next::On(step) => {
                    run = run.due(step, self.now, None);
                    continue;
                }
                Next::At { step, at, why } if at <= self.now => {
                    run = run.due(step, at, why);
                    continue;
                }
                Next::At { step, at, why } => Effect::Run(run.due(step, at, why)),
                Next::Held { until, why } => {
                    let same = run.step;
                    Effect::Run(run.due(same, until, Some(why)))
                }
                Next::Mail(mail) => Effect::Enqueue { run, mail },
                Next::End(how, why) => {
                    if how == Ended::Archived {
                        self.change.lead.move_nurture(Nurture::Archived, why.as_str(), self.now);
                    }
                    Effect::Run(run.end(how, &why, self.now))
                }
            };
            return self.change.effects.push(effect);
        }
    }

    fn next(&mut self, run: &Enrollment, sequence: &Sequence) -> Next {
        let campaign = run.campaign.and_then(|id| self.scene.campaigns.get(&id));
        match campaign.map(|campaign| campaign.state) {
            Some(CampaignState::Held) => {
                return Next::Held { until: self.now + LOOK_AGAIN, why: "the campaign is held".to_owned() };
            }
            Some(CampaignState::Stopped) => {
                return Next::End(Ended::Stopped, "the campaign was stopped".to_owned());
            }
            _ => {}
        }
        if let Some((how, why)) = ending(run, sequence, &self.asked()) {
            return Next::End(how, why);
        }
        let on = Next::On(run.step + 1);
        match sequence.step.get(run.step) {
            None => Next::End(Ended::Finished, "all steps are done".to_owned()),
            Some(Step::Finish) => Next::End(Ended::Finished, "the plan ends here".to_owned()),
            // Who is held out is not said goodbye to by a plan that wrote nothing: what makes them cold does that.
            Some(Step::Archive) if run.is_held_out() => Next::End(Ended::Finished, "held out".to_owned()),
            Some(Step::Archive) => match self.claimed() {
                Some(held) => held,
                None => Next::End(Ended::Archived, "silent to the end".to_owned()),
            },
            Some(Step::Wait(span)) => Next::At { step: run.step + 1, at: self.now + span.delta(), why: None },
            Some(Step::WaitFor(appointment)) => {
                let lead = &self.change.lead;
                let (zone, _) = zone_of(lead.zone.as_deref(), lead.country.as_deref(), self.plans.zone);
                match appointment.next(lead, zone, self.now) {
                    Ok(at) => Next::At { step: run.step + 1, at, why: Some(format!("waits {appointment}")) },
                    Err(why) => Next::End(Ended::Finished, why),
                }
            }
            Some(Step::Until(watch)) => match self.asked().says_in(run, sequence, &watch.ask) {
                true => Next::On(watch.met),
                false => Next::At {
                    step: run.step + 1,
                    at: self.now + watch.timeout.delta(),
                    why: Some(format!("waits until {}", watch.ask)),
                },
            },
            Some(Step::Watch(watch)) => match self.asked().says_in(run, sequence, &watch.ask) {
                true => Next::On(watch.met),
                false => Next::On(watch.unmet),
            },
            Some(Step::Branch { when, otherwise }) => match self.asked().says(when) {
                true => on,
                false => Next::On(*otherwise),
            },
            Some(Step::Leap(to)) => Next::On(*to),
            Some(Step::Split { paths, .. }) => match self.arm(run, sequence, campaign) {
                Ok(Some(arm)) => {
                    let to = paths.get(arm.number).map_or(run.step + 1, |path| path.to);
                    self.change.effects.push(Effect::Try { run: run.id, arm });
                    Next::On(to)
                }
                Ok(None) => on,
                Err(waits) => waits,
            },
            Some(Step::Mail { .. }) if run.is_held_out() => {
                let then = Then::behind(run.step, sequence);
                Next::At { step: then.step, at: self.now + then.wait, why: Some("held out".to_owned()) }
            }
            Some(Step::Mail { mail, .. }) => {
                if sequence.purpose == Purpose::Marketing
                    && let Some(held) = self.claimed()
                {
                    return held;
                }
                match self.arm(run, sequence, campaign) {
                    Ok(arm) => Next::Mail(Outgoing {
                        mail: mail.clone(),
                        arm,
                        expires_at: self.now + sequence.expires.delta(),
                        then: Then::behind(run.step, sequence),
                    }),
                    Err(waits) => waits,
                }
            }
            Some(_) if run.is_held_out() => on,
            Some(step) => {
                self.act(run, step);
                on
            }
        }
    }

    fn asked(&self) -> Asked<'_> {
        let scoring = &self.plans.playbooks.current().scoring;
        Asked { lead: &self.change.lead, history: &self.scene.history, scoring, now: self.now }
    }

    /// While a rep has the lead, marketing waits.
    fn claimed(&self) -> Option<Next> {
        let owner = self.change.lead.owner.as_ref()?;
        Some(Next::Held { until: self.now + LOOK_AGAIN, why: format!("claimed by {}", owner.name()) })
    }

    /// Which of several the lead gets at a step. Who is beyond those that decide it waits for the winner.
    fn arm(
        &self,
        run: &Enrollment,
        sequence: &Sequence,
        campaign: Option<&Campaign>,
    ) -> Result<Option<Arm>, Next> {
        let trial = match campaign {
            Some(campaign) => campaign.trial_at(sequence, run.step),
            None => sequence.trial_at(run.step),
        };
        let Some(trial) = trial else { return Ok(None) };
        let lead = &self.change.lead;
        if let Some(campaign) = campaign
            && let Some(until) = self.plans.decided.waits(&trial, lead, campaign.counted_in, run.started_at)
            && until > self.now
        {
            let why = "waits for the winner of what is tried".to_owned();
            return Err(Next::Held { until: until.min(self.now + LOOK_AGAIN), why });
        }
        Ok(Some(self.plans.decided.arm(&trial, lead)))
    }
}

#[cfg(test)]
mod tests;
