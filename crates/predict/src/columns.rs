//! Columns made ready for the learners: each value a bin for the trees, and a few scaled numbers for the linear part.

use crate::table::Table;
use rekindle_core::prediction::Value;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

/// Bins of a column, at most: a set of them is one `u64`.
pub(crate) const BINS: usize = 64;

/// The bin of what is not known.
pub(crate) const UNKNOWN: u8 = 0;

/// A word that fewer have is one of the others; of those who go together, one has it.
const RARE: usize = 5;

/// How the values of one column are read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Column {
    /// How much.
    Number {
        name: String,
        /// Between the bins, rising.
        cuts: Vec<f64>,
        /// What is beyond these is taken for them: one wrong row must not move the others.
        low: f64,
        high: f64,
        mean: f64,
        /// Never 0.
        deviation: f64,
    },
    /// Which one.
    Words {
        name: String,
        /// Those that are common enough to be learnt; the others are one.
        words: Vec<String>,
    },
}

impl Column {
    /// Learns how to read a column from its values.
    pub(crate) fn learn(table: &Table, at: usize) -> Self {
        let name = table.columns[at].clone();
        let values = || table.rows.iter().map(|row| &row.values[at]);
        if values().any(|value| matches!(value, Value::Word(_))) {
            let groups = table.rows.iter().map(|row| row.group.as_deref());
            return Self::Words { name, words: common(values().zip(groups)) };
        }
        let mut numbers: Vec<f64> = values().filter_map(number).collect();
        numbers.sort_by(f64::total_cmp);
        let at_part = |part: f64| {
            let last = numbers.len().saturating_sub(1);
            numbers.get((part * last as f64).round() as usize).copied().unwrap_or_default()
        };
        let (low, high) = (round_down(at_part(0.005)), -round_down(-at_part(0.995)));
        let clipped = || numbers.iter().map(|number| number.clamp(low, high));
        let count = numbers.len().max(1) as f64;
        let mean = clipped().sum::<f64>() / count;
        let deviation = (clipped().map(|number| (number - mean).powi(2)).sum::<f64>() / count).sqrt();
        let deviation = if deviation > 1e-12 { deviation } else { 1.0 };
        Self::Number { name, cuts: cuts(&numbers), low, high, mean, deviation }
    }

    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Number { name, .. } | Self::Words { name, .. } => name,
        }
    }

    /// Whether its bins have an order.
    pub(crate) fn has_order(&self) -> bool {
        matches!(self, Self::Number { .. })
    }

    /// The bin of a value.
    pub(crate) fn bin(&self, value: &Value) -> u8 {
        match self {
            Self::Number { cuts, .. } => match number(value) {
                Some(number) => 1 + cuts.partition_point(|cut| *cut < number) as u8,
                None => UNKNOWN,
            },
            Self::Words { words, .. } => match word(value) {
                Some(word) => {
                    let known = words.iter().position(|known| *known == word);
                    1 + known.unwrap_or(words.len()) as u8
                }
                None => UNKNOWN,
            },
        }
    }

    /// How many numbers the linear part gets of it.
    pub(crate) fn width(&self) -> usize {
        match self {
            Self::Number { .. } => 3,
            Self::Words { words, .. } => words.len() + 2,
        }
    }

    /// The numbers of a value for the linear part, into a slice of this width that is all 0: of a number its distance from the mean
    /// and its rank, so that what is skewed counts in both ways; of a word a 1 at its place.
    pub(crate) fn spread(&self, value: &Value, into: &mut [f64]) {
        match self {
            Self::Number { cuts, low, high, mean, deviation, .. } => match number(value) {
                Some(number) => {
                    into[0] = (number.clamp(*low, *high) - mean) / deviation;
                    into[1] = rank(number, cuts) * 3.0 - 1.5;
                }
                None => into[2] = 1.0,
            },
            Self::Words { .. } => into[usize::from(self.bin(value))] = 1.0,
        }
    }
}

/// A number that can be counted with: also its square, summed.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) if !number.is_nan() => Some(number.clamp(-1e100, 1e100)),
        _ => None,
    }
}

/// What stands in a column of words; a number among them is the word that is written like it.
fn word(value: &Value) -> Option<String> {
    match value {
        Value::Unknown => None,
        Value::Word(word) => Some(word.clone()),
        Value::Number(number) => Some(number.to_string()),
    }
}

/// The common words, most common first, of values with whom they go together.
fn common<'a>(values: impl Iterator<Item = (&'a Value, Option<&'a str>)>) -> Vec<String> {
    // How many have it: groups, and those who are in none.
    let mut counted: HashMap<String, (usize, HashSet<&str>)> = HashMap::new();
    for (value, group) in values {
        let Some(word) = word(value) else { continue };
        let (alone, groups) = counted.entry(word).or_default();
        match group {
            Some(group) => {
                groups.insert(group);
            }
            None => *alone += 1,
        }
    }
    let counted = counted.into_iter().map(|(word, (alone, groups))| (word, alone + groups.len()));
    let mut counted: Vec<(String, usize)> = counted.filter(|(_, times)| *times >= RARE).collect();
    counted.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    counted.truncate(BINS - 2);
    counted.into_iter().map(|(word, _)| word).collect()
}

