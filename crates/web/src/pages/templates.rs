//! The mails as marketers write them: which there are, and each as its reader would see it, at phone and desk width, light and dark.
//!
//! They are read from the folder at each look, so that what was just saved is seen, and so is the line in which it is wrong.

use super::{
    frame::{Frame, SignedIn},
    preview::mail_page,
    refused::{refused, unknown},
};
use crate::{Doors, html::page};
use askama::Template;
use axum::{
    extract::{Path, Query, State, rejection::QueryRejection},
    http::StatusCode,
    response::Response,
};
use rekindle_core::{language::Language, playbook::Playbook, team::Member, time::Moment};
use rekindle_mail::{
    preview::{Preview, Reader, Setting, in_scheme, show},
    templates::{Problem, TemplateError, Templates},
};
use rekindle_storage::StoreError;
use serde::Deserialize;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "templates.html")]
struct List {
    frame: Frame,
    errors: Vec<String>,
    mails: Vec<Row>,
}

struct Row {
    name: String,
    subject: String,
    inbox_line: String,
    languages: Vec<(String, String)>,
    sent_by: Vec<String>,
    size: String,
    wrong: usize,
}

#[derive(Template)]
#[template(path = "template.html")]
struct One {
    frame: Frame,
    name: String,
    sent_by: Vec<String>,
    languages: Vec<Choice>,
    readers: Vec<Choice>,
    lead: String,
    errors: Vec<String>,
    advice: Vec<String>,
    shown: Option<Shown>,
}

/// A link of which one is where we are.
struct Choice {
    says: String,
    query: String,
    here: bool,
}

struct Shown {
    from: String,
    subject: String,
    inbox_line: String,
    size: String,
    text: String,
    query: String,
}

/// What the address asks for. What cannot be read is as if it were not there.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Asked {
    /// `empty`, or the address of a lead; otherwise the invented one.
    #[serde(default)]
    to: String,
    #[serde(default)]
    language: String,
    #[serde(default)]
    dark: bool,
}

/// The mails, read just now, with what is wrong with those that cannot be.
struct Read {
    templates: Templates,
    errors: Vec<TemplateError>,
    problems: Vec<Problem>,
    playbook: Arc<Playbook>,
    now: Moment,
}

async fn read(doors: &Doors) -> Result<Read, StoreError> {
    let playbook = Arc::new(doors.store.playbooks().await?.current().clone());
    let mails = doors.settings.mails.clone();
    let looked = tokio::task::spawn_blocking(move || {
        let (templates, errors) = mails.read();
        let problems = templates.check();
        (templates, errors, problems)
    });
    let (templates, errors, problems) = looked.await.unwrap_or_default();
    Ok(Read { templates, errors, problems, playbook, now: doors.store.clock().calendar() })
}

impl Read {
    fn show(
        &self,
        doors: &Doors,
        mail: &str,
        reader: &Reader,
        language: Option<&Language>,
    ) -> Result<Preview, String> {
        let setting = Setting {
            sender: doors.settings.mails.sender(),
            plan: self.playbook.sending(mail).next(),
            today: self.now.with_timezone(&doors.settings.zone).date_naive(),
        };
        show(&self.templates, mail, reader, language, &setting).map_err(|why| why.to_string())
    }

    fn sent_by(&self, mail: &str) -> Vec<String> {
        self.playbook.sending(mail).map(|(sequence, _)| sequence.name.clone()).collect()
    }

    /// The mail and its variants, each with the word for its language.
    fn languages(&self, mail: &str) -> Vec<(String, String)> {
        let names = [mail].into_iter().filter(|mail| self.templates.mails().any(|name| name == *mail));
        let names = names.chain(self.templates.variants(mail));
        names
            .filter_map(|name| Some((name.to_owned(), self.templates.language(name).ok()?.tag().to_owned())))
            .collect()
    }

    /// What is wrong with a mail and its variants, and with what surrounds all mails: each with file and line.
    fn errors_of(&self, mail: &str) -> Vec<String> {
        let own = |file: &str| is_of(file, mail) || file.starts_with('_');
        let fatal = self.problems.iter().filter(|p| p.fatal && own(&p.file)).map(ToString::to_string);
        self.errors.iter().filter(|e| own(&e.file)).map(ToString::to_string).chain(fatal).collect()
    }
}

/// Whether a file belongs to a mail or to a variant of it.
fn is_of(file: &str, mail: &str) -> bool {
    file.strip_prefix(mail).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '.']))
}

fn size(bytes: usize) -> String {
    format!("{} KB", bytes.div_ceil(1024))
}

