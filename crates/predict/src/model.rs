//! A model: what was learnt, as a value that is kept as JSON.

use crate::columns::Column;
use crate::folds::{folds, split};
use crate::linear::{Linear, Rows};
use crate::table::Table;
use crate::trees::{Binned, Growing, Shape, Tree, chance};
use rekindle_core::prediction::Value;
use serde::{Deserialize, Serialize};

/// The form of the JSON; one of another form is not read.
pub const FORMAT: u32 = 1;

/// Won, and lost, that there must be at least to hold some of each back.
const LEAST: usize = 10;

/// Penalties that the linear part tries.
const PENALTIES: [f64; 4] = [1.0, 10.0, 100.0, 1000.0];
/// How the trees may be grown: as few ends as let two or three things meet, or many.
const SHAPES: [Shape; 2] = [Shape { leaves: 5, rate: 0.08 }, Shape { leaves: 24, rate: 0.06 }];
/// Trees are looked at in steps of so many.
const STEP: usize = 10;
/// At most so many steps.
const STEPS: usize = 60;
/// After so many steps that made it no better no more are tried.
const PATIENCE: usize = 5;

/// Why nothing can be learnt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotLearnt {
    /// Too few of one kind.
    #[error("{won} won and {lost} lost are too few to learn from: {LEAST} of each are needed")]
    TooFew {
        /// How many were won.
        won: usize,
        /// How many were lost.
        lost: usize,
    },
}

/// What was learnt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// [`FORMAT`].
    pub format: u32,
    columns: Vec<Column>,
    /// Of each column its weights in the linear part, already times how far that is believed.
    linear: Vec<Vec<f64>>,
    /// How far the trees are believed.
    believed: f64,
    trees: Vec<Tree>,
    /// The log-odds of a usual row.
    start: f64,
    /// Of each column what it adds for a usual row: a reason is what differs from it.
    usual: Vec<f64>,
}

/// What one column adds to the log-odds of one row, against a usual row.
#[derive(Debug, Clone, PartialEq)]
pub struct Share {
    /// The column's number.
    pub column: usize,
    /// In log-odds; above 0 it speaks for the row.
    pub adds: f64,
}

impl Model {
    /// The names of the columns, in their order.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(Column::name)
    }

    /// How likely a row is to be won, from 0 to 1. It has a value for each of the columns.
    pub fn chance(&self, values: &[Value]) -> f64 {
        chance(self.start + self.shares(values).iter().map(|share| share.adds).sum::<f64>())
    }

    /// What each column adds. With the log-odds of a usual row they are the log-odds of this one, exactly.
    pub fn shares(&self, values: &[Value]) -> Vec<Share> {
        let added = self.added(values);
        let against_usual =
            |(column, (adds, usual)): (usize, (f64, &f64))| Share { column, adds: adds - usual };
        added.into_iter().zip(&self.usual).enumerate().map(against_usual).collect()
    }

    fn added(&self, values: &[Value]) -> Vec<f64> {
        let mut added: Vec<f64> = Vec::with_capacity(self.columns.len());
        let mut spread = Vec::new();
        for ((column, weights), value) in self.columns.iter().zip(&self.linear).zip(values) {
            spread.clear();
            spread.resize(column.width(), 0.0);
            column.spread(value, &mut spread);
            added.push(spread.iter().zip(weights).map(|(number, weight)| number * weight).sum());
        }
        if self.believed != 0.0 {
            let bins: Vec<u8> =
                self.columns.iter().zip(values).map(|(column, value)| column.bin(value)).collect();
            for tree in &self.trees {
                tree.walk(|column| bins[column], |column, by| added[column] += self.believed * by);
            }
        }
        added
    }
}

/// A table made ready.
struct Ready {
    columns: Vec<Column>,
    rows: Rows,
    binned: Binned,
    won: Vec<bool>,
}

/// Learns.
///
/// What can be chosen (the penalty, how many trees of which shape) is chosen by what was said of rows that were held back, and so is
/// how far each of the two is believed: a logistic regression of how the rows ended on the log-odds that both gave (Platt 1999,
/// "Probabilistic outputs for support vector machines"; with two of them it is Wolpert's stacking, 1992).
///
/// # Errors
/// When too few were won or lost.
pub fn fit(table: &Table) -> Result<Model, NotLearnt> {
    let won = table.won();
    let lost = table.rows.len() - won;
    if won < LEAST || lost < LEAST {
        return Err(NotLearnt::TooFew { won, lost });
    }
    let ready = ready(table);
    let all: Vec<usize> = (0..table.rows.len()).collect();
    // Many rows need fewer folds to say the same.
    let count = if all.len() < 5_000 { 5 } else { 3 };
    let fold_of = folds(&table.rows, count, 1);
    let held: Vec<(Vec<usize>, Vec<usize>)> = (0..count).map(|fold| split(&fold_of, fold)).collect();
    let usual = (won as f64 / lost as f64).ln();

    let (penalty, by_linear) = choose_penalty(&ready, &held, usual);
    let (shape, count, by_trees) = choose_trees(&ready, &held, usual);
    let [of_linear, of_trees, start] = believe(&by_linear, &by_trees, &ready.won, usual);

    let whole = Linear::fit(&ready.rows, &all, &ready.won, penalty).filter(|_| of_linear > 0.0);
    let intercept = whole.as_ref().map_or(0.0, |linear| linear.intercept);
    let mut weights = whole.map(|linear| linear.weights).unwrap_or_default().into_iter();
    let linear = ready
        .columns
        .iter()
        .map(|column| (0..column.width()).map(|_| of_linear * weights.next().unwrap_or_default()).collect());
    let linear: Vec<Vec<f64>> = linear.collect();
    let mut growing = Growing::new(&ready.binned, &all, &ready.won, shape, usual);
    let trees: Vec<Tree> =
        if of_trees > 0.0 { (0..count).map(|_| growing.grow()).collect() } else { Vec::new() };
    let roots: f64 = usual + trees.iter().map(Tree::root).sum::<f64>();

    let mut model = Model {
        format: FORMAT,
        usual: vec![0.0; ready.columns.len()],
        columns: ready.columns,
        linear,
        believed: of_trees,
        trees,
        start: start + of_linear * intercept + of_trees * roots,
    };
    let mut sums = vec![0.0; model.columns.len()];
    for row in &table.rows {
        for (sum, added) in sums.iter_mut().zip(model.added(&row.values)) {
            *sum += added;
        }
    }
    model.usual = sums.into_iter().map(|sum| sum / table.rows.len() as f64).collect();
    model.start += model.usual.iter().sum::<f64>();
    Ok(model)
}

