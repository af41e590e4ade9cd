//! `import`: takes the rows in, a thousand in a transaction, with a bar that shows how far it is.

use super::{ErrorsFile, Import, Options, Row};
use crate::{
    args,
    exit::{self, Doing, Done, say},
    house::House,
};
use comfy_table::{Table, presets::UTF8_HORIZONTAL_ONLY};
use indicatif::{ProgressBar, ProgressStyle};
use rekindle_core::arrival::{Arrival, Received};
use serde_json::json;

/// How many rows go into one transaction.
const GROUP: usize = 1000;

/// What became of the rows.
#[derive(Debug, Default)]
struct Counts {
    rows: u64,
    imported: u64,
    known: u64,
    rejected: u64,
}

/// Imports a file.
///
/// # Errors
/// What is wrong with the file as a whole, or with the database.
pub async fn run(house: &House, options: &args::Import) -> Done {
    let read = Options {
        map: options.map.clone(),
        email_from: options.email_from.clone(),
        basis: options.basis.clone(),
    };
    let size = std::fs::metadata(&options.file).map_or(0, |file| file.len());
    let mut import = Import::open(&options.file, &read, house.store.clock().calendar())?;
    if !options.json {
        say(format_args!(
            "{} is {}, columns are divided by “{}”.",
            options.file.display(),
            import.encoding(),
            import.delimiter()
        ));
        say(columns(&import));
    }
    let mut errors = match options.dry_run {
        true => None,
        false => Some(
            ErrorsFile::beside(&options.file, import.columns()).doing("write the file of rejected rows")?,
        ),
    };
    let bar = bar(size, options.json);
    let mut counts = Counts::default();
    let mut group: Vec<Arrival> = Vec::with_capacity(GROUP);
    while let Some(row) = import.next() {
        counts.rows += 1;
        match row? {
            Row::Lead(arrival) => group.push(*arrival),
            Row::Bad(bad) => {
                counts.rejected += 1;
                if counts.rejected <= 5 && !options.json {
                    bar.suspend(|| say(format_args!("row {}: {}", bad.row, bad.reason)));
                }
                if let Some(errors) = &mut errors {
                    errors.note(&bad).doing("write the file of rejected rows")?;
                }
            }
        }
        if group.len() == GROUP {
            take(house, &mut group, options.dry_run, &mut counts).await?;
            bar.set_position(import.position());
            bar.set_message(format!("{} rows", counts.rows));
        }
    }
    take(house, &mut group, options.dry_run, &mut counts).await?;
    bar.finish_and_clear();
    let errors = match errors {
        Some(errors) => errors.finish().doing("write the file of rejected rows")?,
        None => None,
    };
    if options.json {
        return exit::json(&json!({
            "rows": counts.rows,
            "imported": counts.imported,
            "duplicates": counts.known,
            "rejected": counts.rejected,
            "errors_file": errors.map(|path| path.display().to_string()),
            "dry_run": options.dry_run,
        }));
    }
    let would = if options.dry_run { "would be " } else { "" };
    say(format_args!(
        "{} rows: {} {would}imported, {} known from before, {} rejected.",
        counts.rows, counts.imported, counts.known, counts.rejected
    ));
    if let Some(path) = errors {
        say(format_args!("The rejected rows are in {}, each with its reason.", path.display()));
    }
    if options.basis.is_none() && counts.imported > 0 {
        say("Nobody of them gets marketing mail yet: say what allows it with --basis, in your words.");
    }
    Ok(())
}

async fn take(house: &House, group: &mut Vec<Arrival>, dry: bool, counts: &mut Counts) -> Done {
    if group.is_empty() {
        return Ok(());
    }
    if dry {
        counts.imported += group.len() as u64;
        group.clear();
        return Ok(());
    }
    let playbooks = house.store.playbooks().await.doing("read the playbook")?;
    for received in house.store.leads().observe(group, &playbooks).await.doing("store the rows")? {
        match received {
            Received::Stored(_) => counts.imported += 1,
            Received::Duplicate | Received::Conflict => counts.known += 1,
            Received::Refused(_) => counts.rejected += 1,
        }
    }
    group.clear();
    Ok(())
}

/// What each column was taken for.
fn columns(import: &Import) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY).set_header(["Column", "is taken for"]);
    for column in import.columns() {
        table.add_row([column.header.clone(), column.field.to_string()]);
    }
    table
}

fn bar(size: u64, quiet: bool) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {percent:>3} %  {msg}  {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(size).with_style(style)
}
