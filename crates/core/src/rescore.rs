//! The points of a lead are counted again: what that changes of it, and whether the team is asked.
//!
//! A lead that hovers around the line asks once (peers' trap 16): it is hot from one line on and down to a lower one, and what
//! comes again within `again_after` shows on the card that was.

use crate::{
    alert::{Raised, Reason},
    backtest::past,
    consent::ConsentState,
    lead::{Lead, Lifecycle, Points, TOPIC},
    notice::{Notice, Topic},
    observe::reasons,
    playbook::Playbooks,
    scene::{Change, Effect, Scene},
    score::Worth,
    span::Span,
    stage::Evidence,
    time::Moment,
};

/// Why they are counted again.
pub(crate) enum Cause {
    /// Time has passed.
    Time,
    /// Somebody did something.
    Deeds,
    /// A sign of life of a lead that was cold, in words.
    Back(String),
    /// What had counted was a machine's, in words.
    Machine(String),
}

/// Counts the points again because the rules have changed. Whether the lead is hot by them is asked when it next does something,
/// so that new rules do not ring for everybody at once; that it has cooled by them rings for nobody.
pub fn recount(scene: &Scene, playbooks: &Playbooks, now: Moment) -> Change {
    let mut change = scene.unchanged();
    if change.lead.consent.state == ConsentState::Objected {
        nothing(&mut change.lead, playbooks, now);
        return change;
    }
    let explained = playbooks.current().scoring.explain(&scene.lead, &scene.history, now);
    change.lead.points = explained.points;
    change.lead.worth = Worth { rules: playbooks.current().rules, ..explained.worth };
    let playbook = playbooks.current();
    change.lead.crosses_at = playbook.scoring.crosses_at(&change.lead, now);
    playbook.stages.follow(scene, &mut change, &playbook.scoring, now);
    change
}

/// Looks again at how far the journey is, because nothing may speak for it any more.
pub fn look_again(scene: &Scene, playbooks: &Playbooks, now: Moment) -> Change {
    let mut change = scene.unchanged();
    let playbook = playbooks.current();
    playbook.stages.follow(scene, &mut change, &playbook.scoring, now);
    change
}

/// Counts the points again because time has taken them over a line: a hot lead has cooled, or what spoke against one has faded.
pub fn cool_down(scene: &Scene, playbooks: &Playbooks, now: Moment) -> Change {
    let mut change = scene.unchanged();
    rescore(scene, &mut change, Cause::Time, playbooks, now);
    change
}

