//! What cannot be meant in a sequence.

use super::{Fault, Playbook, fault};
use crate::{
    ids::LeadId,
    language::Language,
    lead::Lead,
    nearest::did_you_mean,
    sequence::{Consequence, Enroll, Purpose, Reentry, Sequence, Step},
    span::Span,
    time::Moment,
    webhook,
};
use std::collections::BTreeSet;

/// Everything in a sequence that cannot be meant.
pub(super) fn of(playbook: &Playbook, sequence: &Sequence) -> Vec<Fault> {
    let mut found = of_beginning(playbook, sequence);
    found.extend(of_expiry(sequence));
    found.extend(of_steps(sequence));
    for (at, step) in sequence.step.iter().enumerate() {
        let place = sequence.step.place(at);
        let why = match step {
            Step::Start(name) => of_start(playbook, sequence, name).map(|why| ("start".to_owned(), why)),
            Step::Webhook(told) => {
                of_body(told.body.as_deref(), sequence).map(|why| ("webhook.body".to_owned(), why))
            }
            Step::Mail { .. } => of_mail(playbook, step),
            _ => None,
        };
        found.extend(why.map(|(key, why)| fault(format!("{place}.{key}"), why)));
    }
    found
}

/// What begins a run is there, and can say what a run is for.
fn of_beginning(playbook: &Playbook, sequence: &Sequence) -> Vec<Fault> {
    match (&sequence.enroll, &sequence.reentry) {
        (Some(Enroll::Segment { segment }), _) if playbook.segment(segment).is_none() => {
            let near = did_you_mean(segment, playbook.segments.iter().map(|(name, _)| name.as_str()));
            vec![fault("enroll.segment", format!("there is no segment “{segment}”{near}"))]
        }
        (None | Some(Enroll::Segment { .. }), Reentry::Per(property)) => {
            let why = format!(
                "runs for each {property} begin with an activity that names it: write enroll = {{ on = \"…\" }}"
            );
            vec![fault("reentry", why)]
        }
        (Some(Enroll::On(trigger)), _) if trigger.on.is_empty() && trigger.page.is_none() => {
            vec![fault("enroll.on", "name the activity that begins a run")]
        }
        _ => Vec::new(),
    }
}

/// A campaign's mail that cannot leave for days is worth nothing any more (mail-rules S5).
fn of_expiry(sequence: &Sequence) -> Vec<Fault> {
    let longest = Span::hours(72);
    if sequence.purpose == Purpose::Marketing && sequence.expires.delta() > longest.delta() {
        let why = format!(
            "a mail is given up after {longest} at the latest: what comes days too late is worse than none"
        );
        return vec![fault("expires", why)];
    }
    Vec::new()
}

/// What stands behind the step that ends a run is never done.
fn of_steps(sequence: &Sequence) -> Vec<Fault> {
    let mut reached = BTreeSet::new();
    let mut open = vec![0];
    while let Some(at) = open.pop() {
        if at >= sequence.step.len() || !reached.insert(at) {
            continue;
        }
        open.extend(sequence.step[at].leads_to(at));
    }
    let lost = (0..sequence.step.len())
        .filter_map(|at| Some((at, sequence.step[at].label()?)))
        .find(|(at, _)| !reached.contains(at));
    let why = |label: &str| format!("this step ({label}) is never reached: the run has ended before it");
    lost.map(|(at, label)| fault(sequence.step.place(at), why(&label))).into_iter().collect()
}

/// A sequence that is begun is there, and does not lead back: no run may go on for ever.
fn of_start(playbook: &Playbook, from: &Sequence, name: &str) -> Option<String> {
    if playbook.sequence(name).is_none() {
        let near = did_you_mean(name, playbook.sequences.keys().map(String::as_str));
        return Some(format!("there is no sequence “{name}”{near}"));
    }
    let mut seen = BTreeSet::new();
    let mut open = vec![name];
    while let Some(name) = open.pop() {
        if name == from.name {
            return Some(format!("this leads back to “{name}”: a lead would go round for ever"));
        }
        if seen.insert(name)
            && let Some(next) = playbook.sequence(name)
        {
            open.extend(next.step.iter().filter_map(|step| match step {
                Step::Start(name) => Some(name.as_str()),
                _ => None,
            }));
        }
    }
    None
}

/// A body is filled in for a lead of whom nothing is known, and is JSON then.
fn of_body(body: Option<&str>, sequence: &Sequence) -> Option<String> {
    let nobody = Lead::anonymous(LeadId(uuid::Uuid::nil()), Moment::UNIX_EPOCH);
    webhook::render(body?, &nobody, &sequence.name).err()
}

fn of_mail(playbook: &Playbook, step: &Step) -> Option<(String, String)> {
    let Step::Mail { subjects, offer, survey, .. } = step else { return None };
    let mut known = BTreeSet::new();
    if let Some(at) = subjects.iter().position(|subject| !known.insert(subject)) {
        let why = "two subjects are the same: nobody could tell which is better";
        return Some((format!("subjects[{at}]"), why.to_owned()));
    }
    // Words in what is no language are never said.
    let wrong = |tag: &&String| Language::parse(tag).is_none_or(|language| language.tag() != *tag);
    if let Some(tag) = offer.iter().flat_map(|terms| terms.gives_in.keys()).find(wrong) {
        let why = format!("“{tag}” is no language in small letters, such as de or pt-br");
        return Some((format!("offer.gives_in.{tag}"), why));
    }
    // An answer that begins a sequence begins one that there is.
    for (number, answer) in survey.iter().flat_map(|survey| &survey.answers).enumerate() {
        if let Some(Consequence::Again { sequence: named, .. }) = answer.then()
            && playbook.sequence(named).is_none()
        {
            let near = did_you_mean(named, playbook.sequences.keys().map(String::as_str));
            let why = format!(
                "the answer “{}” begins the sequence “{named}”, which there is not{near}",
                answer.key
            );
            return Some((format!("survey.answers[{number}]"), why));
        }
    }
    None
}
