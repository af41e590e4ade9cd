//! A lead did something: what that changes.
//!
//! One way in for everything: calls of the intake, released clicks, survey answers, imports.

use crate::{
    activity::{Activity, Kind, Trust, names},
    answers, begin, consent,
    enrollment::Ended,
    lead::{Lead, Nurture},
    playbook::Playbooks,
    preferences::Choice,
    rescore::{Cause, rescore},
    scene::{Change, Effect, Scene},
    score::{Explanation, Together},
    sequence::VISIT,
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
    rescore(scene, &mut change, back.map_or(Cause::Deeds, Cause::Back), playbooks, now);
    begin::by_activities(scene, &mut change, new, playbooks, now);
    if let (Some(alert), true) = (change.alert(scene), human.is_some()) {
        change.effects.push(Effect::Alert(alert.touched()));
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

/// How many lines of a score a card has.
const REASONS: usize = 4;

/// The lines of a score that say most, for a card: at most four, whose points add up to the score.
pub fn reasons(explained: &Explanation, now: Moment) -> Vec<String> {
    let all: Vec<_> = explained.together().into_iter().filter(|line| line.now != 0).collect();
    let said = if all.len() > REASONS { REASONS - 1 } else { all.len() };
    let (first, rest) = all.split_at(said);
    let line = |line: &Together| {
        let when = line.last.map(|at| format!(", {}", ago(at, now))).unwrap_or_default();
        format!("{:+} {}{when}", line.now, line.words())
    };
    let others = (!rest.is_empty())
        .then(|| format!("{:+} by {} others", rest.iter().map(|line| line.now).sum::<i64>(), rest.len()));
    first.iter().map(line).chain(others).collect()
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