fn ready(table: &Table) -> Ready {
    let columns: Vec<Column> = (0..table.columns.len()).map(|at| Column::learn(table, at)).collect();
    let width: usize = columns.iter().map(Column::width).sum();
    let mut numbers = vec![0.0; width * table.rows.len()];
    for (row, into) in table.rows.iter().zip(numbers.chunks_mut(width.max(1))) {
        let mut from = 0;
        for (column, value) in columns.iter().zip(&row.values) {
            column.spread(value, &mut into[from..from + column.width()]);
            from += column.width();
        }
    }
    let bins =
        |(at, column): (usize, &Column)| table.rows.iter().map(|row| column.bin(&row.values[at])).collect();
    let binned = Binned {
        ordered: columns.iter().map(Column::has_order).collect(),
        bins: columns.iter().enumerate().map(bins).collect(),
    };
    let won = table.rows.iter().map(|row| row.won).collect();
    Ready { columns, rows: Rows { width, numbers }, binned, won }
}

type Held = [(Vec<usize>, Vec<usize>)];

/// The penalty with which the linear part does best on rows held back, and what it then says of each. Two folds are enough to choose.
fn choose_penalty(ready: &Ready, held: &Held, usual: f64) -> (f64, Vec<f64>) {
    let said_with = |penalty: f64, held: &Held| {
        let mut said = vec![usual; ready.won.len()];
        for (outside, inside) in held {
            if let Some(linear) = Linear::fit(&ready.rows, outside, &ready.won, penalty) {
                inside.iter().for_each(|row| said[*row] = linear.of(ready.rows.row(*row)));
            }
        }
        said
    };
    let mut best = (f64::INFINITY, PENALTIES[0]);
    for penalty in PENALTIES {
        let loss = loss(&said_with(penalty, &held[..2]), &ready.won);
        if loss < best.0 {
            best = (loss, penalty);
        }
    }
    (best.1, said_with(best.1, held))
}

/// The shape and number of trees that do best on rows held back, and what they then say of each.
fn choose_trees(ready: &Ready, held: &Held, usual: f64) -> (Shape, usize, Vec<f64>) {
    let mut best = (f64::INFINITY, SHAPES[0], 0, vec![usual; ready.won.len()]);
    for shape in SHAPES {
        let mut growing: Vec<Growing<'_>> = held
            .iter()
            .map(|(outside, _)| Growing::new(&ready.binned, outside, &ready.won, shape, usual))
            .collect();
        let mut best_of_shape = (f64::INFINITY, 0);
        for step in 1..=STEPS {
            let mut said = vec![usual; ready.won.len()];
            for (growing, (_, inside)) in growing.iter_mut().zip(held) {
                (0..STEP).for_each(|_| drop(growing.grow()));
                inside.iter().for_each(|row| said[*row] = growing.so_far[*row]);
            }
            let loss = loss(&said, &ready.won);
            if loss < best_of_shape.0 {
                best_of_shape = (loss, step);
                if loss < best.0 {
                    best = (loss, shape, step * STEP, said);
                }
            } else if step >= best_of_shape.1 + PATIENCE {
                break;
            }
        }
    }
    (best.1, best.2, best.3)
}

/// How far the two are believed, and where that starts. Neither is believed the other way round.
fn believe(by_linear: &[f64], by_trees: &[f64], won: &[bool], usual: f64) -> [f64; 3] {
    let all: Vec<usize> = (0..won.len()).collect();
    let try_with = |of: &[&[f64]]| {
        let numbers = all.iter().flat_map(|row| of.iter().map(|said| said[*row])).collect();
        Linear::fit(&Rows { width: of.len(), numbers }, &all, won, 0.01)
    };
    if let Some(both) = try_with(&[by_linear, by_trees])
        && both.weights.iter().all(|weight| *weight > 0.0)
    {
        return [both.weights[0], both.weights[1], both.intercept];
    }
    let trees_do_better = loss(by_trees, won) < loss(by_linear, won);
    let one = if trees_do_better { by_trees } else { by_linear };
    match try_with(&[one]).filter(|one| one.weights[0] > 0.0) {
        Some(one) if trees_do_better => [0.0, one.weights[0], one.intercept],
        Some(one) => [one.weights[0], 0.0, one.intercept],
        None => [0.0, 0.0, usual],
    }
}

/// The mean log-loss of log-odds.
fn loss(said: &[f64], won: &[bool]) -> f64 {
    let of_row = |(odds, won): (&f64, &bool)| {
        let against = if *won { -odds } else { *odds };
        against.max(0.0) + (-against.abs()).exp().ln_1p()
    };
    said.iter().zip(won).map(of_row).sum::<f64>() / won.len().max(1) as f64
}
