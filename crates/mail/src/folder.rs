//! A folder of `.eml` files in place of a relay: what would have been sent, to be read in the console and by any mail program.
//!
//! A file is whole or absent (written aside, synced, then linked under its name), readable by its owner only, and named
//! after the Message-ID. A name that is taken means that one mail was about to be sent twice: it is reported, not hidden.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use mail_parser::{HeaderName, MessageParser};

use crate::outcome::{ConnectError, DotOutcome, Fence};

/// An open mail folder.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

/// One mail of a folder, read back for the viewer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMail {
    /// The file's name inside the folder.
    pub file: String,
    /// The decoded subject.
    pub subject: String,
    /// The recipient's name, if any.
    pub to_name: Option<String>,
    /// The recipient's address.
    pub to: String,
    /// The sender's address.
    pub from: String,
    /// The Date header.
    pub date: Option<DateTime<Utc>>,
    /// The Message-ID without its angle brackets.
    pub message_id: Option<String>,
    /// The HTML part, decoded. Untrusted: show it in a sandboxed frame.
    pub html: Option<String>,
    /// The text part, decoded.
    pub text: Option<String>,
}

impl Folder {
    /// Makes the folder if need be, readable by its owner only.
    pub async fn open(path: &Path) -> Result<Self, ConnectError> {
        let place = path.to_owned();
        let made = off_the_loop(move || {
            let mut builder = fs::DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(place)
        });
        match made.await {
            Ok(()) => Ok(Self(path.to_owned())),
            Err(e) => Err(ConnectError::Folder { path: path.display().to_string(), why: e.to_string() }),
        }
    }

    /// Writes one message, if `fence` is open at the moment the file would take its name.
    pub async fn write(&self, message: &[u8], fence: &Fence) -> DotOutcome {
        let (folder, message, fence) = (self.0.clone(), message.to_vec(), fence.clone());
        let written = tokio::task::spawn_blocking(move || write(&folder, &message, &fence)).await;
        written.unwrap_or_else(|e| DotOutcome::Unknown(format!("the writer stopped: {e}")))
    }
}

fn write(folder: &Path, message: &[u8], fence: &Fence) -> DotOutcome {
    static ASIDE: AtomicU64 = AtomicU64::new(0);
    let Some(name) = file_name(message) else {
        return DotOutcome::Permanent {
            code: 554,
            text: "the message has no Message-ID to name its file".into(),
        };
    };
    let aside =
        folder.join(format!(".{}-{}.part", std::process::id(), ASIDE.fetch_add(1, Ordering::Relaxed)));
    if let Err(e) = write_aside(&aside, message) {
        let _ = fs::remove_file(&aside);
        return DotOutcome::NotBegun(format!("the file cannot be written: {e}"));
    }
    let outcome = if fence.is_open() {
        // A hard link, unlike a rename, fails when the name is taken, in one step.
        match fs::hard_link(&aside, folder.join(&name)) {
            Ok(()) => {
                DotOutcome::Accepted { code: 250, text: format!("written to {name}"), relay_id: Some(name) }
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => DotOutcome::Breach(format!(
                "{name} was written before: the same mail would have been sent twice"
            )),
            Err(e) => DotOutcome::NotBegun(format!("the file cannot take its name: {e}")),
        }
    } else {
        DotOutcome::NotBegun("the fence closed before the file took its name".into())
    };
    let _ = fs::remove_file(&aside);
    if matches!(outcome, DotOutcome::Accepted { .. })
        && let Err(e) = File::open(folder).and_then(|f| f.sync_all())
    {
        return DotOutcome::Unknown(format!("the folder could not be synced: {e}"));
    }
    outcome
}

fn write_aside(path: &Path, message: &[u8]) -> io::Result<()> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(message)?;
    file.sync_all()
}

/// The Message-ID as a file name: nothing in it can leave the folder or hide in it.
fn file_name(message: &[u8]) -> Option<String> {
    let parsed = MessageParser::default().parse_headers(message)?;
    let id = parsed.message_id()?;
    let safe =
        |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '@' | '.') { c } else { '_' };
    let name: String = id.chars().take(200).map(safe).collect();
    let name = name.trim_start_matches('.');
    (!name.is_empty()).then(|| format!("{name}.eml"))
}

/// Reads the newest `limit` mails of a folder, newest first. A folder that is not there holds none; a file that is no mail is left out.
pub fn read_folder(folder: &Path, limit: usize) -> io::Result<Vec<StoredMail>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e),
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".eml") && !name.starts_with('.') {
            files.push((entry.metadata()?.modified()?, name));
        }
    }
    files.sort();
    let newest = files.into_iter().rev().take(limit);
    Ok(newest.filter_map(|(_, name)| read_mail(folder, &name).ok().flatten()).collect())
}