/// A number of two digits that is no more, and near it. A model keeps no lead's own number: it could be called by it.
fn round_down(number: f64) -> f64 {
    if number == 0.0 || !number.is_finite() {
        return number;
    }
    let unit = 10f64.powi(number.abs().log10().floor() as i32 - 1);
    let rounded = (number / unit).floor() * unit;
    if rounded.is_finite() { rounded } else { number }
}

/// A short number from `one` to below `next`, which is above it, near their middle.
fn between(one: f64, next: f64) -> f64 {
    let middle = one / 2.0 + next / 2.0;
    let unit = 10f64.powi((next - one).log10().floor().clamp(-300.0, 300.0) as i32);
    let short = [unit, unit / 10.0].map(|unit| (middle / unit).round() * unit);
    short.into_iter().find(|short| (one..next).contains(short)).unwrap_or(middle)
}

/// Where sorted numbers are cut so that about as many lie in each bin; between all of them where they are few.
fn cuts(sorted: &[f64]) -> Vec<f64> {
    let mut distinct = sorted.to_vec();
    distinct.dedup();
    if distinct.len() < BINS {
        return distinct.windows(2).map(|pair| between(pair[0], pair[1])).collect();
    }
    let bins = BINS - 1;
    let mut cuts: Vec<f64> = (1..bins)
        .filter_map(|bin| {
            let at = sorted[bin * sorted.len() / bins];
            let below = sorted.partition_point(|number| *number < at).checked_sub(1)?;
            Some(between(sorted[below], at))
        })
        .collect();
    cuts.dedup();
    cuts
}

/// Where a number stands among the cuts, from 0 to 1, straight between two of them.
fn rank(number: f64, cuts: &[f64]) -> f64 {
    let above = cuts.partition_point(|cut| *cut < number);
    let bins = cuts.len() as f64;
    match (above.checked_sub(1).map(|below| cuts[below]), cuts.get(above)) {
        (Some(below), Some(next)) if cuts.len() > BINS / 2 => {
            (above as f64 - 0.5 + (number - below) / (next - below)) / bins
        }
        _ if cuts.is_empty() => 0.5,
        _ => above as f64 / bins,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Row;

    fn table(values: Vec<Value>) -> Table {
        let row = |value| Row { values: vec![value], won: false, group: None };
        Table { columns: vec!["it".to_owned()], rows: values.into_iter().map(row).collect() }
    }

    #[test]
    fn a_wild_number_moves_no_other() {
        let mut values: Vec<Value> = (0..1000).map(|n| Value::Number(f64::from(n % 10))).collect();
        values.push(Value::Number(1e300));
        values.push(Value::Number(f64::NAN));
        let column = Column::learn(&table(values), 0);
        let mut spread = [0.0; 3];
        column.spread(&Value::Number(9.0), &mut spread);
        assert!((1.0..2.0).contains(&spread[0]), "{spread:?}");
        assert_eq!(column.bin(&Value::Number(f64::NAN)), UNKNOWN);
        assert!(column.bin(&Value::Number(3.0)) < column.bin(&Value::Number(4.0)));
    }

    #[test]
    fn rare_words_are_one_and_never_more_than_fit() {
        let word = |n: usize| Value::Word(format!("w{n}"));
        let mut values: Vec<Value> = (0..1000).map(|n| word(n % 100)).collect();
        values.push(word(777));
        let column = Column::learn(&table(values), 0);
        assert!(column.width() <= BINS);
        assert_eq!(column.bin(&word(777)), column.bin(&word(778)), "rare, or never seen");
        assert_ne!(column.bin(&word(0)), column.bin(&word(1)));
        assert!(usize::from(column.bin(&word(777))) < BINS);
    }

    #[test]
    fn no_number_of_one_lead_is_kept() {
        let phones: Vec<f64> = (0..300).map(|n| 491_701_000_000.0 + f64::from(n) * 7_919.0).collect();
        let column = Column::learn(&table(phones.iter().map(|phone| Value::Number(*phone)).collect()), 0);
        let Column::Number { cuts, low, high, .. } = &column else { panic!("numbers") };
        assert!(cuts.len() > 50, "{cuts:?}");
        for kept in cuts.iter().chain([low, high]) {
            assert!(!phones.contains(kept), "{kept}");
        }
        assert_eq!((*low, *high), (4.9e11, 5e11));
        // What is cut is cut where it lay: between the same two.
        for pair in [[1.0, 2.0], [2015.0, 2016.0], [-0.5, 0.25], [0.0, 1e-9], [1e300, 1e301], [-3.0, -2.0]] {
            let cut = between(pair[0], pair[1]);
            assert!(pair[0] <= cut && cut < pair[1], "{pair:?} {cut}");
        }
        assert_eq!(
            (between(491_701_152_310.0, 491_701_189_000.0), between(99.0, 120.0)),
            (491_701_170_000.0, 110.0)
        );
    }

    #[test]
    fn a_word_is_kept_that_five_share_and_not_that_one_has_five_times() {
        let mut table =
            table(["one", "many"].repeat(6).into_iter().map(|w| Value::Word(w.to_owned())).collect());
        for (number, row) in table.rows.iter_mut().enumerate() {
            row.group = Some(if number % 2 == 0 { "kim".to_owned() } else { format!("lead {number}") });
        }
        let Column::Words { words, .. } = Column::learn(&table, 0) else { panic!("words") };
        assert_eq!(words, ["many"]);
    }
}
