//! `import`: takes the rows in, a thousand in a transaction, with a bar that shows how far it is.

use super::{ErrorsFile, Import, Options, Row, headers};
use crate::{
    args,
    exit::{self, Doing, Done, say},
    house::House,
    progress,
};
use comfy_table::{Table, presets::UTF8_HORIZONTAL_ONLY};
use rekindle_core::{
    arrival::{Arrival, Received},
    ids::LeadId,
    time::Moment,
};
use serde_json::json;
use std::collections::HashSet;

/// How many rows go into one transaction.
const GROUP: usize = 1000;

/// What became of the rows.
#[derive(Debug, Default)]
struct Counts {
    rows: u64,
    /// Rows that were taken in: a lead may have several.
    imported: u64,
    /// Rows that an import before took in already.
    known: u64,
    rejected: u64,
    /// Whom the rows were about.
    new_leads: HashSet<LeadId>,
    known_leads: HashSet<LeadId>,
    /// Leads whose consent rests on something else, and stays as it was.
    keep_their_basis: HashSet<LeadId>,
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
    let now = house.store.clock().calendar();
    let mut import = Import::open(&options.file, &read, now)?;
    let taken = Taken { house, basis: options.basis.as_deref().map(str::trim), now, dry: options.dry_run };
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
    let bar = progress::bar(size, "{bar:40} {percent:>3} %  {msg}  {eta} left", options.json);
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
            taken.take(&mut group, &mut counts).await?;
            bar.set_position(import.position());
            bar.set_message(format!("{} rows", counts.rows));
        }
    }
    taken.take(&mut group, &mut counts).await?;
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
            "new_leads": taken.of_leads(&counts.new_leads),
            "known_leads": taken.of_leads(&counts.known_leads),
            "basis_kept": taken.of_leads(&counts.keep_their_basis),
            "errors_file": errors.map(|path| path.display().to_string()),
            "dry_run": options.dry_run,
        }));
    }
    let would = if options.dry_run { "would be " } else { "" };
    say(format_args!(
        "{}: {} {would}imported, {} known from before, {} rejected.",
        of(counts.rows, "row"),
        counts.imported,
        counts.known,
        counts.rejected
    ));
    if !options.dry_run && counts.imported > 0 {
        let (new, known) = (counts.new_leads.len() as u64, counts.known_leads.len() as u64);
        say(format_args!("They are about {} and {}.", of(new, "new lead"), of(known, "known lead")));
    }
    if !counts.keep_their_basis.is_empty() {
        say(format_args!(
            "For {} --basis changed nothing: whether they may be written to was settled before.",
            of(counts.keep_their_basis.len() as u64, "lead")
        ));
    }
    if let Some(path) = errors {
        say(format_args!("The rejected rows are in {}, each with its reason.", path.display()));
    }
    if options.basis.is_none() && counts.imported > 0 {
        say("Nobody of them gets marketing mail yet: say what allows it with --basis, in your words.");
    }
    Ok(())
}

/// How rows are taken in.
struct Taken<'a> {
    house: &'a House,
    basis: Option<&'a str>,
    /// When the import began: leads that it makes are as old.
    now: Moment,
    dry: bool,
}

impl Taken<'_> {
    async fn take(&self, group: &mut Vec<Arrival>, counts: &mut Counts) -> Done {
        if group.is_empty() {
            return Ok(());
        }
        if self.dry {
            counts.imported += group.len() as u64;
            group.clear();
            return Ok(());
        }
        let store = &self.house.store;
        let playbooks = store.playbooks().await.doing("read the playbook")?;
        let received = store.leads().observe(group, &playbooks).await.doing("store the rows")?;
        let mut about = HashSet::new();
        let mut based = HashSet::new();
        for (arrival, received) in group.drain(..).zip(received) {
            match received {
                Received::Stored(lead) => {
                    counts.imported += 1;
                    about.insert(lead);
                    based.extend(arrival.basis.is_some().then_some(lead));
                }
                Received::Duplicate | Received::Conflict => counts.known += 1,
                Received::Refused(_) => counts.rejected += 1,
            }
        }
        let about: Vec<LeadId> = about.into_iter().collect();
        for lead in store.leads().by_ids(&about).await.doing("read the leads")? {
            if based.contains(&lead.id) && lead.consent.basis.as_deref() != self.basis {
                counts.keep_their_basis.insert(lead.id);
            }
            match lead.created_at == self.now {
                true => counts.new_leads.insert(lead.id),
                false => counts.known_leads.insert(lead.id),
            };
        }
        Ok(())
    }

    /// How many leads there are; what a dry run would do to them is not known.
    fn of_leads(&self, leads: &HashSet<LeadId>) -> Option<usize> {
        (!self.dry).then_some(leads.len())
    }
}

/// "1 row", "2 rows".
fn of(count: u64, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}

/// What each column was taken for.
fn columns(import: &Import) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY).set_header(["Column", "is taken for"]);
    for column in import.columns() {
        table.add_row([headers::seen(&column.header), column.field.to_string()]);
    }
    table
}
