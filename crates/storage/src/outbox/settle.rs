//! What became of deliveries, written down: the delivery, the attempt, and the run that awaited it.

use super::{Outbox, Ticket};
use crate::{
    Result, StoreError,
    rows::micros,
    transaction::{Writing, again, list_of, rows_of},
};
use rekindle_core::{
    delivery::{DeliveryState, Event, backoff},
    ids::DeliveryId,
    time::Moment,
};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Value, prelude::Uuid};
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
        Event::Accepted => &[S::Committing, S::Unknown, S::SentAssumed],
        Event::Refused => &[S::Claimed, S::Committing, S::Unknown],
        Event::NotTaken | Event::Lost => &[S::Committing],
        Event::Back => &[S::Claimed],
        _ => &[],
    }
}

/// A delivery that a statement has moved.
#[derive(FromQueryResult)]
pub(super) struct Moved {
    pub(super) id: Uuid,
}

/// When a run that a statement has moved is due.
#[derive(FromQueryResult)]
struct GoesOn {
    due_at: i64,
}

impl Outbox<'_> {
    /// Writes down a fate that a sender of that name could not tell while it lived; one that was told before moves nothing.
    ///
    /// # Errors
    /// As the database says.
    pub async fn tell(&self, sender: &str, fate: &Fate) -> Result<()> {
        let Ok(sender) = Uuid::try_parse(sender) else { return Ok(()) };
        again!(self.tell_once(sender, fate))
    }

    async fn tell_once(&self, sender: Uuid, fate: &Fate) -> Result<()> {
        let now = self.0.clock.calendar();
        let tx = self.0.begin().await?;
        let due = write(self, &tx, sender, std::slice::from_ref(fate), now).await?;
        self.0.commit(tx, due).await
    }
}

/// Writes fates down; a fate whose claim is over changes nothing. True when a run's next step is due now.
pub(super) async fn write(
    outbox: &Outbox<'_>,
    tx: &Writing,
    sender: Uuid,
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
            any |= write_alike(outbox, tx, sender, chunk, from, to, now).await?;
        }
    }
    Ok(any)
}

/// Fates of one kind, in one trip to the database: the deliveries, the attempts, and the runs that awaited them. PostgreSQL
/// takes them as one statement, SQLite as three texts of one.
async fn write_alike(
    outbox: &Outbox<'_>,
    tx: &Writing,
    sender: Uuid,
    fates: &[&Fate],
    from: &[DeliveryState],
    to: DeliveryState,
    now: Moment,
) -> Result<bool> {
    let states: Vec<String> = from.iter().map(|state| format!("'{}'", state.word())).collect();
    let (states, to_word) = (states.join(", "), to.word());
    let owner = if to == DeliveryState::Unknown { "owner" } else { "NULL" };
    let moves = format!(
        "UPDATE delivery SET state = '{to_word}', owner = {owner}, answer = v.answer, not_before = v.not_before, moved_at = v.at FROM v \
         WHERE delivery.id = v.id AND delivery.generation = v.generation AND (delivery.owner = v.sender) IS TRUE AND delivery.state IN ({states})"
    );
    let notes = format!(
        "INSERT INTO attempt (delivery_id, generation, state, answer, at) SELECT id, generation, '{to_word}', answer, at FROM v"
    );
    let v =
        format!("v(id, generation, answer, not_before, at, sender) AS (VALUES {})", rows_of(fates.len(), 6));
    let mut values: Vec<Value> = Vec::with_capacity(fates.len() * 6);
    for fate in fates {
        let not_before = if to == DeliveryState::Pending { now + backoff(fate.ticket.attempt) } else { now };
        values.extend([
            fate.ticket.id.0.into(),
            fate.ticket.generation.into(),
            answer(fate).into(),
            micros(not_before).into(),
            micros(now).into(),
            sender.into(),
        ]);
    }
    let text = match outbox.0.db.get_database_backend() {
        DbBackend::Postgres => {
            let end = match to.starts_next_wait() {
                true => format!("{GOES_ON} reason = '{to_word}' FROM moved m WHERE {OF_M} RETURNING due_at"),
                false => "SELECT 0::bigint AS due_at WHERE false".to_owned(),
            };
            if to.starts_next_wait() {
                values.push(micros(now).into());
            }
            format!(
                "WITH {v}, moved AS ({moves} RETURNING delivery.id, delivery.enrollment_id), noted AS ({notes}) {end}"
            )
        }
        _ => {
            let once = values.clone();
            let mut texts = vec![format!("WITH {v} {moves}"), format!("WITH {v} {notes}")];
            values.extend(once.iter().cloned());
            if to.starts_next_wait() {
                // Awaited and settled is what no other transaction leaves behind: these were moved by this one.
                texts.push(format!(
                    "WITH {v} {GOES_ON} reason = '{to_word}' FROM (SELECT d.id, d.enrollment_id FROM v JOIN delivery d ON d.id = v.id \
                     WHERE d.generation = v.generation AND d.state = '{to_word}') m WHERE {OF_M} RETURNING due_at"
                ));
                values.extend(once);
                values.push(micros(now).into());
            }
            texts.join("; ")
        }
    };
    let moved = GoesOn::find_by_statement(outbox.0.sql(&text, values)).all(&**tx).await?;
    Ok(moved.iter().any(|run| run.due_at <= micros(now)))
}

