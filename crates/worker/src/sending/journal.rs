//! What became of mails while the database could not be told, kept in a file beside the data until it is told.
//!
//! A fate that cannot be written waits in memory and is tried again. Should the process die meanwhile, the next one reads
//! it here first, before it looks at anything, so that a mail whose answer was heard is not called unknown. A line is one
//! fate, as JSON, and is on the disk before the wait goes on. To say a fate twice moves nothing.

use super::Shared;
use rekindle_core::{delivery::Event, ids::DeliveryId};
use rekindle_storage::{
    Result, Store,
    outbox::{Fate, Ticket},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashSet,
    fs::OpenOptions,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// One line: a fate, and by whom it was to be told.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    sender: String,
    delivery: String,
    generation: i64,
    lead: String,
    enrollment: Option<String>,
    attempt: i32,
    event: String,
    answer: String,
}

/// The words of what a relay can have made of a mail.
const WORDS: [(&str, Event); 5] = [
    ("accepted", Event::Accepted),
    ("refused", Event::Refused),
    ("not_taken", Event::NotTaken),
    ("lost", Event::Lost),
    ("back", Event::Back),
];

impl Line {
    fn of(sender: &str, fate: &Fate) -> Option<Self> {
        let (word, _) = WORDS.iter().find(|(_, event)| *event == fate.event)?;
        let ticket = &fate.ticket;
        Some(Self {
            sender: sender.to_owned(),
            delivery: ticket.id.to_string(),
            generation: ticket.generation,
            lead: ticket.lead.to_string(),
            enrollment: ticket.enrollment.map(|run| run.to_string()),
            attempt: ticket.attempt,
            event: (*word).to_owned(),
            answer: fate.answer.clone(),
        })
    }

    fn fate(&self) -> Option<Fate> {
        let (_, event) = WORDS.iter().find(|(word, _)| *word == self.event)?;
        let ticket = Ticket {
            id: self.delivery.parse().ok()?,
            generation: self.generation,
            lead: self.lead.parse().ok()?,
            enrollment: match &self.enrollment {
                Some(run) => Some(run.parse().ok()?),
                None => None,
            },
            attempt: self.attempt,
        };
        Some(Fate { ticket, event: *event, answer: self.answer.clone() })
    }
}

/// The file, and which fates stand in it.
#[derive(Debug)]
pub(super) struct Journal {
    path: Option<PathBuf>,
    kept: HashSet<(DeliveryId, i64, Event)>,
}

fn mark(fate: &Fate) -> (DeliveryId, i64, Event) {
    (fate.ticket.id, fate.ticket.generation, fate.event)
}

impl Journal {
    pub(super) fn at(path: Option<PathBuf>) -> Self {
        Self { path, kept: HashSet::new() }
    }

    /// Keeps those of the waiting fates that are not kept yet; none waiting, the file goes. A disk that refuses is said
    /// and changes nothing else: the fates are still in memory.
    pub(super) async fn keep(&mut self, shared: &Shared, waiting: &[Fate]) {
        let Some(path) = self.path.clone() else { return };
        if waiting.is_empty() {
            if !std::mem::take(&mut self.kept).is_empty()
                && let Err(error) = std::fs::remove_file(&path)
            {
                tracing::warn!(%error, path = %path.display(), "cannot remove the journal; it will be read again, which changes nothing");
            }
            return;
        }
        let new: Vec<&Fate> = waiting.iter().filter(|fate| !self.kept.contains(&mark(fate))).collect();
        if new.is_empty() {
            return;
        }
        let sender = shared.sender.read().await.name();
        let lines: Vec<Line> = new.iter().filter_map(|fate| Line::of(&sender, fate)).collect();
        let written = tokio::task::spawn_blocking(move || append(&path, &lines)).await;
        match written.map_err(io::Error::other).flatten() {
            Ok(()) => self.kept.extend(new.into_iter().map(mark)),
            Err(error) => {
                tracing::error!(%error, "what became of mails cannot be kept on the disk either; do not end this process before the database is back");
            }
        }
    }
}

fn append(path: &Path, lines: &[Line]) -> io::Result<()> {
    let mut text = String::new();
    for line in lines {
        text.push_str(&serde_json::to_string(line).map_err(io::Error::other)?);
        text.push('\n');
    }
    let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_data()
}

/// Tells the database what a process before this one could not, and forgets it then. A line that was cut off by the end
/// of that process is left out: its mail will be called unknown.
pub(super) async fn replay(store: &Store, path: Option<&Path>) -> Result<()> {
    let Some(path) = path else { return Ok(()) };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => {
            tracing::error!(%error, path = %path.display(), "cannot read what became of mails before; they will be called unknown");
            return Ok(());
        }
    };
    let mut told = 0;
    for line in text.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok()) {
        if let Some(fate) = line.fate() {
            store.outbox().tell(&line.sender, &fate).await?;
            told += 1;
        }
    }
    if let Err(error) = std::fs::remove_file(path) {
        tracing::warn!(%error, path = %path.display(), "cannot remove the journal; it will be read again, which changes nothing");
    }
    tracing::info!(count = told, "what became of mails while the database was away is written down");
    Ok(())
}
