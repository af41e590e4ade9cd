//! Which of the mails that were claimed may leave now, by the pace of all processes together. What may not goes back until it may.

use super::{Outbox, Sender, Ticket};
use crate::{
    Result,
    rows::{micros, put, small},
    transaction::{Writing, again, list_of, rounded},
};
use rekindle_core::{
    outflow::{Key, Leave, Limits, Warmth, Wish, admit, day_of},
    pace::Bucket,
    time::Moment,
};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Value};
use std::{collections::BTreeMap, time::Duration};

/// A sender's days.
#[derive(FromQueryResult)]
struct Days {
    days: i64,
    today: Option<i64>,
    open: i64,
}

impl Outbox<'_> {
    /// Says of each mail, in order, whether it may leave now. The others are back in the outbox, with the reason.
    ///
    /// # Errors
    /// As the database says; then all are held as before.
    pub async fn admit(
        &self,
        sender: &Sender,
        wishes: &[(Ticket, Wish)],
        limits: &Limits,
    ) -> Result<Vec<bool>> {
        if !limits.is_any() || wishes.is_empty() {
            return Ok(vec![true; wishes.len()]);
        }
        again!(self.admit_once(sender, wishes, limits))
    }

    async fn admit_once(
        &self,
        sender: &Sender,
        wishes: &[(Ticket, Wish)],
        limits: &Limits,
    ) -> Result<Vec<bool>> {
        let now = self.0.clock.calendar();
        let tx = self.0.begin().await?;
        if self.0.db.get_database_backend() == DbBackend::Postgres {
            // One process after the other, also where a bucket has no row yet. SQLite's transaction is alone already.
            let alone = "SELECT pg_advisory_xact_lock(hashtext('rekindle: the pace of mail'))";
            tx.execute_raw(self.0.sql(alone, vec![])).await?;
        }
        let asked: Vec<Wish> = wishes.iter().map(|(_, wish)| wish.clone()).collect();
        let mut buckets = self.buckets(&tx, &asked, limits).await?;
        let mut warmth = BTreeMap::new();
        if !limits.warm_up.is_empty() {
            for wish in &asked {
                if !warmth.contains_key(&wish.from) {
                    warmth.insert(wish.from.clone(), self.warmth(&tx, &wish.from, wishes.len(), now).await?);
                }
            }
        }
        let leaves = admit(&asked, limits, &mut buckets, &mut warmth, now);
        let rows = buckets.iter().map(|(key, bucket)| small::bucket::Model {
            key: key.name(),
            level: bucket.left,
            at: i64::try_from(bucket.at.as_micros()).unwrap_or(i64::MAX),
        });
        put::<small::bucket::Entity, _>(&*tx, rows.collect()).await?;
        let held: Vec<Ticket> = wishes.iter().map(|(ticket, _)| *ticket).collect();
        let asked = self.ask(&*tx, sender, &held, &[], now).await?;
        let mut later = Vec::new();
        for (ticket, leave) in held.iter().zip(&leaves) {
            if let (Leave::Later { until, why }, Some(asked)) = (leave, asked.get(&ticket.id)) {
                later.push((ticket.id.0, micros(*until), asked.expires_at, why.clone()));
            }
        }
        self.put_back(&tx, later, now).await?;
        self.0.commit(tx, false).await?;
        Ok(leaves.into_iter().map(|leave| leave == Leave::Now).collect())
    }

    /// The buckets that these are taken from, as far as they have a row.
    async fn buckets(&self, tx: &Writing, wishes: &[Wish], limits: &Limits) -> Result<BTreeMap<Key, Bucket>> {
        let mut keys: Vec<Key> =
            wishes.iter().flat_map(|wish| wish.buckets(limits)).map(|(key, _)| key).collect();
        keys.sort_unstable();
        keys.dedup();
        let mut buckets = BTreeMap::new();
        if keys.is_empty() {
            return Ok(buckets);
        }
        let names: Vec<String> = rounded(keys.iter().map(Key::name).collect());
        let text = format!("SELECT key, level, at FROM bucket WHERE key IN ({})", list_of(names.len()));
        let values: Vec<Value> = names.into_iter().map(Value::from).collect();
        for row in small::bucket::Model::find_by_statement(self.0.sql(&text, values)).all(&**tx).await? {
            let at = Duration::from_micros(u64::try_from(row.at).unwrap_or(0));
            if let Some(key) = keys.iter().find(|key| key.name() == row.key) {
                buckets.insert(key.clone(), Bucket { left: row.level, at });
            }
        }
        Ok(buckets)
    }

    /// How warm a sender is. What is under way counts as sent; `asking` of that are those that ask.
    async fn warmth(&self, tx: &Writing, from: &str, asking: usize, now: Moment) -> Result<Warmth> {
        let text = "SELECT (SELECT count(*) FROM sent_day WHERE sender = ? AND day < ? AND sent > 0) AS days, \
             (SELECT sent FROM sent_day WHERE sender = ? AND day = ?) AS today, \
             (SELECT count(*) FROM delivery WHERE owner IS NOT NULL AND state <> 'unknown') AS open";
        let day = day_of(now);
        let values = vec![from.into(), day.into(), from.into(), day.into()];
        let days = Days::find_by_statement(self.0.sql(text, values)).one(&**tx).await?;
        let Some(Days { days, today, open }) = days else { return Ok(Warmth::default()) };
        let under_way = u64::try_from(open).unwrap_or(0).saturating_sub(asking as u64);
        let sent = u64::try_from(today.unwrap_or(0)).unwrap_or(0);
        Ok(Warmth { days: usize::try_from(days).unwrap_or(usize::MAX), today: sent + under_way })
    }

    /// Counts mails of a sender that were accepted today.
    pub(super) async fn count_sent(
        &self,
        tx: &Writing,
        from: &str,
        accepted: usize,
        now: Moment,
    ) -> Result<()> {
        if accepted == 0 {
            return Ok(());
        }
        let text = "INSERT INTO sent_day (sender, day, sent) VALUES (?, ?, ?) \
             ON CONFLICT (sender, day) DO UPDATE SET sent = sent_day.sent + excluded.sent";
        let values =
            vec![from.into(), day_of(now).into(), i64::try_from(accepted).unwrap_or(i64::MAX).into()];
        tx.execute_raw(self.0.sql(text, values)).await?;
        Ok(())
    }
}
