//! What is checked before a mail may be launched: it renders for every lead, it keeps the law, and it survives mail programs.

use super::error::{Problem, RenderError};
use super::links::{LinkKind, attribute, href};
use super::source::end_of_tag;
use super::{Rendered, Templates};
use crate::compose::MAX_HTML;
use crate::letter::Letter;

/// Fewer words than this in the HTML, and a mail is a picture to filters and to blind readers.
const MIN_WORDS: usize = 12;

/// Hosts that belong to nobody (RFC 2606): fine in an example, not in a mail.
const STAND_INS: [&str; 3] = ["://example.com", "://www.example.com", "://example.org"];

pub(super) fn check(templates: &Templates) -> Vec<Problem> {
    templates.names().flat_map(|name| check_one(templates, name)).collect()
}

fn check_one(templates: &Templates, name: &str) -> Vec<Problem> {
    let body = format!("{name}/body.mjml");
    let mut problems = Vec::new();
    let url = |kind: &LinkKind| match kind {
        LinkKind::Unsubscribe => "https://check.invalid/unsubscribe".to_owned(),
        LinkKind::Confirm => "https://check.invalid/confirm".to_owned(),
        other => format!("https://check.invalid/{}", matches!(other, LinkKind::Click { .. })),
    };
    for (letter, of_whom) in [
        (Letter::sample(), "a lead about whom all is known"),
        (Letter::empty(), "a lead of whom only the address is known"),
    ] {
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

fn lint_rendered(name: &str, letter: &Letter, mail: &Rendered, problems: &mut Vec<Problem>) {
    let (body, text) = (format!("{name}/body.mjml"), format!("{name}/body.txt"));
    let mut fatal = |file: &str, what: &str| {
        problems.push(Problem { file: file.to_owned(), line: None, what: what.to_owned(), fatal: true });
    };
    for (file, part) in [(&body, &mail.html), (&text, &mail.text)] {
        if !part.contains(&letter.sender.postal_address) {
            fatal(
                file,
                "the postal address is missing, and the law asks for it: {{ sender.postal_address }}",
            );
        }
        if letter.form.is_some() {
            if !part.contains("https://check.invalid/confirm") {
                fatal(file, "nobody can say yes: {{ confirm_url }} is missing");
            }
        } else if !part.contains("https://check.invalid/unsubscribe") {
            fatal(file, "there is no way out: {{ unsubscribe_url }} is missing");
        }
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
    if !file.ends_with(".mjml") {
        return;
    }
    for (at, _) in source.match_indices('<') {
        let tag = &source[at..at + end_of_tag(&source[at..])];
        let line = Some(source[..at].matches('\n').count() + 1);
        let mut say =
            |what: String| problems.push(Problem { file: file.to_owned(), line, what, fatal: false });
        if (tag.starts_with("<mj-image") || tag.starts_with("<img")) && attribute(tag, "alt").is_none() {
            say("the picture has no alt text for people who do not see it".to_owned());
        }
        if tag.starts_with('<')
            && let Some((from, to)) = href(tag).filter(|_| !tag.starts_with("<link"))
        {
            let link = tag[from..to].trim();
            let leads_somewhere =
                ["http://", "https://", "mailto:", "tel:", "{{", "{%"].iter().any(|s| link.starts_with(s));
            if !leads_somewhere {
                say(format!("the link “{link}” leads nowhere in a mail; begin it with https://"));
            } else if STAND_INS.iter().any(|host| link.contains(host)) {
                say(format!("“{link}” is a stand-in; write an address of your own there"));
            }
        }
    }
}
