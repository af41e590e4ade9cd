//! A lead did something: what that changes.
//!
//! One way in for everything: calls of the intake, released clicks, survey answers, imports.

use crate::{
    activity::{Activity, Kind, Trust, names},
    alert::{Raised, Reason},
    answers, begin,
    consent::{self, ConsentState},
    enrollment::Ended,
    lead::{Lead, Lifecycle, Nurture, TOPIC},
    notice::{Notice, Topic},
    playbook::Playbooks,
    preferences::Choice,
    scene::{Change, Effect, Scene},
    score::{Explanation, LineKind, Worth},
    sequence::VISIT,
    stage::Evidence,
    time::Moment,
};

/// Decides what `new` activities of a lead change. `scene.history` holds them already.
///
/// `basis` is the basis of consent that the sender's key stands for.
pub fn observe(
    scene: &Scene,
    new: &[Activity],
    basis: Option<&str>,
    playbooks: &Playbooks,
    now: Moment,
) -> Change {
    let mut change = scene.unchanged();
    for activity in new {
        learn(&mut change.lead, activity);
        if let Some(said) = consent::told(activity, basis, change.lead.email.is_some()) {
            change.hear(scene, said);
        }
    }
    follow(scene, change, new, playbooks, now)
}

/// What follows from `new` activities of a lead, and from what was learnt of it besides: runs end, it comes back, it is scored.
pub(crate) fn follow(
    scene: &Scene,
    mut change: Change,
    new: &[Activity],
    playbooks: &Playbooks,
    now: Moment,
) -> Change {
    if change.lead.preferences != scene.lead.preferences {
        change.effects.push(Effect::Wake);
    }
    let sunset = &playbooks.current().sunset;
    let human = new.iter().filter(|a| sunset.is_sign(a)).map(|a| a.at).max();
    if let Some(at) = human {
        change.lead.last_human_at = change.lead.last_human_at.max(Some(at));
    }
    leave_runs(scene, &mut change, new, human, playbooks, now);
    let back = come_back(&mut change.lead, new, human, now);
    let back = answers::follow(scene, &mut change, new, back, playbooks, now);
    rescore(scene, &mut change, back, playbooks, now);
    begin::by_activities(scene, &mut change, new, playbooks, now);
    if let (Some(alert), true) = (&scene.alert, human.is_some()) {
        change.effects.push(Effect::Alert(alert.clone().touched()));
    }
    change
}

/// Counts the points again because the rules have changed. Whether the lead is hot is asked when it next does something, so
/// that new rules do not ring for everybody at once.
pub fn recount(scene: &Scene, playbooks: &Playbooks, now: Moment) -> Change {
    let mut change = scene.unchanged();
    let explained = playbooks.current().scoring.explain(&scene.lead, &scene.history, now);
    change.lead.points = explained.points;
    change.lead.worth = Worth { rules: playbooks.current().rules, ..explained.worth };
    let playbook = playbooks.current();
    playbook.stages.follow(scene, &mut change, &playbook.scoring, now);
    change
}

/// Counts the points again because time has passed: a hot lead may have cooled.
pub fn cool_down(scene: &Scene, playbooks: &Playbooks, now: Moment) -> Change {
    let mut change = scene.unchanged();
    rescore(scene, &mut change, None, playbooks, now);
    if let (Some(alert), true) = (&scene.alert, scene.lead.hot && !change.lead.hot) {
        change.effects.push(Effect::Alert(alert.clone().touched()));
    }
    change
}

fn learn(lead: &mut Lead, activity: &Activity) {
    let browser = activity.trust == Trust::Browser;
    match activity.kind {
        Kind::Identify | Kind::Import => lead.learn(&activity.properties, browser),
        Kind::Group => {
            let company = activity.properties.get("name").and_then(|name| name.as_str());
            if let (Some(company), true) = (company, lead.company.is_none() || !browser) {
                lead.company = Some(company.chars().filter(|c| !c.is_control()).take(200).collect());
            }
        }
        Kind::Mail => {
            lead.verified = true;
            prefer(lead, activity);
        }
        Kind::Track | Kind::Page | Kind::Screen | Kind::Alias | Kind::Plan => {}
    }
    // Whoever holds a secret and speaks of a lead by a known address vouches for it.
    lead.verified |= !browser && lead.email.is_some();
}

