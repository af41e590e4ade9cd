//! A circuit breaker: mail that harms our name stops by itself, and a few mails try later whether it may go on (mail-rules S4).
//!
//! ```text
//! closed <--> poor (the team is told)      --a rate is too high--> open
//! open --it has cooled--> probing --its few mails did no harm--> closed
//!                            \--they did--> open
//! ```
//! One breaker is for all marketing mail, since all of it leaves in one name; one more for each domain that blocks us.

use crate::{lead::words, time::Moment};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

words! {
    /// Where a breaker stands.
    State {
        /// All mail passes.
        Closed = "closed",
        /// All mail passes, and a rate is higher than it should be.
        Poor = "poor",
        /// No mail passes.
        Open = "open",
        /// A few mails pass.
        Probing = "probing",
    }
}

/// A circuit breaker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breaker {
    /// Where it stands.
    pub state: State,
    /// Since when it counts (calendar): what was before it last closed, opened or began to probe is over.
    pub since: Moment,
    /// Why, in words that follow a colon.
    pub why: String,
    /// How many mails may still pass while it probes.
    pub probes: i64,
}

/// What came of the mails of a span of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    /// How many were sent.
    pub sent: i64,
    /// How many of them were reported as spam.
    pub complaints: i64,
    /// How many addresses were dead.
    pub bounces: i64,
}

/// The two spans over which the rates are looked at.
pub const WINDOWS: [(TimeDelta, &str); 2] =
    [(TimeDelta::hours(24), "24 hours"), (TimeDelta::days(7), "7 days")];
/// Fewer mails say nothing of a rate.
const LEAST: i64 = 200;
/// Rates in hundredths of a percent: from the first on the team is told, from the second on mail stops.
const COMPLAINTS: [i64; 2] = [10, 25];
const BOUNCES: [i64; 2] = [200, 500];

/// Within this time, so many blocks by policy stop the mail to a domain.
pub const BLOCKS_WITHIN: TimeDelta = TimeDelta::minutes(10);
const BLOCKS: i64 = 10;

/// How long an open one cools before it probes.
pub const COOLS: TimeDelta = TimeDelta::hours(4);
/// How many mails pass while it probes, and how long is waited for what comes back of them.
pub const PROBES: i64 = 20;
const LISTENS: TimeDelta = TimeDelta::hours(1);

impl Breaker {
    /// One that lets all pass.
    pub fn closed(now: Moment) -> Self {
        Self { state: State::Closed, since: now, why: String::new(), probes: 0 }
    }

    /// An admin closes it: what was before is over.
    pub fn close(&self, now: Moment) -> Self {
        Self::closed(now)
    }

    /// Where the breaker of all mail goes from here; `None` when it stays. `counted` are the [`WINDOWS`], none of them from before
    /// [`Breaker::since`].
    pub fn next(&self, counted: &[Counted; 2], now: Moment) -> Option<Self> {
        let moved = |state, why: String| Some(Self { state, since: now, why, probes: 0 });
        match self.state {
            State::Closed | State::Poor => match worst(counted) {
                (2, why) => moved(State::Open, why),
                (1, why) if self.state == State::Closed => {
                    Some(Self { state: State::Poor, why, ..self.clone() })
                }
                (0, _) if self.state == State::Poor => {
                    Some(Self { state: State::Closed, why: String::new(), ..self.clone() })
                }
                _ => None,
            },
            State::Open => self.cooled(now),
            State::Probing => {
                let Counted { complaints, bounces, .. } = counted[0];
                // Of so few mails one complaint is far above the rate.
                if complaints > 0 || bounces * 10_000 >= PROBES * BOUNCES[1] * 2 {
                    let why = format!(
                        "of {PROBES} mails that tried, {complaints} were reported as spam and {bounces} bounced"
                    );
                    return moved(State::Open, why);
                }
                self.is_tried(now).then(|| Self::closed(now))
            }
        }
    }

    /// Where the breaker of a domain goes, which has blocked so many mails in the last ten minutes and since it moved.
    pub fn next_of_domain(&self, blocks: i64, now: Moment) -> Option<Self> {
        let opened = || {
            let why = format!(
                "{blocks} mails were blocked there by policy within {} minutes",
                BLOCKS_WITHIN.num_minutes()
            );
            Some(Self { state: State::Open, since: now, why, probes: 0 })
        };
        match self.state {
            State::Closed | State::Poor if blocks >= BLOCKS => opened(),
            State::Closed | State::Poor => None,
            State::Open => self.cooled(now),
            State::Probing if blocks > 0 => opened(),
            State::Probing => self.is_tried(now).then(|| Self::closed(now)),
        }
    }

    fn cooled(&self, now: Moment) -> Option<Self> {
        let probing = || Self { state: State::Probing, since: now, probes: PROBES, why: self.why.clone() };
        (now >= self.since + COOLS).then(probing)
    }

    /// Whether its few mails have gone, and long enough for what comes back.
    fn is_tried(&self, now: Moment) -> bool {
        self.probes <= 0 && now >= self.since + LISTENS
    }

