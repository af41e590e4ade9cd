//! Why a text is no segment, shown at the word that is wrong.

use std::{fmt, ops::Range};

/// The longest piece of a line that is shown, in characters.
const SHOWN: usize = 100;

/// A text that is no segment. Displayed as the reason, the line with carets, and the help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ParseError {
    /// What is wrong, in one sentence.
    pub message: String,
    /// The bytes of the wrong word; empty at the end of the text.
    pub at: Range<usize>,
    /// What to write instead, where that is known.
    pub help: Option<String>,
    line: String,
    before: usize,
    carets: usize,
}

impl ParseError {
    /// A fault of `text` at those bytes.
    pub(super) fn new(
        text: &str,
        at: Range<usize>,
        message: impl Into<String>,
        help: impl Into<Option<String>>,
    ) -> Self {
        let start = text[..at.start].rfind('\n').map_or(0, |newline| newline + 1);
        let end = text[at.start..].find('\n').map_or(text.len(), |length| at.start + length);
        let column = text[start..at.start].chars().count();
        let carets = text[at.start..at.end.min(end)].chars().count().clamp(1, SHOWN);
        let skip = if column + carets > SHOWN { column.saturating_sub(SHOWN / 2) } else { 0 };
        let all = text[start..end].trim_end();
        let mut line: String = all
            .chars()
            .skip(skip)
            .take(SHOWN + SHOWN / 2)
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        if all.chars().count() > skip + SHOWN + SHOWN / 2 {
            line.push('…');
        }
        let mut before = column - skip;
        if skip > 0 {
            line.insert(0, '…');
            before += 1;
        }
        Self { message: message.into(), at, help: help.into(), line, before, carets }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { message, line, .. } = self;
        let (gap, carets) = (" ".repeat(self.before), "^".repeat(self.carets));
        f.write_str(message)?;
        if !line.trim().is_empty() {
            write!(f, "\n  {line}\n  {gap}{carets}")?;
        }
        match &self.help {
            Some(help) => write!(f, "\n  {help}"),
            None => Ok(()),
        }
    }
}
