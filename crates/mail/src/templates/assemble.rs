//! A mail put together: layout, what it includes, and body; knowing which line came from which file.

use rekindle_core::language::Language;

use super::error::{TemplateError, did_you_mean};
use super::links::attribute;
use super::source::end_of_tag;

/// What the layout says where the mail goes.
pub(super) const BODY: &str = "body.mjml";

/// A file that takes part: as the layout names it (the layout itself by its own name), as it lies in the folder, and its text.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) included_as: String,
    pub(super) file: String,
    pub(super) text: String,
}

/// A whole MJML document.
#[derive(Debug)]
pub(super) struct Assembled {
    /// The document.
    pub(super) mjml: String,
    /// The same without the preview text, for making the text part.
    pub(super) without_preview: String,
    /// For each line, which piece it came from, and which line of it.
    lines: Vec<(usize, usize)>,
}

/// What a layout includes, in order: line and path.
pub(super) fn includes<'a>(file: &str, layout: &'a str) -> Result<Vec<(usize, &'a str)>, TemplateError> {
    let mut found = Vec::new();
    for (at, _) in layout.match_indices("<mj-include") {
        let line = layout[..at].matches('\n').count() + 1;
        let tag = &layout[at..at + end_of_tag(&layout[at..])];
        let Some((from, to)) = attribute(tag, "path").filter(|_| tag.ends_with("/>")) else {
            let what = "write <mj-include path=\"_footer.mjml\" />";
            return Err(TemplateError::new(file, line, what));
        };
        found.push((line, &tag[from..to]));
    }
    if found.iter().filter(|(_, path)| *path == BODY).count() != 1 {
        let what = "the layout must say <mj-include path=\"body.mjml\" /> where the mail goes, once";
        return Err(TemplateError::new(file, None, what));
    }
    Ok(found)
}

impl Assembled {
    /// Puts the pieces, of which the first is the layout, where it includes them; the body's `<mj-preview>` into its head; and says in
    /// which language the whole is, where that is not for the layout to say.
    pub(super) fn new(pieces: &[Piece], language: Option<&Language>) -> Result<Self, TemplateError> {
        let (layout, rest) = pieces.split_first().expect("the layout is the first piece");
        let wrong = |what: String| TemplateError::new(&layout.file, None, what);
        let mut sheet = Sheet { text: String::new(), lines: vec![(0, 1)] };
        let mut preview = None;
        let (mut at, mut line) = (0, 1);
        for (_, path) in includes(&layout.file, &layout.text)? {
            let Some(piece) = rest.iter().position(|piece| piece.included_as == path) else {
                let near = did_you_mean(path, rest.iter().map(|piece| piece.included_as.as_str()));
                return Err(wrong(format!("there is no “{path}” to include{near}")));
            };
            let start = at + layout.text[at..].find("<mj-include").unwrap_or_default();
            line = sheet.write(0, &layout.text[at..start], line);
            let text = &rest[piece].text;
            let text = if path == BODY { &cut_preview(text, &mut preview) } else { text };
            sheet.write(piece + 1, text, 1);
            at = start + end_of_tag(&layout.text[start..]);
            line += layout.text[start..at].matches('\n').count();
        }
        sheet.write(0, &layout.text[at..], line);

        let whole = told_in(sheet.text, language);
        let head = whole.find("<mj-head>").map(|at| at + "<mj-head>".len());
        let head =
            head.ok_or_else(|| wrong("the layout must have an <mj-head>, before the mail".to_owned()))?;
        let mut mjml = whole.clone();
        mjml.insert_str(head, &preview.map(|p| format!("<mj-preview>{p}</mj-preview>")).unwrap_or_default());
        Ok(Self { mjml, without_preview: whole, lines: sheet.lines })
    }

    /// Which piece and which line of it a byte of the document came from.
    pub(super) fn origin(&self, byte: usize) -> (usize, usize) {
        let line = self.mjml.as_bytes().iter().take(byte).filter(|b| **b == b'\n').count();
        self.lines.get(line).or(self.lines.last()).copied().unwrap_or((0, 1))
    }
}

/// A text that knows where its lines came from.
struct Sheet {
    text: String,
    lines: Vec<(usize, usize)>,
}

