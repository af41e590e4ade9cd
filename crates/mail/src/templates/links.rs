//! The links of a mail, found once, so that each can be replaced by the lead's own tracked address at rendering.

use super::error::TemplateError;
use super::source::{Hidden, end_of_tag, has_mark, jinja_of};

/// One link of a mail. The same address in the HTML and in the text is one link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its number within the mail, from 0, in order of first appearance. Stable as long as the template is.
    pub index: usize,
    /// Where it leads.
    pub kind: LinkKind,
}

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LinkKind {
    /// To an address the marketer wrote out: `<a href="https://acme.test/pricing">`.
    Click {
        /// The address.
        url: String,
    },
    /// To the lead's offer page: `{{ offer_url }}`.
    Offer,
    /// To a survey answer: `{{ survey_url("too-expensive") }}`.
    Survey {
        /// The answer, as the survey names it.
        answer: String,
    },
    /// Out: `{{ unsubscribe_url }}`.
    Unsubscribe,
    /// To the page where they say how they want to be written to: `{{ preferences_url }}`.
    Preferences,
    /// To the button that says that it was them: `{{ confirm_url }}`.
    Confirm,
    /// Nowhere: the hidden link that compilation puts first, and that only machines follow.
    Bait,
}

/// Links as they are found.
#[derive(Debug, Default)]
pub(super) struct Found(Vec<Link>);

impl Found {
    pub(super) fn add(&mut self, kind: LinkKind) -> usize {
        if let Some(known) = self.0.iter().find(|l| l.kind == kind) {
            return known.index;
        }
        self.0.push(Link { index: self.0.len(), kind });
        self.0.len() - 1
    }

    pub(super) fn into_links(self) -> Vec<Link> {
        self.0
    }

    /// Swaps the address of every `<a href="http…">` of a marked HTML document for a mark that renders as the lead's own.
    pub(super) fn take_from_html(&mut self, html: &str, hidden: &mut Hidden) -> Result<String, String> {
        let mut out = String::with_capacity(html.len());
        let mut rest = html;
        while let Some(at) = rest.find("<a") {
            let (before, tag) = rest.split_at(at);
            out.push_str(before);
            let (tag, after) = tag.split_at(end_of_tag(tag));
            rest = after;
            match href(tag).filter(|_| tag[2..].starts_with(char::is_whitespace)) {
                Some((from, to)) => {
                    out.push_str(&tag[..from]);
                    out.push_str(&self.replace(tag[from..to].trim(), hidden, true)?);
                    out.push_str(&tag[to..]);
                }
                None => out.push_str(tag),
            }
        }
        out.push_str(rest);
        Ok(out)
    }

    /// The same for every `http…` of a marked text.
    pub(super) fn take_from_text(&mut self, text: &str, hidden: &mut Hidden) -> Result<String, String> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = [rest.find("http://"), rest.find("https://")].into_iter().flatten().min() {
            out.push_str(&rest[..at]);
            let url = &rest[at..];
            let end = url
                .find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '|'))
                .unwrap_or(url.len());
            let end =
                url[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '\'', '…', '”']).len();
            out.push_str(&self.replace(&url[..end], hidden, false)?);
            rest = &url[end..];
        }
        out.push_str(rest);
        Ok(out)
    }

    fn replace(&mut self, url: &str, hidden: &mut Hidden, html: bool) -> Result<String, String> {
        let lower = url.to_ascii_lowercase();
        if !lower.starts_with("http://") && !lower.starts_with("https://") {
            return Ok(url.to_owned());
        }
        if has_mark(url) {
            let shown = hidden.reveal(url);
            return Err(format!(
                "the link {shown} holds a variable; write the address out, so that clicks on it can be counted"
            ));
        }
        let url = if html { url.replace("&amp;", "&") } else { url.to_owned() };
        let index = self.add(LinkKind::Click { url });
        Ok(hidden.mark(&format!("{{{{ {}[{index}] }}}}", super::values::LINKS)))
    }

    /// Finds the answers of `survey_url("…")` in a source.
    pub(super) fn take_surveys(&mut self, file: &str, source: &str) -> Result<(), TemplateError> {
        for (line, jinja) in jinja_of(source) {
            for (at, name) in jinja.match_indices("survey_url") {
                let answer = literal_argument(&jinja[at + name.len()..]);
                let Some(answer) = answer else {
                    let what = "write the answer in quotes: {{ survey_url(\"not-now\") }}";
                    return Err(TemplateError::new(file, line, what));
                };
                self.add(LinkKind::Survey { answer: answer.to_owned() });
            }
        }
        Ok(())
    }
}

