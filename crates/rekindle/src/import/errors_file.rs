//! `FILE.errors.csv`: the rows that were not taken in, with their reasons, to be put right and imported again.
//!
//! A spreadsheet would run a cell that begins like a formula: such a cell gets a single quote in front, which an import
//! of the file takes away again.

use super::{BadRow, Column};
use crate::files::{named, private_file};
use std::{
    borrow::Cow,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

/// The columns we add; an import leaves them out.
pub(super) const ADDED: [&str; 2] = ["rekindle_row", "rekindle_reason"];

/// What makes a formula of a cell.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// The file of rows that were not taken in; made when the first comes.
pub struct ErrorsFile {
    path: PathBuf,
    headers: Vec<String>,
    writer: Option<csv::Writer<File>>,
    rows: u64,
}

impl ErrorsFile {
    /// The one that belongs to a file: `leads.csv` has `leads.errors.csv`. One of an earlier import is removed.
    ///
    /// # Errors
    /// When there is such a file that is not ours, or it cannot be removed.
    pub fn beside(file: &Path, columns: &[Column]) -> io::Result<Self> {
        let is_csv = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
        let path = if is_csv {
            file.with_extension("errors.csv")
        } else {
            let mut name = file.file_name().unwrap_or_default().to_owned();
            name.push(".errors.csv");
            file.with_file_name(name)
        };
        match File::open(&path) {
            Ok(old) => {
                let mut head = Vec::new();
                old.take(ADDED[0].len() as u64).read_to_end(&mut head)?;
                if head != ADDED[0].as_bytes() {
                    let why = "there is such a file already, and it is not of an import; move it away";
                    return Err(named(&path, io::Error::new(io::ErrorKind::AlreadyExists, why)));
                }
                fs::remove_file(&path).map_err(|e| named(&path, e))?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(named(&path, error)),
        }
        let headers = columns.iter().map(|column| column.header.clone()).collect();
        Ok(Self { path, headers, writer: None, rows: 0 })
    }

    /// Notes a row.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn note(&mut self, bad: &BadRow) -> io::Result<()> {
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => {
                let file = private_file(&self.path)?;
                let writer = self.writer.insert(csv::WriterBuilder::new().flexible(true).from_writer(file));
                let own = self.headers.iter().filter(|header| !is_added(header)).map(|header| plain(header));
                let added = ADDED.into_iter().map(Cow::Borrowed);
                writer.write_record(added.chain(own).map(Cow::into_owned)).map_err(io::Error::from)?;
                writer
            }
        };
        let row = bad.row.to_string();
        let kept = bad
            .record
            .iter()
            .enumerate()
            .filter(|(at, _)| self.headers.get(*at).is_none_or(|h| !is_added(h)));
        let cells = [row.as_str().into(), bad.reason.as_str().into()]
            .into_iter()
            .chain(kept.map(|(_, cell)| plain(cell)));
        writer.write_record(cells.map(Cow::into_owned)).map_err(io::Error::from)?;
        self.rows += 1;
        Ok(())
    }

    /// How many rows were noted.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Writes out what is left. The path, when there were any rows.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(self) -> io::Result<Option<PathBuf>> {
        let Some(mut writer) = self.writer else { return Ok(None) };
        writer.flush().map_err(|e| named(&self.path, e))?;
        Ok(Some(self.path))
    }
}

/// A cell that no spreadsheet takes for a formula.
fn plain(cell: &str) -> Cow<'_, str> {
    match cell.starts_with(FORMULA) {
        true => format!("'{cell}").into(),
        false => cell.into(),
    }
}

/// A cell of such a file as it was before [`plain`].
pub(super) fn as_it_was(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| rest.starts_with(FORMULA)).unwrap_or(cell)
}

/// Whether a column is ours: importing a file of errors again must not pile them up.
pub(super) fn is_added(header: &str) -> bool {
    ADDED.contains(&header)
}
