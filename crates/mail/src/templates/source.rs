//! Template sources before they are compiled: Jinja hidden from the MJML reader, and the mistakes people make most.
//!
//! MJML is read as XML, in which `href="{{ survey_url("yes") }}"` or `{% if a < b %}` could not stand. So each piece of
//! Jinja is swapped for a mark that means nothing to anyone, and swapped back once the HTML is there.

use super::error::did_you_mean;

/// Opens a mark. Plain letters, because the MJML reader escapes all else in attributes; and such as no word holds.
const OPEN: &str = "qzjinjaq";
/// Closes a mark.
const CLOSE: &str = "qajnijzq";

/// The pieces of Jinja taken out of a source.
#[derive(Debug, Default)]
pub(super) struct Hidden(Vec<String>);

impl Hidden {
    /// Swaps every `{{ … }}`, `{% … %}` and `{# … #}` for a mark. Line breaks inside a piece stay, so that lines can be counted.
    pub(super) fn hide(&mut self, source: &str) -> String {
        let mut out = String::with_capacity(source.len());
        for piece in pieces(source) {
            match piece {
                Piece::Text(text) => out.push_str(&text.replace(OPEN, "").replace(CLOSE, "")),
                Piece::Jinja(jinja) => {
                    let mark = self.mark(jinja);
                    out.push_str(&mark);
                }
            }
        }
        out
    }

    /// A mark for this piece of Jinja.
    pub(super) fn mark(&mut self, jinja: &str) -> String {
        self.0.push(jinja.to_owned());
        let breaks = "\n".repeat(jinja.matches('\n').count());
        format!("{OPEN}{}{breaks}{CLOSE}", self.0.len() - 1)
    }

    /// Puts every piece back.
    pub(super) fn reveal(&self, marked: &str) -> String {
        let mut out = String::with_capacity(marked.len());
        let mut rest = marked;
        while let Some((before, after)) = rest.split_once(OPEN) {
            out.push_str(before);
            let (index, after) = after.split_once(CLOSE).unwrap_or((after, ""));
            // Line breaks may follow the number, as they are or escaped.
            let digits = index.split(|c: char| !c.is_ascii_digit()).next().unwrap_or("");
            let piece = digits.parse::<usize>().ok().and_then(|i| self.0.get(i));
            out.push_str(piece.map_or("", String::as_str));
            rest = after;
        }
        out.push_str(rest);
        out
    }
}

/// Whether a hidden source has a mark in it.
pub(super) fn has_mark(text: &str) -> bool {
    text.contains(OPEN)
}

