//! The mails that went to a folder instead of a relay, as the lead would have got them.

use super::{
    frame::{Frame, SignedIn},
    preview,
    refused::unknown,
    saying::moment,
};
use crate::{Doors, html::page};
use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use rekindle_core::team::Member;
use rekindle_mail::folder::{StoredMail, read_folder, read_mail};
use std::path::PathBuf;

/// How many are listed.
const MOST: usize = 100;

#[derive(Template)]
#[template(path = "mailbox.html")]
struct Mailbox {
    frame: Frame,
    folder: String,
    mails: Vec<Row>,
    mail: Option<Open>,
}

struct Row {
    file: String,
    to: String,
    subject: String,
    at: String,
    open: bool,
}

struct Open {
    file: String,
    from: String,
    to: String,
    subject: String,
    at: String,
    text: String,
    has_html: bool,
    headers: Vec<(String, String)>,
    links: Vec<(String, String)>,
}

/// The list alone.
pub(super) async fn list(State(doors): State<Doors>, SignedIn(member): SignedIn) -> Response {
    mailbox(&doors, &member, None).await
}

/// The list, and one mail.
pub(super) async fn read(
    State(doors): State<Doors>,
    SignedIn(member): SignedIn,
    Path(file): Path<String>,
) -> Response {
    mailbox(&doors, &member, Some(file)).await
}

async fn mailbox(doors: &Doors, member: &Member, file: Option<String>) -> Response {
    let (folder, wanted) = (doors.settings.mail_folder.clone(), file.clone());
    let read = tokio::task::spawn_blocking(move || look(folder, wanted)).await;
    let (mails, open) = match read {
        Ok(Ok(read)) => read,
        Ok(Err(error)) => {
            tracing::warn!(%error, "the mail folder cannot be read");
            Default::default()
        }
        Err(error) => {
            tracing::warn!(%error, "the reader of the mail folder stopped");
            Default::default()
        }
    };
    if let (Some(file), None) = (&file, &open) {
        return unknown(doors, member, "mail", file);
    }
    let zone = doors.settings.zone;
    let at = |mail: &StoredMail| mail.date.map(|at| moment(at, zone)).unwrap_or_default();
    let row = |mail: &StoredMail| Row {
        open: file.as_ref() == Some(&mail.file),
        at: at(mail),
        to: to(mail),
        subject: subject(mail),
        file: mail.file.clone(),
    };
    let template = Mailbox {
        frame: Frame::of(doors, member),
        folder: doors.settings.mail_folder.as_ref().map(|f| f.display().to_string()).unwrap_or_default(),
        mails: mails.iter().map(row).collect(),
        mail: open.map(|(mail, headers)| Open {
            at: at(&mail),
            to: to(&mail),
            subject: subject(&mail),
            links: mail.html.as_deref().map(preview::links).unwrap_or_default(),
            has_html: mail.html.is_some(),
            text: mail.text.unwrap_or_default(),
            file: mail.file,
            from: mail.from,
            headers,
        }),
    };
    page(StatusCode::OK, &template)
}

type Read = (Vec<StoredMail>, Option<(StoredMail, Vec<(String, String)>)>);

fn look(folder: Option<PathBuf>, file: Option<String>) -> std::io::Result<Read> {
    let Some(folder) = folder else { return Ok(Read::default()) };
    let mails = read_folder(&folder, MOST)?;
    let Some(file) = file else { return Ok((mails, None)) };
    // One that is not there is as one that was never named.
    let Some(mail) = read_mail(&folder, &file).ok().flatten() else { return Ok((mails, None)) };
    let headers = headers(&std::fs::read(folder.join(&file))?);
    Ok((mails, Some((mail, headers))))
}

/// The header fields as they stand, folded lines joined.
fn headers(bytes: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(bytes);
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in text.lines().take_while(|line| !line.is_empty()) {
        match (line.starts_with([' ', '\t']), fields.last_mut()) {
            (true, Some((_, value))) => {
                value.push(' ');
                value.push_str(line.trim());
            }
            _ => {
                let (name, value) = line.split_once(':').unwrap_or((line, ""));
                fields.push((name.to_owned(), value.trim().to_owned()));
            }
        }
    }
    fields
}

fn to(mail: &StoredMail) -> String {
    match &mail.to_name {
        Some(name) => format!("{name} <{}>", mail.to),
        None => mail.to.clone(),
    }
}

fn subject(mail: &StoredMail) -> String {
    match mail.subject.trim() {
        "" => "(no subject)".to_owned(),
        subject => subject.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folded_fields_are_one() {
        let fields = headers(
            b"To: a@b.test\r\nList-Unsubscribe: <https://x.test/u/1>,\r\n <mailto:u@x.test>\r\n\r\nBody: no",
        );
        let unsubscribe = "<https://x.test/u/1>, <mailto:u@x.test>".to_owned();
        assert_eq!(
            fields,
            [("To".to_owned(), "a@b.test".to_owned()), ("List-Unsubscribe".to_owned(), unsubscribe)]
        );
    }
}
