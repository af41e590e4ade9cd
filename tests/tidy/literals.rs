//! Finds the string literals of a Rust source, past comments, characters and lifetimes.

/// A string as written between its quotes, without the space (and `\n`, `\`) it begins with.
#[derive(Debug, PartialEq)]
pub(crate) struct StringLiteral<'a> {
    /// Counted from 1; where the literal opens.
    pub(crate) line: usize,
    pub(crate) text: &'a str,
}

/// All string literals of `source`, in order: plain, raw, byte and C strings.
pub(crate) fn strings(source: &str) -> Vec<StringLiteral<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < source.len() {
        let rest = &source[at..];
        at += if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some((opening, text, closing)) = string(rest, &source[..at]) {
            let line = source[..at].matches('\n').count() + 1;
            found.push(StringLiteral { line, text: without_lead(text) });
            opening + text.len() + closing
        } else if rest.starts_with('\'') {
            character(rest)
        } else {
            rest.chars().next().map_or(1, char::len_utf8)
        };
    }
    found
}

/// The length of a comment, with those inside it.
fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    loop {
        let here = &rest[at..];
        if here.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if here.starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            match here.chars().next() {
                Some(other) => at += other.len_utf8(),
                None => return at,
            }
        }
    }
}

/// The opening's length, the text and the closing's length of the string that `rest` begins with.
fn string<'a>(rest: &'a str, before: &str) -> Option<(usize, &'a str, usize)> {
    if let Some(inside) = rest.strip_prefix('"') {
        let mut escaped = false;
        let end = inside.find(|this| match (escaped, this) {
            (true, _) => {
                escaped = false;
                false
            }
            (false, '\\') => {
                escaped = true;
                false
            }
            (false, this) => this == '"',
        });
        return Some((1, &inside[..end.unwrap_or(inside.len())], 1));
    }
    // An `r` that ends a name opens nothing; one behind `b` or `c` does.
    let name = before.trim_end_matches(['b', 'c']);
    if name.ends_with(|last: char| last.is_alphanumeric() || last == '_') {
        return None;
    }
    let behind = rest.strip_prefix('r')?;
    let inside = behind.trim_start_matches('#');
    let fence = behind.len() - inside.len();
    let inside = inside.strip_prefix('"')?;
    let closing = format!("\"{}", "#".repeat(fence));
    let end = inside.find(&closing).unwrap_or(inside.len());
    Some((1 + fence + 1, &inside[..end], closing.len()))
}

/// The length of a character literal such as `'"'`, or of the quote of a lifetime.
fn character(rest: &str) -> usize {
    let mut inside = rest[1..].char_indices();
    match inside.next() {
        // The escaped one is passed over, for it may be the quote.
        Some((_, '\\')) => rest[3..].find('\'').map_or(1, |end| 3 + end + 1),
        Some(_) => match inside.next() {
            Some((end, '\'')) => 1 + end + 1,
            _ => 1,
        },
        None => 1,
    }
}

fn without_lead(text: &str) -> &str {
    let mut text = text;
    loop {
        let shorter = text.trim_start().trim_start_matches("\\n");
        let shorter = shorter.strip_prefix("\\\n").unwrap_or(shorter);
        if shorter.len() == text.len() {
            return text;
        }
        text = shorter;
    }
}

#[test]
fn strings_are_found_in_every_form_and_nowhere_else() {
    let source = r###"
        // "no" and 'no
        /* "no" /* "no" */ "no" */
        fn f<'a>(x: &'a str) -> char { let q = '"'; let e = '\''; let b = '\\'; '\u{22}' }
        let one = "a \" b"; let two = r#"c "d" e"#; let three = br"f\";
        let four = "
            lead"; let bar = "g"; let five = '\u{e9}';
    "###;
    let texts: Vec<&str> = strings(source).iter().map(|literal| literal.text).collect();
    assert_eq!(texts, ["a \\\" b", "c \"d\" e", "f\\", "lead", "g"]);
    let lines: Vec<usize> = strings(source).iter().map(|literal| literal.line).collect();
    assert_eq!(lines, [5, 5, 5, 6, 7]);
}
