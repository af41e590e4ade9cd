//! Circuit breakers: what the mails of late did to our name is counted, and mail held or let go on.
//!
//! The gate reads them for each mail (`outbox/asked.rs`); what moves one tells the team, in the same transaction.

use crate::{
    Result, Store,
    rows::{micros, moment, put, small, word},
    transaction::{Writing, again},
};
use rekindle_core::{
    breaker::{BLOCKS_WITHIN, Breaker, Counted, State, WINDOWS},
    gate::RESTS,
    time::Moment,
};
use sea_orm::{ConnectionTrait, EntityTrait, Value};
use std::collections::BTreeMap;

/// The breaker of all mail; others are named like the domain that they are for, which has a dot.
pub(crate) const ALL: &str = "all";
/// More blocks than this need not be counted.
const MOST_BLOCKS: u32 = 10_000;

impl TryFrom<small::breaker::Model> for Breaker {
    type Error = crate::StoreError;

    fn try_from(row: small::breaker::Model) -> Result<Self> {
        let state = word("breaker", "state", &row.name, &row.state, State::from_word)?;
        Ok(Self { state, since: moment(row.since), why: row.why, probes: row.probes })
    }
}

impl Store {
    /// The breakers that are not closed, by name: the domain, or "all".
    ///
    /// # Errors
    /// As the database says.
    pub async fn breakers(&self) -> Result<BTreeMap<String, Breaker>> {
        let rows = small::breaker::Entity::find().all(&self.db).await?;
        let open = rows.into_iter().filter(|row| row.state != State::Closed.word());
        open.map(|row| Ok((row.name.clone(), row.try_into()?))).collect()
    }

    /// Counts, and moves what is to be moved. Returns how many breakers moved.
    ///
    /// # Errors
    /// As the database says.
    pub async fn watch_breakers(&self) -> Result<usize> {
        again!(self.watch_once())
    }

    async fn watch_once(&self) -> Result<usize> {
        let now = self.clock.calendar();
        let rows = small::breaker::Entity::find().all(&self.db).await?;
        let mut known: BTreeMap<String, Breaker> = BTreeMap::new();
        for row in rows {
            known.insert(row.name.clone(), row.try_into()?);
        }
        let mut moved = Vec::new();
        let all = known.remove(ALL).unwrap_or_else(|| Breaker::closed(Moment::UNIX_EPOCH));
        let mut counted = [Counted::default(); 2];
        for (of_window, (span, _)) in counted.iter_mut().zip(WINDOWS) {
            *of_window = self.counted(all.since.max(now - span)).await?;
        }
        moved.extend(all.next(&counted, now).map(|next| (ALL.to_owned(), all, next)));
        let blocks = self.blocks(now - BLOCKS_WITHIN).await?;
        for domain in blocks.keys() {
            known.entry(domain.clone()).or_insert_with(|| Breaker::closed(Moment::UNIX_EPOCH));
        }
        for (domain, breaker) in known {
            let since = |at: &&i64| **at > micros(breaker.since);
            let blocked = blocks.get(&domain).map_or(0, |times| times.iter().filter(since).count());
            let next = breaker.next_of_domain(i64::try_from(blocked).unwrap_or(i64::MAX), now);
            moved.extend(next.map(|next| (domain, breaker, next)));
        }
        if moved.is_empty() {
            return Ok(0);
        }
        let tx = self.begin().await?;
        let mut count = 0;
        for (name, before, next) in moved {
            // Another worker may have been faster, and has told the team.
            let there = small::breaker::Entity::find_by_id(name.as_str()).one(&*tx).await?;
            let stands = there.map_or(Ok(None), |row| Breaker::try_from(row).map(Some))?;
            if stands.is_some_and(|stands| (stands.state, stands.since) != (before.state, before.since)) {
                continue;
            }
            self.move_breaker(&tx, &name, &next, now).await?;
            count += 1;
        }
        self.commit(tx, count > 0).await?;
        Ok(count)
    }

    /// Closes every breaker, and tells who did. Returns how many were not closed.
    ///
    /// # Errors
    /// As the database says.
    pub async fn close_breakers(&self, by: &str) -> Result<usize> {
        let open = self.breakers().await?;
        if open.is_empty() {
            return Ok(0);
        }
        again!(async {
            let now = self.clock.calendar();
            let tx = self.begin().await?;
            for (name, breaker) in &open {
                self.move_breaker(&tx, name, &breaker.close(now), now).await?;
            }
            self.tell_the_team(&tx, &format!("{by} let held mail go on.")).await?;
            self.commit(tx, true).await
        })?;
        Ok(open.len())
    }

    async fn move_breaker(&self, tx: &Writing, name: &str, to: &Breaker, now: Moment) -> Result<()> {
        let row = small::breaker::Model {
            name: name.to_owned(),
            state: to.state.word().to_owned(),
            since: micros(to.since),
            why: to.why.clone(),
            probes: to.probes,
        };
        put::<small::breaker::Entity, _>(&**tx, vec![row]).await?;
        self.tell_the_team(tx, &to.news((name != ALL).then_some(name))).await?;
        if matches!(to.state, State::Closed | State::Probing) {
            // What it held looks again at once.
            let text = "UPDATE delivery SET not_before = ? WHERE state = 'pending' AND not_before > ? AND reason LIKE ?";
            let values = vec![micros(now).into(), micros(now).into(), format!("{RESTS}%").into()];
            tx.execute_raw(self.sql(text, values)).await?;
        }
        Ok(())
    }

    /// What came of mails since a moment.
    async fn counted(&self, since: Moment) -> Result<Counted> {
        let number = async |text: &str, values: Vec<Value>| -> Result<i64> {
            let row = self.db.query_one_raw(self.sql(text, values)).await?;
            Ok(row.map_or(Ok(0), |row| row.try_get_by_index(0))?)
        };
        let heard = "SELECT count(*) FROM heard WHERE at > ? AND kind = ?";
        let since: Value = micros(since).into();
        Ok(Counted {
            sent: number("SELECT count(*) FROM attempt WHERE at > ? AND state = 'sent'", vec![since.clone()])
                .await?,
            complaints: number(heard, vec![since.clone(), "complaint".into()]).await?,
            bounces: number(heard, vec![since, "hard".into()]).await?,
        })
    }

    /// When mails were blocked by policy since a moment, by the domain that did it: as the relay or a report says (5.7.x).
    async fn blocks(&self, since: Moment) -> Result<BTreeMap<String, Vec<i64>>> {
        let text = format!(
            "SELECT l.email, a.at FROM attempt a JOIN delivery d ON d.id = a.delivery_id JOIN lead l ON l.id = d.lead_id \
             WHERE a.at >= ? AND a.state = 'failed' AND a.answer LIKE '%5.7.%' AND l.email IS NOT NULL LIMIT {MOST_BLOCKS}"
        );
        let mut blocks: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for row in self.db.query_all_raw(self.sql(&text, vec![micros(since).into()])).await? {
            let (email, at): (String, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            if let Some((_, domain)) = email.rsplit_once('@') {
                blocks.entry(domain.to_owned()).or_default().push(at);
            }
        }
        Ok(blocks)
    }
}