/// Where the value of `href` is inside a tag.
pub(super) fn href(tag: &str) -> Option<(usize, usize)> {
    attribute(tag, "href")
}

/// Where the value of an attribute is inside a tag.
pub(super) fn attribute(tag: &str, name: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    loop {
        let at = from + tag[from..].to_ascii_lowercase().find(name)?;
        from = at + name.len();
        let begins = tag[..at].ends_with(char::is_whitespace);
        let value = tag[from..].trim_start();
        let Some(value) = value.strip_prefix('=').map(str::trim_start).filter(|_| begins) else { continue };
        let start = tag.len() - value.len();
        return match value.chars().next() {
            Some(quote @ ('"' | '\'')) => value[1..].find(quote).map(|len| (start + 1, start + 1 + len)),
            _ => value.find(|c: char| c.is_whitespace() || c == '>').map(|len| (start, start + len)),
        };
    }
}

fn literal_argument(call: &str) -> Option<&str> {
    let inside = call.trim_start().strip_prefix('(')?.trim_start();
    let quote = inside.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (answer, after) = inside[1..].split_once(quote)?;
    (after.trim_start().starts_with(')') && !answer.is_empty()).then_some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_address_is_one_link_and_others_are_left_alone() {
        let mut hidden = Hidden::default();
        let mut found = Found::default();
        let html = r#"<link href="https://fonts.test/x"><a class="b" href="https://acme.test/p?a=1&amp;b=2">x</a> <a href="mailto:a@b.test">y</a><abbr href="https://no.test">"#;
        let html = found.take_from_html(html, &mut hidden).unwrap();
        let text = found
            .take_from_text("See https://acme.test/p?a=1&b=2. Or (https://acme.test/q)", &mut hidden)
            .unwrap();
        assert_eq!(
            hidden.reveal(&html),
            r#"<link href="https://fonts.test/x"><a class="b" href="{{ _links[0] }}">x</a> <a href="mailto:a@b.test">y</a><abbr href="https://no.test">"#
        );
        assert_eq!(hidden.reveal(&text), "See {{ _links[0] }}. Or ({{ _links[1] }})");
        let urls: Vec<_> = found.into_links().into_iter().map(|l| l.kind).collect();
        let click = |url: &str| LinkKind::Click { url: url.into() };
        assert_eq!(urls, [click("https://acme.test/p?a=1&b=2"), click("https://acme.test/q")]);
    }

    #[test]
    fn a_variable_inside_an_address_is_refused() {
        let mut hidden = Hidden::default();
        let marked = hidden.hide(r#"<a href="https://acme.test/?e={{ email }}">x</a>"#);
        let refused = Found::default().take_from_html(&marked, &mut hidden).unwrap_err();
        assert!(refused.contains("https://acme.test/?e={{ email }}"), "{refused}");
    }

    #[test]
    fn survey_answers_are_literal() {
        let mut found = Found::default();
        found
            .take_surveys("f", "{{ survey_url(\"a\") }}\n{{survey_url( 'b' )}} {{ survey_url('a') }}")
            .unwrap();
        assert_eq!(found.0.len(), 2);
        assert_eq!(found.take_surveys("f", "\n{{ survey_url(x) }}").unwrap_err().line, Some(2));
    }
}
