//! What counts only together: small trees, each mending what those before it left (Friedman 2001, "Greedy function approximation: a
//! gradient boosting machine"), grown on bins as in Ke et al. 2017, "LightGBM".

use crate::columns::{BINS, UNKNOWN};
use crate::folds::Lots;
use serde::{Deserialize, Serialize};

/// The bins of all rows, column by column.
pub(crate) struct Binned {
    /// Whether the bins of a column have an order.
    pub(crate) ordered: Vec<bool>,
    /// Of each column the bins of all rows.
    pub(crate) bins: Vec<Vec<u8>>,
}

/// How trees are grown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Shape {
    /// Ends of one tree.
    pub(crate) leaves: usize,
    /// How much of what a tree says is believed.
    pub(crate) rate: f64,
}

/// One knot of a tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Knot {
    /// What rows that come here are worth, in log-odds.
    value: f64,
    /// Where they go from here; an end has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    fork: Option<Fork>,
}

/// Which rows go left.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Fork {
    column: usize,
    /// The bins that go left, one bit each.
    left: u64,
    /// The knot to which they go; the others go to the one behind it.
    to: usize,
}

/// A tree: the first knot is its root.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tree(Vec<Knot>);

impl Tree {
    /// What it says before anything is asked.
    pub(crate) fn root(&self) -> f64 {
        self.0[0].value
    }

    /// Walks down, and says of each fork which column was asked and by how much the answer changed the value. What is said adds up to
    /// the value at the end less that of the root: so each tree is a sum over columns (Saabas 2014, "Interpreting random forests").
    pub(crate) fn walk(&self, bin: impl Fn(usize) -> u8, mut told: impl FnMut(usize, f64)) -> f64 {
        let mut here = &self.0[0];
        while let Some(fork) = here.fork {
            let left = fork.left >> bin(fork.column) & 1 == 1;
            let next = &self.0[fork.to + usize::from(!left)];
            told(fork.column, next.value - here.value);
            here = next;
        }
        here.value
    }
}

/// Sums of one bin.
#[derive(Clone, Copy, Default)]
struct Sum {
    gradient: f64,
    hessian: f64,
    rows: u32,
}

impl Sum {
    fn add(&mut self, other: Self) {
        self.gradient += other.gradient;
        self.hessian += other.hessian;
        self.rows += other.rows;
    }

    fn less(self, other: Self) -> Self {
        Self {
            gradient: self.gradient - other.gradient,
            hessian: self.hessian - other.hessian,
            rows: self.rows - other.rows,
        }
    }

    /// How much better it gets when these rows get a value of their own.
    fn gain(self, penalty: f64) -> f64 {
        self.gradient * self.gradient / (self.hessian + penalty)
    }
}

/// Penalty for large values.
const PENALTY: f64 = 1.0;
/// And for those of words, of which some always look good.
const PENALTY_OF_WORDS: f64 = 10.0;
/// The part of the rows, and of the columns, that one tree sees (Friedman 2002, "Stochastic gradient boosting").
const SEEN: f64 = 0.7;

/// Grows trees one by one.
pub(crate) struct Growing<'a> {
    binned: &'a Binned,
    rows: &'a [usize],
    won: &'a [bool],
    shape: Shape,
    lots: Lots,
    least: u32,
    /// The log-odds of each row of the table by the trees so far.
    pub(crate) so_far: Vec<f64>,
}

/// A leaf that may still be split.
struct Open {
    knot: usize,
    rows: Vec<usize>,
    sums: Vec<[Sum; BINS]>,
    best: Option<(f64, usize, u64)>,
}

impl<'a> Growing<'a> {
    /// Learns from `rows` alone; `start` is the log-odds with which all begin.
    pub(crate) fn new(
        binned: &'a Binned,
        rows: &'a [usize],
        won: &'a [bool],
        shape: Shape,
        start: f64,
    ) -> Self {
        let least = (rows.len() / 50).clamp(5, 20) as u32;
        let so_far = vec![start; won.len()];
        Self { binned, rows, won, shape, lots: Lots::new(1), least, so_far }
    }

