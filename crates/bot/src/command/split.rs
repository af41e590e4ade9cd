//! A line of chat as words: quotes hold words together, and typographic quotes are quotes.

use std::ops::Range;

/// A word of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// Without the quotes around it.
    pub(super) text: String,
    /// Where it stands in the line, quotes included.
    pub(super) at: Range<usize>,
    /// Whether it stood in quotes.
    pub(super) quoted: bool,
}

/// The line as keyboards that mean well have not changed it: “ ” ‘ ’ „ are quotes, — is --.
pub(super) fn plain(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut before = ' ';
    for c in line.chars() {
        match c {
            '“' | '”' | '„' | '‟' | '«' | '»' => plain.push('"'),
            '‘' | '’' | '‚' => plain.push('\''),
            '—' if before.is_whitespace() => plain.push_str("--"),
            '\u{a0}' => plain.push(' '),
            c if c.is_control() && !c.is_whitespace() => {}
            c => plain.push(c),
        }
        before = c;
    }
    plain
}

/// The words of a [`plain`] line. A quote that is never closed, or an apostrophe inside a word, is a letter like others.
pub(super) fn words(line: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(start) = line[at..].find(|c: char| !c.is_whitespace()).map(|skip| at + skip) {
        let word = quoted(line, start).or_else(|| assigned(line, start)).unwrap_or_else(|| {
            let end = line[start..].find(char::is_whitespace).map_or(line.len(), |length| start + length);
            Word { text: line[start..end].to_owned(), at: start..end, quoted: false }
        });
        at = word.at.end;
        words.push(word);
    }
    words
}

/// Makes one word with hyphens of those that stand at a place, if they do.
pub(super) fn join(words: &mut Vec<Word>, at: usize, phrase: &[&str]) {
    let Some(said) = words.get(at..at + phrase.len()) else { return };
    if said.iter().zip(phrase).all(|(word, wanted)| !word.quoted && word.text.eq_ignore_ascii_case(wanted)) {
        let whole = said[0].at.start..said[phrase.len() - 1].at.end;
        let joined = Word { text: phrase.join("-"), at: whole, quoted: false };
        words.splice(at..at + phrase.len(), [joined]);
    }
}

/// The option at `start` whose value stands in quotes behind a `=`.
fn assigned(line: &str, start: usize) -> Option<Word> {
    let word = line[start..].split(char::is_whitespace).next().filter(|word| word.starts_with("--"))?;
    let behind = start + word.find('=')? + 1;
    let value = quoted(line, behind)?;
    let text = format!("{}{}", &line[start..behind], value.text);
    Some(Word { text, at: start..value.at.end, quoted: false })
}

/// The quoted word at `start`: closed by the same quote before a blank or the end; `\"` is a quote in it.
fn quoted(line: &str, start: usize) -> Option<Word> {
    let mark = line[start..].chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut text = String::new();
    let mut chars = line[start + 1..].char_indices().peekable();
    while let Some((offset, c)) = chars.next() {
        let next = chars.peek().map(|(_, c)| *c);
        match c {
            '\\' if matches!(next, Some(n) if n == mark || n == '\\') => {
                text.extend(next);
                chars.next();
            }
            c if c == mark && next.is_none_or(char::is_whitespace) => {
                return Some(Word { text, at: start..start + 1 + offset + 1, quoted: true });
            }
            c => text.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> Vec<String> {
        words(&plain(line)).into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn quotes_hold_words_together() {
        assert_eq!(
            split("lead note kim@x \"will call\" back"),
            ["lead", "note", "kim@x", "will call", "back"]
        );
        assert_eq!(
            split("launch “looked at pricing” —confirm x"),
            ["launch", "looked at pricing", "--confirm", "x"]
        );
        assert_eq!(
            split(r#"'viewed "/pricing*" in last 14 days'"#),
            [r#"viewed "/pricing*" in last 14 days"#]
        );
        assert_eq!(split(r#""viewed \"/pricing*\"""#), [r#"viewed "/pricing*""#]);
        assert_eq!(split("\"\""), [""]);
    }

    #[test]
    fn what_is_no_quote_stays_a_letter() {
        assert_eq!(split("it’s 5\" wide \"and open"), ["it's", "5\"", "wide", "\"and", "open"]);
        assert_eq!(split("  \u{a0} \n"), Vec::<String>::new());
        assert_eq!(split("日本 \"語"), ["日本", "\"語"]);
    }
}
