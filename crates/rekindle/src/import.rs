//! Leads from a CSV file: each row becomes an arrival, or is refused with its reason; the file is read as a stream.
//!
//! Promises: no column is shifted and none is lost (what is not known is kept as a trait); a column that says no is
//! honoured, and no column ever says yes, only `--basis` does; the same file imported in the same way has the same
//! message ids, so that the second time changes nothing.

mod columns;
mod errors_file;
mod headers;
mod intake;
mod row;
mod text;

use crate::exit::Halt;
use rekindle_core::{arrival::Arrival, consent::Grant, email::EmailAddress, link::digest, time::Moment};
use std::{fs::File, path::Path};

pub use columns::{Column, Field};
pub use errors_file::ErrorsFile;
pub use intake::run;
use text::{Records, Text};

/// What imports are called as a source of activities.
pub const SOURCE: &str = "import";

const NO_BASIS: &str = "it is empty; say in your words what allows mail to these leads, or leave it out";

/// More columns than any lead has: another kind of file.
const MOST_COLUMNS: usize = 2_000;

/// How a file is to be read.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// `COLUMN=FIELD`, as typed.
    pub map: Vec<String>,
    /// Makes addresses for rows without one: `row{n}@leads.test`.
    pub email_from: Option<String>,
    /// What allows mail to these leads.
    pub basis: Option<String>,
}

/// Why a file is not imported, or not to its end. All but `Unreadable` the reader can put right.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file is not there, or the disk is broken.
    #[error("{0}")]
    Unreadable(std::io::Error),
    /// Nothing in it.
    #[error("this file is empty; the first line names the columns")]
    Empty,
    /// More columns than a lead has.
    #[error(
        "this file has {0} columns, and an import has at most {MOST_COLUMNS}; is it a CSV file of leads?"
    )]
    TooWide(usize),
    /// Nobody could be written to.
    #[error(
        "no column is known to hold the e-mail address (there are {0}); say which does with --map COLUMN=email, or make \
         addresses with --email-from 'row{{n}}@leads.test'"
    )]
    NoEmail(String),
    /// `--map` makes no sense.
    #[error("--map: {0}")]
    Map(String),
    /// `--email-from` makes no addresses.
    #[error("--email-from: {0}")]
    Pattern(String),
    /// `--basis` says nothing, or nothing that is a basis.
    #[error("--basis: {0}")]
    Basis(String),
    /// Bytes that no text has.
    #[error(
        "this file is no text: its first line holds characters that cannot be seen; an import reads CSV files"
    )]
    NotText,
    /// A row does not end.
    #[error(
        "row {0} does not end within a megabyte: is a quotation mark left open there? Rows before it are taken in"
    )]
    Endless(u64),
}

impl From<ImportError> for Halt {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Unreadable(source) => {
                Self::Failed { doing: "read the file".to_owned(), source: source.into() }
            }
            error => Self::refused(error),
        }
    }
}

/// A row that was read.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// It is about a lead.
    Lead(Box<Arrival>),
    /// It cannot be taken in.
    Bad(BadRow),
}

/// A row that cannot be taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    /// Its number: the first below the header is 1.
    pub row: u64,
    /// Why, in words; never repeats what is in the row.
    pub reason: String,
    /// The row.
    pub record: Vec<String>,
}

/// A file being imported: an iterator of its rows. Holds one row at a time.
pub struct Import {
    columns: Vec<Column>,
    encoding: &'static str,
    delimiter: u8,
    records: Option<Records>,
    maker: row::Maker,
    row: u64,
}

