//! A trial: several subjects, or ways, of which the better is found while mails go out.
//!
//! It may be looked at any time, after every mail if one likes, and stopped when it says so: the error of declaring a winner where
//! there is none stays below 5 % over all looks together. The test is the mixture sequential probability ratio test on the
//! logarithm of the odds ratio, with a normal mixture around no difference.
//! Source: Johari, Koomen, Pekelis, Walsh, "Always Valid Inference: Continuous Monitoring of A/B Tests", Operations Research 70 (2022), 3;
//! Robbins, "Statistical Methods Related to the Law of the Iterated Logarithm", Annals of Mathematical Statistics 41 (1970).

use crate::{
    lead::Lead,
    lot,
    sequence::{Sequence, Step, Winner, WonBy},
    time::Moment,
};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// How likely a winner may be declared where there is none.
const ERROR: f64 = 0.05;
/// How far apart two are expected to be, in the logarithm of their odds: a third more or less.
const SPREAD: f64 = 0.3;
/// Beyond so many times what was tried already, nobody waits for it.
const TOO_MANY: f64 = 200.0;

/// Which of several a lead got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arm {
    /// The trial.
    pub trial: String,
    /// Which, from 0.
    pub number: usize,
}

/// What is tried at one step of a sequence.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// Its name: the sequence, and a sum of what is tried, so that it goes on where something else is edited; the campaign, where it was
    /// typed for that.
    pub key: String,
    /// The sequence.
    pub sequence: String,
    /// The step, in a word.
    pub step: String,
    /// What is tried, in words; each with its share.
    pub arms: Vec<(String, u32)>,
    /// How the better is found; none where it is only counted.
    pub winner: Option<Winner>,
    /// The mail, where its subjects are tried.
    pub mail: Option<String>,
}

impl Sequence {
    /// What is tried at a step.
    pub fn trial_at(&self, step: usize) -> Option<Trial> {
        let at = self.step.get(step)?;
        let (arms, winner, mail): (Vec<(String, u32)>, _, _) = match at {
            Step::Mail { mail, subjects, winner, .. } if subjects.len() > 1 => {
                (subjects.iter().map(|subject| (subject.clone(), 1)).collect(), *winner, Some(mail.clone()))
            }
            Step::Split { paths, winner } => {
                (paths.iter().map(|path| (path.name.clone(), path.share)).collect(), *winner, None)
            }
            _ => return None,
        };
        let mut sum = Sha256::new();
        for part in mail.iter().chain(arms.iter().map(|(words, _)| words)) {
            sum.update(part.as_bytes());
            sum.update([0]);
        }
        let sum: String = sum.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        let key = format!("{}:{sum}", self.name);
        Some(Trial { key, sequence: self.name.clone(), step: at.label()?, arms, winner, mail })
    }

    /// What it tries, in the order of its steps.
    pub fn trials(&self) -> impl Iterator<Item = Trial> {
        (0..self.step.len()).filter_map(|step| self.trial_at(step))
    }
}

/// The trials that are decided: by key, which won.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decided(pub BTreeMap<String, usize>);

impl Decided {
    /// Which a lead gets: the winner, or else always the same for the same lead.
    pub fn arm(&self, trial: &Trial, lead: &Lead) -> Arm {
        let won = self.0.get(&trial.key).copied().filter(|number| *number < trial.arms.len());
        let shares = trial.arms.iter().map(|(_, share)| *share);
        let number = won.or_else(|| lot::choose(&["trial", &trial.key], lead, shares)).unwrap_or(0);
        Arm { trial: trial.key.clone(), number }
    }

    /// Whether a lead of a campaign at so many waits for the winner, and until when at most. Those who are tried come first: as many as
    /// decide it, and a fifth more.
    pub fn waits(&self, trial: &Trial, lead: &Lead, audience: i64, launched_at: Moment) -> Option<Moment> {
        let winner = trial.winner.filter(|_| !self.0.contains_key(&trial.key))?;
        let tried = f64::from(winner.min_each) * trial.arms.len() as f64 * 1.2;
        let lot = f64::from(lot::draw(&["tried", &trial.key], lead, 100_000)) / 100_000.0;
        (lot * audience as f64 >= tried).then(|| launched_at + winner.after.delta() * 3)
    }
}

