//! A variant is the mail in another language, whole: the same files, and links to the same answers.

use std::collections::BTreeMap;

use rekindle_core::language::Language;

use super::Templates;
use super::error::{TemplateError, did_you_mean, nearest};
use super::links::LinkKind;
use super::source::jinja_of;

/// The language that the name of a folder ends in ("breakup.de"), if it is a variant's; what is wrong with the ending, if it names none.
pub(super) fn language_of(folder: &str) -> Result<Option<Language>, String> {
    let Some((mail, tag)) = folder.split_once('.') else { return Ok(None) };
    match Language::parse(tag).filter(|language| language.tag() == tag) {
        Some(language) => Ok(Some(language)),
        None => {
            let right = Language::parse(tag).map(|l| format!("; did you mean “{mail}.{}”?", l.tag()));
            let right =
                right.unwrap_or_else(|| format!(": a variant ends in one, as {mail}.de or {mail}.pt-br"));
            Err(format!("“{tag}” is no language in small letters{right}"))
        }
    }
}

/// Variants of nothing: folders and shared files whose names end in no language, or stand beside no mail or file.
pub(super) fn strays<'a>(
    shared: &BTreeMap<&'a str, &'a str>,
    folders: impl Iterator<Item = &'a str> + Clone,
) -> Vec<TemplateError> {
    let mut errors = Vec::new();
    let mut look = |name: &str, shown: &str, bases: &[&str], what: &str| match language_of(name) {
        Err(why) => errors.push(TemplateError::new(shown, None, why)),
        Ok(None) => {}
        Ok(Some(_)) => {
            let base = name.split('.').next().unwrap_or_default();
            if !bases.contains(&base) {
                let near = did_you_mean(base, bases.iter().copied());
                let why = format!("there is no {what} “{base}” that this could be a variant of{near}");
                errors.push(TemplateError::new(shown, None, why));
            }
        }
    };
    let bases: Vec<&str> = folders.clone().filter(|name| !name.contains('.')).collect();
    folders.for_each(|name| look(name, name, &bases, "mail"));
    let stems: Vec<&str> = shared.keys().filter_map(|file| file.strip_suffix(".mjml")).collect();
    let bases: Vec<&str> = stems.iter().copied().filter(|stem| !stem.contains('.')).collect();
    stems.iter().for_each(|stem| look(stem, &format!("{stem}.mjml"), &bases, "file"));
    errors
}

/// What each variant lacks of its mail, or has beside it.
pub(super) fn differences(
    templates: &Templates,
    folders: &BTreeMap<&str, BTreeMap<&str, &str>>,
) -> Vec<TemplateError> {
    let mut errors = Vec::new();
    for (name, folder) in folders {
        let Some((base, _)) = name.split_once('.') else { continue };
        let Some(whole) = folders.get(base) else { continue };
        // What no mail can do without was told when it was read.
        if whole.contains_key("body.txt") && !folder.contains_key("body.txt") {
            let what = format!("the file is missing; “{base}” has one");
            errors.push(TemplateError::new(format!("{name}/body.txt"), None, what));
        }
        if let (Ok(of_base), Ok(of_variant)) = (templates.links(base), templates.links(name)) {
            let (asked, asks) =
                (promises(of_base.iter().map(|l| &l.kind)), promises(of_variant.iter().map(|l| &l.kind)));
            let body = format!("{name}/body.mjml");
            let unknown: Vec<&String> = asks.iter().filter(|link| !asked.contains(link)).collect();
            for link in &unknown {
                let near = did_you_mean(link, asked.iter().map(String::as_str));
                let (file, line) = place(folder, link).unwrap_or(("body.mjml", None));
                let what = format!("“{base}” has no link to {link}{near}");
                errors.push(TemplateError::new(format!("{name}/{file}"), line, what));
            }
            for link in asked.iter().filter(|link| !asks.contains(link)) {
                // A misspelt one was told just now.
                if nearest(link, unknown.iter().map(|l| l.as_str())).is_none() {
                    let what = format!("there is no link to {link}, which “{base}” has");
                    errors.push(TemplateError::new(&body, None, what));
                }
            }
        }
    }
    errors
}

/// What a mail's links promise, in the words of its source; where a click leads may differ from language to language.
fn promises<'a>(links: impl Iterator<Item = &'a LinkKind>) -> Vec<String> {
    let promise = |kind: &LinkKind| match kind {
        LinkKind::Survey { answer } => Some(format!("survey_url(\"{answer}\")")),
        LinkKind::Offer => Some("offer_url".to_owned()),
        LinkKind::Confirm => Some("confirm_url".to_owned()),
        LinkKind::Unsubscribe | LinkKind::Preferences | LinkKind::Bait | LinkKind::Click { .. } => None,
    };
    links.filter_map(promise).collect()
}

/// The file and line of a mail in which a link stands.
fn place<'a>(folder: &BTreeMap<&'a str, &str>, link: &str) -> Option<(&'a str, Option<usize>)> {
    let name = link.split('"').nth(1).unwrap_or(link);
    folder.iter().find_map(|(file, source)| {
        let line = jinja_of(source).into_iter().find(|(_, jinja)| jinja.contains(name)).map(|(line, _)| line);
        line.map(|line| (*file, Some(line)))
    })
}
