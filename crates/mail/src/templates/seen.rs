//! What of an HTML document is seen: by its reader, and by the inbox that shows its first words.

use super::source::end_of_tag;

/// How many characters an inbox shows behind the subject; phones show about 90.
const INBOX_LINE: usize = 140;

/// What a reader sees, with its tags: without head, comments, styles, and what is not displayed.
pub(super) fn visible(html: &str) -> String {
    shown(html, true)
}

/// The words between the tags of a piece of HTML, entities as they stand.
pub(super) fn words(html: &str) -> String {
    let text: Vec<&str> = html
        .split('<')
        .enumerate()
        .filter_map(|(nth, piece)| match nth {
            0 => Some(piece),
            _ => piece.split_once('>').map(|(_, text)| text),
        })
        .collect();
    text.join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a link to this address (escaped for HTML) can be seen: words or a picture with a text in it.
pub(super) fn shows_link(visible: &str, address: &str) -> bool {
    visible.match_indices(address).any(|(at, _)| {
        let Some(tag) = visible[..at].rfind('<').filter(|tag| visible[*tag..].starts_with("<a")) else {
            return false;
        };
        let inside = &visible[tag + end_of_tag(&visible[tag..])..];
        let inside = &inside[..inside.find("</a").unwrap_or(inside.len())];
        !words(inside).is_empty() || inside.contains("alt=\"") && !inside.contains("alt=\"\"")
    })
}

/// The line that an inbox shows behind the subject: the first words of the body, hidden ones included, which is what previews are for.
pub fn inbox_line(html: &str) -> String {
    let line = unescaped(&words(&shown(html, false)));
    match line.char_indices().nth(INBOX_LINE) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}

/// A document without its head, comments and styles; and, if wanted, without what is not displayed.
fn shown(html: &str, only_displayed: bool) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        let tag = &rest[at..];
        if tag.starts_with("<!--") {
            rest = tag.find("-->").map_or("", |end| &tag[end + 3..]);
            continue;
        }
        let (tag, after) = tag.split_at(end_of_tag(tag));
        let name = tag[1..].split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        let is_silent = ["head", "style", "script", "title"].contains(&name);
        if is_silent || only_displayed && is_hidden(tag) {
            rest = behind(after, name);
            continue;
        }
        out.push_str(tag);
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Whether a tag hides what is inside, whatever that says of itself.
fn is_hidden(tag: &str) -> bool {
    let close: String = tag.to_ascii_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
    let unquoted: Vec<&str> = tag.split('"').step_by(2).collect();
    let unquoted = unquoted.join(" ");
    let mut attributes = unquoted.split([' ', '\n', '\t', '=', '>', '/']).skip(1);
    close.contains("display:none")
        || close.contains("visibility:hidden")
        || attributes.any(|name| name == "hidden")
}

/// What comes behind the end of an element whose inside begins here.
fn behind<'a>(mut inside: &'a str, name: &str) -> &'a str {
    let (open, close) = (format!("<{name}"), format!("</{name}"));
    let mut depth = 1;
    loop {
        let Some(end) = inside.find(&close) else { return "" };
        depth += inside[..end].matches(&open).count();
        depth -= 1;
        inside = &inside[end + close.len()..];
        inside = inside.find('>').map_or("", |at| &inside[at + 1..]);
        if depth == 0 {
            return inside;
        }
    }
}

/// The entities that our renderers write, as characters.
fn unescaped(text: &str) -> String {
    const ENTITIES: [(&str, &str); 12] = [
        ("&nbsp;", " "),
        ("&ldquo;", "“"),
        ("&rdquo;", "”"),
        ("&times;", "×"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&#x2f;", "/"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
    ];
    ENTITIES.iter().fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<html><head><title>T</title><style>a{b}</style></head><body>
        <div style="display: none">Preview <div>x</div> line</div><!-- no <b>note</b> --><p>Hi <b>Zo&amp;</b></p>
        <a href="https://x.test/u">out</a><a href="https://x.test/empty"></a><a href="https://x.test/p"><img alt="Out"></a></body></html>"#;

    #[test]
    fn a_reader_sees_what_is_displayed_and_an_inbox_its_first_words() {
        assert_eq!(words(&visible(PAGE)), "Hi Zo&amp; out");
        assert_eq!(inbox_line(PAGE), "Preview x line Hi Zo& out");
        assert_eq!(inbox_line(&"wörter ".repeat(60)).chars().count(), 140);
        assert_eq!(words("a < b"), "a");
    }

    #[test]
    fn a_link_is_seen_by_its_words_or_its_picture() {
        let seen = visible(PAGE);
        assert!(shows_link(&seen, "https://x.test/u") && shows_link(&seen, "https://x.test/p"));
        assert!(!shows_link(&seen, "https://x.test/empty") && !shows_link(&seen, "https://x.test/none"));
        assert!(!shows_link(&visible("<p hidden=\"\"><a href=\"/u\">x</a></p>"), "/u"));
        let hidden =
            visible("<div style=\"visibility:hidden\"><div><a href=\"/u\">x</a></div></div><p>y</p>");
        assert!(!shows_link(&hidden, "/u") && words(&hidden) == "y");
    }
}