/// A run goes on from a moment as it said when it began to await its mail.
const GOES_ON: &str = "UPDATE enrollment SET state = 'due', step = coalesce(enrollment.then_step, enrollment.step + 1), \
    due_at = ? + coalesce(enrollment.then_wait, 0), delivery_id = NULL, then_step = NULL, then_wait = NULL,";

/// The run that awaits the delivery `m`, found by its own id.
pub(super) const OF_M: &str =
    "enrollment.id = m.enrollment_id AND enrollment.delivery_id = m.id AND enrollment.state = 'awaiting'";

/// The set-based form of `Enrollment::delivered`: the runs that await these go on as they said when they began to.
/// True when the next step of one is due now.
pub(crate) async fn advance(
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
        "{GOES_ON} reason = ? FROM delivery m WHERE m.id IN ({}) AND {OF_M} RETURNING due_at",
        list_of(deliveries.len())
    );
    let mut values: Vec<Value> = vec![micros(now).into(), fate.into()];
    values.extend(deliveries.iter().map(|id| Value::from(*id)));
    let moved = GoesOn::find_by_statement(outbox.0.sql(&text, values)).all(&**tx).await?;
    Ok(moved.iter().any(|run| run.due_at <= micros(now)))
}

/// What came back moves a mail from one state to another, with the run that still awaits it: the set-based form of
/// `DeliveryState::after` for one. Where it is in another state meanwhile, whoever decided decides again.
pub(crate) async fn by_report(
    outbox: &Outbox<'_>,
    tx: &Writing,
    mail: DeliveryId,
    (from, to): (DeliveryState, DeliveryState),
    why: &str,
    now: Moment,
) -> Result<()> {
    let why: String = why.chars().filter(|c| *c != '\0').take(500).collect();
    let text =
        "UPDATE delivery SET state = ?, owner = NULL, reason = ?, moved_at = ? WHERE id = ? AND state = ?";
    let values =
        vec![to.word().into(), why.clone().into(), micros(now).into(), mail.0.into(), from.word().into()];
    if tx.execute_raw(outbox.0.sql(text, values)).await?.rows_affected() == 0 {
        return Err(StoreError::Busy("the mail has moved meanwhile".to_owned()));
    }
    let text = "INSERT INTO attempt (delivery_id, generation, state, answer, at) SELECT id, generation, state, ?, ? FROM delivery WHERE id = ?";
    tx.execute_raw(outbox.0.sql(text, vec![why.into(), micros(now).into(), mail.0.into()])).await?;
    if !from.starts_next_wait() {
        advance(outbox, tx, &[mail.0], to.word(), now).await?;
    }
    Ok(())
}

/// The answer, fit for a column.
fn answer(fate: &Fate) -> String {
    fate.answer.chars().filter(|c| *c != '\0').take(500).collect()
}
