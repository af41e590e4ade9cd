//! Addresses within a text that strangers wrote.

/// More addresses of one text are not looked at.
const MOST: usize = 200;

/// The addresses in a text, in order, as they are written there.
pub(super) fn of(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (at, _) in text.match_indices('@').take(MOST) {
        if let Some((address, _, _)) = around(text, at)
            && !found.contains(&address)
        {
            found.push(address);
        }
    }
    found
}

/// The address that a line begins with, brackets, quotes, list marks and a scheme passed over, and what stands behind it.
pub(super) fn at_start(line: &str) -> Option<(String, &str)> {
    let at = line.find('@')?;
    let (address, start, end) = around(line, at)?;
    let before = line[..start].to_ascii_lowercase();
    let before = before.trim_end_matches("smtp:").trim_end_matches("mailto:").trim_end_matches("rfc822;");
    let is_mark = |c: char| c.is_whitespace() || "<>[]('\"`*-•·–=|:,;".contains(c);
    before
        .chars()
        .all(is_mark)
        .then(|| (address, line[end..].trim_start_matches(['>', ']', ')', '\'', '"', '`'])))
}

/// The address around the `@` at a place, and where it begins and ends.
fn around(text: &str, at: usize) -> Option<(String, usize, usize)> {
    let is_local = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let is_domain = |c: char| c.is_alphanumeric() || c == '.' || c == '-';
    let mut start =
        text[..at].char_indices().rev().take_while(|(_, c)| is_local(*c)).last().map_or(at, |(i, _)| i);
    // A quoted local part (RFC 5321): back to the quote that opens it.
    if start == at && text[..at].ends_with('"') {
        start = text[..at - 1].rfind('"')?;
    }
    let end = text[at + 1..]
        .char_indices()
        .take_while(|(_, c)| is_domain(*c))
        .last()
        .map_or(at + 1, |(i, c)| at + 1 + i + c.len_utf8());
    let domain = text[at + 1..end].trim_end_matches(['.', '-']);
    let end = at + 1 + domain.len();
    // Quotes and list marks that a local part could begin with, and does not.
    let local = text[start..at].trim_start_matches(['\'', '*', '`', '=', '|', '-', '.']);
    // An address of X.400 carries that of the Internet in it.
    let local = local.rsplit_once("SMTP=").map_or(local, |(_, local)| local);
    let start = at - local.len();
    let fine = !local.is_empty()
        && local.len() <= 128
        && domain.len() <= 253
        && domain.contains('.')
        && domain.split('.').all(|label| !label.is_empty());
    fine.then(|| (format!("{local}@{domain}"), start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_every_dress() {
        for (text, wanted) in [
            ("<kim@acme.test>:", "kim@acme.test"),
            ("RCPT TO:<kim+a=b@acme.test>", "kim+a=b@acme.test"),
            ("'kim@acme.test' is unknown.", "kim@acme.test"),
            ("rfc822;Kim@Acme.TEST.", "Kim@Acme.TEST"),
            ("[SMTP:kim@acme.test]", "kim@acme.test"),
            ("\"kim lee\"@acme.test", "\"kim lee\"@acme.test"),
            ("пишите ким@пример.рф, пожалуйста", "ким@пример.рф"),
        ] {
            assert_eq!(of(text), [wanted], "{text}");
        }
        for text in ["@", "kim@", "@acme.test", "kim@localhost", "a@b..c d@.e", "kim @ acme.test"] {
            assert_eq!(of(text), [""; 0], "{text}");
        }
        assert_eq!(at_start("  * <kim@acme.test>: gone"), Some(("kim@acme.test".to_owned(), ": gone")));
        assert_eq!(at_start("for kim@acme.test"), None);
    }
}
