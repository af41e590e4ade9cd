//! What the team decides about a lead: claim, pass, release, snooze, outcome, note, enroll, stop.
//!
//! Each takes the scene and returns the change, or says why not. Whoever asks has been told apart by
//! their role before ([`crate::team::Member::may`]). Marketing mail waits while a rep has the lead.

use crate::{
    alert::{Alert, AlertState, Outcome, Raised, Reason},
    consent::{ConsentState, Proof, Record},
    enrollment::{Ended, Planned, may_begin},
    ids::AlertId,
    lead::{Lifecycle, Nurture},
    notice::{Notice, Topic},
    playbook::Playbooks,
    refusal::Refusal,
    scene::{Change, Effect, Scene},
    stage::Evidence,
    team::{Deed, Handle, Member, Role},
    time::Moment,
};

/// A member takes the lead. `new` is the id of an alert that is made where none is live: a rep may
/// take a lead that is not hot.
///
/// # Errors
/// [`Refusal::AlreadyClaimed`] and what [`Alert::claim`] refuses.
pub fn claim(scene: &Scene, by: &Member, new: AlertId, wall: Moment) -> Result<Change, Refusal> {
    let called = scene.lead.called();
    if let (None, Some(owner)) = (&scene.alert, &scene.lead.owner) {
        return Err(Refusal::AlreadyClaimed {
            lead: called.to_owned(),
            by: owner.clone(),
            at: scene.lead.nurture_since,
        });
    }
    let alert = live_or_by_hand(scene, new, wall).claim(&by.handle, called, wall)?;
    let mut change = scene.unchanged();
    own(&mut change, Some(&by.handle));
    change.reach(Lifecycle::Sql, Evidence::by(&by.handle, "claimed"));
    change.effects.push(Effect::Alert(alert));
    Ok(change)
}

/// A member passes the lead on to another, who is told. `new` is the id of an alert that is made where none is live.
///
/// # Errors
/// What [`Alert::pass`] refuses; [`Refusal::NotYours`] for a lead that another has without an alert; [`Refusal::Not`] when `to`
/// may not work leads or has left.
pub fn pass(
    scene: &Scene,
    by: &Member,
    to: &Member,
    note: Option<&str>,
    new: AlertId,
    wall: Moment,
) -> Result<Change, Refusal> {
    let called = scene.lead.called();
    if to.may(Deed::WorkLeads).is_err() {
        let text = format!("{} cannot work leads; their role is {}.", to.name, to.role);
        return Err(Refusal::Not { code: "cannot_work_leads", text });
    }
    if let (None, Some(owner)) = (&scene.alert, &scene.lead.owner)
        && *owner != by.handle
        && by.role != Role::Admin
    {
        return Err(Refusal::NotYours { lead: called.to_owned(), by: owner.clone() });
    }
    let alert = live_or_by_hand(scene, new, wall).pass(by, &to.handle, called, wall)?;
    let mut change = scene.unchanged();
    own(&mut change, Some(&to.handle));
    change.reach(Lifecycle::Sql, Evidence::by(&by.handle, format!("passed on to {}", to.name)));
    change.effects.push(Effect::Alert(alert));
    if to.handle != by.handle {
        let note = note.map(|note| format!(": {note}")).unwrap_or_else(|| ".".to_owned());
        change.effects.push(Effect::Tell(Notice {
            to: to.handle.clone(),
            topic: Topic::Passed,
            lead: scene.lead.id,
            text: format!("{} passed {called} on to you{note}", by.name),
        }));
    }
    Ok(change)
}

/// The rep gives the lead back: its alert is open again, and its mail goes on.
///
/// # Errors
/// What [`Alert::release`] refuses.
pub fn release(scene: &Scene, by: &Member, now: Moment) -> Result<Change, Refusal> {
    let alert = live(scene)?.release(by, scene.lead.called())?;
    let mut change = scene.unchanged();
    own(&mut change, None);
    // A deal that there is stays one, whoever works on it.
    if change.lead.lifecycle == Lifecycle::Sql {
        change.fall_back(Lifecycle::Mql, Evidence::by(&by.handle, "given back"), now);
    }
    change.effects.push(Effect::Alert(alert));
    Ok(change)
}

