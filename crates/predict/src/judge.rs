//! How good a prediction is, asked of rows that were held back.

use crate::folds::{folds, split};
use crate::model::{NotLearnt, fit};
use crate::table::Table;
use rekindle_core::prediction::{Band, Judgement};

/// Folds in which a model is judged.
const FOLDS: usize = 5;
/// Bands of the reliability curve, at most; each has as many rows as the others.
const BANDS: usize = 10;

/// What was said of each row, and how it ended.
pub type Measured = [(f64, bool)];

/// Says of every row what a model says that has learnt from the others. `done` hears after each of the five folds how many are
/// ready.
///
/// # Errors
/// When there is nothing to learn from.
pub fn judged(table: &Table, mut done: impl FnMut(usize, usize)) -> Result<Judgement, NotLearnt> {
    let fold_of = folds(&table.rows, FOLDS, 2);
    let mut said = vec![(0.0, false); table.rows.len()];
    for fold in 0..FOLDS {
        let (outside, inside) = split(&fold_of, fold);
        let model = fit(&table.only(&outside))?;
        for row in inside {
            said[row] = (model.chance(&table.rows[row].values), table.rows[row].won);
        }
        done(fold + 1, FOLDS);
    }
    Ok(measure(&said))
}

/// The measures of what was said.
pub fn measure(said: &Measured) -> Judgement {
    let rows = said.len().max(1) as f64;
    let brier =
        said.iter().map(|(chance, won)| (chance - f64::from(u8::from(*won))).powi(2)).sum::<f64>() / rows;
    let mut order = said.to_vec();
    order.sort_by(|one, other| one.0.total_cmp(&other.0));
    // Fewer bands of more rows, before a band says nothing.
    let bands = (said.len() / 20).clamp(1, BANDS);
    let band = |at: usize| {
        let rows = &order[at * order.len() / bands..(at + 1) * order.len() / bands];
        Band {
            said: rows.iter().map(|(chance, _)| chance).sum::<f64>() / rows.len().max(1) as f64,
            leads: rows.len() as u64,
            won: rows.iter().filter(|(_, won)| *won).count() as u64,
        }
    };
    Judgement {
        outcomes: said.len() as u64,
        won: said.iter().filter(|(_, won)| *won).count() as u64,
        auc: auc(said),
        brier,
        bands: (0..bands).map(band).collect(),
    }
}

/// The area under the ROC curve: how often of one won and one lost the won one was said to be likelier, ties counted half; 0.5
/// where there is nothing to compare.
///
/// Source: Hanley and McNeil, "The meaning and use of the area under a receiver operating characteristic (ROC) curve", Radiology
/// 143 (1982), 29–36.
pub fn auc(said: &Measured) -> f64 {
    let mut order = said.to_vec();
    order.sort_by(|one, other| one.0.total_cmp(&other.0));
    let won = order.iter().filter(|(_, won)| *won).count() as f64;
    let lost = order.len() as f64 - won;
    if won == 0.0 || lost == 0.0 {
        return 0.5;
    }
    let mut right = 0.0;
    let mut lost_below = 0.0;
    for alike in order.chunk_by(|one, other| one.0.total_cmp(&other.0).is_eq()) {
        let won_here = alike.iter().filter(|(_, won)| *won).count() as f64;
        let lost_here = alike.len() as f64 - won_here;
        right += won_here * (lost_below + lost_here / 2.0);
        lost_below += lost_here;
    }
    right / (won * lost)
}
