//! What follows an answer to a survey, beside its points: they are written to again on a date, or a colleague is asked for.
//!
//! The way out that an answer may be, too, is an activity of its own ([`names::UNSUBSCRIBED`]).

use crate::{
    activity::{Activity, Kind, names},
    enrollment::Planned,
    lead::Nurture,
    notice::{Notice, Topic},
    playbook::Playbooks,
    scene::{Change, Effect, Scene},
    sequence::Consequence,
    time::Moment,
};

/// What follows an activity, if it is an answer that anything follows.
pub fn consequence(activity: &Activity) -> Option<Consequence> {
    let is_answer = activity.kind == Kind::Mail && activity.name == names::ANSWERED;
    let then = is_answer.then(|| activity.properties.get("then")).flatten()?;
    serde_json::from_value(then.clone()).ok()
}

/// Adds what follows the answers among `new`. `back` is with what words the team is told of a return: who asked for another time, or
/// is the wrong person, has not come back.
pub(crate) fn follow(
    scene: &Scene,
    change: &mut Change,
    new: &[Activity],
    back: Option<String>,
    playbooks: &Playbooks,
    now: Moment,
) -> Option<String> {
    let mut back = back;
    for (activity, consequence) in new.iter().filter_map(|a| Some((a, consequence(a)?))) {
        match consequence {
            Consequence::Again { after, sequence } => {
                let at = activity.at + after.delta();
                let date = at.format("%-d %B %Y");
                back = None;
                change.lead.move_nurture(Nurture::Active, "", now);
                change.lead.nurture_why = Some(format!("asked to be written to again on {date}"));
                let may = change.lead.may_be_mailed(now).is_ok()
                    && !scene.suppressed
                    && !scene.runs_in(&sequence, None);
                if let Some(plan) = playbooks.current().sequence(&sequence).filter(|_| may) {
                    let planned = Planned::new(plan, playbooks.version(), &change.lead).meant();
                    change.effects.push(Effect::Enroll(planned.on(at)));
                }
                tell_owner(change, format!("asks to be written to again on {date}"));
            }
            Consequence::Colleague => {
                back = None;
                change.lead.move_nurture(Nurture::Archived, "not the right person", now);
                tell_owner(change, "says they are not the right person".to_owned());
            }
            Consequence::Stop => {}
        }
    }
    let named = new.iter().find(|a| a.kind == Kind::Mail && a.name == names::COLLEAGUE);
    match named.and_then(|activity| activity.properties.get("colleague")?.as_str()) {
        Some(colleague) => Some(format!("Not the right person; they name {colleague}")),
        None => back,
    }
}

/// Tells whoever has the lead, or had it last.
fn tell_owner(change: &mut Change, what: String) {
    let lead = &change.lead;
    let Some(to) = lead.owner.clone().or_else(|| lead.last_owner.clone()) else { return };
    let text = format!("{}, {what}.", lead.called());
    change.effects.push(Effect::Tell(Notice { to, topic: Topic::Back, lead: lead.id, text }));
}