/// Counts the points again, and asks the team where that is due.
pub(crate) fn rescore(scene: &Scene, change: &mut Change, cause: Cause, playbooks: &Playbooks, now: Moment) {
    let scoring = &playbooks.current().scoring;
    if change.lead.consent.state == ConsentState::Objected {
        return nothing(&mut change.lead, playbooks, now);
    }
    let explained = scoring.explain(&change.lead, &scene.history, now);
    let lead = &mut change.lead;
    lead.points = explained.points;
    lead.worth = Worth { rules: playbooks.current().rules, ..explained.worth.clone() };
    if let Some(topic) = scoring.topic(&scene.history) {
        lead.traits.insert(TOPIC.to_owned(), topic.into());
    }
    let had_cooled = |at: Moment| at <= now && scoring.had_cooled(lead, &scene.history, at);
    if lead.hot && lead.crosses_at.is_some_and(had_cooled) {
        // It cooled while nobody looked: what comes now turns it hot anew.
        lead.hot = false;
    }
    let turned_hot = !lead.hot && explained.score >= scoring.thresholds.hot;
    if turned_hot {
        lead.hot = true;
    } else if lead.hot && explained.score < scoring.thresholds.cools_under() {
        lead.hot = false;
    }
    // Hot only by what a machine did, it would not be: also where its points lie between the two lines.
    if let Cause::Machine(_) = &cause
        && lead.hot
    {
        let mut rules = scoring.clone();
        rules.thresholds.surge = None;
        lead.hot = past(&rules, lead, &scene.history, now, now).was_hot;
    }
    lead.crosses_at = scoring.crosses_at(lead, now);
    if turned_hot {
        change.reach(Lifecycle::Mql, Evidence::of(format!("hot with {} points", explained.score)));
    }
    playbooks.current().stages.follow(scene, change, scoring, now);
    if change.lead.email.is_none() {
        return;
    }
    let within = scoring.thresholds.surge.map_or(Span::ZERO, |surge| surge.within);
    let surging = || {
        let may_ring =
            !change.lead.hot && explained.worth.may_be_hot && !lately(&change.lead, playbooks, now);
        may_ring.then(|| scoring.surging(&scene.history, now)).flatten()
    };
    let score = explained.score;
    let raised = match &cause {
        Cause::Machine(_) => None,
        _ if turned_hot => {
            Some((Reason::Hot, reasons(&explained, now), format!("turned hot: {score} points")))
        }
        Cause::Back(back) => Some((Reason::Back, Vec::new(), back.clone())),
        Cause::Time => None,
        Cause::Deeds => {
            surging().map(|gained| (Reason::Surge, Vec::new(), format!("{gained:+} points within {within}")))
        }
    };
    if let Some((reason, mut because, words)) = raised {
        match (reason, cause) {
            (Reason::Hot, Cause::Back(back)) => because.push(back),
            (Reason::Hot, _) => {}
            _ => because.push(words.clone()),
        }
        ask(change, scene, Raised { reason, because, meant_for: None }, &words, playbooks, now);
        return;
    }
    let cooled = scene.lead.hot && !change.lead.hot;
    let words = match (cause, cooled) {
        (Cause::Machine(what), true) => format!("{what}; cooled: {score} points"),
        (Cause::Machine(what), false) => what,
        (_, true) => format!("cooled: {score} points"),
        (_, false) => return,
    };
    let alert = change.alert(scene).map(|alert| (alert.reason, alert));
    change.effects.extend(alert.map(|(as_it_was, alert)| Effect::Alert(alert.moved_on(as_it_was, &words))));
}

/// Of who objected to being profiled nothing is counted (GDPR, Art. 21).
fn nothing(lead: &mut Lead, playbooks: &Playbooks, now: Moment) {
    lead.points = Points { fit: 0.0, engagement: 0.0, at: now };
    lead.worth = Worth { rules: playbooks.current().rules, ..Worth::default() };
    lead.hot = false;
    lead.crosses_at = None;
}

/// Whether the team was asked about a lead not long ago because of its points.
fn lately(lead: &Lead, playbooks: &Playbooks, now: Moment) -> bool {
    let again_after = playbooks.current().scoring.thresholds.again_after;
    lead.rung_at.is_some_and(|at| now - at < again_after.delta())
}

/// Asks the team about a lead: by a new alert, or, where one is live or was raised not long ago, by what that one's card says.
fn ask(change: &mut Change, scene: &Scene, raised: Raised, words: &str, playbooks: &Playbooks, now: Moment) {
    let is_back = raised.reason == Reason::Back;
    if let Some(asked) = change.raised() {
        asked.too(raised.reason, raised.because);
        change.lead.rung_at = Some(now);
        return;
    }
    match change.alert(scene) {
        // One that came back has a card that shows what it does.
        Some(_) if is_back => return,
        Some(alert) => {
            change.lead.rung_at = Some(now);
            change.effects.push(Effect::Alert(alert.moved_on(raised.reason, words)));
            return;
        }
        None if lately(&change.lead, playbooks, now) => {
            change.effects.push(Effect::Again(raised.reason, words.to_owned()));
            return;
        }
        None if is_back => {}
        None => change.lead.rung_at = Some(now),
    }
    let meant_for = change.lead.last_owner.clone();
    if let Some(before) = &meant_for {
        let how = match raised.reason {
            Reason::Hot => "is hot",
            Reason::Surge => "is surging",
            _ => "is back from the cold",
        };
        change.effects.push(Effect::Tell(Notice {
            to: before.clone(),
            topic: Topic::Back,
            lead: change.lead.id,
            text: format!("{}, who was yours, {how}. Nobody has them yet.", change.lead.called()),
        }));
    }
    change.effects.push(Effect::Raise(Raised { meant_for, ..raised }));
}
