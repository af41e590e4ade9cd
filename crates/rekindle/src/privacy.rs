//! What is kept of a lead, shown or erased: in the database, and in the files of the data folder.

use crate::{
    exit::{self, Doing, Done, Halt, say},
    house::House,
    tell::refused,
};
use rekindle_core::lead::Lead;
use serde_json::{Value, json};
use std::{
    fs,
    io::{self, ErrorKind, IsTerminal},
    path::Path,
    time::Duration,
};

/// How often the file of the database is compacted in vain, because others are at work, before that is said.
const TRIES: u32 = 5;

/// `lead export`: everything that is kept of a lead, as one JSON.
///
/// # Errors
/// When there is no such lead.
pub async fn export(house: &House, name: &str) -> Done {
    let lead = house.store.leads().named(name).await.map_err(|e| refused(e, house))?;
    let kept = house.store.papers().export(lead.id).await.map_err(|e| refused(e, house))?;
    let score = crate::tell::explained(house, &lead).await?;
    let score = serde_json::to_value(&score).doing("write JSON")?;
    exit::json(&json!({ "lead": lead.id, "kept": kept, "score": score }))
}

/// `lead erase`: all of that is deleted or blanked, once who asks has said so twice.
///
/// # Errors
/// When there is no such lead, or the address was not said again.
pub async fn erase(house: &House, name: &str, sure: bool) -> Done {
    let store = &house.store;
    let lead = store.leads().named(name).await.map_err(|e| refused(e, house))?;
    let kept = store.papers().export(lead.id).await.map_err(|e| refused(e, house))?;
    say(format_args!(
        "This erases {} for good, in {}:\n  {}",
        lead.called(),
        house.data.display(),
        counted(&kept)
    ));
    if !sure {
        is_said_again(&lead)?;
    }
    store.papers().erase(lead.id, "operator", true).await.map_err(|e| refused(e, house))?;
    if let Some(email) = &lead.email {
        erase_files(&house.data, email.as_str()).doing("erase the files")?;
    }
    for _ in 1..TRIES {
        if store.papers().scrub().await.is_ok() {
            say("Erased. What stays is a salted hash of the address, so that nobody writes there again.");
            return Ok(());
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    store.papers().scrub().await.doing(
        "compact the database: the lead is erased, but its file may still hold deleted bytes until it is compacted (VACUUM)",
    )
}

/// "3 activity, 1 delivery, 1 lead"
fn counted(kept: &Value) -> String {
    let tables = kept.as_object().into_iter().flatten();
    let counts = tables.map(|(table, rows)| format!("{} {table}", rows.as_array().map_or(0, Vec::len)));
    counts.collect::<Vec<_>>().join(", ")
}

fn is_said_again(lead: &Lead) -> Done {
    let wanted = lead.email.as_ref().map_or_else(|| lead.id.to_string(), ToString::to_string);
    if !io::stdin().is_terminal() {
        return Err(Halt::refused("nobody is there to say it again; with --yes it is done without asking"));
    }
    say(format_args!("It cannot be taken back. Type {wanted} to do it:"));
    let mut line = String::new();
    io::stdin().read_line(&mut line).doing("read the answer")?;
    match line.trim().eq_ignore_ascii_case(&wanted) {
        true => Ok(()),
        false => Err(Halt::refused("that was another text; nothing is erased")),
    }
}

/// Mails that went to the folder are removed; in the journal the address is blanked.
fn erase_files(data: &Path, email: &str) -> io::Result<()> {
    let names = |text: &[u8]| String::from_utf8_lossy(text).to_lowercase().contains(email);
    match fs::read_dir(data.join("mail")) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        entries => {
            for entry in entries? {
                let path = entry?.path();
                if path.is_file() && names(&fs::read(&path)?) {
                    fs::remove_file(path)?;
                }
            }
        }
    }
    let journal = data.join("outbox.journal");
    match fs::read_to_string(&journal) {
        Ok(text) if names(text.as_bytes()) => fs::write(&journal, text.replace(email, "(erased)")),
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