enum Piece<'a> {
    Text(&'a str),
    Jinja(&'a str),
}

fn pieces(source: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = source;
    while let Some((at, close)) = next_opening(rest) {
        found.push(Piece::Text(&rest[..at]));
        let end = end_of_piece(&rest[at..], close).map_or(rest.len(), |len| at + len);
        found.push(Piece::Jinja(&rest[at..end]));
        rest = &rest[end..];
    }
    found.push(Piece::Text(rest));
    found
}

fn next_opening(text: &str) -> Option<(usize, &'static str)> {
    [("{{", "}}"), ("{%", "%}"), ("{#", "#}")]
        .into_iter()
        .filter_map(|(open, close)| text.find(open).map(|at| (at, close)))
        .min()
}

/// Where a piece ends; a closing mark inside quotes does not end it (except in a comment).
fn end_of_piece(piece: &str, close: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in piece.char_indices().skip(2) {
        match quote {
            Some(q) if c == q => quote = None,
            Some(_) => {}
            None if piece[at..].starts_with(close) => return Some(at + close.len()),
            None if close != "#}" && matches!(c, '"' | '\'') => quote = Some(c),
            None => {}
        }
    }
    None
}

/// The pieces of Jinja of a source, each with the line it begins on (from 1).
pub(super) fn jinja_of(source: &str) -> Vec<(usize, &str)> {
    let mut line = 1;
    let mut found = Vec::new();
    for piece in pieces(source) {
        let text = match piece {
            Piece::Text(text) => text,
            Piece::Jinja(text) => {
                if !text.starts_with("{#") {
                    found.push((line, text));
                }
                text
            }
        };
        line += text.matches('\n').count();
    }
    found
}

/// Every element of MJML 4. One that is not among them would be passed through and shown as nothing.
const ELEMENTS: [&str; 33] = [
    "mj-accordion",
    "mj-accordion-element",
    "mj-accordion-text",
    "mj-accordion-title",
    "mj-all",
    "mj-attributes",
    "mj-body",
    "mj-breakpoint",
    "mj-button",
    "mj-carousel",
    "mj-carousel-image",
    "mj-class",
    "mj-column",
    "mj-divider",
    "mj-font",
    "mj-group",
    "mj-head",
    "mj-hero",
    "mj-image",
    "mj-include",
    "mj-navbar",
    "mj-navbar-link",
    "mj-preview",
    "mj-raw",
    "mj-section",
    "mj-social",
    "mj-social-element",
    "mj-spacer",
    "mj-style",
    "mj-table",
    "mj-text",
    "mj-title",
    "mj-wrapper",
];

/// Elements that hold elements and no words.
const BOXES: [&str; 7] = ["mjml", "mj-head", "mj-body", "mj-wrapper", "mj-section", "mj-group", "mj-column"];

/// The first `mj-` element that does not exist or is not closed where it should be, with its line: the mistakes people make most.
pub(super) fn misbuilt(mjml: &str) -> Option<(usize, String)> {
    let mut open: Vec<(&str, usize)> = Vec::new();
    let mut at = 0;
    while let Some(found) = mjml[at..].find('<') {
        let start = at + found;
        let rest = &mjml[start..];
        let line = mjml[..start].matches('\n').count() + 1;
        if open.last().is_none_or(|(name, _)| BOXES.contains(name))
            && let Some(stray) = stray_words(mjml, at, start)
        {
            return Some(stray);
        }
        if rest.starts_with("<!--") {
            at = start + rest.find("-->").map_or(rest.len(), |len| len + 3);
            continue;
        }
        let end = end_of_tag(rest);
        at = start + end.max(1);
        let tag = rest[1..end.max(1)].trim_end_matches('>');
        let closing = tag.strip_prefix('/');
        let name = closing.unwrap_or(tag).split(|c: char| c.is_whitespace() || c == '/').next().unwrap_or("");
        if !name.starts_with("mj-") && name != "mjml" {
            continue;
        }
        if name != "mjml" && !ELEMENTS.contains(&name) {
            let near = did_you_mean(name, ELEMENTS);
            return Some((line, format!("there is no <{name}>{near}")));
        }
        match closing {
            None if tag.ends_with('/') => {}
            None => open.push((name, line)),
            Some(_) => match open.pop() {
                Some((opened, _)) if opened == name => {}
                Some((opened, from)) => {
                    return Some((from, format!("<{opened}> is not closed before </{name}> in line {line}")));
                }
                None => return Some((line, format!("</{name}> closes nothing"))),
            },
        }
    }
    let unclosed = open.pop().map(|(name, line)| (line, format!("<{name}> is never closed")));
    unclosed.or_else(|| stray_words(mjml, at, mjml.len()))
}

fn stray_words(mjml: &str, from: usize, to: usize) -> Option<(usize, String)> {
    let last = mjml[from..to].trim_end().len();
    let what = "words and {% if %} belong into <mj-text> or, around whole sections, into <mj-raw>";
    (last > 0).then(|| (mjml[..from + last].matches('\n').count() + 1, what.to_owned()))
}

/// The length of a tag up to and with its `>`, quotes respected.
pub(super) fn end_of_tag(tag: &str) -> usize {
    let mut quote = None;
    for (at, c) in tag.char_indices() {
        match quote {
            Some(q) if c == q => quote = None,
            Some(_) => {}
            None if c == '>' => return at + 1,
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None => {}
        }
    }
    tag.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_comes_back_whole() {
        let source = "a {{ f(\"}}\") }} b {% if x < 1 %}c{% endif %}{# it's #} d {{ unfinished";
        let mut hidden = Hidden::default();
        let marked = hidden.hide(source);
        assert!(!marked.contains(['{', '<', '"']), "{marked:?}");
        assert_eq!(hidden.reveal(&marked), source);
    }

    #[test]
    fn an_unclosed_element_is_named_with_its_line() {
        assert_eq!(misbuilt("<mj-section>\n<mj-column>\n</mj-section>").map(|(l, _)| l), Some(2));
        assert_eq!(misbuilt("<mj-text>a <br> b</mj-text><mj-spacer height=\"1px\" />"), None);
        assert_eq!(misbuilt("<mj-section>\nwords <b>x</b></mj-section>").map(|(l, _)| l), Some(2));
        assert_eq!(misbuilt("<mj-spacer />\nwords\n").map(|(l, _)| l), Some(2));
        assert_eq!(misbuilt("<mj-section>\n<!-- a note --> </mj-section>"), None);
        assert_eq!(
            misbuilt("<mj-txt>").map(|(_, w)| w),
            Some("there is no <mj-txt>; did you mean “mj-text”?".into())
        );
        assert_eq!(misbuilt("<mj-text>").map(|(_, w)| w), Some("<mj-text> is never closed".into()));
    }
}