impl Sheet {
    /// Appends what begins at a line of a piece; the line at which it ends.
    fn write(&mut self, piece: usize, text: &str, mut line: usize) -> usize {
        let last = self.text.rsplit('\n').next().unwrap_or_default();
        if let Some(begun) = self.lines.last_mut().filter(|_| last.trim().is_empty()) {
            *begun = (piece, line);
        }
        for _ in text.matches('\n') {
            line += 1;
            self.lines.push((piece, line));
        }
        self.text.push_str(text);
        line
    }
}

/// Takes `<mj-preview>…</mj-preview>` out of a body and leaves its line breaks behind.
fn cut_preview(body: &str, preview: &mut Option<String>) -> String {
    let Some(start) = body.find("<mj-preview>") else { return body.to_owned() };
    let Some(len) = body[start..].find("</mj-preview>") else { return body.to_owned() };
    let text = &body[start + "<mj-preview>".len()..start + len];
    let breaks = "\n".repeat(text.matches('\n').count());
    let rest = &body[start + len + "</mj-preview>".len()..];
    *preview = Some(text.split_whitespace().collect::<Vec<_>>().join(" "));
    [&body[..start], &breaks, rest].concat()
}

/// The document with its language on it and, where that is written from right to left, with its direction: mail programs take neither
/// from the words, and screen readers pronounce by the first.
fn told_in(mut mjml: String, language: Option<&Language>) -> String {
    let Some(language) = language else { return mjml };
    let Some(start) = mjml.find("<mjml") else { return mjml };
    for (name, value) in
        [("lang", Some(language.tag())), ("dir", language.is_right_to_left().then_some("rtl"))]
    {
        let Some(value) = value else { continue };
        let end = start + end_of_tag(&mjml[start..]);
        match attribute(&mjml[start..end], name) {
            Some((from, to)) => mjml.replace_range(start + from..start + to, value),
            None => mjml.insert_str(start + "<mjml".len(), &format!(" {name}=\"{value}\"")),
        }
    }
    if language.is_right_to_left()
        && let Some(end) = mjml.find("</mj-head>")
    {
        // MJML writes direction and alignment out everywhere; behind the layout's own, these are its defaults.
        let elements =
            ["section", "wrapper", "column"].map(|name| format!("<mj-{name} direction=\"rtl\" />"));
        let words = ["text", "button"].map(|name| format!("<mj-{name} align=\"right\" />"));
        mjml.insert_str(
            end,
            &format!("<mj-attributes>{}{}</mj-attributes>", elements.concat(), words.concat()),
        );
    }
    mjml
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(included_as: &str, text: &str) -> Piece {
        Piece { included_as: included_as.to_owned(), file: included_as.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn lines_are_found_again() {
        let layout = "<mjml>\n<mj-head></mj-head>\n<mj-body>\n<mj-include path=\"body.mjml\" />\n<mj-raw/>\n <mj-include\n path=\"_footer.mjml\" />\n</mj-body></mjml>";
        let body = "<mj-preview>Hi\n there</mj-preview>\n<mj-section>\n</mj-section>";
        let footer = "<mj-section>\n<mj-column/></mj-section>";
        let pieces = [piece("_layout.mjml", layout), piece("body.mjml", body), piece("_footer.mjml", footer)];
        let whole = Assembled::new(&pieces, None).unwrap();
        assert!(whole.mjml.contains("<mj-head><mj-preview>Hi there</mj-preview>"));
        assert!(!whole.without_preview.contains("Hi there"));
        let of = |what: &str| whole.origin(whole.mjml.find(what).unwrap());
        assert_eq!(of("<mj-section>"), (1, 3));
        assert_eq!(of("<mj-raw/>"), (0, 5));
        assert_eq!(of("<mj-column/>"), (2, 2));
        assert_eq!(of("</mj-body>"), (0, 8));
        assert_eq!(whole.origin(0), (0, 1));
    }

    #[test]
    fn the_language_stands_in_the_document_once() {
        let of = |mjml: &str, tag: &str| told_in(mjml.to_owned(), Language::parse(tag).as_ref());
        assert_eq!(of("<mjml lang=\"en\"><x/>", "de"), "<mjml lang=\"de\"><x/>");
        assert_eq!(of("<mjml>", "de-AT"), "<mjml lang=\"de-at\">");
        assert_eq!(of("<mjml lang='en' dir='ltr'>", "ar"), "<mjml lang='ar' dir='rtl'>");
    }
}