/// How they want to be written to, where the activity says it.
fn prefer(lead: &mut Lead, activity: &Activity) {
    let told = |key: &str| activity.properties.get(key).and_then(|value| value.as_str());
    if activity.name == names::PREFERRED
        && let Some(choice) = told("choice").and_then(Choice::from_word)
    {
        lead.preferences.choose(choice, told("topic"), activity.at);
    }
}

/// Ends the runs that a human activity, an answer, or a refusal, ends.
fn leave_runs(
    scene: &Scene,
    change: &mut Change,
    new: &[Activity],
    human: Option<Moment>,
    playbooks: &Playbooks,
    now: Moment,
) {
    let state = change.lead.consent.state;
    let refused = state.is_refusal() && !scene.lead.consent.state.is_refusal();
    let answered = new.iter().any(|a| a.name == names::REPLIED && a.kind == Kind::Mail);
    // Who did nothing for a while, or used a mail, has come back.
    let visit = human.is_some_and(|at| scene.lead.last_human_at.is_none_or(|last| at - last >= VISIT))
        || new.iter().any(|a| a.human && a.kind == Kind::Mail);
    let decided = new.iter().any(|a| answers::consequence(a).is_some());
    for run in &scene.runs {
        let Some(sequence) = playbooks.of(run.version).sequence(&run.sequence) else { continue };
        let is_marketing = sequence.purpose == crate::sequence::Purpose::Marketing;
        let ended = if refused && is_marketing {
            run.clone().end(Ended::Stopped, state.word(), now)
        } else if decided && is_marketing {
            run.clone().end(Ended::Exited, "they answered what is to follow", now)
        } else if answered && is_marketing {
            run.clone().end(Ended::Exited, "an answer", now)
        } else if human.is_some_and(|at| run.left_by_activity(sequence, at, visit)) {
            let why = if visit { "they came back" } else { "a sign of life" };
            run.clone().end(Ended::Exited, why, now)
        } else {
            continue;
        };
        change.effects.push(Effect::Run(ended));
    }
    if refused && change.lead.nurture == Nurture::Cold {
        change.lead.move_nurture(Nurture::Archived, state.word(), now);
    }
}

/// A sign of life brings a cold or archived lead back. The words of it, for the alert.
fn come_back(lead: &mut Lead, new: &[Activity], human: Option<Moment>, now: Moment) -> Option<String> {
    let at = human?;
    if lead.nurture == Nurture::Active || at <= lead.nurture_since {
        return None;
    }
    if lead.consent.state.suppresses() {
        // They answered by saying no: that is no return.
        return None;
    }
    let sign = new.iter().filter(|a| a.human).max_by_key(|a| a.at)?;
    let was = lead.nurture.word();
    lead.move_nurture(Nurture::Active, format!("came back: {}", sign.name), now);
    Some(format!("Back from the cold ({was}): {}", described(sign)))
}