/// Put off until a moment on the wall.
///
/// # Errors
/// What [`Alert::snooze`] refuses.
pub fn snooze(scene: &Scene, by: &Member, until: Moment, wall: Moment) -> Result<Change, Refusal> {
    let alert = live(scene)?.snooze(by, scene.lead.called(), until, wall)?;
    let mut change = scene.unchanged();
    change.effects.push(Effect::Alert(alert));
    Ok(change)
}

/// The moment that an alert was put off to has come.
pub fn wake(scene: &Scene, wall: Moment) -> Option<Change> {
    let alert = scene.alert.clone()?.wake(wall)?;
    let mut change = scene.unchanged();
    change.effects.push(Effect::Alert(alert));
    Some(change)
}

/// How it went. Won makes a customer; lost gives the lead back to nurturing; not a fit archives it.
///
/// # Errors
/// What [`Alert::outcome`] refuses.
pub fn outcome(
    scene: &Scene,
    by: &Member,
    how: Outcome,
    note: Option<String>,
    wall: Moment,
    now: Moment,
) -> Result<Change, Refusal> {
    let evidence = match &note {
        Some(note) => Evidence::by(&by.handle, format!("{}: {note}", how.label())),
        None => Evidence::by(&by.handle, how.label()),
    };
    let alert = live(scene)?.outcome(by, scene.lead.called(), how, note, wall)?;
    let mut change = scene.unchanged();
    match how {
        Outcome::Connected | Outcome::NoAnswer => {}
        Outcome::Meeting => change.reach(Lifecycle::Opportunity, evidence),
        Outcome::Won => {
            change.reach(Lifecycle::Customer, evidence);
            own(&mut change, None);
        }
        Outcome::Lost => {
            own(&mut change, None);
            no_deal(&mut change, evidence, now);
        }
        Outcome::NotAFit => {
            own(&mut change, None);
            no_deal(&mut change, evidence, now);
            archive(scene, &mut change, now);
        }
    }
    change.effects.push(Effect::Alert(alert));
    Ok(change)
}

/// There is no deal: marketing has the lead again, which has all the way before it. Who bought before stays a customer.
fn no_deal(change: &mut Change, evidence: Evidence, now: Moment) {
    if change.lead.lifecycle != Lifecycle::Customer {
        change.fall_back(Lifecycle::Lead, evidence, now);
    }
}

/// How it went with the lead of an alert that is `closed` is told better. `bought` says whether they have bought in another deal: then they
/// stay a customer.
///
/// # Errors
/// What [`Alert::corrected`] refuses.
pub fn correct(
    scene: &Scene,
    by: &Member,
    (closed, bought): (&Alert, bool),
    how: Outcome,
    note: Option<String>,
    now: Moment,
) -> Result<Change, Refusal> {
    let mut change = scene.unchanged();
    let alert = closed.clone().corrected(by, scene.lead.called(), how, note.clone())?;
    if let AlertState::Closed { how: was, .. } = closed.state
        && was != how
    {
        let note = note.map(|note| format!(": {note}")).unwrap_or_default();
        let evidence = Evidence::by(&by.handle, format!("{}, not {}{note}", how.label(), was.label()));
        if was == Outcome::NotAFit && change.lead.nurture == Nurture::Archived {
            change.lead.move_nurture(Nurture::Active, evidence.why.clone(), now);
        }
        match how {
            Outcome::Won => change.reach(Lifecycle::Customer, evidence),
            // Who is a customer by another word than the one that is taken back stays one.
            Outcome::Lost | Outcome::NotAFit if bought => {}
            Outcome::Lost | Outcome::NotAFit if was == Outcome::Won => {
                change.take_back(Lifecycle::Lead, evidence, now);
            }
            _ => no_deal(&mut change, evidence, now),
        }
        if how == Outcome::NotAFit {
            archive(scene, &mut change, now);
        }
    }
    change.effects.push(Effect::Alert(alert));
    Ok(change)
}