/// Reads one mail by its file name, as [`read_folder`] gave it. `None` if that is no plain file name or no mail.
pub fn read_mail(folder: &Path, file: &str) -> io::Result<Option<StoredMail>> {
    if file.contains(['/', '\\', '\0']) || file.starts_with('.') || !file.ends_with(".eml") {
        return Ok(None);
    }
    let bytes = fs::read(folder.join(file))?;
    Ok(parse(file, &bytes))
}

fn parse(file: &str, bytes: &[u8]) -> Option<StoredMail> {
    let mail = MessageParser::default().parse(bytes)?;
    let to = mail.to().and_then(|to| to.first());
    let from = mail.from().and_then(|from| from.first());
    Some(StoredMail {
        file: file.to_owned(),
        subject: mail.subject().unwrap_or("").to_owned(),
        to_name: to.and_then(|a| a.name()).map(ToOwned::to_owned),
        to: to.and_then(|a| a.address())?.to_owned(),
        from: from.and_then(|a| a.address()).unwrap_or("").to_owned(),
        date: mail.date().and_then(|d| DateTime::from_timestamp(d.to_timestamp(), 0)),
        message_id: mail.header(HeaderName::MessageId).and_then(|h| h.as_text()).map(ToOwned::to_owned),
        // Asked part by part: mail-parser would make an HTML part out of a text one, and the other way round.
        html: mail
            .html_bodies()
            .find(|p| p.is_text_html())
            .and_then(|p| p.text_contents())
            .map(ToOwned::to_owned),
        text: mail
            .text_bodies()
            .find(|p| !p.is_text_html())
            .and_then(|p| p.text_contents())
            .map(ToOwned::to_owned),
    })
}

async fn off_the_loop<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|e| Err(io::Error::other(e)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use super::*;

    fn mail(id: &str) -> Vec<u8> {
        format!("From: Mia <mia@acme.test>\r\nTo: =?utf-8?q?Zo=C3=AB?= <zoe@example.com>\r\nSubject: Hi\r\nMessage-ID: <{id}>\r\nDate: Sun, 22 Nov 2026 01:02:03 +0000\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Hello</p>\r\n").into_bytes()
    }

    #[tokio::test]
    async fn a_mail_is_written_once_and_a_second_time_is_a_breach() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("mail");
        let folder = Folder::open(&path).await.unwrap();
        let first = folder.write(&mail("one@acme.test"), &Fence::always_open()).await;
        assert!(matches!(first, DotOutcome::Accepted { code: 250, .. }), "{first:?}");
        let second = folder.write(&mail("one@acme.test"), &Fence::always_open()).await;
        assert!(matches!(second, DotOutcome::Breach(_)), "{second:?}");
        let files: Vec<_> = fs::read_dir(&path).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(files, ["one@acme.test.eml"], "nothing is left lying about");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(
                fs::metadata(path.join("one@acme.test.eml")).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
    }

    #[tokio::test]
    async fn a_closed_fence_leaves_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(dir.path()).await.unwrap();
        let open = Arc::new(AtomicBool::new(false));
        let fence = Fence::new(move || open.load(Ordering::SeqCst));
        assert!(matches!(folder.write(&mail("one@acme.test"), &fence).await, DotOutcome::NotBegun(_)));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_message_id_cannot_leave_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        let inside = dir.path().join("in");
        let folder = Folder::open(&inside).await.unwrap();
        let outcome = folder.write(&mail("../../etc/x@acme.test"), &Fence::always_open()).await;
        assert!(matches!(outcome, DotOutcome::Accepted { .. }), "{outcome:?}");
        assert_eq!(fs::read_dir(&inside).unwrap().count(), 1);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn the_viewer_reads_back_what_was_written() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(dir.path()).await.unwrap();
        folder.write(&mail("one@acme.test"), &Fence::always_open()).await;
        fs::write(dir.path().join("junk.eml"), b"").unwrap();
        let mails = read_folder(dir.path(), 10).unwrap();
        assert_eq!(mails.len(), 1);
        let one = &mails[0];
        assert_eq!(
            (one.subject.as_str(), one.to.as_str(), one.to_name.as_deref()),
            ("Hi", "zoe@example.com", Some("Zoë"))
        );
        assert_eq!(one.date.unwrap().to_rfc3339(), "2026-11-22T01:02:03+00:00");
        assert_eq!(one.html.as_deref().map(str::trim), Some("<p>Hello</p>"));
        assert_eq!(one.text, None);
        assert_eq!(one.message_id.as_deref(), Some("one@acme.test"));
        assert!(read_mail(dir.path(), "../x.eml").unwrap().is_none());
        assert!(read_folder(&dir.path().join("absent"), 10).unwrap().is_empty());
    }
}