/// All of them.
pub(super) async fn list(State(doors): State<Doors>, SignedIn(member): SignedIn) -> Response {
    let read = match read(&doors).await {
        Ok(read) => read,
        Err(error) => return refused(&doors, &member, &error),
    };
    let row = |mail: &str| {
        let shown = read.show(&doors, mail, &Reader::Sample, None);
        let (subject, inbox_line, bytes) = match shown {
            Ok(shown) => (shown.rendered.subject, shown.inbox_line, shown.rendered.html.len()),
            Err(why) => (why, String::new(), 0),
        };
        Row {
            languages: read.languages(mail),
            sent_by: read.sent_by(mail),
            wrong: read.errors_of(mail).len(),
            size: size(bytes),
            name: mail.to_owned(),
            subject,
            inbox_line,
        }
    };
    let template = List {
        frame: Frame::of(&doors, &member),
        errors: read.errors.iter().map(ToString::to_string).collect(),
        mails: read.templates.mails().map(row).collect(),
    };
    page(StatusCode::OK, &template)
}

/// One of them.
pub(super) async fn one(
    State(doors): State<Doors>,
    SignedIn(member): SignedIn,
    Path(name): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let asked = asked.map(|Query(asked)| asked).unwrap_or_default();
    match shown(&doors, &member, &name, &asked).await {
        Ok(Some(one)) => page(StatusCode::OK, &one),
        Ok(None) => unknown(&doors, &member, "mail", &name),
        Err(error) => refused(&doors, &member, &error),
    }
}

async fn shown(doors: &Doors, member: &Member, name: &str, asked: &Asked) -> Result<Option<One>, StoreError> {
    let read = read(doors).await?;
    let errors = read.errors_of(name);
    let is_there = read.templates.mails().any(|mail| mail == name);
    if !is_there && !read.errors.iter().any(|error| is_of(&error.file, name)) {
        return Ok(None);
    }
    let reader = reader(doors, asked).await?;
    let language = Language::parse(&asked.language);
    let shown = read.show(doors, name, &reader, language.as_ref());
    let (shown, why_not) = match shown {
        Ok(shown) => (Some(shown), None),
        Err(why) => (None, Some(why)),
    };
    let errors = match why_not {
        // What cannot be read was told already, with its line.
        Some(why) if is_there && !errors.iter().any(|told| told.contains(&why)) => {
            [vec![why], errors].concat()
        }
        _ => errors,
    };
    let advice = read.problems.iter().filter(|p| !p.fatal && is_of(&p.file, name)).map(ToString::to_string);
    let here = shown.as_ref().map(|shown| shown.language.clone());
    let language_choice = |(_, tag): (String, String)| Choice {
        here: here.as_ref().is_some_and(|here| here.tag() == tag),
        query: query(&asked.to, &tag),
        says: tag,
    };
    let reader_choice = |(says, to): (&str, &str)| Choice {
        here: asked.to == to,
        query: query(to, &asked.language),
        says: says.to_owned(),
    };
    Ok(Some(One {
        frame: Frame::of(doors, member),
        sent_by: read.sent_by(name),
        languages: read.languages(name).into_iter().map(language_choice).collect(),
        readers: [("A lead we know well", ""), ("Only the address", "empty")]
            .into_iter()
            .map(reader_choice)
            .collect(),
        lead: if matches!(reader, Reader::Lead(_)) { asked.to.clone() } else { String::new() },
        advice: advice.collect(),
        errors,
        shown: shown.map(|shown| Shown {
            from: doors.settings.mails.sender().name.clone(),
            subject: shown.rendered.subject,
            inbox_line: shown.inbox_line,
            size: size(shown.rendered.html.len()),
            text: shown.rendered.text,
            query: query(&asked.to, &asked.language),
        }),
        name: name.to_owned(),
    }))
}

/// The HTML part alone, in one scheme.
pub(super) async fn html(
    State(doors): State<Doors>,
    SignedIn(member): SignedIn,
    Path(name): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let asked = asked.map(|Query(asked)| asked).unwrap_or_default();
    let looked = async {
        let (read, reader) = (read(&doors).await?, reader(&doors, &asked).await?);
        let language = Language::parse(&asked.language);
        Ok::<_, StoreError>(read.show(&doors, &name, &reader, language.as_ref()).ok())
    };
    match looked.await {
        Ok(Some(shown)) => mail_page(&in_scheme(&shown.rendered.html, asked.dark)),
        Ok(None) => unknown(&doors, &member, "mail", &name),
        Err(error) => refused(&doors, &member, &error),
    }
}

/// To whom it is shown.
async fn reader(doors: &Doors, asked: &Asked) -> Result<Reader, StoreError> {
    match asked.to.trim() {
        "" => Ok(Reader::Sample),
        "empty" => Ok(Reader::Empty),
        email => Ok(Reader::Lead(Box::new(doors.store.leads().named(email).await?))),
    }
}

fn query(to: &str, language: &str) -> String {
    let escaped = |text: &str| {
        let byte = |b: u8| match b {
            b if b.is_ascii_alphanumeric() || b"-._@".contains(&b) => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        };
        text.bytes().map(byte).collect::<String>()
    };
    format!("?to={}&language={}", escaped(to), escaped(language))
}
