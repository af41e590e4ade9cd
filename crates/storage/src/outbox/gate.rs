//! Gate and fate in one transaction: what waits to leave is asked everything again, and what has
//! left or failed is written down. Whatever queued while the last one committed goes into the next.

use super::{Fate, Outbox, Sender, Ticket, asked::Asked, rivals::priority, settle};
use crate::{
    Result,
    rows::{micros, moment},
    transaction::{Writing, again, list_of, rounded, rows_of},
};
use chrono_tz::Tz;
use rekindle_core::{
    delivery::{DeliveryState, Event, MailKind},
    enrollment::Ended,
    gate::{GateScene, Verdict, gate, is_hold},
    ids::{DeliveryId, LeadId},
    playbook::Playbooks,
    time::Moment,
};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Value, prelude::Uuid};
use std::{cmp::Reverse, collections::HashMap};

/// What the gate needs to know beside the rows.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// The plans.
    pub playbooks: &'a Playbooks,
    /// The zone of leads that have none.
    pub zone: Tz,
    /// The sender that is warming up: its accepted mails are counted by days.
    pub warming: Option<&'a str>,
}

/// What became of a ticket at the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passage {
    /// Its intent is committed: the dot may be sent, once.
    Go,
    /// It looks good; no intent was committed.
    Clear,
    /// It went back or ended, as the gate said: close the transaction without the dot.
    Stopped,
    /// Somebody else has it: this claim is over.
    Lost,
}

/// What the gate has decided about a group, to be written.
#[derive(Default)]
struct Verdicts {
    /// Those that may go, with the place of their ticket.
    going: Vec<(usize, Ticket)>,
    later: Vec<(Uuid, i64, i64, String)>,
    never: Vec<(Uuid, Event, String)>,
    /// How many of those that may go try for a breaker, by its name.
    tried: Vec<(String, i64)>,
}

