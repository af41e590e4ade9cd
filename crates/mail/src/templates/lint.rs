//! What is checked before a mail may be launched: it renders for every lead, it keeps the law, and it survives mail programs.

use minijinja::HtmlEscape;

use super::error::{Problem, RenderError};
use super::links::{LinkKind, attribute, href};
use super::seen::{shows_link, visible, words};
use super::source::end_of_tag;
use super::{Rendered, Templates};
use crate::compose::{MAX_HTML, carries};
use crate::letter::Letter;

/// Fewer words than this in the HTML, and a mail is a picture to filters and to blind readers.
const MIN_WORDS: usize = 12;

/// The way out of a mail that is looked over.
const UNSUBSCRIBE: &str = "https://check.invalid/unsubscribe";

/// Where somebody says that it was them, in a mail that asks.
const CONFIRM: &str = "https://check.invalid/confirm";

/// Hosts that belong to nobody (RFC 2606): fine in an example, not in a mail.
const STAND_INS: [&str; 3] = ["://example.com", "://www.example.com", "://example.org"];

pub(super) fn check(templates: &Templates) -> Vec<Problem> {
    templates.names().flat_map(|name| check_one(templates, name)).collect()
}

/// Whom a mail must be able to live with, in words.
pub(super) fn readers() -> [(Letter, &'static str); 2] {
    [
        (Letter::sample(), "a lead about whom all is known"),
        (Letter::empty(), "a lead of whom only the address is known"),
    ]
}

fn check_one(templates: &Templates, name: &str) -> Vec<Problem> {
    let body = format!("{name}/body.mjml");
    let mut problems = Vec::new();
    let url = |kind: &LinkKind| match kind {
        LinkKind::Unsubscribe => UNSUBSCRIBE.to_owned(),
        LinkKind::Confirm => CONFIRM.to_owned(),
        other => format!("https://check.invalid/{}", matches!(other, LinkKind::Click { .. })),
    };
    for (letter, of_whom) in readers() {
        let letter = letter.about(name);
        match templates.render_as_written(name, None, &letter, url) {
            Ok(rendered) => lint_rendered(name, &letter, &rendered, &mut problems),
            Err(RenderError::Template(e)) => {
                problems.push(Problem {
                    file: e.file,
                    line: e.line,
                    what: format!("for {of_whom}: {}", e.what),
                    fatal: true,
                });
            }
            Err(e) => problems.push(Problem {
                file: body.clone(),
                line: None,
                what: format!("for {of_whom}: {e}"),
                fatal: true,
            }),
        }
    }
    for (file, source) in templates.sources(name) {
        lint_source(file, source, &mut problems);
    }
    problems.extend(left_in_another_language(templates, name));
    for (file, line, what) in templates.doubts(name) {
        problems.push(Problem {
            file: file.clone(),
            line: Some(*line),
            what: format!("MJML ignores this ({what})"),
            fatal: false,
        });
    }
    let mut once = Vec::with_capacity(problems.len());
    for problem in problems {
        if !once.contains(&problem) {
            once.push(problem);
        }
    }
    once
}

/// The words around a variant that are those of all mails: only of files that hold words.
fn left_in_another_language(templates: &Templates, name: &str) -> Vec<Problem> {
    let Some((_, tag)) = name.split_once('.') else { return Vec::new() };
    let around =
        templates.sources(name).filter(|(file, _)| file.starts_with('_') && file.split('.').count() == 2);
    let spoken = around.filter(|(_, source)| has_words(source));
    let advice = spoken.map(|(file, _)| {
        let own = file.replace(".mjml", &format!(".{tag}.mjml"));
        let what = format!("its words stand in “{name}” as they are; write {own}");
        Problem { file: file.to_owned(), line: None, what, fatal: false }
    });
    advice.collect()
}

/// Whether a source says something between its tags, beside values.
fn has_words(source: &str) -> bool {
    let body = source.split("<mj-body").nth(1).unwrap_or(source);
    let between = body.split('<').filter_map(|piece| piece.split_once('>')).map(|(_, text)| text);
    between.into_iter().any(|text| {
        let said = text.split("{{").map(|piece| piece.split_once("}}").map_or(piece, |(_, after)| after));
        said.into_iter().any(|said| {
            said.split_whitespace().any(|word| word.chars().filter(|c| c.is_alphabetic()).count() > 2)
        })
    })
}

fn lint_rendered(name: &str, letter: &Letter, mail: &Rendered, problems: &mut Vec<Problem>) {
    let (body, text) = (format!("{name}/body.mjml"), format!("{name}/body.txt"));
    let mut fatal = |file: &str, what: &str| {
        problems.push(Problem { file: file.to_owned(), line: None, what: what.to_owned(), fatal: true });
    };
    let seen = visible(&mail.html);
    let address = &letter.sender.postal_address;
    for (file, carried) in
        [(&body, carries(&seen, &HtmlEscape(address).to_string())), (&text, carries(&mail.text, address))]
    {
        if !carried {
            fatal(
                file,
                "the postal address is missing, and the law asks for it: {{ sender.postal_address }}",
            );
        }
    }
    if letter.form.is_some() {
        for (file, can) in [(&body, shows_link(&seen, CONFIRM)), (&text, mail.text.contains(CONFIRM))] {
            if !can {
                fatal(file, "nobody can say yes: a link to {{ confirm_url }} is missing, hidden or empty");
            }
        }
    } else {
        if !shows_link(&seen, UNSUBSCRIBE) {
            fatal(
                &body,
                "there is no way out that a reader sees: a link to {{ unsubscribe_url }} is missing, hidden or empty",
            );
        }
        if !mail.text.contains(UNSUBSCRIBE) {
            fatal(&text, "there is no way out: {{ unsubscribe_url }} is missing");
        }
    }
    if words(&seen).split_whitespace().count() < MIN_WORDS {
        fatal(
            &body,
            "hardly a word in it: a mail of pictures says nothing to filters, and to who does not see them",
        );
    }
    if mail.html.len() >= MAX_HTML {
        fatal(
            &body,
            &format!(
                "the HTML is {} KB; Gmail hides what is beyond 102 KB, the unsubscribe link first",
                mail.html.len() / 1024
            ),
        );
    }
    if mail.text.split_whitespace().count() < MIN_WORDS {
        fatal(&text, "hardly a word in it: the text part must say what the HTML says");
    }
    if mail.subject.chars().count() > 78 {
        let what = format!(
            "the subject is {} characters long; phones show about 40, nobody shows more than 78",
            mail.subject.chars().count()
        );
        problems.push(Problem { file: format!("{name}/subject.txt"), line: None, what, fatal: false });
    }
}

fn lint_source(file: &str, source: &str, problems: &mut Vec<Problem>) {
    let mut say = |at: usize, what: String| {
        let line = Some(source[..at].matches('\n').count() + 1);
        problems.push(Problem { file: file.to_owned(), line, what, fatal: false });
    };
    if !file.ends_with(".mjml") {
        for (at, _) in source.match_indices("http") {
            let link = &source[at..];
            let link = &link[..link
                .find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"'))
                .unwrap_or(link.len())];
            if let Some(what) = wrong_address(link).filter(|_| link.contains(':')) {
                say(at, what);
            }
        }
        return;
    }
    for (at, _) in source.match_indices('<') {
        let tag = &source[at..at + end_of_tag(&source[at..])];
        if (tag.starts_with("<mj-image") || tag.starts_with("<img")) && attribute(tag, "alt").is_none() {
            say(at, "the picture has no alt text for people who do not see it".to_owned());
        }
        if let Some((from, to)) = href(tag).filter(|_| !tag.starts_with("<link")) {
            let link = tag[from..to].trim();
            if let Some(what) = wrong_link(link) {
                say(at, what);
            } else if STAND_INS.iter().any(|host| link.contains(host)) {
                say(at, format!("“{link}” is a stand-in; write an address of your own there"));
            }
        }
    }
}

/// What is wrong with where a link of a mail leads, if anything.
fn wrong_link(link: &str) -> Option<String> {
    let elsewhere = |scheme: &str| link.strip_prefix(scheme).is_some_and(|rest| !rest.trim().is_empty());
    if link.starts_with("{{") || link.starts_with("{%") || elsewhere("mailto:") || elsewhere("tel:") {
        return None;
    }
    if !link.starts_with("http") {
        return Some(format!("the link “{link}” leads nowhere in a mail; begin it with https://"));
    }
    wrong_address(link)
}

/// What is wrong with an address of the web (RFC 3986), if anything.
fn wrong_address(link: &str) -> Option<String> {
    let broken = |why: &str| Some(format!("the link “{link}” is broken: {why}"));
    let Some(rest) = ["https://", "http://"].iter().find_map(|scheme| link.strip_prefix(scheme)) else {
        return broken("it begins with https://, a colon and two slashes");
    };
    if link.contains(char::is_whitespace) {
        return broken("there is a blank in it; write %20");
    }
    let site = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = site.split(':').next().unwrap_or_default();
    let fine = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    if host.contains("{{") || host == "localhost" {
        return None;
    }
    if !host.contains('.') || !host.trim_end_matches('.').split('.').all(fine) {
        return broken("its host is no name of a site, such as www.acme.test");
    }
    None
}
