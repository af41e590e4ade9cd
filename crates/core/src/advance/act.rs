//! What a run does at a step that takes no time.

use super::Walk;
use crate::{
    activity::{Activity, Kind, Trust, names},
    alert::{Raised, Reason},
    audience,
    enrollment::{Enrollment, Planned, may_begin},
    ids::ActivityId,
    notice::{Notice, Topic},
    rescore::{Cause, rescore},
    scene::{Change, Effect, Scene},
    sequence::{Known, Listed, Reentry, Step, Told},
    stage::Evidence,
    webhook,
};
use serde_json::{Map, json};

impl Walk<'_> {
    /// Does what a step says. The run goes on with the next, whatever came of it.
    pub(super) fn act(&mut self, run: &Enrollment, step: &Step) {
        match step {
            Step::Alert(words) => ask_the_team(self.scene, self.change, words),
            Step::Task(words) => match self.change.lead.owner.clone() {
                Some(to) => {
                    let lead = &self.change.lead;
                    let text = format!("{}: {words}", lead.called());
                    self.change.effects.push(Effect::Tell(Notice {
                        to,
                        topic: Topic::Task,
                        lead: lead.id,
                        text,
                    }));
                }
                None => ask_the_team(self.scene, self.change, words),
            },
            Step::Webhook(told) => self.tell(run, told),
            Step::Audience(Listed::Add(list)) => audience::add(self.change, list, self.now),
            Step::Audience(Listed::Remove(list)) => {
                audience::remove(self.change, list, "its sequence took them off");
            }
            Step::Set(known) => self.set(run, known),
            Step::Start(sequence) => self.start(sequence),
            _ => {}
        }
    }

    fn tell(&mut self, run: &Enrollment, told: &Told) {
        let lead = &self.change.lead;
        let data = match &told.body {
            None => Ok(webhook::about(lead, &run.sequence)),
            Some(body) => webhook::render(body, lead, &run.sequence),
        };
        // A body that cannot be rendered for this lead is told as what it is: nobody waits for a call that never comes.
        let data = data.unwrap_or_else(|why| {
            let mut data = webhook::about(lead, &run.sequence);
            if let Some(data) = data.as_object_mut() {
                data.insert("error".to_owned(), json!(why));
            }
            data
        });
        self.change.effects.push(Effect::Call { event: told.event.clone(), data });
    }

    fn set(&mut self, run: &Enrollment, known: &Known) {
        let before = (self.change.lead.tags.clone(), self.change.lead.traits.clone());
        let lead = &mut self.change.lead;
        if let Some(tag) = known.tag.as_ref().filter(|tag| !lead.tags.contains(tag)) {
            lead.tags.push(tag.clone());
        }
        if let Some(untag) = &known.untag {
            lead.tags.retain(|tag| tag != untag);
        }
        lead.traits.extend(known.traits.clone());
        let knows_more = before != (lead.tags.clone(), lead.traits.clone());
        let evidence = || Evidence::of(format!("a step of {}", run.sequence));
        if let Some(journey) = known.journey.filter(|stage| *stage >= lead.journey) {
            self.change.show(journey, self.now, evidence());
        }
        if let Some(stage) = known.lifecycle {
            self.change.reach(stage, evidence());
        }
        if let Some(points) = known.score {
            self.change.effects.push(Effect::Record(self.given(run, points)));
        }
        if knows_more || known.score.is_some() {
            self.count_anew();
        }
    }

    /// Points that a step gives, as an activity.
    fn given(&self, run: &Enrollment, points: i32) -> Activity {
        let mut properties = Map::new();
        properties.insert("points".to_owned(), json!(points));
        properties.insert("says".to_owned(), json!(run.sequence));
        Activity {
            id: ActivityId(uuid::Uuid::nil()),
            source: "plan".to_owned(),
            // A run that goes over to another version may meet another step at the same place.
            message_id: format!("{}:{}:{}", run.id, run.version, run.step),
            kind: Kind::Plan,
            name: names::GIVEN.to_owned(),
            path: None,
            at: self.now,
            properties,
            human: false,
            trust: Trust::Server,
        }
    }

    /// Counts the points by all that is known with this change: also by what its other steps have recorded.
    fn count_anew(&mut self) {
        let mut scene = self.scene.clone();
        scene.history.extend(self.change.effects.iter().filter_map(|effect| match effect {
            Effect::Record(activity) => Some(activity.clone()),
            _ => None,
        }));
        rescore(&scene, self.change, Cause::Time, self.plans.playbooks, self.now);
    }

    /// Begins another sequence, where the lead may.
    fn start(&mut self, name: &str) {
        let playbooks = self.plans.playbooks;
        let Some(sequence) = playbooks.current().sequence(name) else { return };
        let begins = self
            .change
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Enroll(planned) if planned.sequence == name));
        let (live, last) = (self.scene.runs_in(name, None) || begins, self.scene.began(name, None));
        let may = !matches!(sequence.reentry, Reentry::Per(_))
            && may_begin(&self.change.lead, sequence, live, last, self.scene.suppressed, self.now).is_ok();
        if may {
            let planned = Planned::new(sequence, playbooks.version(), &self.change.lead);
            self.change.effects.push(Effect::Enroll(planned));
        }
    }
}

/// Raises an alert, or adds to the one that is live.
fn ask_the_team(scene: &Scene, change: &mut Change, words: &str) {
    if let Some(asked) = change.raised() {
        return asked.too(Reason::Plan, vec![words.to_owned()]);
    }
    let meant_for = change.lead.owner.clone().or_else(|| change.lead.last_owner.clone());
    change.effects.push(match change.alert(scene) {
        Some(alert) => Effect::Alert(alert.because_too(words)),
        None => Effect::Raise(Raised { reason: Reason::Plan, because: vec![words.to_owned()], meant_for }),
    });
}
