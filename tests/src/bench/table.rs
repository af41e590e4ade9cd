//! Figures of several rounds: the median, and the range beside it.

use std::fmt;

/// What several rounds gave.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rounds(Vec<f64>);

impl Rounds {
    pub(crate) fn push(&mut self, figure: f64) {
        self.0.push(figure);
        self.0.sort_by(f64::total_cmp);
    }

    pub(crate) fn median(&self) -> f64 {
        match self.0.len() {
            0 => f64::NAN,
            n if n % 2 == 1 => self.0[n / 2],
            n => f64::midpoint(self.0[n / 2 - 1], self.0[n / 2]),
        }
    }
}

impl fmt::Display for Rounds {
    /// `12,300 (11,900-12,400)`; with a precision, that many digits behind the point.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let figure = |number: f64| match f.precision() {
            Some(digits) => format!("{number:.digits$}"),
            None => with_commas(number),
        };
        let (least, most) = (self.0.first().copied(), self.0.last().copied());
        let text = format!(
            "{} ({}-{})",
            figure(self.median()),
            figure(least.unwrap_or(f64::NAN)),
            figure(most.unwrap_or(f64::NAN))
        );
        write!(f, "{text:width$}", width = f.width().unwrap_or(0))
    }
}

fn with_commas(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
