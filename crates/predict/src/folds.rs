//! Folds: who is held back while the others are learnt from.

use crate::table::Row;
use std::collections::HashMap;

/// Numbers that look random and are the same every time (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number
/// generators": SplitMix64). A model must not depend on luck.
pub(crate) struct Lots(u64);

impl Lots {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next, from 0 to below 1.
    pub(crate) fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// The fold of each row, from 0 to below `count`: as many won and as many lost in each as can be, and groups kept together.
pub fn folds(rows: &[Row], count: usize, seed: u64) -> Vec<usize> {
    let mut groups: Vec<(f64, Vec<usize>)> = Vec::new();
    let mut named: HashMap<&str, usize> = HashMap::new();
    let mut lots = Lots::new(seed);
    for (at, row) in rows.iter().enumerate() {
        let known = row.group.as_deref().map(|name| *named.entry(name).or_insert(groups.len()));
        match known.and_then(|known| groups.get_mut(known)) {
            Some((_, members)) => members.push(at),
            None => groups.push((lots.next(), vec![at])),
        }
    }
    // Large groups first, while there is room to make up for them.
    groups
        .sort_by(|(lot, one), (other_lot, other)| other.len().cmp(&one.len()).then(lot.total_cmp(other_lot)));
    let mut held = vec![(0usize, 0usize); count.max(1)];
    let mut fold_of = vec![0; rows.len()];
    for (_, members) in groups {
        let won = members.iter().filter(|row| rows[**row].won).count();
        let lost = members.len() - won;
        let filled = |(w, l): (usize, usize)| if won >= lost { (w, l) } else { (l, w) };
        let fold = (0..held.len()).min_by_key(|fold| filled(held[*fold])).unwrap_or_default();
        held[fold].0 += won;
        held[fold].1 += lost;
        for row in members {
            fold_of[row] = fold;
        }
    }
    fold_of
}

/// The rows outside and inside a fold.
pub(crate) fn split(fold_of: &[usize], fold: usize) -> (Vec<usize>, Vec<usize>) {
    (0..fold_of.len()).partition(|row| fold_of[*row] != fold)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fold_has_its_share_and_no_company_is_on_both_sides() {
        let row = |n: usize| Row {
            values: Vec::new(),
            won: n.is_multiple_of(5),
            group: (n < 40).then(|| format!("company {}", n / 4)),
        };
        let rows: Vec<Row> = (0..500).map(row).collect();
        let fold_of = folds(&rows, 5, 7);
        for fold in 0..5 {
            let (_, inside) = split(&fold_of, fold);
            let won = inside.iter().filter(|row| rows[**row].won).count();
            assert!(
                (18..=22).contains(&won) && (95..=105).contains(&inside.len()),
                "{won} of {}",
                inside.len()
            );
        }
        assert!((0..40).all(|n| fold_of[n] == fold_of[n / 4 * 4]));
        assert_ne!(fold_of, folds(&rows, 5, 8), "the seed shuffles");
        assert_eq!(fold_of, folds(&rows, 5, 7), "and nothing else does");
    }
}
