//! The HTML part of a mail, in a frame where it can do nothing but be read and have its links opened.

use super::{frame::SignedIn, refused::unknown};
use crate::Doors;
use axum::{
    extract::{Path, State},
    http::header,
    response::{Html, IntoResponse, Response},
};
use rekindle_mail::folder::read_mail;

/// The mail brings its own styles, and its links open beside the frame; no script runs, no form is sent,
/// nothing foreign is fetched: what it would tell about the reader, it would tell about the team.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox";

/// The HTML part alone.
pub(super) async fn html(
    State(doors): State<Doors>,
    SignedIn(member): SignedIn,
    Path(file): Path<String>,
) -> Response {
    let (folder, wanted) = (doors.settings.mail_folder.clone(), file.clone());
    let read = tokio::task::spawn_blocking(move || read_mail(&folder?, &wanted).ok()?).await;
    match read.ok().flatten().and_then(|mail| mail.html) {
        Some(html) => mail_page(&html),
        None => unknown(&doors, &member, "mail", &file),
    }
}

/// The HTML part of a mail as a page that can do nothing, for a frame.
pub(super) fn mail_page(html: &str) -> Response {
    let headers = [(header::CONTENT_SECURITY_POLICY, POLICY), (header::REFERRER_POLICY, "no-referrer")];
    (headers, Html(opening_beside(html))).into_response()
}

/// The page with its links made to open beside the frame.
fn opening_beside(html: &str) -> String {
    const BASE: &str = "<base target=\"_blank\">";
    let lower = html.to_ascii_lowercase();
    let end_of = |tag: &str| {
        let at = lower.match_indices(tag).map(|(at, _)| at).find(|at| {
            // "<head" begins "<header" too.
            lower[at + tag.len()..].starts_with(|c: char| c == '>' || c.is_ascii_whitespace())
        })?;
        Some(at + lower[at..].find('>')? + 1)
    };
    let at = end_of("<head").or_else(|| end_of("<html")).unwrap_or(0);
    format!("{}{BASE}{}", &html[..at], &html[at..])
}

/// The links of a page, words and address, each once: only those that lead to the web.
pub(super) fn links(html: &str) -> Vec<(String, String)> {
    let lower = html.to_ascii_lowercase();
    let mut links: Vec<(String, String)> = Vec::new();
    let mut from = 0;
    while let Some(start) = lower[from..].find("<a").map(|at| from + at) {
        let Some(end) = lower[start..].find('>').map(|at| start + at) else { break };
        from = end;
        let Some(url) = href(&html[start..end], &lower[start..end]) else { continue };
        let close = lower[end..].find("</a").map_or(html.len(), |at| end + at);
        let words = words_of(&html[end + 1..close]);
        let words = if words.is_empty() { "a picture".to_owned() } else { words };
        let web = url.starts_with("https://") || url.starts_with("http://");
        if web && !links.iter().any(|(_, known)| *known == url) {
            links.push((words, url));
        }
    }
    links
}

fn href(tag: &str, lower: &str) -> Option<String> {
    let at = lower.find("href=")? + "href=".len();
    let quote = tag[at..].chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let value = &tag[at + 1..];
    Some(unescaped(value.split(quote).next()?.trim()))
}

/// What a reader sees of a piece of HTML, on one line.
fn words_of(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        text.push_str(&rest[..at]);
        text.push(' ');
        rest = rest[at..].find('>').map_or("", |end| &rest[at + end + 1..]);
    }
    text.push_str(rest);
    let words: Vec<&str> = text.split_whitespace().collect();
    unescaped(&words.join(" "))
}

fn unescaped(text: &str) -> String {
    // `&amp;` last, so that nothing is unescaped twice.
    [
        ("&nbsp;", " "),
        ("&#160;", " "),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&#x2f;", "/"),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_open_beside_the_frame() {
        let base = "<base target=\"_blank\">";
        assert_eq!(opening_beside("<html><HEAD a=b><title>x"), format!("<html><HEAD a=b>{base}<title>x"));
        assert_eq!(opening_beside("<html><header>x"), format!("<html>{base}<header>x"));
        assert_eq!(opening_beside("<p>ü"), format!("{base}<p>ü"));
    }

    #[test]
    fn only_links_to_the_web_are_listed_and_each_once() {
        let html = "<abbr>x</abbr><a class=\"b\" href=\"https://x.test/c/1?a=1&amp;b=2\"><b>Keep&nbsp;my</b>\n file</a>\
                    <A HREF='https://x.test/c/1?a=1&amp;b=2'>again</A><a href=\"javascript:alert(1)\">no</a><a name=x>no</a><a href=\"https://x.test/ü\"><img></a>";
        let found = links(html);
        assert_eq!(
            found,
            [
                ("Keep my file".to_owned(), "https://x.test/c/1?a=1&b=2".to_owned()),
                ("a picture".to_owned(), "https://x.test/ü".to_owned()),
            ]
        );
        assert!(links("<a href=\"https://x").is_empty());
    }
}
