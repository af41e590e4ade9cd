//! How fast mail may leave: all of it, that of one sender, that to one recipient's domain; and how many mails a new sender may send
//! on each day until it is known.
//!
//! Providers judge a sender by how steadily they write (mail-rules S3, S5). What may not leave yet is spread over the time in which it
//! may, so that nothing comes back all at once.

use crate::{
    email::EmailAddress,
    pace::{Bucket, Pace},
    time::Moment,
};
use chrono::TimeDelta;
use std::{collections::BTreeMap, time::Duration};

/// How much of a minute's mails may leave at once after a pause.
const AT_ONCE: f64 = 1.0 / 6.0;

/// The limits, as the operator sets them. Nothing set is no limit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Limits {
    /// Mails in a minute, of all senders.
    pub per_minute: Option<u32>,
    /// Mails in a minute of one sender.
    pub per_minute_of_sender: Option<u32>,
    /// Mails in a minute to one recipient's domain.
    pub per_minute_to_domain: Option<u32>,
    /// The same for domains that have a pace of their own.
    pub domains: BTreeMap<String, u32>,
    /// Mails of a sender on its first day, its second, …; behind the last there is no limit.
    pub warm_up: Vec<u32>,
}

impl Limits {
    /// Whether anything is limited.
    pub fn is_any(&self) -> bool {
        *self != Self::default()
    }

    fn of(&self, key: &Key) -> Option<u32> {
        match key {
            Key::All => self.per_minute,
            Key::Sender(_) => self.per_minute_of_sender,
            Key::Domain(domain) => self.domains.get(domain).copied().or(self.per_minute_to_domain),
        }
    }
}

/// Whose bucket it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// Everybody's.
    All,
    /// A sender's, by its domain.
    Sender(String),
    /// That of all mails to a domain.
    Domain(String),
}

impl Key {
    /// How it is called in its row and in reasons.
    pub fn name(&self) -> String {
        match self {
            Self::All => "all".to_owned(),
            Self::Sender(domain) => format!("from {domain}"),
            Self::Domain(domain) => format!("to {domain}"),
        }
    }
}

/// A mail that wants to leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The sender's domain.
    pub from: String,
    /// The recipient's domain.
    pub to: String,
}

impl Wish {
    /// The wish of a mail between two addresses.
    pub fn between(from: &EmailAddress, to: &EmailAddress) -> Self {
        Self { from: from.domain().to_owned(), to: to.domain().to_owned() }
    }

    /// The buckets that it is taken from and that have a limit, with their paces.
    pub fn buckets(&self, limits: &Limits) -> Vec<(Key, u32)> {
        let keys = [Key::All, Key::Sender(self.from.clone()), Key::Domain(self.to.clone())];
        keys.into_iter().filter_map(|key| Some((key.clone(), limits.of(&key)?))).collect()
    }
}

/// How far a sender's warm-up is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Warmth {
    /// On how many days before today it really sent.
    pub days: usize,
    /// How many mails it sent today, with those that are under way.
    pub today: u64,
}

/// What is said to a wish.
#[derive(Debug, Clone, PartialEq)]
pub enum Leave {
    /// Now.
    Now,
    /// Not before then.
    Later {
        /// When (calendar).
        until: Moment,
        /// Why, in words.
        why: String,
    },
}

/// The day of a moment, as warm-up counts: whole days of UTC since 1970.
pub fn day_of(at: Moment) -> i64 {
    at.timestamp().div_euclid(86_400)
}

/// Says to each wish, in order, whether it may leave; takes from the buckets and from the day what leaves. `buckets` holds those
/// that were used before, `warmth` that of each sender.
pub fn admit(
    wishes: &[Wish],
    limits: &Limits,
    buckets: &mut BTreeMap<Key, Bucket>,
    warmth: &mut BTreeMap<String, Warmth>,
    now: Moment,
) -> Vec<Leave> {
    let clock = since_1970(now);
    // How many have to wait for each bucket: the next one waits behind them.
    let mut behind: BTreeMap<Key, u32> = BTreeMap::new();
    wishes.iter().map(|wish| leave(wish, limits, buckets, warmth, &mut behind, clock, now)).collect()
}

fn leave(
    wish: &Wish,
    limits: &Limits,
    buckets: &mut BTreeMap<Key, Bucket>,
    warmth: &mut BTreeMap<String, Warmth>,
    behind: &mut BTreeMap<Key, u32>,
    clock: Duration,
    now: Moment,
) -> Leave {
    let warm = warmth.entry(wish.from.clone()).or_default();
    if let Some(most) = limits.warm_up.get(warm.days).filter(|most| warm.today >= u64::from(**most)) {
        let tomorrow = Moment::from_timestamp((day_of(now) + 1) * 86_400, 0).unwrap_or(now);
        let day = warm.days + 1;
        return Leave::Later { until: tomorrow, why: format!("warm-up: {most} mails on day {day}") };
    }
    let wanted = wish.buckets(limits);
    let lacking = wanted.iter().filter_map(|(key, per_minute)| {
        let pace = pace_of(*per_minute);
        let bucket = buckets.entry(key.clone()).or_insert(Bucket::full(pace, clock));
        *bucket = Bucket { left: bucket.filled(pace, clock), at: clock };
        let lacking = 1.0 - bucket.left + f64::from(behind.get(key).copied().unwrap_or(0));
        (bucket.left < 1.0 - 1e-6).then(|| (lacking / pace.per_second, key, per_minute))
    });
    match lacking.max_by(|one, other| one.0.total_cmp(&other.0)) {
        Some((seconds, key, per_minute)) => {
            *behind.entry(key.clone()).or_default() += 1;
            let wait = TimeDelta::milliseconds((seconds * 1_000.0).ceil() as i64);
            Leave::Later {
                until: now + wait,
                why: format!("pace: {per_minute} mails a minute {}", in_words(key)),
            }
        }
        None => {
            for (key, _) in &wanted {
                if let Some(bucket) = buckets.get_mut(key) {
                    bucket.left -= 1.0;
                }
            }
            warm.today += 1;
            Leave::Now
        }
    }
}

fn in_words(key: &Key) -> String {
    match key {
        Key::All => "in all".to_owned(),
        key => key.name(),
    }
}

fn pace_of(per_minute: u32) -> Pace {
    let per_minute = f64::from(per_minute);
    Pace { per_second: per_minute / 60.0, burst: (per_minute * AT_ONCE).max(1.0) }
}

/// The time of the buckets: since 1970.
fn since_1970(at: Moment) -> Duration {
    Duration::from_micros(u64::try_from(at.timestamp_micros()).unwrap_or(0))
}

#[cfg(test)]
mod tests;
