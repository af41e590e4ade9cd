//! What dead senders left behind, and what is done in time with what nobody knows.

use super::{Outbox, Sender, Ticket, settle};
use crate::{Result, rows::micros, transaction::again};
use rekindle_core::{
    delivery::{DeliveryState, Event, MailKind},
    ids::DeliveryId,
    refusal::Refusal,
    time::Moment,
};
use sea_orm::{ConnectionTrait, EntityTrait, FromQueryResult, Value, prelude::Uuid};

/// What a recovery found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Claimed, and put back: no dot was sent.
    pub put_back: usize,
    /// In the act of being sent: nobody knows.
    pub unknown: usize,
    /// Unknown for long enough: taken as sent, or sent again, as their kind has it.
    pub settled: usize,
}

#[derive(FromQueryResult)]
struct Found {
    id: Uuid,
}

impl Outbox<'_> {
    /// Takes over from dead senders: what they had claimed goes back, what they were committing becomes
    /// unknown, never pending. Then the policy of each kind for what has been unknown for long.
    ///
    /// # Errors
    /// As the database says.
    pub async fn recover(&self, sender: &Sender) -> Result<Recovered> {
        let mut recovered = Recovered::default();
        for dead in self.dead(sender.id()).await? {
            let (put_back, unknown) = again!(self.recover_one(dead))?;
            recovered.put_back += put_back;
            recovered.unknown += unknown;
            self.bury(dead).await?;
        }
        for kind in MailKind::ALL {
            recovered.settled += again!(self.apply_policy(*kind))?;
        }
        Ok(recovered)
    }

    async fn recover_one(&self, dead: Uuid) -> Result<(usize, usize)> {
        let now = self.0.clock.calendar();
        let tx = self.0.begin().await?;
        let text = "UPDATE delivery SET state = 'pending', owner = NULL, attempt = attempt - 1, moved_at = ? WHERE owner = ? AND state = 'claimed'";
        let back = tx.execute_raw(self.0.sql(text, vec![micros(now).into(), dead.into()])).await?;
        let text = "UPDATE delivery SET state = 'unknown', moved_at = ?, reason = 'the sender died while it was being sent' WHERE owner = ? AND state = 'committing' RETURNING id";
        let values = vec![micros(now).into(), dead.into()];
        let unknown = Found::find_by_statement(self.0.sql(text, values)).all(&*tx).await?;
        let ids: Vec<Uuid> = unknown.into_iter().map(|row| row.id).collect();
        settle::advance(self, &tx, &ids, DeliveryState::Unknown.word(), now).await?;
        self.0.commit(tx, true).await?;
        Ok((usize::try_from(back.rows_affected()).unwrap_or(0), ids.len()))
    }

    /// Puts back what a sender had claimed and leaves without a dot: everything, or only these tickets.
    /// It costs no attempt and may be claimed again at once. Returns how many went back.
    ///
    /// # Errors
    /// As the database says.
    pub async fn unclaim(&self, sender: &Sender, only: Option<&[Ticket]>) -> Result<usize> {
        again!(self.unclaim_once(sender, only))
    }

    async fn unclaim_once(&self, sender: &Sender, only: Option<&[Ticket]>) -> Result<usize> {
        let now = self.0.clock.calendar();
        let tx = self.0.begin().await?;
        let text = "UPDATE delivery SET state = 'pending', owner = NULL, attempt = attempt - 1, moved_at = ? WHERE owner = ? AND state = 'claimed'";
        let mut back = 0;
        match only {
            None => {
                let values = vec![micros(now).into(), sender.id().into()];
                back += tx.execute_raw(self.0.sql(text, values)).await?.rows_affected();
            }
            Some(tickets) => {
                let one = format!("{text} AND id = ? AND generation = ?");
                for ticket in tickets {
                    let values = vec![
                        micros(now).into(),
                        sender.id().into(),
                        ticket.id.0.into(),
                        ticket.generation.into(),
                    ];
                    back += tx.execute_raw(self.0.sql(&one, values)).await?.rows_affected();
                }
            }
        }
        self.0.commit(tx, back > 0).await?;
        Ok(usize::try_from(back).unwrap_or(0))
    }

    /// Ends a claimed delivery that cannot be written, and its run with it, for a reason that a person reads.
    /// False when the claim is over.
    ///
    /// # Errors
    /// As the database says.
    pub async fn give_up(&self, sender: &Sender, ticket: Ticket, why: &str) -> Result<bool> {
        again!(self.give_up_once(sender, ticket, why))
    }

    async fn give_up_once(&self, sender: &Sender, ticket: Ticket, why: &str) -> Result<bool> {
        let now = self.0.clock.calendar();
        let tx = self.0.begin().await?;
        // Also locks the row, where the database locks rows.
        let text = "UPDATE delivery SET moved_at = ? WHERE id = ? AND generation = ? AND owner = ? AND state = 'claimed' RETURNING id";
        let values =
            vec![micros(now).into(), ticket.id.0.into(), ticket.generation.into(), sender.id().into()];
        let ours = Found::find_by_statement(self.0.sql(text, values)).one(&*tx).await?;
        let Some(row) = ours else { return Ok(false) };
        let why: String = why.chars().filter(|c| *c != '\0').take(500).collect();
        self.end_all(&tx, vec![(row.id, Event::Cancel, why)], now).await?;
        self.0.commit(tx, true).await?;
        Ok(true)
    }

    async fn apply_policy(&self, kind: MailKind) -> Result<usize> {
        let now = self.0.clock.calendar();
        let (event, after) = kind.on_unknown();
        let Some(to) = DeliveryState::Unknown.after(event) else { return Ok(0) };
        let tx = self.0.begin().await?;
        let text = "UPDATE delivery SET state = ?, owner = NULL, moved_at = ?, not_before = ? WHERE owner IS NOT NULL AND state = 'unknown' AND kind = ? AND moved_at <= ?";
        let values: Vec<Value> = vec![
            to.word().into(),
            micros(now).into(),
            micros(now).into(),
            kind.word().into(),
            micros(now - after).into(),
        ];
        let done = tx.execute_raw(self.0.sql(text, values)).await?;
        self.0.commit(tx, done.rows_affected() > 0).await?;
        Ok(usize::try_from(done.rows_affected()).unwrap_or(0))
    }

    /// A person decides about one whose fate is unknown: `AssumedSent`, `SendAgain` or `Drop`.
    ///
    /// # Errors
    /// [`Refusal`] when there is no such delivery, or its fate is known.
    pub async fn decide(&self, id: DeliveryId, event: Event) -> Result<DeliveryState> {
        let now: Moment = self.0.clock.calendar();
        let tx = self.0.begin().await?;
        let row = crate::rows::delivery::Entity::find_by_id(id.0).one(&*tx).await?;
        let row =
            row.ok_or(Refusal::Unknown { what: "delivery", name: id.to_string(), help: String::new() })?;
        let state = row.delivery()?.state;
        let to = match state.after(event) {
            Some(to) if state == DeliveryState::Unknown => to,
            _ => {
                let text = format!(
                    "This delivery is {}; only one whose fate is unknown is decided about.",
                    state.word()
                );
                return Err(Refusal::Not { code: "not_unknown", text }.into());
            }
        };
        let text = "UPDATE delivery SET state = ?, owner = NULL, moved_at = ?, not_before = ? WHERE id = ? AND state = 'unknown'";
        let values = vec![to.word().into(), micros(now).into(), micros(now).into(), id.0.into()];
        tx.execute_raw(self.0.sql(text, values)).await?;
        self.0.commit(tx, true).await?;
        Ok(to)
    }
}