impl Outbox<'_> {
    /// A first, cheap look: which of these would not be let through is written down at once, so that nothing is rendered
    /// for them. Nothing is locked for the others, and no intent is committed.
    ///
    /// # Errors
    /// As the database says.
    pub async fn look(&self, sender: &Sender, tickets: &[Ticket], rules: Rules<'_>) -> Result<Vec<Passage>> {
        self.0.empty_spool().await?;
        let now = self.0.clock.calendar();
        let caps = &rules.playbooks.current().frequency.cap;
        let mut asked = self.ask(&self.0.db, sender, tickets, caps, now).await?;
        let leads = tickets.iter().map(|ticket| ticket.lead.0).collect();
        self.note_rivals(&self.0.db, &mut asked, leads, rules.playbooks, now).await?;
        let (mut passages, verdicts) = decide(&asked, tickets, rules, now);
        if verdicts.later.is_empty() && verdicts.never.is_empty() {
            return Ok(passages);
        }
        let is_stopped = |passage: &Passage| *passage == Passage::Stopped;
        let places: Vec<usize> = (0..tickets.len()).filter(|at| is_stopped(&passages[*at])).collect();
        let stopped: Vec<Ticket> = places.iter().map(|at| tickets[*at]).collect();
        let again = again!(self.pass_once(sender, &stopped, &[], false, rules))?;
        for (at, passage) in places.into_iter().zip(again) {
            passages[at] = passage;
        }
        Ok(passages)
    }

    /// Asks everything again for `tickets`, and writes down `fates`: the intents of those that may go are committed, and
    /// after this returns their dots may be sent.
    ///
    /// # Errors
    /// As the database says, or because unsubscribes wait that cannot be taken over; then no intent was committed, and no
    /// fate written.
    pub async fn pass(
        &self,
        sender: &Sender,
        tickets: &[Ticket],
        fates: &[Fate],
        rules: Rules<'_>,
    ) -> Result<Vec<Passage>> {
        if !tickets.is_empty() {
            self.0.empty_spool().await?;
        }
        again!(self.pass_once(sender, tickets, fates, true, rules))
    }

    async fn pass_once(
        &self,
        sender: &Sender,
        tickets: &[Ticket],
        fates: &[Fate],
        commit: bool,
        rules: Rules<'_>,
    ) -> Result<Vec<Passage>> {
        let now = self.0.clock.calendar();
        let tx = self.0.begin().await?;
        let leads = tickets.iter().chain(fates.iter().map(|fate| &fate.ticket)).map(|ticket| ticket.lead.0);
        self.lock(&tx, leads.collect()).await?;
        let due = settle::write(self, &tx, sender.id(), fates, now).await?;
        if let Some(from) = rules.warming {
            let accepted = fates.iter().filter(|fate| fate.event == Event::Accepted).count();
            self.count_sent(&tx, from, accepted, now).await?;
        }
        let mut passages = Vec::new();
        let mut ended = false;
        if !tickets.is_empty() {
            let caps = &rules.playbooks.current().frequency.cap;
            let mut asked = self.ask(&*tx, sender, tickets, caps, now).await?;
            if !commit {
                let leads = tickets.iter().map(|ticket| ticket.lead.0).collect();
                self.note_rivals(&*tx, &mut asked, leads, rules.playbooks, now).await?;
            }
            let verdicts;
            (passages, verdicts) = decide(&asked, tickets, rules, now);
            if commit {
                for (breaker, count) in &verdicts.tried {
                    let text = "UPDATE breaker SET probes = probes - ? WHERE name = ? AND state = 'probing'";
                    tx.execute_raw(self.0.sql(text, vec![(*count).into(), breaker.clone().into()])).await?;
                }
                self.intend(&tx, sender, &verdicts.going, &mut passages, now).await?;
            }
            self.put_back(&tx, verdicts.later, now).await?;
            ended = self.end_all(&tx, verdicts.never, now).await?;
        }
        self.0.commit(tx, ended).await?;
        if due {
            // Its next step is this worker's to take, and nobody else's business.
            self.0.signal.raise();
        }
        Ok(passages)
    }

    /// The lock on the lead orders an unsubscribe before or after this gate; what is read behind it is read anew. It comes
    /// first, and in the order of ids, as it does for every decision: two that meet wait for each other, never crosswise.
    /// SQLite's transaction is alone already.
    async fn lock(&self, tx: &Writing, mut leads: Vec<Uuid>) -> Result<()> {
        if leads.is_empty() || self.0.db.get_database_backend() != DbBackend::Postgres {
            return Ok(());
        }
        leads.sort_unstable();
        leads.dedup();
        let leads = rounded(leads);
        let text =
            format!("SELECT id FROM lead WHERE id IN ({}) ORDER BY id FOR UPDATE", list_of(leads.len()));
        tx.execute_raw(self.0.sql(&text, leads.into_iter().map(Value::from).collect())).await?;
        Ok(())
    }

    /// Commits the intents, each by one compare-and-set on (id, state, generation, owner): whoever loses it may not send.
    async fn intend(
        &self,
        tx: &Writing,
        sender: &Sender,
        going: &[(usize, Ticket)],
        passages: &mut [Passage],
        now: Moment,
    ) -> Result<()> {
        if going.is_empty() {
            return Ok(());
        }
        let claims = rounded(going.to_vec());
        let text = format!(
            "WITH v(id, generation) AS (VALUES {}) UPDATE delivery SET state = 'committing', committed_at = ?, moved_at = ?, reason = NULL FROM v \
             WHERE delivery.id = v.id AND delivery.generation = v.generation AND delivery.state = 'claimed' AND (delivery.owner = ?) IS TRUE RETURNING delivery.id AS id",
            rows_of(claims.len(), 2)
        );
        let mut values: Vec<Value> =
            claims.iter().flat_map(|(_, t)| [Value::from(t.id.0), t.generation.into()]).collect();
        values.extend([micros(now).into(), micros(now).into(), sender.id().into()]);
        let moved = settle::Moved::find_by_statement(self.0.sql(&text, values)).all(&**tx).await?;
        for (at, ticket) in going {
            let is_ours = moved.iter().any(|row| row.id == ticket.id.0);
            passages[*at] = if is_ours { Passage::Go } else { Passage::Lost };
        }
        Ok(())
    }

    /// Back to waiting, until another moment.
    pub(super) async fn put_back(
        &self,
        tx: &Writing,
        later: Vec<(Uuid, i64, i64, String)>,
        now: Moment,
    ) -> Result<()> {
        for chunk in later.chunks(200) {
            let text = format!(
                "WITH v(id, until, expires_at, why) AS (VALUES {}) UPDATE delivery SET state = 'pending', owner = NULL, attempt = attempt - 1, not_before = v.until, expires_at = v.expires_at, reason = v.why, moved_at = ? FROM v WHERE delivery.id = v.id",
                rows_of(chunk.len(), 4)
            );
            let mut values: Vec<Value> = Vec::with_capacity(chunk.len() * 4 + 1);
            for (id, until, expires_at, why) in chunk {
                values.extend([(*id).into(), (*until).into(), (*expires_at).into(), why.clone().into()]);
            }
            values.push(micros(now).into());
            tx.execute_raw(self.0.sql(&text, values)).await?;
        }
        Ok(())
    }

    /// It will not be sent: its run ends with it, but for one that came too late, which goes on.
    pub(super) async fn end_all(
        &self,
        tx: &Writing,
        never: Vec<(Uuid, Event, String)>,
        now: Moment,
    ) -> Result<bool> {
        for (id, event, why) in &never {
            let Some(state) = DeliveryState::Claimed.after(*event) else { continue };
            let text = "UPDATE delivery SET state = ?, owner = NULL, reason = ?, moved_at = ? WHERE id = ?";
            let values = vec![state.word().into(), why.clone().into(), micros(now).into(), (*id).into()];
            tx.execute_raw(self.0.sql(text, values)).await?;
            if *event == Event::Expire {
                settle::advance(self, tx, &[*id], "expired", now).await?;
            } else {
                let text = format!(
                    "UPDATE enrollment SET state = ?, ended_at = ?, delivery_id = NULL, reason = ? \
                     FROM delivery m WHERE m.id = ? AND {}",
                    settle::OF_M
                );
                let values =
                    vec![Ended::Stopped.word().into(), micros(now).into(), why.clone().into(), (*id).into()];
                tx.execute_raw(self.0.sql(&text, values)).await?;
            }
        }
        Ok(!never.is_empty())
    }
}

