//! Stages: how far a lead is, on two ladders, and every move on them with what shows it.
//!
//! The *journey* (awareness, consideration, decision) follows what they look at: a scoring rule names the stage that it shows, and
//! a stage lasts as long as something within `looks_back` shows it, also where time alone passes. The *lifecycle* (lead, MQL, SQL, opportunity, customer) follows
//! what sales does, and rules; where sales has said that a lead is less far, only what comes after that moves it on. A lead moves only by the methods here, so that no move is without its evidence; a move
//! back says its reason.

use crate::{
    activity::Activity,
    ids::ActivityId,
    lead::{Journey, Lead, Lifecycle, words},
    observe::described,
    refusal::Refusal,
    scene::{Change, Effect, Scene},
    score::Scoring,
    segment::{Facts, Predicate},
    span::Span,
    team::{Handle, Member},
    time::Moment,
};
use serde::{Deserialize, Serialize};

/// The file, for who has one.
pub const STAGES: &str = "stages.toml";

words! {
    /// What a lead is far on.
    Ladder {
        /// What content helps now: [`Journey`].
        Journey = "journey",
        /// How far sales is: [`Lifecycle`].
        Lifecycle = "lifecycle",
    }
}

/// `stages.toml`: what moves leads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stages {
    /// How long what they looked at speaks for a stage of the journey.
    #[serde(default = "half_a_year")]
    pub looks_back: Span,
    /// What moves them on beside sales; each that holds does.
    #[serde(default)]
    pub lifecycle: Vec<StageRule>,
}

fn half_a_year() -> Span {
    Span::days(180)
}

impl Default for Stages {
    fn default() -> Self {
        Self { looks_back: half_a_year(), lifecycle: Vec::new() }
    }
}

/// A rule of the lifecycle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageRule {
    /// Where it moves a lead that has not come so far.
    pub stage: Lifecycle,
    /// A question of the segment language.
    pub when: Predicate,
    /// What it stands for, in words; without one, the question is shown.
    pub label: Option<String>,
}

/// What shows that a lead has moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// In words.
    pub why: String,
    /// What they did.
    pub activity: Option<ActivityId>,
    /// Who of the team says so.
    pub by: Option<Handle>,
}

impl Evidence {
    /// What follows from a rule.
    pub fn of(why: impl Into<String>) -> Self {
        Self { why: why.into(), activity: None, by: None }
    }

    /// What somebody of the team did.
    pub fn by(who: &Handle, why: impl Into<String>) -> Self {
        Self { by: Some(who.clone()), ..Self::of(why) }
    }

    /// What the lead did.
    fn activity(activity: &Activity) -> Self {
        Self { activity: Some(activity.id), ..Self::of(described(activity)) }
    }
}

/// A move from one stage to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// On which ladder.
    pub ladder: Ladder,
    /// The word of the stage before.
    pub from: &'static str,
    /// The word of the stage since.
    pub to: &'static str,
    /// Whether it leads back.
    pub back: bool,
    /// Whether it takes back the move that led there: that one was told by mistake.
    pub corrects: bool,
    /// What shows it.
    pub evidence: Evidence,
}

impl Change {
    /// The lead has come so far; nothing where it has come further.
    pub fn reach(&mut self, stage: Lifecycle, evidence: Evidence) {
        if stage > self.lead.lifecycle {
            self.be(stage, evidence, false);
        }
    }

    /// The lead is no further than this; nothing where it has not come so far.
    pub fn fall_back(&mut self, stage: Lifecycle, evidence: Evidence, now: Moment) {
        if stage < self.lead.lifecycle {
            self.be(stage, evidence, false);
            self.lead.fell_back_at = Some(now);
        }
    }

    /// The lead never was where it is: it is at this stage.
    pub fn take_back(&mut self, stage: Lifecycle, evidence: Evidence, now: Moment) {
        if stage < self.lead.lifecycle {
            self.be(stage, evidence, true);
            self.lead.fell_back_at = Some(now);
        }
    }

    fn be(&mut self, stage: Lifecycle, evidence: Evidence, corrects: bool) {
        let from = std::mem::replace(&mut self.lead.lifecycle, stage);
        let (ladder, back) = (Ladder::Lifecycle, stage < from);
        let moved = Move { ladder, from: from.word(), to: stage.word(), back, corrects, evidence };
        self.effects.push(Effect::Move(moved));
    }

    /// Something of this moment shows that the lead is at a stage of the journey.
    pub fn show(&mut self, stage: Journey, at: Moment, evidence: Evidence) {
        let from = std::mem::replace(&mut self.lead.journey, stage);
        self.lead.journey_at = match from == stage {
            true => self.lead.journey_at.max(at),
            false => at,
        };
        if from != stage {
            let (ladder, back) = (Ladder::Journey, stage < from);
            let moved = Move { ladder, from: from.word(), to: stage.word(), back, corrects: false, evidence };
            self.effects.push(Effect::Move(moved));
        }
    }
}

impl Stages {
    /// Moves a lead to where its activities and the rules say that it is.
    pub(crate) fn follow(&self, scene: &Scene, change: &mut Change, scoring: &Scoring, now: Moment) {
        self.follow_journey(change, &scene.history, scoring, now);
        if self.lifecycle.iter().any(|rule| rule.stage > change.lead.lifecycle) {
            self.follow_rules(scene, change, scoring, now);
        }
    }