impl Import {
    /// Opens a file and decides what its columns hold. `now` is the calendar's, and the time of the arrivals.
    ///
    /// # Errors
    /// [`ImportError`]; nothing is taken in then.
    pub fn open(path: &Path, options: &Options, now: Moment) -> Result<Self, ImportError> {
        let file = || File::open(path).map_err(|e| ImportError::Unreadable(crate::files::named(path, e)));
        let text = Text::look(file()?).map_err(ImportError::Unreadable)?;
        let mut records = text.records(file()?);
        let headers: Vec<String> = match records.next() {
            None => return Err(ImportError::Empty),
            Some(Err(error)) => return Err(error.at(0)),
            Some(Ok(record)) => record.iter().map(|name| name.trim().to_owned()).collect(),
        };
        let ours = headers.iter().any(|header| errors_file::is_added(header));
        let headers: Vec<String> = match ours {
            true => headers.iter().map(|header| errors_file::as_it_was(header).to_owned()).collect(),
            false => headers,
        };
        if headers.iter().any(|header| header.chars().any(|c| c.is_control() && !c.is_whitespace())) {
            return Err(ImportError::NotText);
        }
        if headers.len() > MOST_COLUMNS {
            return Err(ImportError::TooWide(headers.len()));
        }
        let columns = columns::of(&headers, &options.map).map_err(ImportError::Map)?;
        let email_from = options.email_from.as_deref().map(Pattern::read).transpose()?;
        if email_from.is_none() && !columns.iter().any(|column| column.field == Field::Email) {
            return Err(ImportError::NoEmail(some_of(&headers)));
        }
        let basis = options.basis.as_deref().map(|basis| basis.trim().to_owned());
        match basis.as_deref() {
            Some("") => return Err(ImportError::Basis(NO_BASIS.to_owned())),
            Some(basis) => _ = Grant::read(basis).map_err(ImportError::Basis)?,
            None => {}
        }
        // Read in another way, the same row is another thing to be told.
        let fields: Vec<String> = columns.iter().map(|column| column.field.to_string()).collect();
        let way = serde_json::json!([text.digest, fields, options.email_from, basis]);
        let id = digest(&way.to_string())[..32].to_owned();
        let maker = row::Maker { id, email_from, basis, now, ours };
        let (encoding, delimiter) = (text.encoding.name(), text.delimiter);
        Ok(Self { columns, encoding, delimiter, records: Some(records), maker, row: 0 })
    }

    /// What each column holds, in the order of the file.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// How the text is encoded ("UTF-8", "windows-1252").
    pub fn encoding(&self) -> &'static str {
        self.encoding
    }

    /// What stands between the columns.
    pub fn delimiter(&self) -> char {
        self.delimiter.into()
    }

    /// How many bytes of the file have been read, for a bar that shows progress.
    pub fn position(&self) -> u64 {
        self.records.as_ref().map_or(0, Records::position)
    }
}

impl Iterator for Import {
    type Item = Result<Row, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let record = match self.records.as_mut()?.next()? {
                Ok(record) => record,
                Err(error) => {
                    self.records = None;
                    return Some(Err(error.at(self.row + 1)));
                }
            };
            self.row += 1;
            // Spreadsheets leave empty rows behind.
            if record.iter().all(|cell| cell.trim().is_empty()) {
                continue;
            }
            let made = self.maker.arrival(self.row, &self.columns, &record);
            return Some(Ok(made.map(|arrival| Row::Lead(Box::new(arrival))).unwrap_or_else(|reason| {
                Row::Bad(BadRow { row: self.row, reason, record: record.iter().map(str::to_owned).collect() })
            })));
        }
    }
}

/// Makes addresses: `row{n}@leads.test`.
#[derive(Debug, Clone)]
struct Pattern(String);

impl Pattern {
    fn read(text: &str) -> Result<Self, ImportError> {
        let text = text.trim();
        if text.matches("{n}").count() != 1 || text.replace("{n}", "").contains(['{', '}']) {
            let why = format!(
                "“{text}” has no {{n}}, or something else in braces; write for example row{{n}}@leads.test"
            );
            return Err(ImportError::Pattern(why));
        }
        let pattern = Self(text.to_owned());
        pattern
            .address(u64::MAX)
            .map_err(|why| ImportError::Pattern(format!("“{text}” makes no addresses: {why}")))?;
        Ok(pattern)
    }

    fn address(&self, row: u64) -> Result<EmailAddress, rekindle_core::email::EmailError> {
        EmailAddress::parse(&self.0.replace("{n}", &row.to_string()))
    }
}

/// The first names of a list, and how many more there are.
fn some_of(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let shown = names.iter().take(SHOWN).map(|name| headers::seen(name)).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests;
