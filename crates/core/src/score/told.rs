//! A score as it is told to people: whole numbers that add up, lines of one kind together, and the grade with its borders.

use super::{Explanation, Limit, LineKind, Scoring, whole};
use crate::{lead::Points, time::Moment};

/// Whole numbers in the place of exact ones, each next to its own, that add up to what all of them do, rounded.
pub fn parts(exact: impl IntoIterator<Item = f64>) -> Vec<i64> {
    let (mut sum, mut told) = (0.0, 0);
    let part = |exact: f64| {
        sum += exact;
        let before = std::mem::replace(&mut told, whole(sum));
        told - before
    };
    exact.into_iter().map(part).collect()
}

/// Lines of a score about the same thing.
#[derive(Debug, Clone, PartialEq)]
pub struct Together {
    /// What they stand for.
    pub kind: LineKind,
    /// The activity's name, the page, or the fit rule's label.
    pub what: String,
    /// Points when it happened, of what counts.
    pub then: i64,
    /// Points now, after decay, as a whole number: those of all lines add up to the score.
    pub now: i64,
    /// How many of them count.
    pub times: usize,
    /// How many do not, and why not; of each reason.
    pub held: Vec<(usize, Limit)>,
    /// When it happened last.
    pub last: Option<Moment>,
}

impl Explanation {
    /// Its lines, those about the same thing together, those that say most first.
    pub fn together(&self) -> Vec<Together> {
        let mut sums: Vec<(Together, f64)> = Vec::new();
        for line in &self.lines {
            let same = |(sum, _): &(Together, f64)| sum.what == line.what && sum.kind == line.kind;
            let at = sums.iter().position(same).unwrap_or_else(|| {
                let what = line.what.clone();
                let sum = Together {
                    kind: line.kind,
                    what,
                    then: 0,
                    now: 0,
                    times: 0,
                    held: Vec::new(),
                    last: None,
                };
                sums.push((sum, 0.0));
                sums.len() - 1
            });
            let (sum, exact) = &mut sums[at];
            match line.limit {
                Some(limit) => match sum.held.iter_mut().find(|(_, known)| *known == limit) {
                    Some((times, _)) => *times += 1,
                    None => sum.held.push((1, limit)),
                },
                None => {
                    sum.then += i64::from(line.points);
                    sum.times += 1;
                    sum.last = sum.last.max(line.at);
                    *exact += line.now;
                }
            }
        }
        sums.sort_by(|(a, x), (b, y)| y.abs().total_cmp(&x.abs()).then(b.last.cmp(&a.last)));
        let shown = parts(sums.iter().map(|(_, exact)| *exact));
        sums.into_iter().zip(shown).map(|((sum, _), now)| Together { now, ..sum }).collect()
    }
}

impl Together {
    /// What it is, how often, and what became of its points since: "Demo Requested ×2 (was +100)",
    /// "Page Viewed /pricing ×2 of 5 (counts 2 × in 7d at most)".
    pub fn words(&self) -> String {
        let Self { what, times, then, now, .. } = self;
        let held: usize = self.held.iter().map(|(times, _)| times).sum();
        let counted = match (held, *times) {
            (1.., _) => format!(" ×{times} of {}", times + held),
            (0, 2..) => format!(" ×{times}"),
            (0, _) => String::new(),
        };
        let faded =
            (self.kind == LineKind::Engagement && *times > 0 && then != now).then(|| format!("was {then:+}"));
        let limits = self.held.iter().map(|(times, limit)| match self.held.len() {
            1 => limit.to_string(),
            _ => format!("{times}: {limit}"),
        });
        let why: Vec<String> = faded.into_iter().chain(limits).collect();
        match why.is_empty() {
            true => format!("{what}{counted}"),
            false => format!("{what}{counted} ({})", why.join("; ")),
        }
    }
}

impl Scoring {
    /// The grade with what it is made of: "A2: fit 12 (A from 10), engagement 31 (2 from 25, 1 from 60)".
    pub fn graded(&self, points: Points) -> String {
        let border = |points: f64, [best, second]: [i64; 2], names: [&str; 2]| {
            let points = whole(points);
            let [top, middle] = names;
            let said = if points >= best {
                format!("{top} from {best}")
            } else if points >= second {
                format!("{middle} from {second}, {top} from {best}")
            } else {
                format!("{middle} from {second}")
            };
            format!("{points} ({said})")
        };
        let fit = border(points.fit, self.grades.fit, ["A", "B"]);
        let engagement = border(points.engagement, self.grades.engagement, ["1", "2"]);
        format!("{}: fit {fit}, engagement {engagement}", self.grade(points))
    }
}