/// They never fit: nobody writes to them, and nobody is asked about them soon.
fn archive(scene: &Scene, change: &mut Change, now: Moment) {
    change.lead.move_nurture(Nurture::Archived, "not a fit", now);
    change.lead.rung_at = Some(now);
    end_runs(scene, change, "not a fit", now);
}

/// A rep's note shows on the card.
pub fn noted(scene: &Scene) -> Change {
    let mut change = scene.unchanged();
    if let Some(alert) = &scene.alert {
        change.effects.push(Effect::Alert(alert.clone().touched()));
    }
    change
}

/// Enrolls the lead in a sequence by hand.
///
/// # Errors
/// [`Refusal::Unknown`] with the nearest sequence, [`Refusal::Not`] when the lead may not begin it.
pub fn enroll(scene: &Scene, sequence: &str, playbooks: &Playbooks, now: Moment) -> Result<Change, Refusal> {
    let plan = playbooks.current().plan(sequence)?;
    let last = scene.began(sequence, None);
    may_begin(&scene.lead, plan, scene.runs_in(sequence, None), last, scene.suppressed, now).map_err(
        |why| {
            let text = format!("{} cannot begin {sequence}: {why}.", scene.lead.called());
            Refusal::Not { code: "cannot_enroll", text }
        },
    )?;
    let mut change = scene.unchanged();
    let planned = Planned::new(plan, playbooks.version(), &scene.lead).meant();
    change.effects.push(Effect::Enroll(planned));
    Ok(change)
}

/// Ends all the lead's runs. With `for_good`, the lead asked for it: never write again.
pub fn stop(scene: &Scene, by: &Handle, for_good: bool, now: Moment) -> Change {
    let mut change = scene.unchanged().touched(now);
    end_runs(scene, &mut change, &format!("stopped by {}", by.name()), now);
    if for_good {
        let how = format!("asked for it, says {}", by.name());
        let proof = Proof { source: "chat".to_owned(), ..Proof::default() };
        change.hear(scene, Record::no(ConsentState::Unsubscribed, &how, now, proof));
    }
    if change.lead.nurture == Nurture::Cold {
        let to = if for_good { Nurture::Archived } else { Nurture::Active };
        change.lead.move_nurture(to, format!("stopped by {}", by.name()), now);
    }
    change
}

/// The alert that is live, or one that is made because a rep takes the lead.
fn live_or_by_hand(scene: &Scene, new: AlertId, wall: Moment) -> Alert {
    let by_hand = Raised { reason: Reason::Hand, because: vec!["Taken by hand".to_owned()], meant_for: None };
    scene.alert.clone().unwrap_or_else(|| Alert::raise(new, scene.lead.id, &by_hand, wall))
}

fn live(scene: &Scene) -> Result<Alert, Refusal> {
    match &scene.alert {
        Some(alert) => Ok(alert.clone()),
        None => Err(Refusal::NotClaimed { lead: scene.lead.called().to_owned() }),
    }
}

/// Gives the lead to a rep, or back; what waits for it looks again at once.
fn own(change: &mut Change, owner: Option<&Handle>) {
    if let Some(before) = change.lead.owner.take() {
        change.lead.last_owner = Some(before);
    }
    change.lead.owner = owner.cloned();
    if let Some(owner) = owner {
        change.lead.last_owner = Some(owner.clone());
    }
    change.effects.push(Effect::Wake);
}

fn end_runs(scene: &Scene, change: &mut Change, why: &str, now: Moment) {
    let ended = scene.runs.iter().map(|run| Effect::Run(run.clone().end(Ended::Stopped, why, now)));
    change.effects.extend(ended);
}
