//! Words as Discord is sent them: nothing in them is markup, and none is longer than Discord takes.
//!
//! Sources: <https://discord.com/developers/docs/reference#message-formatting> and the limits of each
//! object. Discord counts characters; here UTF-16 units are counted, which are never fewer.

/// How long a text is, as the strictest reader of Discord's limits counts it.
pub(crate) fn length(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// Words that somebody wrote, so that they are shown as written: no mark, mention or link of theirs works.
/// At most `most` long, the last an ellipsis where something was cut; no escape is cut in half.
pub(crate) fn escaped(text: &str, most: usize) -> String {
    let mut pieces = Vec::new();
    let mut numbered = true;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        let rest = &text[at + c.len_utf8()..];
        let next = rest.chars().next().unwrap_or(' ');
        pieces.push(match c {
            '\\' | '*' | '_' | '~' | '`' | '|' | '<' | '>' | '#' | '-' | '+' | '[' | ']' | '(' | ')' => {
                format!("\\{c}")
            }
            // "09:30" is a time; "https://" links by itself, and ":tada:" turns into a picture.
            ':' if before.is_ascii_digit() && next.is_ascii_digit() => ":".to_owned(),
            ':' if !next.is_whitespace() => "\\:".to_owned(),
            // "1. " begins a list.
            '.' if numbered && at > 0 => "\\.".to_owned(),
            // No backslash helps here; a blank without width does.
            '@' if ["everyone", "here"].iter().any(|word| begins(rest, word)) => "@\u{200b}".to_owned(),
            c => c.to_string(),
        });
        before = c;
        numbered = c == '\n' || (numbered && (c.is_ascii_digit() || c.is_whitespace()));
    }
    joined(pieces, most)
}

/// Words without any marks, cut where they are too long: for places that Discord shows as they are.
pub(crate) fn plain(text: &str, most: usize) -> String {
    joined(text.chars().map(String::from), most)
}

/// A table: a block of code, out of which nothing in it can break.
pub(crate) fn block(text: &str, most: usize) -> String {
    let inside = text.replace("```", "`\u{200b}`\u{200b}`");
    format!("```\n{}\n```", plain(&inside, most.saturating_sub("```\n\n```".len())))
}

/// What is said to a member: as [`escaped`], but links to our own pages work. They show no preview.
pub(crate) fn said(text: &str, public_url: &str, most: usize) -> String {
    let ours = format!("{}/", public_url.trim_end_matches('/'));
    let plain_link = |word: &str| {
        word.starts_with(&ours) && word.chars().all(|c| c.is_ascii_graphic() && !"<>()[]`\\".contains(c))
    };
    let mut pieces = Vec::new();
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end_matches([' ', '\n', '\t', '.', ',', ';', ':']);
        match plain_link(word) {
            true => {
                pieces.push(format!("<{word}>"));
                pieces.push(piece[word.len()..].to_owned());
            }
            false => pieces.push(escaped(piece, usize::MAX)),
        }
    }
    // A link is whole or not there; other words are cut between characters.
    let whole: usize = pieces.iter().map(|piece| length(piece)).sum();
    match whole <= most {
        true => pieces.concat(),
        false => escaped(text, most),
    }
}

fn begins(text: &str, word: &str) -> bool {
    text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

fn joined(pieces: impl IntoIterator<Item = String>, most: usize) -> String {
    let mut text = String::new();
    let mut long = 0;
    // How long the text was when an ellipsis still fitted behind it.
    let mut room = 0;
    for piece in pieces {
        long += length(&piece);
        if long > most {
            text.truncate(room);
            text.truncate(text.trim_end().len());
            if most > 0 {
                text.push('…');
            }
            return text;
        }
        text.push_str(&piece);
        if long < most {
            room = text.len();
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_lead_wrote_is_markup() {
        assert_eq!(escaped("**bold** [x](https://evil)", 99), r"\*\*bold\*\* \[x\]\(https\://evil\)");
        assert_eq!(escaped("<@&1> <#2> <t:0:R>", 99), r"\<@&1\> \<\#2\> \<t\:0\:R\>");
        assert_eq!(
            escaped("@everyone @Here ana@here.test", 99),
            "@\u{200b}everyone @\u{200b}Here ana@\u{200b}here.test"
        );
        assert_eq!(escaped("12. x\n# y\n1.5", 99), "12\\. x\n\\# y\n1\\.5");
        assert_eq!(escaped("Note: 2.5 kim@acme.test 09:30", 99), "Note: 2.5 kim@acme.test 09:30");
    }

    #[test]
    fn a_cut_falls_between_characters_and_never_into_an_escape() {
        assert_eq!(escaped("abcdef", 6), "abcdef");
        assert_eq!(escaped("abcdefg", 6), "abcde…");
        assert_eq!(escaped("abcd**", 6), "abcd…");
        assert_eq!(escaped("😀😀😀😀", 5), "😀😀…");
        for most in 0..40 {
            let cut = escaped(&"a*😀 ".repeat(20), most);
            assert!(length(&cut) <= most, "{cut}");
            assert!(!cut.ends_with('\\'), "{cut}");
        }
    }

    #[test]
    fn a_table_stays_in_its_block() {
        assert_eq!(block("a ``` b", 99), "```\na `\u{200b}`\u{200b}` b\n```");
        assert_eq!(length(&block(&"x".repeat(5_000), 2_000)), 2_000);
    }

    #[test]
    fn only_our_own_links_work() {
        let url = "https://rekindle.acme.test/";
        assert_eq!(
            said("Open https://rekindle.acme.test/in/a_b.", url, 99),
            "Open <https://rekindle.acme.test/in/a_b>."
        );
        assert_eq!(said("Open https://evil.test/in/a_b", url, 99), r"Open https\://evil.test/in/a\_b");
        assert_eq!(said("https://rekindle.acme.test.evil/", url, 99), r"https\://rekindle.acme.test.evil/");
    }
}