/// How one of several has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tried {
    /// How many leads had the time to answer.
    pub leads: u64,
    /// How many of them did.
    pub answered: u64,
}

impl Tried {
    /// The part that answered, from 0 to 1.
    pub fn rate(self) -> f64 {
        if self.leads == 0 { 0.0 } else { self.answered as f64 / self.leads as f64 }
    }
}

/// How a trial stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stand {
    /// This one is better.
    Won(usize),
    /// Nothing is decided yet.
    Open {
        /// About how many leads more decide it, if things go on as they went; none where no difference is to be seen.
        more: Option<u64>,
    },
}

/// How a trial stands, each having been tried so often.
pub fn stand(tried: &[Tried], winner: &Winner) -> Stand {
    let least = u64::from(winner.min_each);
    let missing: u64 = tried.iter().map(|one| least.saturating_sub(one.leads)).sum();
    let by_rate =
        |a: &(usize, &Tried), b: &(usize, &Tried)| a.1.rate().total_cmp(&b.1.rate()).then(b.0.cmp(&a.0));
    let Some((best, leader)) = tried.iter().enumerate().max_by(by_rate) else {
        return Stand::Open { more: None };
    };
    let pairs = (tried.len() * tried.len().saturating_sub(1) / 2).max(1) as f64;
    let others = || tried.iter().enumerate().filter(|(at, _)| *at != best).map(|(_, other)| *other);
    let beats_all = |times: f64| others().all(|other| evidence(*leader, other, times) >= pairs / ERROR);
    if missing == 0 && beats_all(1.0) {
        return Stand::Won(best);
    }
    let mut times = 1.0;
    while !beats_all(times) {
        times *= 1.02;
        if times > TOO_MANY {
            return Stand::Open { more: None };
        }
    }
    let tried: u64 = tried.iter().map(|one| one.leads).sum();
    let more = (tried as f64 * (times - 1.0)).ceil() as u64;
    Stand::Open { more: Some(more.max(missing)) }
}

/// How a trial stands, in words: "“B” won: 6.1 % against 4.4 % clicks of 1,902; all others get it now".
pub fn said(trial: &Trial, tried: &[Tried], stand: Stand) -> String {
    let leads: u64 = tried.iter().map(|one| one.leads).sum();
    let by = match trial.winner.map(|winner| winner.by) {
        Some(WonBy::Replies) => "answers",
        Some(WonBy::Goal) => "goals",
        Some(WonBy::Clicks) | None => "clicks",
    };
    let rate = |one: &Tried| format!("{:.1} %", one.rate() * 100.0);
    let place = format!("{}, {}", trial.sequence, trial.step);
    match stand {
        Stand::Won(won) => {
            let name = trial.arms.get(won).map_or("?", |(words, _)| words.as_str());
            let others: Vec<String> =
                tried.iter().enumerate().filter(|(at, _)| *at != won).map(|(_, one)| rate(one)).collect();
            let best = tried.get(won).map(rate).unwrap_or_default();
            format!(
                "{place}: “{name}” won, {best} against {} {by} of {leads}. All others get it now.",
                others.join(", ")
            )
        }
        Stand::Open { more } => {
            let rates: Vec<String> = trial
                .arms
                .iter()
                .zip(tried)
                .map(|((words, _), one)| format!("“{words}” {} of {}", rate(one), one.leads))
                .collect();
            let more = match (trial.winner, more) {
                (None, _) => "nothing is decided: it has no `winner`".to_owned(),
                (_, Some(more)) => format!("about {more} more needed"),
                (_, None) => "no difference to be seen yet".to_owned(),
            };
            format!("{place}: {by} {}; {more}.", rates.join(", "))
        }
    }
}