    /// What the team is told of the move that led here. `of` is the domain, if it is one's.
    pub fn news(&self, of: Option<&str>) -> String {
        let mail = of.map_or("Campaign mail".to_owned(), |domain| format!("Mail to {domain}"));
        let why = &self.why;
        match self.state {
            State::Closed => format!("{mail} goes out as usual again."),
            State::Poor => format!("{mail} harms our name: {why}. It goes on; look at whom we write to."),
            State::Open => format!(
                "{mail} is held: {why}. After {} hours a few mails try whether it may go on; /rekindle resume lets all go on now.",
                COOLS.num_hours()
            ),
            State::Probing => {
                format!("{mail} tries with {PROBES} mails whether it may go on; it was held: {why}.")
            }
        }
    }
}

/// How bad the worst rate is (0 fine, 1 poor, 2 too bad), and which it is.
fn worst(counted: &[Counted; 2]) -> (usize, String) {
    let mut worst = (0, String::new());
    for (Counted { sent, complaints, bounces }, (_, over)) in counted.iter().zip(WINDOWS) {
        if *sent < LEAST {
            continue;
        }
        for (count, of, rates, what) in [
            (*complaints, sent - bounces, COMPLAINTS, "were reported as spam"),
            (*bounces, *sent, BOUNCES, "went to dead addresses"),
        ] {
            let level = rates.iter().filter(|rate| count * 10_000 >= of * **rate).count();
            if count > 0 && level > worst.0 {
                let share = count as f64 * 100.0 / of.max(1) as f64;
                worst = (level, format!("{count} of {of} mails ({share:.2} %) {what} within {over}"));
            }
        }
    }
    worst
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Moment {
        Moment::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    fn counted(sent: i64, complaints: i64, bounces: i64) -> [Counted; 2] {
        [Counted { sent, complaints, bounces }; 2]
    }

    fn after(breaker: &Breaker, counted: [Counted; 2], now: Moment) -> State {
        breaker.next(&counted, now).map_or(breaker.state, |moved| moved.state)
    }

    #[test]
    fn s4_the_transition_is_at_the_rate() {
        let closed = Breaker::closed(at(0));
        for (complaints, state) in
            [(9, State::Closed), (10, State::Poor), (24, State::Poor), (25, State::Open), (30, State::Open)]
        {
            assert_eq!(after(&closed, counted(10_000, complaints, 0), at(1)), state, "0.{complaints:02} %");
        }
        for (bounces, state) in
            [(199, State::Closed), (200, State::Poor), (499, State::Poor), (500, State::Open)]
        {
            assert_eq!(after(&closed, counted(10_000, 0, bounces), at(1)), state, "{bounces} of 10,000");
        }
        assert_eq!(after(&closed, counted(199, 50, 50), at(1)), State::Closed, "too few to say");
        assert_eq!(after(&closed, counted(200, 0, 10), at(1)), State::Open);
        // One window is enough.
        let week = [Counted::default(), counted(10_000, 25, 0)[1]];
        assert_eq!(after(&closed, week, at(1)), State::Open);
        let poor = closed.next(&counted(10_000, 10, 0), at(1)).unwrap();
        assert_eq!(poor.why, "10 of 10000 mails (0.10 %) were reported as spam within 24 hours");
        assert_eq!(poor.next(&counted(10_000, 11, 0), at(2)), None, "it is told once");
        assert_eq!(after(&poor, counted(10_000, 9, 0), at(2)), State::Closed);
        assert_eq!(after(&poor, counted(10_000, 25, 0), at(2)), State::Open);
    }

    #[test]
    fn s4_it_cools_tries_with_a_few_and_closes_or_opens_again() {
        let open = Breaker::closed(at(0)).next(&counted(10_000, 30, 0), at(0)).unwrap();
        assert_eq!(open.next(&counted(0, 0, 0), at(239)), None);
        let probing = open.next(&counted(0, 0, 0), at(240)).unwrap();
        assert_eq!((probing.state, probing.probes), (State::Probing, PROBES));
        let tried = Breaker { probes: 0, ..probing.clone() };
        assert_eq!(probing.next(&counted(0, 0, 0), at(400)), None, "its mails have not gone");
        assert_eq!(tried.next(&counted(20, 0, 1), at(299)), None, "what comes back is waited for");
        assert_eq!(after(&tried, counted(20, 0, 1), at(300)), State::Closed);
        assert_eq!(after(&tried, counted(20, 1, 0), at(241)), State::Open);
        assert_eq!(after(&tried, counted(20, 0, 2), at(241)), State::Open);
        assert_eq!(open.close(at(5)), Breaker::closed(at(5)));
    }

    #[test]
    fn s4_ten_blocks_in_ten_minutes_hold_a_domain() {
        let closed = Breaker::closed(at(0));
        assert_eq!(closed.next_of_domain(9, at(1)), None);
        let open = closed.next_of_domain(10, at(1)).unwrap();
        assert_eq!(open.state, State::Open);
        let probing = open.next_of_domain(0, at(241)).unwrap();
        assert_eq!(probing.next_of_domain(1, at(242)).unwrap().state, State::Open);
        let tried = Breaker { probes: 0, ..probing };
        assert_eq!(tried.next_of_domain(0, at(301)).unwrap().state, State::Closed);
    }
}
