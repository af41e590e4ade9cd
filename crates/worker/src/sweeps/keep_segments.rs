//! Segments are kept up: everybody is asked when a segment is new, when time alone may have moved its answers, and once a day
//! in any case.
//!
//! Each is two statements over all leads, so that what time does to a million of them loads nobody.

use super::Round;
use chrono::TimeDelta;
use rekindle_core::segment::Predicate;
use rekindle_storage::Result;

/// How often everybody is asked what time may have moved, on the calendar.
const OFTEN: TimeDelta = TimeDelta::minutes(5);
/// How often everybody is asked anything else: what leads do has moved it already.
const SELDOM: TimeDelta = TimeDelta::days(1);

pub(super) async fn sweep(at: &Round<'_>) -> Result<usize> {
    let (segments, playbook, now) = (at.store.segments(), at.playbooks.current(), at.now());
    let kept = segments.kept().await?;
    let mut changed = 0;
    for gone in kept.iter().filter(|one| playbook.kept().all(|(name, _)| name != one.name)) {
        segments.drop_kept(&gone.name).await?;
        changed += 1;
    }
    for (name, question) in playbook.kept() {
        if at.stop.is_cancelled() {
            break;
        }
        let same = kept.iter().find(|one| one.name == name && one.question == question.to_string());
        let asked_at = match same {
            Some(one) => one.asked_at,
            None => {
                segments.keep(name, question).await?;
                None
            }
        };
        // A calendar that was moved back asks anew.
        let due = asked_at.is_none_or(|last| last > now || now - last >= pause(question));
        if due {
            let moves = segments.ask_everybody(name, question, playbook, now).await?;
            changed += usize::try_from(moves.joined + moves.left).unwrap_or(usize::MAX);
        }
    }
    Ok(changed)
}

fn pause(question: &Predicate) -> TimeDelta {
    if question.moves_with_time() { OFTEN } else { SELDOM }
}