pub(crate) fn rescore(
    scene: &Scene,
    change: &mut Change,
    back: Option<String>,
    playbooks: &Playbooks,
    now: Moment,
) {
    let scoring = &playbooks.current().scoring;
    if change.lead.consent.state == ConsentState::Objected {
        change.lead.points = crate::lead::Points { fit: 0.0, engagement: 0.0, at: now };
        change.lead.worth = Worth { rules: playbooks.current().rules, ..Worth::default() };
        change.lead.hot = false;
        change.lead.cools_at = None;
        return;
    }
    let explained = scoring.explain(&change.lead, &scene.history, now);
    let lead = &mut change.lead;
    lead.points = explained.points;
    lead.worth = Worth { rules: playbooks.current().rules, ..explained.worth.clone() };
    if let Some(topic) = scoring.topic(&scene.history) {
        lead.traits.insert(TOPIC.to_owned(), topic.into());
    }
    if lead.cools_at.is_some_and(|at| at <= now && scoring.had_cooled(lead, &scene.history, at)) {
        // It cooled while nobody looked: what comes now turns it hot anew.
        lead.hot = false;
    }
    let turned_hot = !lead.hot && explained.score >= scoring.thresholds.hot;
    if turned_hot {
        lead.hot = true;
    } else if lead.hot && explained.score < scoring.thresholds.cools_under() {
        lead.hot = false;
    }
    lead.cools_at = if lead.hot { scoring.cools_at(lead, &scene.history, now) } else { None };
    if turned_hot {
        change.reach(Lifecycle::Mql, Evidence::of(format!("hot with {} points", explained.score)));
    }
    playbooks.current().stages.follow(scene, change, scoring, now);
    if scene.alert.is_some() || change.lead.email.is_none() {
        return;
    }
    let raised = match (turned_hot, back) {
        (true, back) => {
            let mut because = reasons(&explained, now);
            because.extend(back);
            Raised { reason: Reason::Hot, because, meant_for: change.lead.last_owner.clone() }
        }
        (false, Some(back)) => {
            Raised { reason: Reason::Back, because: vec![back], meant_for: change.lead.last_owner.clone() }
        }
        (false, None) => return,
    };
    if let Some(before) = &raised.meant_for {
        let how = if raised.reason == Reason::Hot { "is hot" } else { "is back from the cold" };
        change.effects.push(Effect::Tell(Notice {
            to: before.clone(),
            topic: Topic::Back,
            lead: change.lead.id,
            text: format!("{}, who was yours, {how}. Nobody has them yet.", change.lead.called()),
        }));
    }
    change.effects.push(Effect::Raise(raised));
}

/// The lines of a score that say most, for a card: at most four.
pub fn reasons(explained: &Explanation, now: Moment) -> Vec<String> {
    let mut lines: Vec<_> =
        explained.lines.iter().filter(|l| !l.capped && l.kind != LineKind::Clamp).collect();
    lines.sort_by(|a, b| b.now.abs().total_cmp(&a.now.abs()).then(b.at.cmp(&a.at)));
    let mut said: Vec<(String, f64, usize, Option<Moment>)> = Vec::new();
    for line in lines {
        match said.iter_mut().find(|(what, ..)| *what == line.what) {
            Some((_, points, times, at)) => {
                *points += line.now;
                *times += 1;
                *at = (*at).max(line.at);
            }
            None => said.push((line.what.clone(), line.now, 1, line.at)),
        }
    }
    said.truncate(4);
    said.into_iter()
        .map(|(what, points, times, at)| {
            let times = if times > 1 { format!(" ×{times}") } else { String::new() };
            let when = at.map(|at| format!(", {}", ago(at, now))).unwrap_or_default();
            format!("{:+} {what}{times}{when}", points.round() as i64)
        })
        .collect()
}

/// An activity in words: "Mail Clicked (offer)", "Page Viewed /pricing", "Survey Answered (The price)".
pub fn described(activity: &Activity) -> String {
    let detail = ["says", "colleague", "mail"].iter().find_map(|key| activity.properties.get(*key)?.as_str());
    match (&activity.path, detail) {
        (Some(path), _) => format!("{} {path}", activity.name),
        (None, Some(detail)) => format!("{} ({detail})", activity.name),
        (None, None) => activity.name.clone(),
    }
}

/// How long ago, in the largest unit that says enough: "just now", "5 min ago", "3 h ago", "4 days ago".
pub fn ago(at: Moment, now: Moment) -> String {
    let seconds = (now - at).num_seconds();
    match seconds {
        ..60 => "just now".to_owned(),
        60..5_400 => format!("{} min ago", (seconds + 30) / 60),
        5_400..129_600 => format!("{} h ago", (seconds + 1_800) / 3_600),
        _ => format!("{} days ago", (seconds + 43_200) / 86_400),
    }
}
