//! Lift: how many more reach a goal because they were written to, against those who were held out.

/// Of so many leads, so many reached the goal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reached {
    /// The leads.
    pub leads: u64,
    /// Those who reached it.
    pub goals: u64,
}

impl Reached {
    /// The part that reached it, from 0 to 1.
    pub fn rate(self) -> f64 {
        if self.leads == 0 { 0.0 } else { self.goals as f64 / self.leads as f64 }
    }
}

/// The difference of two rates, with the interval in which it lies in 95 of 100 cases.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lift {
    /// The rate of those who were written to, less that of those who were held out.
    pub difference: f64,
    /// It is hardly less than this.
    pub from: f64,
    /// It is hardly more than this.
    pub to: f64,
}

/// The normal quantile of a two-sided interval of 95 %.
const Z: f64 = 1.959_963_984_540_054;

/// The lift; none while one of the groups is empty.
///
/// Source: Newcombe, "Interval estimation for the difference between independent proportions", Statistics in Medicine 17 (1998),
/// 873–890, method 10: the square-and-add of two Wilson intervals, which holds for small groups and rare goals too.
pub fn lift(written_to: Reached, held_out: Reached) -> Option<Lift> {
    if written_to.leads == 0 || held_out.leads == 0 {
        return None;
    }
    let (one, other) = (written_to.rate(), held_out.rate());
    let ((low1, high1), (low2, high2)) = (wilson(written_to), wilson(held_out));
    let difference = one - other;
    Some(Lift {
        difference,
        from: difference - ((one - low1).powi(2) + (high2 - other).powi(2)).sqrt(),
        to: difference + ((high1 - one).powi(2) + (other - low2).powi(2)).sqrt(),
    })
}

/// In what interval a rate lies in 95 of 100 cases; from 0 to 1 where nothing is known.
///
/// Source: Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the American Statistical
/// Association 22 (1927), 209–212.
pub fn wilson(reached: Reached) -> (f64, f64) {
    if reached.leads == 0 {
        return (0.0, 1.0);
    }
    let (n, p) = (reached.leads as f64, reached.rate());
    let middle = p + Z * Z / (2.0 * n);
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let whole = 1.0 + Z * Z / n;
    ((middle - half) / whole, (middle + half) / whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the paper's Table II, method 10.
    #[test]
    fn the_interval_is_that_of_the_paper() {
        for (a, m, b, n, from, to) in [
            (56, 70, 48, 80, 0.0524, 0.3339),
            (9, 10, 3, 10, 0.1705, 0.8090),
            (10, 10, 0, 20, 0.6791, 1.0),
            (5, 56, 0, 29, -0.0381, 0.1926),
            (0, 10, 0, 10, -0.2775, 0.2775),
        ] {
            let lift = lift(Reached { leads: m, goals: a }, Reached { leads: n, goals: b }).unwrap();
            assert!(
                (lift.from - from).abs() < 6e-5 && (lift.to - to).abs() < 6e-5,
                "{a}/{m} - {b}/{n}: {lift:?}"
            );
        }
        assert_eq!(lift(Reached { leads: 5, goals: 1 }, Reached::default()), None);
    }
}
