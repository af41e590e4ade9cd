//! Lines of CSV that a spreadsheet cannot mistake for formulas.

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Words; guarded.
    Text(String),
    /// A number; left as it is, so that −3 stays a number.
    Number(i64),
    /// Nothing.
    Empty,
}

/// A line with its end, quoted as RFC 4180 has it.
pub fn line(cells: &[Cell]) -> String {
    let cells: Vec<String> = cells.iter().map(written).collect();
    cells.join(",") + "\r\n"
}

fn written(cell: &Cell) -> String {
    match cell {
        Cell::Number(number) => number.to_string(),
        Cell::Empty => String::new(),
        Cell::Text(text) => {
            let text = guarded(text);
            if text.contains([',', '"', '\r', '\n']) {
                format!("\"{}\"", text.replace('"', "\"\""))
            } else {
                text
            }
        }
    }
}

/// A text that a spreadsheet shows as it is: what would begin a formula gets an apostrophe before it.
///
/// Formulas begin with `=`, `+`, `-`, `@` or their full-width forms, also behind blanks and quotes, and
/// programs differ in what they do with a tab or a line end in front (OWASP, "CSV Injection").
pub fn guarded(text: &str) -> String {
    let first = text.trim_start_matches([' ', '\u{a0}', '"', '\'', '\u{feff}']).chars().next();
    let begins =
        |c: char| matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠' | '|');
    if first.is_some_and(begins) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_of_text_can_begin_a_formula() {
        for evil in [
            "=1+1",
            "+1",
            "-1",
            "@SUM(1)",
            "\t=1",
            "\r=1",
            "\n=1",
            "  =HYPERLINK(\"https://evil.test\")",
            "\"=1",
            "＝1",
            "=cmd|' /C calc'!A0",
        ] {
            assert!(guarded(evil).starts_with('\''), "{evil:?}");
        }
        for plain in ["Ana", "a=b", "", "20 % off", "“quoted”"] {
            assert_eq!(guarded(plain), plain);
        }
    }

    #[test]
    fn lines_are_quoted_and_numbers_stay_numbers() {
        let cells = [Cell::Text("a, \"b\"".to_owned()), Cell::Number(-3), Cell::Empty];
        assert_eq!(line(&cells), "\"a, \"\"b\"\"\",-3,\r\n");
        assert_eq!(line(&[Cell::Text("=1,2".to_owned())]), "\"'=1,2\"\r\n");
    }
}