    /// A stage lasts as long as something shows it; then they are where they looked last.
    fn follow_journey(&self, change: &mut Change, history: &[Activity], scoring: &Scoring, now: Moment) {
        let since = now - self.looks_back.delta();
        let shown = self.shown(history, scoring, now);
        let Lead { journey, journey_at, .. } = change.lead;
        if let Some((stage, activity)) = shown.filter(|(stage, _)| *stage >= journey) {
            change.show(stage, activity.at, Evidence::activity(activity));
        } else if journey_at <= since && journey > Journey::Awareness {
            let why = format!("nothing of {} for {}", journey.word(), self.looks_back);
            fall_to(change, shown, why, now);
        }
    }

    /// The furthest stage that something of late shows, and what showed it last.
    fn shown<'a>(
        &self,
        history: &'a [Activity],
        scoring: &Scoring,
        now: Moment,
    ) -> Option<(Journey, &'a Activity)> {
        let since = now - self.looks_back.delta();
        history
            .iter()
            .filter(|activity| activity.human && activity.at > since)
            .filter_map(|activity| Some((scoring.stage_of(activity)?, activity)))
            .max_by_key(|(stage, activity)| (*stage, activity.at))
    }

    /// The stage that one of these showed, as a person's, is what else shows: they were a machine's.
    pub(crate) fn disown(
        &self,
        scene: &Scene,
        change: &mut Change,
        gone: &[&Activity],
        scoring: &Scoring,
        why: &str,
        now: Moment,
    ) {
        let shown = self.shown(&scene.history, scoring, now);
        let Lead { journey, journey_at, .. } = change.lead;
        if !gone.iter().any(|activity| activity.at == journey_at) {
            return;
        }
        match shown {
            // Another shows it, too.
            Some((stage, activity)) if stage >= journey => change.lead.journey_at = activity.at,
            _ => fall_to(change, shown, why.to_owned(), now),
        }
    }

    fn follow_rules(&self, scene: &Scene, change: &mut Change, scoring: &Scoring, now: Moment) {
        let holding: Vec<&StageRule> = {
            let facts = Facts::kept(&change.lead, &scene.history, scoring, now);
            self.lifecycle.iter().filter(|rule| rule.when.holds(&facts, now)).collect()
        };
        let heard = |rule: &&StageRule| {
            change.lead.fell_back_at.is_some_and(|at| self.held(rule, scene, scoring, at))
        };
        let furthest = holding.into_iter().filter(|rule| rule.stage > change.lead.lifecycle);
        if let Some(rule) = furthest.filter(|rule| !heard(rule)).max_by_key(|rule| rule.stage) {
            let why = rule.label.clone().unwrap_or_else(|| rule.when.to_string());
            change.reach(rule.stage, Evidence::of(why));
        }
    }

    /// Whether a rule held when sales said that the lead is less far: by what it had done until then, and by what stood on its row
    /// before this change. A rule that moves it all the same has come to hold since, or what it did since answers it alone.
    fn held(&self, rule: &StageRule, scene: &Scene, scoring: &Scoring, at: Moment) -> bool {
        let since: Vec<Activity> =
            scene.history.iter().filter(|activity| activity.at > at).cloned().collect();
        let by = |did: &[Activity]| rule.when.holds(&Facts::kept(&scene.lead, did, scoring, at), at);
        let now = since.iter().map(|activity| activity.at).fold(at, Moment::max);
        let anew = |did: &[Activity]| rule.when.holds(&Facts::kept(&scene.lead, did, scoring, now), now);
        if rule.when.needs_activities() && anew(&since) && !by(&[]) {
            return false;
        }
        let until_then: Vec<Activity> =
            scene.history.iter().filter(|activity| activity.at <= at).cloned().collect();
        let explained = scoring.explain(&scene.lead, &until_then, at);
        let lead = Lead { points: explained.points, worth: explained.worth, ..scene.lead.clone() };
        rule.when.holds(&Facts::kept(&lead, &until_then, scoring, at), at)
    }
}

/// They are where they looked last, or at the beginning where nothing speaks for more.
fn fall_to(change: &mut Change, shown: Option<(Journey, &Activity)>, why: String, now: Moment) {
    match shown {
        Some((stage, activity)) => {
            let Evidence { why: then, activity: of, by } = Evidence::activity(activity);
            change.show(
                stage,
                activity.at,
                Evidence { why: format!("{why}; then {then}"), activity: of, by },
            );
        }
        None => change.show(Journey::Awareness, now, Evidence::of(why)),
    }
}

/// A member says how far a lead is. A move back says why.
///
/// # Errors
/// [`Refusal`] when it is there already, or goes back without a reason.
pub fn set(
    scene: &Scene,
    to: Lifecycle,
    by: &Member,
    why: Option<&str>,
    now: Moment,
) -> Result<Change, Refusal> {
    let (lead, called) = (&scene.lead, scene.lead.called());
    let why = why.map(str::trim).filter(|why| !why.is_empty());
    if lead.lifecycle == to {
        let text = format!("{called} is at {} already.", to.word());
        return Err(Refusal::Not { code: "there_already", text });
    }
    if why.is_none() && to < lead.lifecycle {
        let text = format!(
            "{called} is at {}: say why it goes back to {}, behind the stage.",
            lead.lifecycle.word(),
            to.word()
        );
        return Err(Refusal::Not { code: "back_needs_a_reason", text });
    }
    let mut change = scene.unchanged().touched(now);
    change.fall_back(to, Evidence::by(&by.handle, why.unwrap_or("by hand")), now);
    change.reach(to, Evidence::by(&by.handle, why.unwrap_or("by hand")));
    Ok(change)
}

#[cfg(test)]
mod tests;