/// How much likelier what was seen is if two differ than if they do not, had it been seen so many times over. The variance is that
/// of no difference, from both together, so that none at all who answered in one of them is no hindrance.
fn evidence(one: Tried, other: Tried, times: f64) -> f64 {
    let (leads, answered) = (one.leads + other.leads, one.answered + other.answered);
    let both = (answered as f64 * times + 0.5) / (leads as f64 * times + 1.0);
    let spread = both * (1.0 - both);
    let difference = (one.rate() - other.rate()) / spread;
    let variance = (1.0 / one.leads.max(1) as f64 + 1.0 / other.leads.max(1) as f64) / (times * spread);
    let mixture = SPREAD * SPREAD;
    (variance / (variance + mixture)).sqrt()
        * (mixture * difference * difference / (2.0 * variance * (variance + mixture))).exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::Span;

    const WINNER: Winner = Winner { by: WonBy::Clicks, min_each: 200, after: Span::hours(48) };

    /// A small generator of its own, so that the simulation is the same everywhere (SplitMix64, Steele et al. 2014).
    struct Dice(u64);

    impl Dice {
        fn below(&mut self, p: f64) -> bool {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64) < p
        }
    }

    /// Tries until decided, or so many each; looks after every twenty.
    fn run(dice: &mut Dice, rates: &[f64], most: u64) -> Option<usize> {
        let mut tried = vec![Tried::default(); rates.len()];
        for round in 1..=most {
            for (one, rate) in tried.iter_mut().zip(rates) {
                one.leads += 1;
                one.answered += u64::from(dice.below(*rate));
            }
            if round % 20 == 0
                && let Stand::Won(at) = stand(&tried, &WINNER)
            {
                return Some(at);
            }
        }
        None
    }

    #[test]
    fn who_looks_all_the_time_is_not_told_of_a_winner_where_there_is_none() {
        let mut dice = Dice(5);
        for rates in [[0.01; 2], [0.04; 2], [0.3; 2]] {
            let wrong = (0..400).filter(|_| run(&mut dice, &rates, 4_000).is_some()).count();
            assert!(wrong <= 20, "{rates:?}: {wrong} of 400 are more than 5 %");
        }
        let three = (0..200).filter(|_| run(&mut dice, &[0.05; 3], 3_000).is_some()).count();
        assert!(three <= 10, "{three} of 200");
    }

    #[test]
    fn a_winner_is_found_and_it_is_the_right_one() {
        let mut dice = Dice(7);
        let found: Vec<Option<usize>> = (0..100).map(|_| run(&mut dice, &[0.044, 0.061], 10_000)).collect();
        let right = found.iter().filter(|at| **at == Some(1)).count();
        assert!(right >= 90, "{right} of 100 found the better one");
        assert!(!found.contains(&Some(0)));
    }

    #[test]
    fn nothing_is_decided_before_each_was_tried_often_enough() {
        let tried = |leads, answered| Tried { leads, answered };
        assert_eq!(stand(&[tried(199, 0), tried(400, 200)], &WINNER), Stand::Open { more: Some(1) });
        assert_eq!(stand(&[tried(200, 0), tried(400, 200)], &WINNER), Stand::Won(1));
        assert_eq!(stand(&[tried(0, 0), tried(0, 0)], &WINNER), Stand::Open { more: None });
        assert_eq!(stand(&[], &WINNER), Stand::Open { more: None });
    }

    #[test]
    fn how_many_more_are_needed_is_what_then_decides() {
        let tried = [Tried { leads: 900, answered: 40 }, Tried { leads: 900, answered: 58 }];
        let Stand::Open { more: Some(more) } = stand(&tried, &WINNER) else { panic!("decided") };
        let grown = |one: Tried| {
            // Whole leads answer: a tenth more than about.
            let times = 1.0 + more as f64 * 1.1 / 1_800.0;
            Tried {
                leads: (one.leads as f64 * times).round() as u64,
                answered: (one.answered as f64 * times).round() as u64,
            }
        };
        assert_eq!(stand(&tried.map(grown), &WINNER), Stand::Won(1), "after {more} more");
        let equal = [Tried { leads: 900, answered: 40 }; 2];
        assert_eq!(stand(&equal, &WINNER), Stand::Open { more: None });
    }
}
