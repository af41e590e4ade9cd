//! What every source file looks like: its first line, its name, its length, and who speaks SQL.

use std::fs;
use std::path::{Path, PathBuf};

use crate::literals::{StringLiteral, strings};
use crate::{none_of, workspace};

const SOURCE_FOLDERS: &[&str] = &["crates", "migrations", "tests"];
const LONGEST_FILE: usize = 600;
const LONGEST_ARCHITECTURE: usize = 150;

/// Names that say nothing about what is inside.
const NAMES_THAT_SAY_NOTHING: &[&str] =
    &["util", "utils", "helper", "helpers", "common", "type", "types", "misc", "shared"];

/// What a string that is SQL begins with.
const SQL_VERBS: &[&str] = &["SELECT", "INSERT", "UPDATE", "DELETE", "CREATE TABLE"];

/// Who may write SQL, and why.
#[rustfmt::skip]
const SQL_SPEAKERS: &[(&str, &str)] = &[
    ("crates/storage/", "the only crate that knows SQL"),
    ("migrations/",     "the tables are made here"),
    ("tests/",          "looks over storage's shoulder"),
];

/// Words that are no SQL where they stand.
#[rustfmt::skip]
const NOT_SQL: &[(&str, &str, &str)] = &[
    ("crates/mail/", "SELECT", "opens a mailbox in IMAP"),
];

#[test]
fn every_file_says_first_what_it_is() {
    let silent = offences(|source| {
        (!source.text.starts_with("//!")).then(|| "1: does not begin with `//!`".to_owned())
    });
    none_of(&silent, "A reader who opens a file learns in its first line which one idea it holds.");
}

#[test]
fn no_file_has_a_name_that_says_nothing() {
    let nameless = offences(|source| {
        let stem = Path::new(&source.path).file_stem()?.to_str()?;
        match stem {
            "mod" => Some(" is foo/mod.rs: call it foo.rs, beside foo/".to_owned()),
            _ if NAMES_THAT_SAY_NOTHING.contains(&stem) => {
                Some(format!(" `{stem}` does not say what is inside"))
            }
            _ => None,
        }
    });
    none_of(&nameless, "A file is named with the one noun it is about, and found by that name.");
}

#[test]
fn no_file_is_too_long_to_be_one_idea() {
    let long = offences(|source| {
        let lines = source.text.lines().count();
        (lines > LONGEST_FILE).then(|| format!(" has {lines} lines, of at most {LONGEST_FILE}"))
    });
    none_of(&long, "Files of 75 to 300 lines are read at a sitting; a longer one holds a second idea.");
}

#[test]
fn only_storage_and_migrations_speak_sql() {
    let sql = sources().iter().flat_map(sql_of_a_stranger).collect::<Vec<_>>();
    none_of(&sql, "Only `storage` names a table: give it a verb in the words of the domain, and call that.");
}

#[test]
fn the_map_of_the_house_fits_on_a_few_pages() {
    let path = workspace().join("ARCHITECTURE.md");
    let text = fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    let lines = text.lines().count();
    let long = (lines > LONGEST_ARCHITECTURE)
        .then(|| format!("ARCHITECTURE.md has {lines} lines, of at most {LONGEST_ARCHITECTURE}"));
    none_of(long.as_slice(), "It is read whole, by everybody, on the first day: detail goes to the code.");
}

#[test]
fn sql_is_found_where_it_may_not_be_and_only_there() {
    let in_file = |path: &str, code: &str| {
        let source = Source { path: path.to_owned(), text: code.to_owned() };
        sql_of_a_stranger(&source)
    };
    let query = "//! Leads.\nconst Q: &str = \"\\n    SELECT email FROM lead\";";
    let found = in_file("crates/web/src/leads.rs", query);
    assert_eq!(found, ["crates/web/src/leads.rs:2: \"SELECT email FROM lead\""]);
    assert!(in_file("crates/storage/src/leads.rs", query).is_empty());
    assert!(in_file("crates/web/src/leads.rs", "let a = \"Select a lead from the list\";").is_empty());
    assert!(in_file("crates/web/src/leads.rs", "let a = \"UPDATED\"; // \"UPDATE lead\"").is_empty());
    let imap = "let a = \"SELECT INBOX\"; let b = \"DELETE FROM lead\";";
    assert_eq!(in_file("crates/mail/src/imap.rs", imap).len(), 1);
}

struct Source {
    /// From the workspace's folder.
    path: String,
    text: String,
}

/// Where an offence is, for each source that has one; what `check` answers goes behind its path.
fn offences(check: impl Fn(&Source) -> Option<String>) -> Vec<String> {
    let sources = sources();
    let offence = |source: &Source| Some(format!("{}:{}", source.path, check(source)?));
    sources.iter().filter_map(offence).collect()
}

fn sql_of_a_stranger(source: &Source) -> Vec<String> {
    let begins = |(folder, _): &&(&str, &str)| source.path.starts_with(folder);
    if SQL_SPEAKERS.iter().find(begins).is_some() {
        return Vec::new();
    }
    let is_sql = |literal: &StringLiteral| {
        let verb = SQL_VERBS.iter().find(|verb| {
            let rest = literal.text.strip_prefix(**verb);
            rest.is_some_and(|rest| rest.starts_with([' ', '\n', '\\']))
        });
        let another_language = |verb: &str| {
            NOT_SQL.iter().any(|(folder, word, _)| source.path.starts_with(folder) && *word == verb)
        };
        verb.is_some_and(|verb| !another_language(verb))
    };
    let line = |literal: StringLiteral| {
        let text = literal.text.lines().next().unwrap_or_default();
        format!("{}:{}: \"{text}\"", source.path, literal.line)
    };
    strings(&source.text).into_iter().filter(is_sql).map(line).collect()
}

/// Every Rust file of ours.
fn sources() -> Vec<Source> {
    let mut paths = Vec::new();
    for folder in SOURCE_FOLDERS {
        collect(&workspace().join(folder), &mut paths);
    }
    paths.sort();
    assert!(paths.len() > 10, "the sources are not where they were: {paths:?}");
    let read = |path: PathBuf| Source {
        path: path.strip_prefix(workspace()).unwrap_or(&path).display().to_string(),
        text: fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display())),
    };
    paths.into_iter().map(read).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|why| panic!("{}: {why}", folder.display()));
    for path in entries.map(|entry| entry.expect("the folder is still there").path()) {
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}