    /// The next tree. It is added to the log-odds of all rows, also of those that were not learnt from.
    pub(crate) fn grow(&mut self) -> Tree {
        let columns = self.binned.bins.len();
        let mut chosen: Vec<usize> = (0..columns).filter(|_| self.lots.next() < SEEN).collect();
        if chosen.is_empty() {
            chosen = (0..columns).collect();
        }
        let rows: Vec<usize> = self.rows.iter().copied().filter(|_| self.lots.next() < SEEN).collect();
        let steps: Vec<(f64, f64)> = rows
            .iter()
            .map(|row| {
                let chance = chance(self.so_far[*row]);
                (chance - f64::from(u8::from(self.won[*row])), (chance * (1.0 - chance)).max(1e-9))
            })
            .collect();
        let mut slopes = vec![(0.0, 0.0); self.won.len()];
        for (row, step) in rows.iter().zip(steps) {
            slopes[*row] = step;
        }
        let mut knots = Vec::with_capacity(2 * self.shape.leaves);
        let sums = self.sums(&chosen, &rows, &slopes);
        knots.push(self.knot(whole(&sums)));
        let mut open = vec![self.opened(0, rows, sums, &chosen)];
        for _ in 1..self.shape.leaves {
            let gain = |leaf: &Open| leaf.best.map_or(0.0, |(gain, ..)| gain);
            let Some(at) = (0..open.len()).max_by(|a, b| gain(&open[*a]).total_cmp(&gain(&open[*b]))) else {
                break;
            };
            let Some((_, column, left)) = open[at].best else { break };
            let leaf = open.swap_remove(at);
            let bins = &self.binned.bins[column];
            let (ours, theirs): (Vec<usize>, Vec<usize>) =
                leaf.rows.iter().partition(|row| left >> bins[**row] & 1 == 1);
            let few = if ours.len() < theirs.len() { &ours } else { &theirs };
            let of_few = self.sums(&chosen, few, &slopes);
            let mut of_many = leaf.sums;
            for (many, few) in of_many.iter_mut().zip(&of_few) {
                for (many, few) in many.iter_mut().zip(few) {
                    *many = many.less(*few);
                }
            }
            let (our_sums, their_sums) =
                if ours.len() < theirs.len() { (of_few, of_many) } else { (of_many, of_few) };
            let to = knots.len();
            knots[leaf.knot].fork = Some(Fork { column, left, to });
            for (at, rows, sums) in [(to, ours, our_sums), (to + 1, theirs, their_sums)] {
                knots.push(self.knot(whole(&sums)));
                open.push(self.opened(at, rows, sums, &chosen));
            }
        }
        let tree = Tree(knots);
        for row in 0..self.so_far.len() {
            self.so_far[row] += tree.walk(|column| self.binned.bins[column][row], |_, _| ());
        }
        tree
    }

    fn knot(&self, sum: Sum) -> Knot {
        Knot { value: -self.shape.rate * sum.gradient / (sum.hessian + PENALTY), fork: None }
    }

    fn opened(&self, knot: usize, rows: Vec<usize>, sums: Vec<[Sum; BINS]>, chosen: &[usize]) -> Open {
        let mut best: Option<(f64, usize, u64)> = None;
        for (sums, column) in sums.iter().zip(chosen) {
            let found = if self.binned.ordered[*column] { self.cut(sums) } else { self.sort(sums) };
            if let Some((gain, left)) = found
                && best.is_none_or(|(best, ..)| gain > best)
            {
                best = Some((gain, *column, left));
            }
        }
        Open { knot, rows, sums, best }
    }

    fn sums(&self, chosen: &[usize], rows: &[usize], slopes: &[(f64, f64)]) -> Vec<[Sum; BINS]> {
        let of_column = |column: &usize| {
            let bins = &self.binned.bins[*column];
            let mut sums = [Sum::default(); BINS];
            for row in rows {
                let (gradient, hessian) = slopes[*row];
                sums[usize::from(bins[*row])].add(Sum { gradient, hessian, rows: 1 });
            }
            sums
        };
        chosen.iter().map(of_column).collect()
    }

    /// The best cut through bins that have an order; the unknown go to the side where they fit.
    fn cut(&self, sums: &[Sum; BINS]) -> Option<(f64, u64)> {
        let bins: Vec<usize> = (1..BINS).filter(|bin| sums[*bin].rows > 0).collect();
        let unknown = sums[usize::from(UNKNOWN)];
        let without = self.best_prefix(sums, &bins, Sum::default(), 0, PENALTY);
        if unknown.rows == 0 {
            return without;
        }
        let with = self.best_prefix(sums, &bins, unknown, 1 << UNKNOWN, PENALTY);
        let gain = |found: &Option<(f64, u64)>| found.map_or(0.0, |(gain, _)| gain);
        if gain(&with) > gain(&without) { with } else { without }
    }

    /// The best parting of words: sorted by what they are worth, one cut is enough (Fisher 1958, "On grouping for maximum
    /// homogeneity").
    fn sort(&self, sums: &[Sum; BINS]) -> Option<(f64, u64)> {
        let mut bins: Vec<usize> = (0..BINS).filter(|bin| sums[*bin].rows > 0).collect();
        let worth = |bin: &usize| sums[*bin].gradient / (sums[*bin].hessian + 1.0);
        bins.sort_by(|one, other| worth(one).total_cmp(&worth(other)));
        self.best_prefix(sums, &bins, Sum::default(), 0, PENALTY_OF_WORDS)
    }

    fn best_prefix(
        &self,
        sums: &[Sum; BINS],
        bins: &[usize],
        first: Sum,
        first_set: u64,
        penalty: f64,
    ) -> Option<(f64, u64)> {
        let mut whole = Sum::default();
        sums.iter().for_each(|sum| whole.add(*sum));
        let (mut left, mut set) = (first, first_set);
        let mut best: Option<(f64, u64)> = None;
        let now = whole.gain(penalty);
        for bin in bins {
            left.add(sums[*bin]);
            set |= 1 << bin;
            let right = whole.less(left);
            if right.rows < self.least {
                break;
            }
            let gain = left.gain(penalty) + right.gain(penalty) - now;
            if left.rows >= self.least && gain > 1e-6 && best.is_none_or(|(best, _)| gain > best) {
                best = Some((gain, set));
            }
        }
        best
    }
}

/// The sums of all rows: every column has each of them once.
fn whole(sums: &[[Sum; BINS]]) -> Sum {
    let mut whole = Sum::default();
    for sum in sums.first().into_iter().flatten() {
        whole.add(*sum);
    }
    whole
}

/// The chance that log-odds stand for.
pub(crate) fn chance(odds: f64) -> f64 {
    1.0 / (1.0 + (-odds).exp())
}
