//! What became of deliveries, written down: the delivery, the attempt, and the run that awaited it.

use super::{Outbox, Sender, Ticket};
use crate::{
    Result,
    rows::micros,
    transaction::{Writing, list_of, rows_of},
};
use rekindle_core::{
    delivery::{DeliveryState, Event, backoff},
    time::Moment,
};
use sea_orm::{ConnectionTrait, FromQueryResult, Value, prelude::Uuid};
use std::collections::HashMap;

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fate {
    /// Which claim of which delivery.
    pub ticket: Ticket,
    /// What happened: `Accepted`, `Refused`, `NotTaken`, `Lost`, `Back`.
    pub event: Event,
    /// The relay's answer, or what broke.
    pub answer: String,
}

/// In which states an event may find the delivery of its own claim. A sender that was taken for dead
/// may still say what it knows: UNKNOWN becomes SENT, or FAILED.
fn from_states(event: Event) -> &'static [DeliveryState] {
    use DeliveryState as S;
    match event {
        Event::Accepted => &[S::Committing, S::Unknown],
        Event::Refused => &[S::Claimed, S::Committing, S::Unknown],
        Event::NotTaken | Event::Lost => &[S::Committing],
        Event::Back => &[S::Claimed],
        _ => &[],
    }
}

#[derive(FromQueryResult)]
struct Moved {
    id: Uuid,
}

/// Writes fates down; a fate whose claim is over changes nothing. True when a run was moved.
pub(super) async fn write(
    outbox: &Outbox<'_>,
    tx: &Writing,
    sender: &Sender,
    fates: &[Fate],
    now: Moment,
) -> Result<bool> {
    let mut by_event: HashMap<Event, Vec<&Fate>> = HashMap::new();
    for fate in fates {
        by_event.entry(fate.event).or_default().push(fate);
    }
    let mut any = false;
    for (event, fates) in by_event {
        let from = from_states(event);
        let Some(to) = from.first().and_then(|state| state.after(event)) else { continue };
        for chunk in fates.chunks(200) {
            let moved = move_all(outbox, tx, sender, chunk, from, to, now).await?;
            attempts(outbox, tx, chunk, to, now).await?;
            if to.starts_next_wait() {
                any |= advance(outbox, tx, &moved, to.word(), now).await?;
            }
        }
    }
    Ok(any)
}

async fn move_all(
    outbox: &Outbox<'_>,
    tx: &Writing,
    sender: &Sender,
    fates: &[&Fate],
    from: &[DeliveryState],
    to: DeliveryState,
    now: Moment,
) -> Result<Vec<Uuid>> {
    let states: Vec<String> = from.iter().map(|state| format!("'{}'", state.word())).collect();
    let owner = if to == DeliveryState::Unknown { "owner" } else { "NULL" };
    let text = format!(
        "WITH v(id, generation, answer, not_before) AS (VALUES {}) UPDATE delivery SET state = ?, owner = {owner}, answer = v.answer, not_before = v.not_before, moved_at = ? \
         FROM v WHERE delivery.id = v.id AND delivery.generation = v.generation AND delivery.owner = ? AND delivery.state IN ({}) RETURNING delivery.id AS id",
        rows_of(fates.len(), 4),
        states.join(", ")
    );
    let mut values: Vec<Value> = Vec::with_capacity(fates.len() * 4 + 3);
    for fate in fates {
        let not_before = if to == DeliveryState::Pending { now + backoff(fate.ticket.attempt) } else { now };
        values.extend([
            fate.ticket.id.0.into(),
            fate.ticket.generation.into(),
            answer(fate).into(),
            micros(not_before).into(),
        ]);
    }
    values.extend([to.word().into(), micros(now).into(), sender.id().into()]);
    let moved = Moved::find_by_statement(outbox.0.sql(&text, values)).all(&**tx).await?;
    Ok(moved.into_iter().map(|row| row.id).collect())
}

async fn attempts(
    outbox: &Outbox<'_>,
    tx: &Writing,
    fates: &[&Fate],
    to: DeliveryState,
    now: Moment,
) -> Result<()> {
    let text = format!(
        "INSERT INTO attempt (delivery_id, generation, state, answer, at) VALUES {}",
        rows_of(fates.len(), 5)
    );
    let mut values: Vec<Value> = Vec::with_capacity(fates.len() * 5);
    for fate in fates {
        values.extend([
            fate.ticket.id.0.into(),
            fate.ticket.generation.into(),
            to.word().into(),
            answer(fate).into(),
            micros(now).into(),
        ]);
    }
    tx.execute_raw(outbox.0.sql(&text, values)).await?;
    Ok(())
}

/// The set-based form of `Enrollment::delivered`: the runs that await these go on with their next step.
pub(super) async fn advance(
    outbox: &Outbox<'_>,
    tx: &Writing,
    deliveries: &[Uuid],
    fate: &str,
    now: Moment,
) -> Result<bool> {
    if deliveries.is_empty() {
        return Ok(false);
    }
    let text = format!(
        "UPDATE enrollment SET state = 'due', step = step + 1, due_at = ?, delivery_id = NULL, reason = ? WHERE state = 'awaiting' AND delivery_id IN ({})",
        list_of(deliveries.len())
    );
    let mut values: Vec<Value> = vec![micros(now).into(), fate.into()];
    values.extend(deliveries.iter().map(|id| Value::from(*id)));
    let done = tx.execute_raw(outbox.0.sql(&text, values)).await?;
    Ok(done.rows_affected() > 0)
}

/// The answer, fit for a column.
fn answer(fate: &Fate) -> String {
    fate.answer.chars().filter(|c| *c != '\0').take(500).collect()
}