/// When it becomes too late for a mail. One that the team held has not aged while nobody asked for it.
fn expires_at(asked: &Asked, now: Moment) -> i64 {
    let held = asked.reason.as_deref().is_some_and(is_hold);
    asked.expires_at + if held { (micros(now) - asked.not_before).max(0) } else { 0 }
}

/// What the gate says of each ticket: `Clear`, `Stopped` or `Lost`.
fn decide(
    asked: &HashMap<DeliveryId, Asked>,
    tickets: &[Ticket],
    rules: Rules<'_>,
    now: Moment,
) -> (Vec<Passage>, Verdicts) {
    let mut passages = vec![Passage::Lost; tickets.len()];
    let mut verdicts = Verdicts::default();
    // Who gets a mail with this group gets no second with it.
    let mut mailed: Vec<LeadId> = Vec::new();
    // How many of this group have tried for each breaker that lets a few pass.
    let mut tried: HashMap<&str, i64> = HashMap::new();
    // Of two to one lead the one that matters more is asked first.
    let mut order: Vec<usize> = (0..tickets.len()).collect();
    let matters = |at: &usize| {
        let run = asked.get(&tickets[*at].id).and_then(|asked| asked.run.as_ref());
        Reverse(
            run.map_or_else(Default::default, |run| priority(rules.playbooks, &run.sequence, run.version)),
        )
    };
    order.sort_by_key(matters);
    for at in order {
        let ticket = &tickets[at];
        let held = asked.get(&ticket.id).filter(|asked| asked.generation == ticket.generation);
        let Some(held) = held else {
            continue;
        };
        let just_mailed = mailed.contains(&ticket.lead);
        let met = held.breaker.as_ref();
        let rests = met.filter(|met| tried.get(met.name.as_str()).copied().unwrap_or(0) >= met.probes);
        let rests = rests.map(|met| met.why.as_str());
        passages[at] = match judge(held, just_mailed, rests, rules, now) {
            Verdict::Go => {
                verdicts.going.push((at, *ticket));
                if let Some(met) = met.filter(|_| held.kind == MailKind::Campaign) {
                    *tried.entry(met.name.as_str()).or_default() += 1;
                }
                if held.kind == MailKind::Campaign {
                    mailed.push(ticket.lead);
                }
                Passage::Clear
            }
            Verdict::Later { until, why, ageless } => {
                let ahead = if ageless { micros(until) - micros(now) } else { 0 };
                verdicts.later.push((held.id, micros(until), expires_at(held, now) + ahead, why));
                Passage::Stopped
            }
            Verdict::Never { event, why } => {
                verdicts.never.push((held.id, event, why));
                Passage::Stopped
            }
        };
    }
    verdicts.tried = tried.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
    (passages, verdicts)
}

