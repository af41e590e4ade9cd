//! What is learnt from: rows of mixed values, each with how it ended.

use rekindle_core::prediction::Value;

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// One for each column of the table.
    pub values: Vec<Value>,
    /// How it ended.
    pub won: bool,
    /// Rows that end alike for a reason of their own (people of one company) share a group: none of them is asked about
    /// others that were learnt from.
    pub group: Option<String>,
}

/// Rows of the same columns.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Row>,
}

impl Table {
    /// The rows of these numbers.
    pub(crate) fn only(&self, rows: &[usize]) -> Self {
        let rows = rows.iter().map(|row| self.rows[*row].clone()).collect();
        Self { columns: self.columns.clone(), rows }
    }

    /// How many rows were won.
    pub fn won(&self) -> usize {
        self.rows.iter().filter(|row| row.won).count()
    }
}
