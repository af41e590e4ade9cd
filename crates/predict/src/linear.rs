//! What counts for itself: a logistic regression with an L2 penalty, by smartcore.

use smartcore::linalg::basic::{arrays::Array, matrix::DenseMatrix};
use smartcore::linear::logistic_regression::{LogisticRegression, LogisticRegressionParameters};

/// Rows that are learnt from, at most.
const MOST: usize = 20_000;

/// Rows of numbers, one behind the other.
pub(crate) struct Rows {
    pub(crate) width: usize,
    pub(crate) numbers: Vec<f64>,
}

impl Rows {
    pub(crate) fn row(&self, at: usize) -> &[f64] {
        &self.numbers[at * self.width..(at + 1) * self.width]
    }
}

/// Weights, and where they start.
pub(crate) struct Linear {
    pub(crate) weights: Vec<f64>,
    pub(crate) intercept: f64,
}

impl Linear {
    /// The log-odds of a row.
    pub(crate) fn of(&self, row: &[f64]) -> f64 {
        self.intercept + row.iter().zip(&self.weights).map(|(number, weight)| number * weight).sum::<f64>()
    }

    /// The weights that make `won` of these rows likeliest, less `penalty` / 2 for the square of each weight. `None` where there is
    /// nothing to tell apart.
    pub(crate) fn fit(rows: &Rows, of: &[usize], won: &[bool], penalty: f64) -> Option<Self> {
        if rows.width == 0 || of.is_empty() {
            return None;
        }
        // So few weights learn no more from more rows, and the time grows with each.
        let step = of.len().div_ceil(MOST);
        let of: Vec<usize> = of.iter().copied().step_by(step).collect();
        let numbers: Vec<f32> =
            of.iter().flat_map(|row| rows.row(*row)).map(|number| *number as f32).collect();
        let ended: Vec<u32> = of.iter().map(|row| u32::from(won[*row])).collect();
        let matrix = DenseMatrix::new(of.len(), rows.width, numbers, false).ok()?;
        let parameters = LogisticRegressionParameters::default().with_alpha(penalty as f32);
        let fitted = LogisticRegression::fit(&matrix, &ended, parameters).ok()?;
        let weights: Vec<f64> =
            (0..rows.width).map(|at| f64::from(*fitted.coefficients().get((0, at)))).collect();
        let intercept = f64::from(*fitted.intercept().get((0, 0)));
        (intercept.is_finite() && weights.iter().all(|weight| weight.is_finite()))
            .then_some(Self { weights, intercept })
    }
}
