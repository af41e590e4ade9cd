//! Small tables for chat: columns in a fixed-width script.

use crate::wording::clean;

/// How wide a column may become, in characters.
const WIDEST: usize = 48;

/// A table as lines of text; cells are cleaned and clamped, blanks at the ends of lines are not written.
pub(crate) fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let head = head.map(str::to_owned);
    let rows: Vec<[String; N]> = std::iter::once(&head)
        .chain(rows)
        .map(|row| row.each_ref().map(|cell| clean(cell, WIDEST)))
        .collect();
    let widths: Vec<usize> = (0..N)
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default())
        .collect();
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Pairs of a word and what it says, aligned.
pub(crate) fn pairs(rows: &[(&str, String)]) -> String {
    let width = rows.iter().map(|(word, _)| word.chars().count()).max().unwrap_or_default();
    let line = |(word, says): &(&str, String)| format!("{word:<width$}  {}", clean(says, 200));
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [["Kim".to_owned(), "105".to_owned()], ["Ana\nLópez".to_owned(), "9".to_owned()]];
        assert_eq!(table(["lead", "score"], &rows), "lead       score\nKim        105\nAna López  9");
    }
}