fn judge(asked: &Asked, just_mailed: bool, rests: Option<&str>, rules: Rules<'_>, now: Moment) -> Verdict {
    let run = asked.run.as_ref();
    let awaited = match run {
        None if asked.in_run => Err("its run is gone".to_owned()),
        None => Ok(()),
        Some(run) if run.awaits_this => Ok(()),
        // Sent again by decision: the run has gone on when nobody knew, and does not await it any more.
        Some(run) if asked.was_committed && run.goes_on => Ok(()),
        Some(run) => Err(run.reason.clone().unwrap_or_else(|| "its run is over".to_owned())),
    };
    // What leaves with this group counts already.
    let caps: Vec<_> = asked
        .caps
        .iter()
        .map(|(cap, at)| (*cap, if just_mailed && cap.mails == 1 { Some(now) } else { *at }))
        .collect();
    let scene = GateScene {
        to: &asked.to,
        suppressed: asked.suppressed,
        kind: asked.kind,
        sequence: run.and_then(|run| rules.playbooks.of(run.version).sequence(&run.sequence)),
        run: awaited,
        campaign: asked.campaign,
        paused_by: asked.paused_by.as_deref(),
        rests,
        last_mail_at: if just_mailed { Some(now) } else { asked.last_mail_at },
        caps: &caps,
        rival: just_mailed.then_some("another mail to the lead").or(asked.rival.as_deref()),
        open: rules.playbooks.current().frequency.send_window.as_ref(),
        expires_at: moment(expires_at(asked, now)),
        zone: rules.zone,
    };
    gate(&scene, now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rekindle_core::{delivery::Event, frequency::Cap, ids::EnrollmentId, span::Span, time::Clock};
    use std::{sync::Arc, time::Duration};

    #[derive(Debug)]
    struct Stopped;

    impl Clock for Stopped {
        fn calendar(&self) -> Moment {
            Moment::UNIX_EPOCH
        }
        fn wall(&self) -> Moment {
            Moment::UNIX_EPOCH
        }
        fn stopwatch(&self) -> Duration {
            Duration::ZERO
        }
    }

    /// What is asked and written for every mail goes by indexes: a look at every row of a table would grow with the outbox.
    #[tokio::test]
    async fn no_statement_of_the_outbox_looks_at_every_row() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/rekindle.db", folder.path().display());
        let store = crate::Store::open(&url, Arc::new(Stopped)).await.unwrap();
        let outbox = store.outbox();
        let sender = outbox.enlist().await.unwrap();
        let ticket = |number: u128| Ticket {
            id: DeliveryId(Uuid::from_u128(number)),
            generation: 1,
            lead: LeadId(Uuid::from_u128(number)),
            enrollment: Some(EnrollmentId(Uuid::from_u128(number))),
            attempt: 1,
        };
        let tickets: Vec<Ticket> = (1..6).map(ticket).collect();
        let going: Vec<(usize, Ticket)> = tickets.iter().copied().enumerate().collect();
        let events = [Event::Accepted, Event::Refused, Event::NotTaken, Event::Lost, Event::Back];
        let fates: Vec<Fate> = tickets
            .iter()
            .zip(events)
            .map(|(ticket, event)| Fate { ticket: *ticket, event, answer: "250 ok".to_owned() })
            .collect();
        crate::transaction::said::begin();
        let now = Moment::UNIX_EPOCH;
        outbox.claim(&sender, 10).await.unwrap();
        outbox.read(&sender, &[Uuid::from_u128(1), Uuid::from_u128(2)]).await.unwrap();
        let tx = store.begin().await.unwrap();
        settle::write(&outbox, &tx, sender.id(), &fates, now).await.unwrap();
        settle::advance(&outbox, &tx, &[Uuid::from_u128(1)], "expired", now).await.unwrap();
        let caps = [Cap { mails: 3, every: Span::days(7) }];
        let mut asked = outbox.ask(&*tx, &sender, &tickets, &caps, now).await.unwrap();
        let leads = tickets.iter().map(|ticket| ticket.lead.0).collect();
        let files = [
            ("scoring.toml", include_str!("../../../../config/playbook/scoring.toml")),
            ("segments.toml", ""),
            ("routing.toml", include_str!("../../../../config/playbook/routing.toml")),
            ("sunset.toml", "quiet_for = \"30d\"\nenroll = \"a\"\nagain_after = \"180d\"\n"),
            ("sequences/a.toml", "name = \"a\"\n[[step]]\nfinish = true\n"),
        ];
        let files = files.map(|(file, text)| (file.to_owned(), text.to_owned())).into();
        let playbooks =
            Playbooks::new(1, Arc::new(rekindle_core::playbook::Playbook::parse(&files).unwrap()));
        outbox.note_rivals(&*tx, &mut asked, leads, &playbooks, now).await.unwrap();
        outbox.intend(&tx, &sender, &going, &mut [Passage::Clear; 5], now).await.unwrap();
        outbox.put_back(&tx, vec![(Uuid::from_u128(1), 1, 1, "why".to_owned())], now).await.unwrap();
        let never = vec![(Uuid::from_u128(1), Event::Cancel, "why".to_owned())];
        outbox.end_all(&tx, never, now).await.unwrap();
        store.commit(tx, false).await.unwrap();
        let said = crate::transaction::said::end();
        assert!(said.len() >= 9, "{said:#?}");
        for texts in said {
            for text in texts.split("; ") {
                let explain =
                    sea_orm::Statement::from_string(DbBackend::Sqlite, format!("EXPLAIN QUERY PLAN {text}"));
                for row in store.db.query_all_raw(explain).await.unwrap() {
                    let step: String = row.try_get("", "detail").unwrap();
                    let whole = ["delivery", "lead", "enrollment", "frozen", "attempt", "d", "l", "e", "m"];
                    let scans = whole.iter().any(|table| {
                        step.strip_prefix("SCAN ").is_some_and(|rest| rest.split(' ').next() == Some(table))
                    });
                    assert!(!scans, "{step}\nin {text}");
                }
            }
        }
    }
}
